//! The monitoring of this world, as far as a plan asks it: Prometheus' and Alertmanager's own paths, and an error tracker.
//! Its samples are what the application really has: a database that is gone leaves no series behind.

use http::{Method, StatusCode};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value as Json, json};

use crate::clock;
use crate::demo::application::Application;
use crate::demo::server::{Answer, Asked, header_of, json as answer, text};
use crate::demo::sinks::Sinks;
use crate::demo::site;

/// The rules that its Prometheus has loaded, and the receiver of its Alertmanager.
const RULES: [&str; 3] = ["PaymentFailures", "WebhookFailures", "EnrolmentSyncDelay"];
const RECEIVER: &str = "academy-oncall";

impl Sinks {
    pub(super) fn monitoring(&self, asked: &Asked) -> Answer {
        match (asked.method(), asked.uri().path()) {
            (&Method::GET, "/-/ready") => text(StatusCode::OK, "text/plain", b"ready".to_vec()),
            (&Method::GET, "/api/v1/query") => self.query(asked.uri().query().unwrap_or_default()),
            (&Method::GET, "/api/v1/rules") => {
                let rules: Vec<Json> = RULES.iter().map(|name| json!({ "name": name, "health": "ok" })).collect();
                answer(StatusCode::OK, &json!({ "status": "success", "data": { "groups": [{ "rules": rules }] } }))
            }
            (&Method::GET, "/api/v2/receivers") => answer(StatusCode::OK, &json!([{ "name": RECEIVER }])),
            (&Method::POST, "/api/1/store/") => {
                let known = header_of(asked, "x-sentry-auth").contains("sentry_key=");
                let status = if known { StatusCode::OK } else { StatusCode::FORBIDDEN };
                answer(status, &json!({ "id": "taken" }))
            }
            _ => text(StatusCode::NOT_FOUND, "text/plain", b"no such path".to_vec()),
        }
    }

    fn query(&self, query: &str) -> Answer {
        let up = site::version(&self.folder).is_some();
        let found = match query.strip_prefix("query=") {
            Some("up") => vec![(json!({ "job": "academy", "instance": "web-1" }), i64::from(up))],
            Some("enrolments_total") => self.enrolments().map(|count| (json!({}), count)).into_iter().collect(),
            _ => Vec::new(),
        };
        let now = clock::now().at.as_second();
        let result: Vec<Json> = found
            .into_iter()
            .map(|(metric, value)| json!({ "metric": metric, "value": [now, value.to_string()] }))
            .collect();
        answer(StatusCode::OK, &json!({ "status": "success", "data": { "resultType": "vector", "result": result } }))
    }

    fn enrolments(&self) -> Option<i64> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = Connection::open_with_flags(Application::database(&self.folder), flags).ok()?;
        open.query_row("SELECT count(*) FROM enrolments", [], |row| row.get(0)).ok()
    }
}
