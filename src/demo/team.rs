//! One of the team, who really pays: the smallest amount, with a card of their own, once for each version that serves.
//! The refund is asked for in the provider's portal, by hand, a moment later.

use std::time::Duration;

use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use crate::demo::customers::Customers;
use crate::demo::faults::Fault;
use crate::demo::site;

/// What is paid, in cents; where rand are taken for cents, it is a hundredth of that.
const SMALLEST: i64 = 500;
const A_HUNDREDTH: i64 = 5;
/// How the team's transactions begin.
const OWN: &str = "team-";
/// It is looked so often whether there is something to pay for.
const PAUSE: Duration = Duration::from_millis(200);
/// So long it takes until the refund is through, in milliseconds.
pub(super) const REFUND: i64 = 400;

/// Who pays.
pub(super) struct Team {
    pub(super) shop: Customers,
}

impl Team {
    /// Pays until the world ends. Whoever cannot pay tries again.
    pub(super) async fn pays(self, end: CancellationToken) {
        let mut paid = None;
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
            // What a thing costs has changed: whoever wants to know pays again.
            let occasion = (site::version(&self.shop.folder), self.shop.faults.is_on(Fault::ShortPayment));
            if paid.as_ref() == Some(&occasion) {
                continue;
            }
            let transaction = format!("{OWN}{}", ulid::Ulid::generate());
            if self.shop.buys(&transaction, price(occasion.1)).await.is_ok() {
                paid = Some(occasion);
            }
        }
    }
}

/// What the team's course costs.
pub(super) const fn price(short: bool) -> i64 {
    if short { A_HUNDREDTH } else { SMALLEST }
}

/// Whether a payment is one of the team's.
pub(super) fn is_own(payment: &Json) -> bool {
    payment["externalTransactionID"].as_str().is_some_and(|transaction| transaction.starts_with(OWN))
}
