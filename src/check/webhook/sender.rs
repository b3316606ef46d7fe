//! Deliveries: made, signed, spoilt in one respect, and sent.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::check::Surroundings;
use crate::check::finding::Finding;
use crate::check::http::{Answer, Exchange};
use crate::check::webhook::keys::{self, Keys};
use crate::core::evidence::{Evidence, Timings};
use crate::model::failure::FailureClass;
use crate::network::Trouble;
use crate::webhook::{self, Message, Profile, Stamped};

/// Makes deliveries and sends them.
pub(super) struct Sender {
    pub(super) profile: Profile,
    url: Uri,
    pub(super) shown_url: String,
    signed_path: String,
    secret: SecretString,
    headers: HeaderMap,
    /// The user agent that the plan declares as the provider's.
    pub(super) user_agent: Option<HeaderValue>,
    body: String,
    id_field: Option<String>,
    pub(super) tolerance: i64,
    pub(super) oversized: usize,
    marker: HeaderName,
    check: String,
}

/// A delivery that is ready to be sent.
#[derive(Clone)]
pub(super) struct Delivery {
    /// The transaction that it is about.
    pub(super) id: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// What became of a delivery: an answer or trouble, and how long its parts took.
pub(super) type Sent = Result<Answer, (Trouble, Timings)>;

impl Sender {
    pub(super) fn of(
        keys: &Keys,
        check: &str,
        finding: &Finding,
        surroundings: &Arc<Surroundings>,
    ) -> Result<Self, Box<Evidence>> {
        let values = &surroundings.values;
        let wrong = |summary: String| Box::new(finding.fail(FailureClass::Value, &summary));
        let mut profile = keys.profile().map_err(|problem| Box::new(finding.error(&problem)))?;
        if let Some(name) = keys::filled(keys.timestamp_header.as_ref(), finding, values)? {
            profile = profile.with_timestamp_header(&name);
        }
        let url = finding.fill(&keys.url, values)?;
        let shown_url = url.shown().to_owned();
        let url: Uri = url.expose().parse().map_err(|_| wrong(format!("{shown_url} is no URL")))?;
        if url.host().is_none() || !matches!(url.scheme_str(), Some("http" | "https")) {
            return Err(wrong(format!("{shown_url} is no http or https URL")));
        }
        let own: Result<Vec<String>, _> = keys
            .provider_hosts
            .iter()
            .map(|host| finding.fill(host, values).map(|host| host.expose().to_owned()))
            .collect();
        if let Some(refusal) = keys::refusal(url.host().unwrap_or_default(), &own?, &keys.cases) {
            return Err(Box::new(finding.error(&refusal)));
        }
        let own_path = || url.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let signed_path = keys::filled(keys.signed_path.as_ref(), finding, values)?.unwrap_or_else(own_path);
        let mut headers = finding.headers(&keys.headers, values)?;
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        let agent = keys::filled(keys.user_agent.as_ref(), finding, values)?;
        let agent = agent.map(|agent| HeaderValue::from_str(&agent)).transpose();
        let marker = HeaderName::from_bytes(keys.marker.as_bytes());
        Ok(Self {
            profile,
            signed_path,
            url,
            shown_url,
            secret: keys::kept(&keys.secret, finding, values)?.expose().to_owned().into(),
            headers,
            user_agent: agent.map_err(|_| wrong("the user agent cannot be sent".into()))?,
            body: finding.fill(&keys.body, values)?.expose().to_owned(),
            id_field: keys.id_field.clone(),
            tolerance: i64::try_from(keys.tolerance.0.as_secs()).unwrap_or(i64::MAX / 4),
            oversized: keys.oversized,
            marker: marker.map_err(|_| wrong(format!("{} is no header", keys.marker)))?,
            check: check.to_owned(),
        })
    }

    /// The body about a transaction, with so many bytes of padding.
    fn body(&self, id: &str, padding: usize) -> Bytes {
        let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&self.body);
        let Ok(mut object) = object else {
            return Bytes::from(format!("{}{}", self.body, " ".repeat(padding)));
        };
        if let Some(field) = &self.id_field {
            object.insert(field.clone(), id.into());
        }
        if padding > 0 {
            object.insert("padding".into(), "x".repeat(padding).into());
        }
        Bytes::from(serde_json::Value::Object(object).to_string())
    }

    /// A rightly signed delivery of a moment; `Err` if the secret is not of the scheme's form.
    pub(super) fn genuine(&self, at: Timestamp, ahead: i64) -> Result<Delivery, String> {
        self.signed(&self.secret, at.as_second().saturating_add(ahead), 0)
    }

    /// A rightly signed delivery that is too large.
    pub(super) fn large(&self, at: Timestamp) -> Result<Delivery, String> {
        self.signed(&self.secret, at.as_second(), self.oversized)
    }

    /// A delivery that is signed with another secret of the right form.
    pub(super) fn forged(&self, at: Timestamp) -> Result<Delivery, String> {
        use base64::Engine as _;
        let other = base64::engine::general_purpose::STANDARD.encode(ulid::Ulid::generate().to_string());
        self.signed(&other.into(), at.as_second(), 0)
    }

    fn signed(&self, secret: &SecretString, at: i64, padding: usize) -> Result<Delivery, String> {
        let id = format!("golive-{}", ulid::Ulid::generate());
        let body = self.body(&id, padding);
        let url = self.url.to_string();
        let message = Message { headers: &[], path: &self.signed_path, url: &url, body: &body };
        let stamped = Stamped { id: Some(&id), timestamp: &at.to_string() };
        let secrets = std::slice::from_ref(secret);
        let headers = webhook::sign(&self.profile, secrets, stamped, &message).map_err(|error| error.to_string())?;
        Ok(Delivery { id, headers, body })
    }

    /// The same without its signature.
    pub(super) fn unsigned(&self, mut delivery: Delivery) -> Delivery {
        let header = self.profile.signature_header();
        delivery.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(header));
        delivery
    }

    /// The same signature over another body.
    pub(super) fn changed(&self, mut delivery: Delivery) -> Delivery {
        let other = format!("golive-{}", ulid::Ulid::generate());
        let mut body = self.body(&other, 0);
        if body == delivery.body {
            body = Bytes::from([&body[..], b" "].concat());
        }
        (delivery.id, delivery.body) = (other, body);
        delivery
    }

    /// Sends a delivery as the provider would.
    pub(super) async fn send(&self, delivery: &Delivery, around: &Surroundings, deadline: Instant) -> Sent {
        self.send_as(delivery, self.user_agent.clone(), None, around, deadline).await
    }

    /// Sends a delivery as somebody else: with this user agent, from this address.
    pub(super) async fn send_as(
        &self,
        delivery: &Delivery,
        agent: Option<HeaderValue>,
        from: Option<IpAddr>,
        around: &Surroundings,
        deadline: Instant,
    ) -> Sent {
        let mut headers = self.headers.clone();
        for (name, value) in &delivery.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
                headers.insert(name, value);
            }
        }
        if let Some(agent) = agent {
            headers.insert(USER_AGENT, agent);
        }
        if let Ok(mark) = HeaderValue::from_str(&self.check) {
            headers.insert(self.marker.clone(), mark);
        }
        let exchange = Exchange::of_bytes(Method::POST, self.url.clone(), headers, delivery.body.clone()).from(from);
        exchange.make(&around.network, deadline, None).await
    }

    /// The marker, as it stands in the evidence.
    pub(super) fn mark(&self) -> String {
        format!("{}: {}", self.marker, self.check)
    }
}
