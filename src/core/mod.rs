//! The functional core: events, state as a fold, verdict. No clock, no I/O, no task.
