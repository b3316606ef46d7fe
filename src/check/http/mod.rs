//! `http`: an answer with the right status and content, in time. DNS, connection, TLS and first byte are timed apart.
//!
//! A health check claims that the name resolves, the port answers, TLS is right and the service works: so every run
//! makes a new connection, unless the plan says `reuse`. Bodies and headers are bounded while they stream in, and what
//! holds a secret is sent to nobody but the host it was meant for.

mod exchange;
mod judge;
mod keys;

use std::sync::Arc;
use std::time::Duration;

use crate::check::finding::Finding;
use crate::check::http::judge::Judge;
use crate::check::http::keys::Keys;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::model::kind::KindSpec;
use crate::model::plan::Check;
use crate::model::word::Category;
use crate::network;

pub(super) use exchange::{Answer, Exchange, Kept};

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
            problems: keys::problems,
            touches: keys::touches,
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let exchange = Exchange::of(&keys, &finding, surroundings)?;
        let judge = Judge::of(&keys, finding)?;
        let kept = keys.reuse.then(|| tokio::sync::Mutex::new(None));
        Ok(Box::new(Looker { exchange, judge, kept, surroundings: Arc::clone(surroundings) }))
    }
}

struct Looker {
    exchange: Exchange,
    judge: Judge,
    /// The connection that is kept between runs, where the plan says `reuse`.
    kept: Option<tokio::sync::Mutex<Option<Kept>>>,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let deadline = network::deadline(timeout);
            let network = &self.surroundings.network;
            match &self.kept {
                Some(kept) => {
                    let mut kept = kept.lock().await;
                    let seen = self.exchange.make(network, deadline, Some(&mut *kept)).await;
                    self.judge.evidence(&self.exchange, seen)
                }
                None => self.judge.evidence(&self.exchange, self.exchange.make(network, deadline, None).await),
            }
        })
    }
}

#[cfg(test)]
mod tests;
