//! The error tracker: its DSN names key, host and project; a marked event is taken, or the host at least answers.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use jiff::Timestamp;
use serde_json::json;

use crate::check::monitoring::ask::{Step, Trace};
use crate::model::failure::FailureClass;
use crate::model::template::Filled;

const WHO: &str = "the error tracker";

/// What a DSN says: `https://KEY@host/PROJECT`.
struct Dsn {
    key: String,
    store: Uri,
}

impl Dsn {
    fn of(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once("://")?;
        let (key, rest) = rest.split_once('@')?;
        let (host, project) = rest.trim_end_matches('/').rsplit_once('/')?;
        let store = format!("{scheme}://{host}/api/{project}/store/").parse().ok()?;
        let key = key.split(':').next().unwrap_or(key).to_owned();
        (!key.is_empty() && !project.is_empty()).then_some(Self { key, store })
    }
}

impl Trace<'_> {
    /// Sends a marked event where `at` is given; otherwise only asks whether somebody is there.
    pub(super) async fn error_tracker(&mut self, dsn: &Filled, at: Option<Timestamp>) -> Step<()> {
        let Some(dsn) = Dsn::of(dsn.expose()) else {
            return Err(self.wrong(FailureClass::Value, "the error tracker's DSN is not https://KEY@host/PROJECT"));
        };
        let Some(at) = at else {
            let reached = self.network.reach(&dsn.store, false, self.deadline).await;
            reached.map_err(|trouble| self.wrong(trouble.class(), &format!("{WHO}: {trouble}")))?;
            self.found("error tracker", "answers".to_owned(), format!("{WHO} answers"));
            return Ok(());
        };
        let id = format!("{:032x}", u128::from(ulid::Ulid::generate()));
        let event = json!({
            "event_id": id, "timestamp": at, "platform": "other", "level": "info", "logger": "golive",
            "message": "golive proves that errors arrive here. Nothing is wrong.", "tags": { "golive_test": "true" },
        });
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let auth = format!("Sentry sentry_version=7, sentry_client=golive/1, sentry_key={}", dsn.key);
        if let Ok(mut auth) = HeaderValue::from_str(&auth) {
            auth.set_sensitive(true);
            headers.insert(HeaderName::from_static("x-sentry-auth"), auth);
        }
        let body = Bytes::from(event.to_string());
        let outgoing =
            crate::network::request::Outgoing { method: Method::POST, url: dsn.store, headers, body, limit: 16 << 10 };
        let answer = self.send(WHO, outgoing).await?;
        match answer.status {
            200..=299 => {
                self.found("error tracker", "took an event".to_owned(), format!("{WHO} took an event"));
                Ok(())
            }
            status @ (401 | 403) => Err(self.wrong(FailureClass::Denied, &format!("{WHO} answers {status}"))),
            status => Err(self.wrong(FailureClass::Status, &format!("{WHO} answers {status}"))),
        }
    }
}
