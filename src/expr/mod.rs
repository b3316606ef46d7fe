//! Conditions: CEL behind two types of our own. Imports `model` only.
