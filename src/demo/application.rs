//! The application at `academy.example`: pages, health, enrolments in a real database, and the webhook that grants them.

use std::path::PathBuf;

use http::{Method, StatusCode, header};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value as Json, json};

use crate::clock;
use crate::demo::callbacks::{self, Callbacks};
use crate::demo::faults::{Fault, Faults};
use crate::demo::server::{Answer, Asked, json as answer, text};
use crate::demo::site;

/// The name it is reached under.
pub(super) const HOST: &str = "academy.example";

/// What every answer carries for the visitors' protection.
const PROTECTING: &[(&str, &str)] = &[
    ("content-security-policy", "default-src 'self'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
];

/// The application.
pub(super) struct Application {
    pub(super) folder: PathBuf,
    pub(super) callbacks: Callbacks,
    pub(super) faults: Faults,
}

impl Application {
    /// The database file.
    pub(super) fn database(folder: &std::path::Path) -> PathBuf {
        folder.join("data/academy.db")
    }

    /// Makes the database with its one table.
    pub(super) fn create_database(folder: &std::path::Path) -> rusqlite::Result<()> {
        let connection = Connection::open(Self::database(folder))?;
        connection.execute_batch(&format!("PRAGMA journal_mode = WAL; {}", callbacks::TABLE))
    }

    /// Opened anew for each request, and never created: a database that is gone is really gone.
    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(Self::database(&self.folder), flags)
    }

    /// Answers a request that came over https.
    pub(super) fn answer(&self, asked: &Asked) -> Answer {
        let mut answered = match (asked.method(), asked.uri().path()) {
            (&Method::GET, "/health") => self.health(),
            (&Method::GET, "/api/health/database") => self.database_health(),
            (&Method::GET, "/api/health/payments") => self.payments(),
            (&Method::GET, "/api/health/webhooks") => self.told(Callbacks::health),
            (&Method::GET, path) if path.starts_with("/api/enrolments/") => {
                let transaction = path.trim_start_matches("/api/enrolments/");
                self.told(|open| Callbacks::effects(open, transaction))
            }
            (&Method::POST, callbacks::PATH) => self.callbacks.answer(asked, || self.open()),
            (_, callbacks::PATH) => answer(StatusCode::METHOD_NOT_ALLOWED, &json!({ "error": "POST only" })),
            (&Method::GET, path) => self.page(path, asked.uri().query().is_none()),
            _ => answer(StatusCode::NOT_FOUND, &json!({ "error": "no such page" })),
        };
        for (name, value) in PROTECTING {
            answered.headers_mut().insert(*name, header::HeaderValue::from_static(value));
        }
        let year = header::HeaderValue::from_static("max-age=31536000; includeSubDomains");
        answered.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
        answered
    }

    /// A file of the front end. While that fault is on, the network's edge still has an older copy of each plain address.
    fn page(&self, path: &str, plain: bool) -> Answer {
        let from_edge = plain && self.faults.is_on(Fault::OldBundle);
        match site::served(&self.folder, path, from_edge) {
            Some(body) => {
                let javascript = std::path::Path::new(path).extension().is_some_and(|extension| extension == "js");
                text(StatusCode::OK, if javascript { "text/javascript" } else { "text/html; charset=utf-8" }, body)
            }
            None => answer(StatusCode::NOT_FOUND, &json!({ "error": "no such page" })),
        }
    }

    fn health(&self) -> Answer {
        match site::version(&self.folder) {
            Some(version) => {
                answer(StatusCode::OK, &json!({ "status": "ok", "version": version, "instance": "web-1" }))
            }
            None => {
                answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "down", "error": "nothing is deployed" }))
            }
        }
    }

    fn database_health(&self) -> Answer {
        let count = self
            .open()
            .and_then(|open| open.query_row("SELECT count(*) FROM enrolments", [], |row| row.get::<_, i64>(0)));
        match count {
            Ok(enrolments) => answer(StatusCode::OK, &json!({ "status": "ok", "enrolments": enrolments })),
            Err(error) => {
                let why = error.to_string().replace(&*self.folder.to_string_lossy(), "…");
                answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "down", "error": why }))
            }
        }
    }

    /// What customers met lately: the youngest enrolment and how many came in the last minute.
    fn payments(&self) -> Answer {
        let now = clock::now().at.as_millisecond();
        let query = "SELECT count(*), max(at) FROM enrolments WHERE at > ?1 AND NOT probe";
        let seen = self.open().and_then(|open| {
            open.query_row(query, [now - 60_000], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?)))
        });
        match seen {
            Ok((count, last)) => {
                let age = last.map(|last| (now - last).max(0));
                answer(StatusCode::OK, &json!({ "enrolments_last_minute": count, "last_enrolment_age_ms": age }))
            }
            Err(error) => answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": error.to_string() })),
        }
    }

    /// What a look into the database says.
    fn told(&self, look: impl Fn(&Connection) -> rusqlite::Result<Json>) -> Answer {
        match self.open().and_then(|open| look(&open)) {
            Ok(told) => answer(StatusCode::OK, &told),
            Err(error) => answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": error.to_string() })),
        }
    }
}
