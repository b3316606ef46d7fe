//! Each notifier against a real listener on loopback.
