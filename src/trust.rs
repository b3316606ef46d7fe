//! Which plans may run commands: digests that a reader has allowed.
