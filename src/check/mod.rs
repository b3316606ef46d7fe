//! One file per check kind, one shape.
