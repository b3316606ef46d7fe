//! The words as types: ids, phases, severities, outcomes, secrets, and a plan as plain data. Imports nothing of the house.
