//! `[notifiers.NAME]`: the keys that all notifiers share, and those of their kinds; `[metrics]`.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::duration::Span;
use crate::model::kind::Options;
use crate::model::notifier::Rate;

/// The keys that every notifier may have.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct NotifierKeys {
    /// How long one attempt may take.
    pub(crate) timeout: Option<Span>,
    /// The wait before the second attempt; it doubles from then on, up to a minute.
    pub(crate) retry_delay: Option<Span>,
    /// How long an undelivered notice is tried before it is put aside, for everybody to see.
    pub(crate) give_up_after: Option<Span>,
    /// `{ most = 30, per = "1m" }`: at most so many attempts in so long a time.
    pub(crate) rate: Option<Rate>,
}

/// Somewhere that people are told.
#[derive(Deserialize)]
pub(crate) struct NotifierDocument {
    pub(crate) kind: String,
    #[serde(flatten)]
    pub(crate) common: NotifierKeys,
    #[serde(flatten)]
    pub(crate) options: Options,
}

/// Where golive itself can be watched.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricsDocument {
    /// An address of this machine with a port, as in `127.0.0.1:9464`; `/metrics` is served there.
    #[schemars(with = "String")]
    pub(crate) listen: SocketAddr,
}
