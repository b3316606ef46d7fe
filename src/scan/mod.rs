//! The search for what must not be public: every form of every secret, keys of known providers and given texts, in one
//! pass over files, archives and git objects, with offsets.
//!
//! The engine (`scanner`, `known`, `token`) takes any reader and knows no file. Memory is bounded by the block, whatever
//! is read. `survey` gathers what is found where; `layers` looks into gzip, brotli, tar and zip
//! (`packing` tells them apart); `places` and `git` are
//! the doors to the disk. No value that was looked for is ever in what comes out.

mod git;
mod known;
mod layers;
mod packing;
mod places;
mod scanner;
mod secrets;
mod survey;
mod token;
mod zip;

pub use git::{Repository, RepositoryError, enclosing};
pub use places::survey_path;
pub use scanner::{Hit, Scanner, Sought, Weight};
pub use secrets::{Secret, Unsearched, of_values};
pub use survey::{Located, Survey, Unread};
