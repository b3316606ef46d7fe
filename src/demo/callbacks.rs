//! The application's webhook: takes a provider's callback if it is signed, in time, from where it may come, and new. What
//! it grants stands in the database; what it refuses leaves an event in the audit log.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::{Value as Json, json};

use crate::clock;
use crate::demo::environment::Credentials;
use crate::demo::faults::{Fault, Faults};
use crate::demo::server::{Answer, Asked, header_of, json as answer};
use crate::demo::{payment_api, team};
use crate::webhook;

/// Where callbacks are sent to.
pub(super) const PATH: &str = "/api/ikhokha/webhook";
/// What a test delivery carries; the provider's own do not.
pub(super) const MARKER: &str = "x-golive-probe";
/// What a course costs, in cents.
pub(super) const PRICE: i64 = 100_000;
/// The header of the application's own layer, and how far its time may lie away, in seconds. The provider signs none.
const TIMESTAMP: &str = "x-callback-timestamp";
const TOLERANCE: i64 = 300;
/// The provider's addresses, as far as this world goes.
const SOURCES: &[&str] = &["127.0.0.1", "::1"];
/// The log begins anew when it is larger.
const LARGEST_LOG: u64 = 1 << 20;

/// The table of what was granted; `channel` is what the version before writes and reads, and the new one no longer. A number is never given twice, though probes are taken away again: whoever asks for
/// what is new asks by it.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS enrolments (
     id INTEGER PRIMARY KEY AUTOINCREMENT, transaction_id TEXT NOT NULL, amount INTEGER NOT NULL, at INTEGER NOT NULL,
     genuine INTEGER NOT NULL, probe INTEGER NOT NULL, channel TEXT
 ) STRICT;
 CREATE INDEX IF NOT EXISTS enrolments_by_transaction ON enrolments (transaction_id);";

/// The webhook.
pub(super) struct Callbacks {
    pub(super) log: PathBuf,
    pub(super) credentials: Credentials,
    pub(super) faults: Faults,
}

impl Callbacks {
    /// The audit log of a world.
    pub(super) fn log(folder: &Path) -> PathBuf {
        folder.join("logs/audit.log")
    }

    /// Takes a callback, or refuses it without a word about why.
    pub(super) fn answer(&self, asked: &Asked, open: impl Fn() -> rusqlite::Result<Connection>) -> Answer {
        if self.faults.is_on(Fault::RedirectingCallback) {
            return redirected();
        }
        let genuine = self.is_signed(asked);
        let is_open = self.faults.is_on(Fault::OpenWebhook);
        if let (Err(reason), false) = (self.judged(asked, genuine), is_open) {
            self.record(reason, asked);
            return answer(StatusCode::UNAUTHORIZED, &json!({ "error": "refused" }));
        }
        let paid: Json = serde_json::from_slice(asked.body()).unwrap_or_default();
        let (Some(transaction), Some(amount)) = (paid["externalTransactionID"].as_str(), paid["amount"].as_i64())
        else {
            return answer(StatusCode::BAD_REQUEST, &json!({ "error": "no transaction" }));
        };
        if paid["status"] != "SUCCESS" {
            return self.failed(transaction, open);
        }
        if !self.is_whole(&paid) && !self.faults.is_on(Fault::AnyAmount) {
            self.record("not_the_price", asked);
            return answer(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "error": "refused" }));
        }
        let probe = asked.headers().contains_key(MARKER);
        match open().and_then(|open| self.grant(&open, transaction, amount, (genuine, probe))) {
            Ok(true) => answer(StatusCode::OK, &json!({ "status": "taken" })),
            Ok(false) => {
                self.record("replay", asked);
                answer(StatusCode::CONFLICT, &json!({ "error": "refused" }))
            }
            Err(_) => answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": "try again" })),
        }
    }

    /// A payment that failed grants nothing. What another callback granted it leaves alone: callbacks overtake each other.
    fn failed(&self, transaction: &str, open: impl Fn() -> rusqlite::Result<Connection>) -> Answer {
        if self.faults.is_on(Fault::LateFailure) {
            let take = "DELETE FROM enrolments WHERE transaction_id = ?1";
            // What cannot be taken away stays: this fault is no better than it has to be.
            let _ = open().and_then(|open| open.execute(take, [transaction]));
        }
        answer(StatusCode::OK, &json!({ "status": "noted" }))
    }

    /// Whether the whole price was paid, in the shop's money, to the shop.
    fn is_whole(&self, paid: &Json) -> bool {
        let to_us = paid["entityID"].is_null() || paid["entityID"] == payment_api::ENTITY;
        let price = if team::is_own(paid) { team::price(self.faults.is_on(Fault::ShortPayment)) } else { PRICE };
        paid["amount"] == price && paid["currency"] == "ZAR" && to_us
    }

    fn is_signed(&self, asked: &Asked) -> bool {
        let signature = header_of(asked, webhook::IKHOKHA_SIGNATURE);
        webhook::ikhokha_is_genuine(&self.credentials.api_secret, PATH, asked.body(), signature)
    }

    fn judged(&self, asked: &Asked, genuine: bool) -> Result<(), &'static str> {
        let source = asked.extensions().get::<SocketAddr>().map(SocketAddr::ip);
        let known = |source: IpAddr| SOURCES.iter().any(|known| *known == source.to_string());
        if !source.is_some_and(known) {
            return Err("unknown_source");
        }
        if !genuine {
            return Err("bad_signature");
        }
        // Not signed, so a forger can set it: it shuts out what was only delayed. The transaction's id does the rest.
        let Some(stamp) = asked.headers().get(TIMESTAMP) else { return Ok(()) };
        let stamp = stamp.to_str().ok().and_then(|text| text.parse::<i64>().ok()).ok_or("malformed_timestamp")?;
        let apart = now().as_second().saturating_sub(stamp).abs();
        if apart > TOLERANCE { Err("timestamp_out_of_tolerance") } else { Ok(()) }
    }

    /// Grants what was paid for, once for each transaction: one statement decides, so a race has one winner.
    pub(super) fn grant(
        &self,
        open: &Connection,
        transaction: &str,
        amount: i64,
        (genuine, probe): (bool, bool),
    ) -> rusqlite::Result<bool> {
        let values = params![transaction, amount, now().as_millisecond(), genuine, probe];
        if self.faults.is_on(Fault::ReplayedWebhook) {
            return open
                .execute(
                    "INSERT INTO enrolments (transaction_id, amount, at, genuine, probe) VALUES (?1, ?2, ?3, ?4, ?5)",
                    values,
                )
                .map(|_| true);
        }
        let once = "INSERT INTO enrolments (transaction_id, amount, at, genuine, probe) SELECT ?1, ?2, ?3, ?4, ?5
                    WHERE NOT EXISTS (SELECT 1 FROM enrolments WHERE transaction_id = ?1)";
        open.execute(once, values).map(|rows| rows == 1)
    }

    /// One line for each refusal: when, why, from where. No part of the body, no signature.
    fn record(&self, reason: &str, asked: &Asked) {
        if self.faults.is_on(Fault::UnloggedRefusals) {
            return;
        }
        let source = asked.extensions().get::<SocketAddr>().map(|peer| peer.ip().to_string());
        let event = json!({ "at": now(), "event": "webhook_refused", "reason": reason, "source": source });
        let full = self.log.metadata().is_ok_and(|known| known.len() > LARGEST_LOG);
        let mut options = std::fs::OpenOptions::new();
        let opened = options.create(true).append(!full).write(true).truncate(full).open(&self.log);
        // A log that cannot be written is what the check is there to find.
        let _ = opened.and_then(|mut file| file.write_all(format!("{event}\n").as_bytes()));
    }

    /// What came lately: the provider's own deliveries apart from marked ones.
    pub(super) fn health(open: &Connection) -> rusqlite::Result<Json> {
        let now = now().as_millisecond();
        let (count, last): (i64, Option<i64>) = open.query_row(
            "SELECT count(*) FILTER (WHERE at > ?1), max(at) FROM enrolments WHERE genuine AND NOT probe",
            [now - 60_000],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let probes: i64 = open.query_row("SELECT count(*) FROM enrolments WHERE probe", [], |row| row.get(0))?;
        let age = last.map(|last| (now - last).max(0));
        Ok(json!({ "provider_last_minute": count, "last_provider_age_ms": age, "marked_probes": probes }))
    }

    /// How many enrolments a transaction led to.
    pub(super) fn effects(open: &Connection, transaction: &str) -> rusqlite::Result<Json> {
        let query = "SELECT count(*) FROM enrolments WHERE transaction_id = ?1";
        let count: i64 = open.query_row(query, [transaction], |row| row.get(0))?;
        Ok(json!({ "effects": count }))
    }
}

fn now() -> Timestamp {
    clock::now().at
}

fn redirected() -> Answer {
    let mut answered = answer(StatusCode::PERMANENT_REDIRECT, &json!({ "moved": "to the new shop" }));
    let to = HeaderValue::from_static("https://academy.example/shop/ikhokha/webhook");
    answered.headers_mut().insert(header::LOCATION, to);
    answered
}
