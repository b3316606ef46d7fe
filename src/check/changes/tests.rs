//! Sources against real repositories, files and listeners.
