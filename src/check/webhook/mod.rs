//! `webhook`: an endpoint takes the deliveries it should and refuses the others, seen by sending it both.
//!
//! Every run begins with a genuine delivery: a refusal proves nothing where everything is refused. What may have had
//! an effect is counted where the plan says how. All deliveries carry a marker header, so that the target and golive's
//! own alert rules can tell them from the provider's; they never prove that the provider itself gets through.

mod case;
mod effect;
mod judge;
mod keys;
mod sender;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::check::finding::Finding;
use crate::check::webhook::effect::{Audit, Effect};
use crate::check::webhook::judge::Judge;
use crate::check::webhook::keys::Keys;
use crate::check::webhook::sender::Sender;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::model::failure::FailureClass;
use crate::model::kind::KindSpec;
use crate::model::plan::Check;
use crate::model::word::Category;
use crate::network;

/// The kind.
pub(super) struct Webhook;

impl Kind for Webhook {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "webhook",
            doc: "A webhook endpoint takes what is genuine and refuses what is forged, stale or sent again.",
            category: Category::Security,
            example: "url = \"https://shop.example/hooks/payments\"\nscheme = \"stripe\"\nsecret = \"{{ credentials.webhook_secret }}\"\ncases = [\"unsigned\", \"wrong_signature\", \"changed_body\"]\n",
            schema: || schemars::schema_for!(Keys),
            problems: keys::problems,
            touches: keys::touches,
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let values = &surroundings.values;
        let sender = Sender::of(&keys, check.id.as_str(), &finding, surroundings)?;
        let effect = Effect::of(&keys, &finding, surroundings)?;
        let audit = Audit::of(&keys, &finding, surroundings)?;
        let address = keys::filled(keys.other_address.as_ref(), &finding, values)?;
        let other_address: Option<IpAddr> = match &address {
            Some(text) => Some(text.parse().map_err(|_| {
                Box::new(finding.fail(FailureClass::Value, &format!("other_address {text} is no address")))
            })?),
            None => None,
        };
        let judge = Judge { finding, cases: keys.cases, settle: keys.settle.0, sender, effect, audit, other_address };
        Ok(Box::new(Looker { judge, surroundings: Arc::clone(surroundings) }))
    }
}

struct Looker {
    judge: Judge,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move { self.judge.look(&self.surroundings, network::deadline(timeout)).await })
    }
}

#[cfg(test)]
mod tests;
