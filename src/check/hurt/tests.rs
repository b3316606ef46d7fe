//! Queries against real databases and listeners.
