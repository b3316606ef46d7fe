//! Sources of changes from outside: one file each, all of one shape, in one table.
//!
//! A source shows what is there now; what of it is a change is worked out by the core, beside what was seen before.
//! Adding one is one file, one `mod` line with one line in [`KINDS`], and its name in `model::triage::SOURCES`.

mod certificates;
mod dns;
mod environment;
mod flags;
mod git;
mod pipeline;
#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::Arc;

use tokio::time::Instant;

use crate::check::Surroundings;
use crate::core::inquiry::Look;
use crate::model::kind::{KindSpec, Options};

/// Every kind of source there is.
pub const KINDS: &[&dyn Kind] =
    &[&git::Git, &pipeline::Pipeline, &dns::Dns, &certificates::Certificates, &environment::Environment, &flags::Flags];

/// A kind of source.
pub trait Kind: Sync {
    /// What lint, schema and docs know of it.
    fn spec(&self) -> KindSpec;

    /// Looks once; ends by the deadline.
    fn look<'a>(&self, asked: Asked<'a>) -> Looking<'a>;
}

/// What a source is asked with.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Its keys, as the plan has them.
    pub options: &'a Options,
    /// What all checks share.
    pub surroundings: &'a Arc<Surroundings>,
    /// The key of this machine's fingerprints.
    pub key: &'a [u8],
    /// When the look has to be over.
    pub deadline: Instant,
}

/// What [`Kind::look`] returns: what is there, or why nobody can see it, in a sentence.
pub type Looking<'a> = Pin<Box<dyn Future<Output = Result<Look, String>> + Send + 'a>>;

/// The specs of all sources, for the plan's loader.
#[must_use]
pub fn specs() -> Vec<KindSpec> {
    KINDS.iter().map(|kind| kind.spec()).collect()
}

/// The kind with this name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.spec().name == name)
}
