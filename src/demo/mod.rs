//! A world on loopback with real faults.
