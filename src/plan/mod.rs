//! Text to model: read, extend, judge; every error with its place.
