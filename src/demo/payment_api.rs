//! The payment API at `api.ikhokha.com`, as far as an application meets it: signed requests, links, their state.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};
use subtle::ConstantTimeEq;

use crate::clock;
use crate::demo::environment::Credentials;
use crate::demo::faults::{Fault, Faults};
use crate::demo::server::{Answer, Asked, header_of, json as answer};
use crate::demo::team;
use crate::webhook;

/// The name it is reached under.
pub(super) const HOST: &str = "api.ikhokha.com";
/// The shop, as the provider knows it.
pub(super) const ENTITY: &str = "demo";
/// So many requests a minute are taken, and so many are left where somebody else uses them up.
const QUOTA: usize = 6_000;
const NEARLY_NONE: usize = 7;
/// So many links are remembered.
const MOST_LINKS: usize = 500;

/// Where its calls begin.
pub(super) const BASE: &str = "/public-api/v1/api";

/// The payment API.
pub(super) struct PaymentApi {
    pub(super) credentials: Credentials,
    pub(super) faults: Faults,
    pub(super) links: Mutex<BTreeMap<String, Json>>,
    /// When it was asked within the last minute.
    pub(super) asked: Mutex<VecDeque<Duration>>,
}

impl PaymentApi {
    /// Answers a request, and says how many more are taken.
    pub(super) fn answer(&self, asked: &Asked) -> Answer {
        let left = self.quota_left();
        let mut answered = if left == 0 {
            answer(StatusCode::TOO_MANY_REQUESTS, &json!({ "responseCode": "98", "message": "too many requests" }))
        } else {
            self.answer_within_quota(asked)
        };
        answered.headers_mut().insert("x-ratelimit-limit", QUOTA.into());
        answered.headers_mut().insert("x-ratelimit-remaining", left.into());
        answered
    }

    fn quota_left(&self) -> usize {
        let now = clock::now().up;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        while asked.front().is_some_and(|at| now.saturating_sub(*at) > Duration::from_secs(60)) {
            asked.pop_front();
        }
        asked.push_back(now);
        let left = QUOTA.saturating_sub(asked.len());
        if self.faults.is_on(Fault::QuotaLow) { left.min(NEARLY_NONE) } else { left }
    }

    fn answer_within_quota(&self, asked: &Asked) -> Answer {
        if self.faults.is_on(Fault::PaymentOutage) {
            return answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "responseCode": "99", "message": "unavailable" }));
        }
        let path = asked.uri().path();
        let Some(call) = path.strip_prefix(BASE) else {
            return answer(StatusCode::NOT_FOUND, &json!({ "message": "no such path" }));
        };
        let own = self.credentials.api_key.expose_secret().as_bytes();
        let named = header_of(asked, webhook::IKHOKHA_APPLICATION).trim();
        if !bool::from(own.ct_eq(named.as_bytes())) {
            return answer(
                StatusCode::UNAUTHORIZED,
                &json!({ "responseCode": "01", "message": "unknown application" }),
            );
        }
        let signature = header_of(asked, webhook::IKHOKHA_SIGNATURE);
        if !webhook::ikhokha_is_genuine(&self.credentials.api_secret, path, asked.body(), signature) {
            return answer(
                StatusCode::FORBIDDEN,
                &json!({ "responseCode": "02", "message": "signature does not match" }),
            );
        }
        match (asked.method(), call) {
            (&Method::POST, "/payment") => self.create(asked),
            (&Method::GET, "/payments/history") => {
                let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
                let booked: Vec<Json> = links.values().map(|link| self.booked(link)).collect();
                answer(StatusCode::OK, &json!({ "payments": booked }))
            }
            (&Method::GET, call) => self.state(call.strip_prefix("/getStatus/").unwrap_or_default()),
            _ => answer(StatusCode::NOT_FOUND, &json!({ "message": "no such call" })),
        }
    }

    fn create(&self, asked: &Asked) -> Answer {
        let wanted: Json = serde_json::from_slice(asked.body()).unwrap_or_default();
        if !wanted["amount"].is_i64() || wanted["currency"] != "ZAR" {
            return answer(StatusCode::BAD_REQUEST, &json!({ "responseCode": "03", "message": "amount or currency" }));
        }
        let id = ulid::Ulid::generate().to_string().to_lowercase();
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        while links.len() >= MOST_LINKS {
            // The oldest goes. The team's few stay: whoever looks for one looks later than anybody.
            let oldest = links.iter().find(|(_, link)| !team::is_own(link)).map(|(id, _)| id.clone());
            let Some(oldest) = oldest else { break };
            links.remove(&oldest);
        }
        // The shop's customers pay at once; nobody pays the link of a probe.
        let status = if wanted["entityID"] == ENTITY { "PAID" } else { "PENDING" };
        let link = json!({
            "paylinkID": id, "status": status, "amount": wanted["amount"], "currency": wanted["currency"],
            "mode": wanted["mode"], "entityID": wanted["entityID"],
            "externalTransactionID": wanted["externalTransactionID"], "at": clock::now().at.as_millisecond(),
        });
        links.insert(id.clone(), link);
        let made = json!({
            "responseCode": "00", "message": "created", "paylinkID": id, "paylinkUrl": format!("https://{HOST}/pay/{id}"),
            "externalTransactionID": wanted["externalTransactionID"],
        });
        answer(StatusCode::OK, &made)
    }

    /// A payment as the books have it: those of a test key are tests, whatever they say of themselves.
    fn booked(&self, link: &Json) -> Json {
        let mut booked = link.clone();
        if self.faults.is_on(Fault::BackendTestMode) {
            booked["mode"] = "test".into();
        }
        let age = clock::now().at.as_millisecond() - link["at"].as_i64().unwrap_or_default();
        if team::is_own(link) && age > team::REFUND && !self.faults.is_on(Fault::UnrefundedPayment) {
            booked["status"] = "REFUNDED".into();
            booked["refundedAmount"] = link["amount"].clone();
        }
        booked
    }

    fn state(&self, id: &str) -> Answer {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        match links.get(id) {
            Some(link) => answer(StatusCode::OK, link),
            None => answer(StatusCode::NOT_FOUND, &json!({ "responseCode": "04", "message": "no such link" })),
        }
    }
}
