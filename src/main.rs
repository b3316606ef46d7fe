//! golive.
fn main() {}
