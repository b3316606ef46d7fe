//! One POST and its answer: what every notifier over HTTP shares. Which status means "taken", "later" and "never" is
//! settled here, and `Retry-After` read.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde_json::Value as Json;

use crate::network::request::{Incoming, Outgoing};
use crate::notify::{Again, Refused, Taken, Way};

/// No answer makes golive wait longer.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// An answer to a notice is read so far.
const LARGEST_ANSWER: usize = 16 << 10;

/// A POST of JSON.
pub(super) struct Post {
    outgoing: Outgoing,
}

impl Post {
    pub(super) fn json(url: &Uri, body: &Json) -> Self {
        Self::bytes(url, "application/json", Bytes::from(body.to_string()))
    }

    pub(super) fn bytes(url: &Uri, kind: &'static str, body: Bytes) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
        Self { outgoing: Outgoing { method: Method::POST, url: url.clone(), headers, body, limit: LARGEST_ANSWER } }
    }

    /// The same with a header. A value that no header can hold is left out: it comes from golive itself.
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(mut value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            value.set_sensitive(true);
            self.outgoing.headers.insert(name, value);
        }
        self
    }

    /// Sends it. A status of the 200s means "taken", unless `taken` finds otherwise in the answer.
    pub(super) async fn send(
        &self,
        way: Way<'_>,
        taken: impl FnOnce(&Incoming) -> Result<(), Refused>,
    ) -> Result<Taken, Refused> {
        let answer = way.network.request(&self.outgoing, way.only_loopback, way.deadline).await?;
        judged(&answer)?;
        taken(&answer)?;
        Ok(Taken::new(&format!("{} from {}", answer.status, answer.address)))
    }
}

/// What a status says of a notice.
fn judged(answer: &Incoming) -> Result<(), Refused> {
    if (200..300).contains(&answer.status) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&answer.body);
    let said = said.trim();
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    let why = format!("{}{said}", answer.status);
    match answer.status {
        408 | 425 | 429 | 500.. => {
            let again = retry_after(answer).map_or(Again::Later, Again::After);
            Err(Refused { again, ..Refused::later(&why) })
        }
        // Who may not today may when the configuration is mended; what is malformed stays so.
        300..=399 | 401 | 403 | 404 | 407 | 410 => Err(Refused::later(&why)),
        _ => Err(Refused::never(&why)),
    }
}

/// `Retry-After` in seconds (or as a date, which is read as a minute), or Discord's `retry_after`.
fn retry_after(answer: &Incoming) -> Option<Duration> {
    if let Some(header) = answer.headers.get(RETRY_AFTER) {
        let text = header.to_str().ok()?.trim();
        let wait = match text.parse::<f64>() {
            Ok(seconds) => Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT),
            Err(_) => Duration::from_secs(60),
        };
        return Some(wait.min(LONGEST_WAIT));
    }
    let body: Json = serde_json::from_slice(&answer.body).ok()?;
    let wait = Duration::try_from_secs_f64(body["retry_after"].as_f64()?).ok()?;
    Some(wait.min(LONGEST_WAIT))
}

/// Goes to the URL's host and shakes hands; sends nothing.
pub(super) async fn reach(url: &Uri, way: Way<'_>) -> Result<Taken, Refused> {
    let address = way.network.reach(url, way.only_loopback, way.deadline).await?;
    Ok(Taken::new(&format!("{address} answers")))
}
