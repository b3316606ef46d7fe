//! The append-only list of events of a session, on disk.
