//! Where something stands: which of the texts that were read, and which bytes of it.

use std::ops::Range;

/// The number of a file in the list of those that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileNumber(pub(crate) usize);

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: FileNumber,
    /// Which bytes of it.
    pub range: Range<usize>,
}
