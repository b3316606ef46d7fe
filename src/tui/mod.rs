//! The cockpit: one file per screen, nothing here decides.
