//! The small process that runs a step and outlives the terminal.
