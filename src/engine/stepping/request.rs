//! A step that is one HTTP request: made once, by the same code as an `http` check, so that it is bounded, timed and
//! kept from telling secrets in the same way.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::check::{self, Surroundings};
use crate::core::event::StepEnd;
use crate::core::evidence::Evidence;
use crate::model::duration::Span;
use crate::model::failure::FailureClass;
use crate::model::id::{CheckId, KindName};
use crate::model::item::Waivable;
use crate::model::kind::Options;
use crate::model::plan::{Check, Retry, Run};
use crate::model::step::Action;
use crate::model::text::SafeText;
use crate::model::word::{Category, Outcome, Severity};

/// What is success where the plan names no condition.
const SUCCESS: &str = "status < 400";

/// Makes the request; gives what it printed, as it were, and how it ended.
pub(super) async fn make(
    name: &str,
    action: &Action,
    timeout: Span,
    surroundings: &Arc<Surroundings>,
) -> (Vec<SafeText>, StepEnd) {
    let unknown = |why: &str| (Vec::new(), StepEnd::Unknown(SafeText::from_foreign(why)));
    let Some(options) = options(action) else { return unknown("the step is no request") };
    let Some(kind) = check::kind("http") else { return unknown("this golive makes no requests") };
    match kind.build(&as_check(name, options, timeout), surroundings) {
        // Nothing was sent: it cannot have changed anything.
        Err(evidence) => (Vec::new(), StepEnd::Failed(evidence.summary)),
        Ok(probe) => {
            let evidence = probe.run(timeout.0).await;
            (seen(&evidence), end(evidence))
        }
    }
}

fn options(action: &Action) -> Option<Options> {
    let Action::Request { method, url, headers, body, expect } = action else { return None };
    let mut options = Options::new();
    let mut put = |key: &str, value: Json| options.insert(key.to_owned(), value);
    put("method", Json::from(method.as_str()));
    put("url", Json::from(url.as_written()));
    if !headers.is_empty() {
        let headers = headers.iter().map(|(name, value)| (name.clone(), Json::from(value.as_written())));
        put("headers", Json::Object(headers.collect()));
    }
    if let Some(body) = body {
        put("body", Json::from(body.as_written()));
    }
    put("expect", Json::from(expect.as_deref().unwrap_or(SUCCESS)));
    Some(options)
}

fn as_check(name: &str, options: Options, timeout: Span) -> Check {
    Check {
        id: CheckId::new(name),
        kind: KindName::new("http"),
        title: None,
        category: Category::System,
        severity: Severity::Critical,
        every: timeout,
        timeout,
        fresh_for: timeout,
        retry: Retry::NONE,
        depends_on: Vec::new(),
        run: Run::OnDemand,
        allow_in_production: true,
        waivable: Waivable::Never,
        impact: None,
        remedy: None,
        recovery: None,
        degradation: None,
        phase: None,
        options,
    }
}

fn seen(evidence: &Evidence) -> Vec<SafeText> {
    evidence.facts.iter().map(|fact| SafeText::from_foreign(&format!("{}: {}", fact.name, fact.value))).collect()
}

fn end(evidence: Evidence) -> StepEnd {
    let class = evidence.failure.as_ref().map(|failure| failure.class);
    match evidence.outcome {
        Outcome::Pass | Outcome::Warn => StepEnd::Succeeded(evidence.summary),
        Outcome::Fail if class == Some(FailureClass::Timeout) => StepEnd::TimedOut,
        Outcome::Fail => StepEnd::Failed(evidence.summary),
        // It may have been sent, and nobody can say what came of it.
        Outcome::Error => StepEnd::Unknown(evidence.summary),
    }
}
