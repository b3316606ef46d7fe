//! A report from state, then one file per format.
