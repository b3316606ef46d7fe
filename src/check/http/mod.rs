//! `http`: an answer with the right status and content, in time. DNS, connection, TLS and first byte are timed apart.
//!
//! A health check claims that the name resolves, the port answers, TLS is right and the service works: so every run
//! makes a new connection, unless the plan says `reuse`. Bodies and headers are bounded while they stream in, and what
//! holds a secret is sent to nobody but the host it was meant for.

mod elsewhere;
mod exchange;
mod judge;
mod keys;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::via::Via;
use crate::check::{Kind, Looking, Probe, Surroundings, addresses, options};
use crate::core::evidence::{Evidence, LONGEST_SUMMARY, Timings};
use crate::model::duration;
use crate::model::failure::{Failure, FailureClass, Recovery};
use crate::model::kind::KindSpec;
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::text::SafeText;
use crate::model::word::{Category, Outcome};
use crate::network::{self, Network, Trouble};

pub(super) use exchange::{Answer, Exchange, Kept};
pub(super) use judge::{Judge, headers};
pub(super) use keys::{Keys, problems, touches};

/// The kind.
pub(super) struct Http;

impl Kind for Http {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "http",
            doc: "An HTTP request is answered in time, with the right status and content.",
            category: Category::System,
            example: "url = \"https://api.example/health\"\nexpect = 'status == 200 && json.status == \"ok\"'\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches,
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let values = &surroundings.values;
        let exchange = Exchange::of(&keys, &finding, values)?;
        let fallback = match &keys.fallback {
            Some(fallback) => Some(Exchange::to(&fallback.url, &keys, &finding, values)?),
            None => None,
        };
        let via = Via::of(keys.via.as_deref(), &finding, surroundings)?;
        let judge = Judge::of(&keys, finding, surroundings.clock)?;
        let kept = keys.reuse.then(|| tokio::sync::Mutex::new(None));
        let surroundings = Arc::clone(surroundings);
        let waiting = std::sync::Mutex::new(None);
        Ok(Box::new(Looker { exchange, fallback, judge, kept, via, each: keys.each_address, waiting, surroundings }))
    }
}

struct Looker {
    exchange: Exchange,
    /// The same request to the service that stands in.
    fallback: Option<Exchange>,
    judge: Judge,
    /// The connection that is kept between runs, where the plan says `reuse`.
    kept: Option<tokio::sync::Mutex<Option<Kept>>>,
    via: Option<Via>,
    /// Whether each address of the name is asked.
    each: bool,
    /// Until when the other side asked not to be asked again, and what it had answered.
    waiting: std::sync::Mutex<Option<(Instant, Evidence)>>,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            if let Some(evidence) = self.asked_to_wait() {
                return evidence;
            }
            let deadline = network::deadline(timeout);
            // Where there is a fallback, the first service gets two thirds of the time.
            let own = if self.fallback.is_some() { network::deadline(timeout * 2 / 3) } else { deadline };
            let evidence = self.first(own).await;
            self.remember(&evidence);
            match &self.fallback {
                Some(fallback) if evidence.outcome == Outcome::Fail => {
                    let instead = fallback.make(&self.surroundings.network, deadline, None).await;
                    stood_in(evidence, fallback, &self.judge.evidence(fallback, instead))
                }
                _ => evidence,
            }
        })
    }
}

impl Looker {
    async fn first(&self, deadline: Instant) -> Evidence {
        let network = &self.surroundings.network;
        if let Some(via) = &self.via {
            let seen = self.exchange.make_elsewhere(via, deadline).await;
            return self.judge.evidence(&self.exchange, seen).fact("vantage", via.shown());
        }
        if self.each {
            let (host, port) = self.exchange.host_and_port();
            let ask = |network: Network| async move {
                self.judge.evidence(&self.exchange, self.exchange.make(&network, deadline, None).await)
            };
            let asked = addresses::each(network, &host, port, deadline, ask).await;
            return asked.unwrap_or_else(|trouble| self.judge.trouble(&self.exchange, &trouble));
        }
        let seen = match &self.kept {
            Some(kept) => self.exchange.make(network, deadline, Some(&mut *kept.lock().await)).await,
            None => self.exchange.make(network, deadline, None).await,
        };
        self.judge.evidence(&self.exchange, seen)
    }

    /// What was answered last, while the time that the other side asked for is not over.
    fn asked_to_wait(&self) -> Option<Evidence> {
        let mut waiting = self.waiting.lock().ok()?;
        let (until, evidence) = waiting.as_ref()?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            *waiting = None;
            return None;
        }
        let left = duration::written(Duration::from_secs(left.as_secs() + 1));
        let mut again = evidence.clone();
        let summary = format!("not asked again: it asked to wait, {left} more ({})", evidence.summary);
        again.summary = SafeText::bounded(&summary, LONGEST_SUMMARY);
        Some(again)
    }

    /// Only who says that we come too often is left alone. A maintenance page says an hour and is over in a minute.
    fn remember(&self, evidence: &Evidence) {
        let throttled = evidence.failure.as_ref().is_some_and(|failure| failure.class == FailureClass::Throttled);
        if let Some(after) = evidence.retry_after.filter(|_| throttled)
            && let Ok(mut waiting) = self.waiting.lock()
        {
            *waiting = Some((Instant::now() + after, evidence.clone()));
        }
    }
}

/// The first service's failure, with what the one that stands in answered: a warning if that is as it should be.
fn stood_in(first: Evidence, fallback: &Exchange, instead: &Evidence) -> Evidence {
    let said = format!("{}; the fallback {}: {}", first.summary, fallback.shown_url, instead.summary);
    let mut evidence = if instead.outcome == Outcome::Pass { Evidence::warn(&said) } else { first.clone() };
    evidence.summary = SafeText::bounded(&said, LONGEST_SUMMARY);
    evidence.facts.clone_from(&first.facts);
    evidence.failure = first.failure.map(|failure| Failure { recovery: Recovery::Fallback, ..failure });
    let evidence = evidence.material("fallback", &format!("{} {}", instead.outcome.word(), fallback.shown_url));
    evidence.timed(instead.timings)
}

/// Fetches a document for kinds that read something out of an answer.
pub(super) struct Fetcher {
    exchange: Exchange,
    /// Kept between runs: what is read proves the number, and other checks prove the connection.
    kept: tokio::sync::Mutex<Option<Kept>>,
    surroundings: Arc<Surroundings>,
}

/// A document that was fetched.
pub(super) struct Fetched {
    pub(super) status: u16,
    pub(super) body: bytes::Bytes,
    pub(super) timings: Timings,
}

impl Fetcher {
    pub(super) fn of(
        url: &Template,
        headers: &BTreeMap<String, Template>,
        finding: &Finding,
        surroundings: &Arc<Surroundings>,
    ) -> Result<Self, Box<Evidence>> {
        let exchange = Exchange::of(&Keys::fetching(url, headers), finding, &surroundings.values)?;
        Ok(Self { exchange, kept: tokio::sync::Mutex::new(None), surroundings: Arc::clone(surroundings) })
    }

    pub(super) fn shown_url(&self) -> &str {
        &self.exchange.shown_url
    }

    pub(super) async fn fetch(&self, timeout: Duration) -> Result<Fetched, (Trouble, Timings)> {
        let deadline = network::deadline(timeout);
        let mut kept = self.kept.lock().await;
        let answer = self.exchange.make(&self.surroundings.network, deadline, Some(&mut *kept)).await?;
        Ok(Fetched { status: answer.status, body: answer.body, timings: answer.timings })
    }
}

#[cfg(test)]
mod tests;
