//! What is normal for a series, known from elsewhere: the same hour in an earlier session, or from Prometheus.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::duration::Span;
use crate::model::id::CheckId;
use crate::model::template::Template;

/// Where the norm of a series comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The check whose series it is of.
    pub series: CheckId,
    /// Where from.
    pub from: BaselineSource,
}

/// Where a norm comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaselineSource {
    /// The latest earlier session of the same service and environment that knew the hour, no older than this.
    Session {
        /// How old.
        within: Span,
    },
    /// A Prometheus.
    Prometheus {
        /// Where it is.
        url: Template,
        /// What it is asked with: a bearer's token, a tenant.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, Template>,
        /// What it is asked: an expression of one series.
        query: Template,
        /// How long ago: a day for the same hour yesterday.
        ago: Span,
    },
}

/// What a series was in one hour of the day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hour {
    /// Which hour, in UTC.
    pub hour: u8,
    /// Its mean.
    pub mean: f64,
}

impl Hour {
    /// The hour of the day, in UTC, that a moment lies in.
    #[must_use]
    pub fn of_day(at: Timestamp) -> u8 {
        u8::try_from(at.as_second().rem_euclid(86_400) / 3_600).unwrap_or_default()
    }
}
