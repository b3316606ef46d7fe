//! The payment API at `api.ikhokha.com`, as far as an application meets it: signed requests, links, their state.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};
use subtle::ConstantTimeEq;

use crate::demo::environment::Credentials;
use crate::demo::faults::{Fault, Faults};
use crate::demo::server::{Answer, Asked, header_of, json as answer};
use crate::webhook;

/// The name it is reached under.
pub(super) const HOST: &str = "api.ikhokha.com";
/// Where its calls begin.
pub(super) const BASE: &str = "/public-api/v1/api";

/// The payment API.
pub(super) struct PaymentApi {
    pub(super) credentials: Credentials,
    pub(super) faults: Faults,
    pub(super) links: Mutex<BTreeMap<String, Json>>,
}

impl PaymentApi {
    /// Answers a request.
    pub(super) fn answer(&self, asked: &Asked) -> Answer {
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
                answer(StatusCode::OK, &json!({ "payments": links.values().collect::<Vec<_>>() }))
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
        while links.len() >= 500 {
            links.pop_first();
        }
        links.insert(id.clone(), json!({ "paylinkID": id, "status": "PAID", "amount": wanted["amount"] }));
        let made = json!({
            "responseCode": "00", "message": "created", "paylinkID": id, "paylinkUrl": format!("https://{HOST}/pay/{id}"),
            "externalTransactionID": wanted["externalTransactionID"],
        });
        answer(StatusCode::OK, &made)
    }

    fn state(&self, id: &str) -> Answer {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        match links.get(id) {
            Some(link) => answer(StatusCode::OK, link),
            None => answer(StatusCode::NOT_FOUND, &json!({ "responseCode": "04", "message": "no such link" })),
        }
    }
}
