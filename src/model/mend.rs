//! What would make a check hold: variable by variable, as far as the plan says what a variable has to be.
//!
//! A check kind works it out, the configuration's enforcement writes it down, and neither knows the other.

use std::path::PathBuf;

use crate::model::id::CheckId;
use crate::model::text::SafeText;

/// What one check needs of one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    /// The check that does not hold.
    pub check: CheckId,
    /// The variable.
    pub variable: String,
    /// What would mend it.
    pub to: Wanted,
}

/// What a variable has to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Exactly this.
    Value(String),
    /// Not there at all.
    Absent,
    /// Nobody but a person knows; says why.
    Person(String),
}

/// What enforcement would change, as a person is shown it: masked, and bound to what will be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownProposal {
    /// The diff, line by line; values of other variables are masked.
    pub diff: Vec<SafeText>,
    /// The files that would be changed, as the plan names them.
    pub files: Vec<PathBuf>,
    /// The variables that would be changed.
    pub variables: Vec<String>,
    /// What stays wrong all the same, in sentences.
    pub left: Vec<SafeText>,
    /// Digest of the texts before and after: only what was shown is written.
    pub digest: SafeText,
}
