//! `flow`: several hops in order that hand values on: requests, queries, subscriptions, waits. It proves what no single
//! probe can: that a payment link leads to a callback, the callback to an enrolment, the enrolment to an open course.
//!
//! What a hop captures stands in later hops as `{{ flow.NAME }}`; `{{ flow.id }}` is new for each run. The first hop
//! that does not pass ends the flow, and the hops of `cleanup` run whatever happened. Each hop's evidence is a hop of the
//! Flow screen, and for whoever reads facts alone one fact: its name, and `outcome · what was done · how long · vouched by whom · what was said`.

mod hop;
mod keys;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::websocket::Channel;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::{self, Evidence, LONGEST_SUMMARY, Part, Timings};
use crate::model::duration;
use crate::model::kind::KindSpec;
use crate::model::plan::Check;
use crate::model::text::SafeText;
use crate::model::values::{Origin, Value, Values};
use crate::model::word::{Category, Outcome};
use crate::network;

use hop::Went;
use keys::{Hop, Keys};

/// The kind.
pub(super) struct Flow;

impl Kind for Flow {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "flow",
            doc: "Several hops in order, each handing values on, do what a customer's way through the system does.",
            category: Category::System,
            example: include_str!("example.toml"),
            schema: || schemars::schema_for!(Keys),
            problems: keys::problems,
            touches: keys::touches,
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        // A flow that cannot be finished for want of a value is not begun: it may change something.
        for template in keys::templates(&check.options) {
            if template.names().all(|name| !name.starts_with(keys::OWN)) {
                finding.fill(&template, &surroundings.values)?;
            }
        }
        Ok(Box::new(Looker { finding, keys, surroundings: Arc::clone(surroundings) }))
    }
}

struct Looker {
    finding: Finding,
    keys: Keys,
    surroundings: Arc<Surroundings>,
}

/// What a flow carries from hop to hop.
struct Carried {
    id: String,
    values: Values,
    /// Captured values that are never shown.
    secrets: Vec<String>,
    channels: HashMap<String, Channel>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(self.walk(timeout))
    }
}

impl Looker {
    async fn walk(&self, timeout: Duration) -> Evidence {
        let began = Instant::now();
        let id = ulid::Ulid::generate().to_string().to_lowercase();
        let mut carried = Carried {
            values: self.surroundings.values.clone(),
            id: id.clone(),
            secrets: Vec::new(),
            channels: HashMap::new(),
        };
        carried.values.insert("flow.id", Value::plain(&id, Origin::Plan));
        // A fifth of the time is kept for cleaning up.
        let own = if self.keys.cleanup.is_empty() { timeout } else { timeout * 4 / 5 };
        let mut went = Vec::new();
        for hop in &self.keys.hops {
            let one = self.once(hop, &mut carried, network::deadline(own.saturating_sub(began.elapsed()))).await;
            let ended = !matches!(one.evidence.outcome, Outcome::Pass | Outcome::Warn);
            went.push(one);
            if ended {
                break;
            }
        }
        let mut cleaned = Vec::new();
        for (at, hop) in self.keys.cleanup.iter().enumerate() {
            let left = timeout.saturating_sub(began.elapsed());
            let share = left / u32::try_from(self.keys.cleanup.len() - at).unwrap_or(1);
            if keys::wants(hop).iter().all(|name| carried.values_has(name)) {
                let one = self.once(hop, &mut carried, network::deadline(share)).await;
                cleaned.push(Went { part: Part::CleanUp, ..one });
            }
        }
        let evidence = self.told(&went, &cleaned, began.elapsed());
        let hidden =
            |text: &str| carried.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "••••"));
        evidence.rewritten(&hidden)
    }

    /// One hop; with `within`, again and again until it passes.
    async fn once(&self, hop: &Hop, carried: &mut Carried, deadline: Instant) -> Went {
        let began = Instant::now();
        let until = hop.within.map_or(deadline, |within| (began + within.0).min(deadline));
        let mut tries = 0_u32;
        loop {
            tries += 1;
            let mut went = hop::walk(hop, &self.finding, &self.surroundings, carried, until).await;
            let again = Instant::now() + PAUSE;
            let passed = matches!(went.evidence.outcome, Outcome::Pass | Outcome::Warn);
            if passed || hop.within.is_none() || !hop.may_be_repeated() || again >= until {
                went.took = began.elapsed();
                if tries > 1 {
                    let summary = format!("{} (asked {tries} times)", went.evidence.summary);
                    went.evidence.summary = SafeText::bounded(&summary, LONGEST_SUMMARY);
                }
                return went;
            }
            tokio::time::sleep_until(again).await;
        }
    }

    fn told(&self, went: &[Went], cleaned: &[Went], took: Duration) -> Evidence {
        let all = self.keys.hops.len();
        let stopped = went.last().filter(|last| !matches!(last.evidence.outcome, Outcome::Pass | Outcome::Warn));
        let left_behind = cleaned.iter().find(|one| one.evidence.outcome != Outcome::Pass);
        let mut evidence = match (stopped, left_behind) {
            (Some(last), _) => {
                let summary = format!("hop {} of {all}, {}: {}", went.len(), last.name, last.evidence.summary);
                Evidence {
                    summary: SafeText::bounded(&summary, LONGEST_SUMMARY),
                    facts: Vec::new(),
                    ..last.evidence.clone()
                }
            }
            (None, Some(one)) => {
                let said = &one.evidence.summary;
                Evidence::warn(&format!("all {all} hops went well; something is left behind: {}: {said}", one.name))
            }
            (None, None) => {
                Evidence::pass(&format!("all {all} hops went well in {}", duration::written(rounded(took))))
            }
        };
        for one in went {
            evidence = evidence.fact(&one.name, &one.line());
        }
        for hop in self.keys.hops.iter().skip(went.len()) {
            evidence = evidence.fact(&hop.name, "not reached");
        }
        for one in cleaned {
            evidence = evidence.fact(&format!("clean-up: {}", one.name), &one.line());
        }
        let ahead = self.keys.hops.iter().skip(went.len()).map(|hop| evidence::Hop::ahead(&hop.name, hop.part()));
        evidence = evidence.hops(went.iter().map(Went::shown).chain(ahead).chain(cleaned.iter().map(Went::shown)));
        if let Some(last) = stopped {
            for fact in &last.evidence.facts {
                evidence = evidence.fact(fact.name.as_str(), fact.value.as_str());
            }
        }
        evidence.timed(Timings { total: Some(took), ..Timings::default() })
    }
}

impl Carried {
    fn values_has(&self, name: &str) -> bool {
        matches!(self.values.get(name), crate::model::values::Lookup::Found(_))
    }

    /// Keeps what a hop captured.
    fn keep(&mut self, name: &str, text: String, secret: bool) {
        let name = format!("{}{name}", keys::OWN);
        let value =
            if secret { Value::secret(text.clone().into(), Origin::Plan) } else { Value::plain(&text, Origin::Plan) };
        if secret && !value.text.expose_secret().is_empty() {
            self.secrets.push(text);
        }
        self.values.insert(&name, value);
    }
}

/// Between two questions of a hop that waits.
const PAUSE: Duration = Duration::from_millis(200);

fn rounded(took: Duration) -> Duration {
    Duration::from_millis(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
