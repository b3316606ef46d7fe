//! Customers who pay all the while: a link is made with the payment API, paid, and called back to the application, over
//! real sockets; then the buyer waits for the course. What they meet is what monitoring counts.

use std::path::PathBuf;
use std::time::Duration;

use http::StatusCode;
use reqwest::Client;
use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::demo::callbacks::PRICE;
use crate::demo::environment::Credentials;
use crate::demo::faults::{Fault, Faults};
use crate::demo::met::Met;
use crate::demo::{application, payment_api, site};
use crate::webhook;

/// Somebody begins to pay so often.
const PAUSE: Duration = Duration::from_millis(200);
/// Where customers are kept away, so many come where five came.
const OF_FIVE: u64 = 1;
/// So many are on their way at once; whoever comes then goes to another shop.
const MOST: usize = 32;
/// So often a buyer looks whether the course is there, and so long.
const LOOK_AGAIN: Duration = Duration::from_millis(60);
const PATIENCE: Duration = Duration::from_secs(10);

/// The customers of a world.
#[derive(Clone)]
pub(super) struct Customers {
    pub(super) client: Client,
    pub(super) credentials: Credentials,
    pub(super) faults: Faults,
    pub(super) met: Met,
    pub(super) folder: PathBuf,
}

impl Customers {
    /// They pay until the world ends. A payment that fails is a customer's bad luck, and theirs to try again.
    pub(super) async fn pay(self, end: CancellationToken) {
        let mut under_way = JoinSet::new();
        let mut number = 0_u64;
        loop {
            number += 1;
            if under_way.len() < MOST && !self.stays_away(number) {
                let customer = self.clone();
                under_way.spawn(async move { customer.shop(number).await });
            }
            while under_way.try_join_next().is_some() {}
            // Whoever is paying when the world ends does not hold it up.
            tokio::select! {
                () = end.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// The new version keeps customers away, where that is the fault: who came before it came as ever.
    fn stays_away(&self, number: u64) -> bool {
        let kept_away = self.faults.is_on(Fault::VolumeDrop) && site::is_new_version(&self.folder);
        kept_away && number % 5 >= OF_FIVE
    }

    async fn shop(&self, number: u64) {
        self.looks_around().await;
        let began = clock::now();
        let transaction = format!("demo-{}-{number}", ulid::Ulid::generate());
        if let Err(error) = self.pays(&transaction, number).await {
            if error.status() == Some(StatusCode::TOO_MANY_REQUESTS) {
                self.met.throttled();
            }
            self.met.failed(&transaction);
            return;
        }
        let paid = clock::now();
        self.met.paid(paid.up.saturating_sub(began.up));
        let url = format!("https://{}/api/courses/{transaction}", application::HOST);
        loop {
            let seen = self.client.get(&url).send().await.is_ok_and(|answer| answer.status() == StatusCode::OK);
            let waited = clock::now().up.saturating_sub(paid.up);
            if seen || waited > PATIENCE {
                return self.met.waited(waited);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Opens the front page, as everybody does first; the browser reports how long that took.
    async fn looks_around(&self) {
        let began = clock::now();
        let page = async {
            let answer = self.client.get(format!("https://{}/", application::HOST)).send().await?;
            answer.error_for_status()?.bytes().await
        };
        if page.await.is_ok() {
            self.met.loaded(clock::now().up.saturating_sub(began.up));
        }
    }

    async fn pays(&self, transaction: &str, number: u64) -> reqwest::Result<()> {
        self.orders(transaction, PRICE).await?;
        if self.faults.is_on(Fault::LostCallbacks) && number.is_multiple_of(2) {
            return Ok(());
        }
        self.is_told_of(transaction, PRICE).await
    }

    /// Buys something for so many cents: a link is made and paid, and the provider calls back.
    pub(super) async fn buys(&self, transaction: &str, cents: i64) -> reqwest::Result<()> {
        self.orders(transaction, cents).await?;
        self.is_told_of(transaction, cents).await
    }

    async fn orders(&self, transaction: &str, cents: i64) -> reqwest::Result<()> {
        let path = format!("{}/payment", payment_api::BASE);
        let order = json!({
            "entityID": payment_api::ENTITY, "amount": cents, "currency": "ZAR", "mode": "live",
            "externalTransactionID": transaction,
            "urls": { "callbackUrl": format!("https://{}/api/ikhokha/webhook", application::HOST) },
        });
        let url = format!("https://{}{path}", payment_api::HOST);
        self.send(&url, &path, order.to_string()).await?.error_for_status().map(|_| ())
    }

    /// The provider's callback.
    async fn is_told_of(&self, transaction: &str, cents: i64) -> reqwest::Result<()> {
        let paid = json!({
            "status": "SUCCESS", "amount": cents, "currency": "ZAR", "externalTransactionID": transaction,
        });
        let path = "/api/ikhokha/webhook";
        let url = format!("https://{}{path}", application::HOST);
        let answer = self.send(&url, path, paid.to_string()).await?;
        // Who was enrolled before is enrolled.
        if answer.status() != StatusCode::CONFLICT {
            answer.error_for_status()?;
        }
        Ok(())
    }

    /// The payments that the provider knows of.
    pub(super) async fn paid(&self) -> reqwest::Result<Vec<Json>> {
        let path = format!("{}/payments/history", payment_api::BASE);
        let signature = webhook::ikhokha_sign(&self.credentials.api_secret, &path, b"");
        let request = self
            .client
            .get(format!("https://{}{path}", payment_api::HOST))
            .header(webhook::IKHOKHA_APPLICATION, self.credentials.api_key.expose_secret())
            .header(webhook::IKHOKHA_SIGNATURE, signature);
        let history: Json = request.send().await?.error_for_status()?.json().await?;
        Ok(history["payments"].as_array().cloned().unwrap_or_default())
    }

    async fn send(&self, url: &str, path: &str, body: String) -> reqwest::Result<reqwest::Response> {
        let signature = webhook::ikhokha_sign(&self.credentials.api_secret, path, body.as_bytes());
        let request = self
            .client
            .post(url)
            .header(webhook::IKHOKHA_APPLICATION, self.credentials.api_key.expose_secret())
            .header(webhook::IKHOKHA_SIGNATURE, signature);
        request.header("content-type", "application/json").body(body).send().await
    }
}
