//! How names are reached: overrides as curl's `--resolve`, one TLS configuration shared by all checks.

/// Made once a session and shared.
#[derive(Debug, Default)]
pub struct Network {}
