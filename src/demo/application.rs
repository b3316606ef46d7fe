//! The application at `academy.example`: pages, health, enrolments in a real database, and the webhook that grants them.

use std::path::PathBuf;
use std::time::Duration;

use http::{Method, StatusCode, header};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value as Json, json};

use crate::clock;
use crate::demo::callbacks::{self, Callbacks};
use crate::demo::faults::{Fault, Faults};
use crate::demo::met::Met;
use crate::demo::reconciler::Reconciled;
use crate::demo::server::{Answer, Asked, header_of, json as answer, text};
use crate::demo::{realtime, site, telling};

/// The name it is reached under.
pub(super) const HOST: &str = "academy.example";
const COURSES: &str = "/api/courses/";
/// How long the real-time sync takes where it is slow, in milliseconds.
pub(super) const SLOW_SYNC: i64 = 2_500;

/// How far the application's clock is ahead where it is wrong, in seconds.
const AHEAD: i64 = 180;

/// What every answer carries for the visitors' protection.
const PROTECTING: &[(&str, &str)] = &[
    ("content-security-policy", "default-src 'self'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
];

/// The application.
pub(super) struct Application {
    /// Which replica it is.
    pub(super) instance: &'static str,
    pub(super) folder: PathBuf,
    pub(super) callbacks: Callbacks,
    pub(super) faults: Faults,
    pub(super) met: Met,
    pub(super) reconciled: Reconciled,
}

/// The moment that a clock says which is wrong, as HTTP writes it.
fn ahead() -> String {
    let moment = clock::now().at.saturating_add(jiff::SignedDuration::from_secs(AHEAD)).unwrap_or_default();
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The migrations of the repository, oldest first.
const MIGRATIONS: [&str; 2] = ["20261002_enrolments", "20261119_amounts"];

impl Application {
    /// The database file.
    pub(super) fn database(folder: &std::path::Path) -> PathBuf {
        folder.join("data/academy.db")
    }

    /// Makes the database with its one table.
    pub(super) fn create_database(folder: &std::path::Path) -> rusqlite::Result<()> {
        let connection = Connection::open(Self::database(folder))?;
        connection.execute_batch(&format!("PRAGMA journal_mode = WAL; {}", callbacks::TABLE))?;
        connection.execute_batch("CREATE TABLE IF NOT EXISTS schema_migrations (version TEXT PRIMARY KEY) STRICT;")?;
        MIGRATIONS.iter().try_for_each(|version| migrated(&connection, version, true))
    }

    /// Takes the newest migration back, or applies it.
    pub(super) fn set_newest_migration(folder: &std::path::Path, applied: bool) -> rusqlite::Result<()> {
        migrated(&Connection::open(Self::database(folder))?, Self::newest_migration(), applied)
    }

    /// The newest migration of the repository.
    pub(super) const fn newest_migration() -> &'static str {
        MIGRATIONS[MIGRATIONS.len() - 1]
    }

    /// Opened anew for each request, and never created: a database that is gone is really gone.
    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(Self::database(&self.folder), flags)
    }

    /// Answers a request that came over https.
    pub(super) fn answer(&self, asked: &Asked) -> Answer {
        let began = clock::now().up;
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
            (&Method::GET, "/api/health/monitoring") => self.monitoring(),
            (&Method::GET, "/api/health/errors") => answer(StatusCode::OK, &json!({ "status": "ok", "last_hour": 0 })),
            (&Method::GET, "/api/health/reconciliation") => answer(StatusCode::OK, &self.reconciled.told()),
            (&Method::GET, "/api/flags") => answer(StatusCode::OK, &telling::flags(&self.folder, &self.faults)),
            (&Method::GET, "/ci/runs") => answer(StatusCode::OK, &telling::runs(&self.folder)),
            (&Method::GET, "/api/payments/failed") => {
                answer(StatusCode::OK, &telling::failed_payments(&self.met, asked.uri().query()))
            }
            (&Method::GET, "/.env") if self.faults.is_on(Fault::ExposedFiles) => self.env_file(),
            (&Method::GET, "/") if asked.uri().query().is_some_and(|query| query.contains("payment=done")) => {
                self.success_page(asked)
            }
            (&Method::GET, "/api/metrics") => answer(StatusCode::OK, &self.met.told()),
            (&Method::GET, path) if path.starts_with(COURSES) => self.course(&path[COURSES.len()..]),
            (&Method::GET, realtime::PATH) => realtime::open(asked, self.folder.clone(), self.faults.clone()),
            (&Method::GET, path) if path.starts_with("/courses/") => self.course_page(asked),
            (&Method::GET, path) => self.page(path, asked.uri().query().is_none()),
            _ => answer(StatusCode::NOT_FOUND, &json!({ "error": "no such page" })),
        };
        self.count(asked, answered.status(), clock::now().up.saturating_sub(began));
        for (name, value) in PROTECTING {
            answered.headers_mut().insert(*name, header::HeaderValue::from_static(value));
        }
        let year = header::HeaderValue::from_static("max-age=31536000; includeSubDomains");
        answered.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
        if self.faults.is_on(Fault::ClockSkew)
            && let Ok(date) = header::HeaderValue::from_str(&ahead())
        {
            answered.headers_mut().insert(header::DATE, date);
        }
        answered
    }

    /// The page after a payment: it says thanks, and grants nothing, for its address proves nothing.
    fn success_page(&self, asked: &Asked) -> Answer {
        let query = asked.uri().query().unwrap_or_default();
        let transaction = query.split('&').find_map(|pair| pair.strip_prefix("transaction="));
        if let Some(transaction) = transaction.filter(|_| self.faults.is_on(Fault::SuccessPage)) {
            let grant = |open: Connection| self.callbacks.grant(&open, transaction, callbacks::PRICE, (false, true));
            // Where nothing can be granted the page thanks all the same.
            let _ = self.open().and_then(grant);
        }
        self.page("/", false)
    }

    /// What a web server gives out whose root is the project's folder.
    fn env_file(&self) -> Answer {
        match site::env_file(&self.folder) {
            Ok(body) => text(StatusCode::OK, "text/plain", body),
            Err(_) => answer(StatusCode::NOT_FOUND, &json!({ "error": "no such page" })),
        }
    }

    /// Counts what customers and the provider met: how long it took, and what went wrong. Probes are neither.
    fn count(&self, asked: &Asked, status: StatusCode, took: Duration) {
        let is_probe =
            header_of(asked, "user-agent").starts_with("golive") || !header_of(asked, callbacks::MARKER).is_empty();
        if is_probe {
            return;
        }
        self.met.answered(took);
        if !(status.is_client_error() || status.is_server_error()) {
            return;
        }
        if asked.uri().path() == callbacks::PATH {
            self.met.webhook_failed();
        }
        if status.is_server_error() {
            self.met.error();
        }
    }

    /// The buyer's own course: there once the sync has brought the enrolment over.
    fn course(&self, transaction: &str) -> Answer {
        let query = "SELECT at FROM enrolments WHERE transaction_id = ?1";
        let enrolled = self.open().and_then(|open| open.query_row(query, [transaction], |row| row.get::<_, i64>(0)));
        let delay = if self.faults.is_on(Fault::SyncDelay) { SLOW_SYNC } else { 0 };
        match enrolled {
            Ok(at) if clock::now().at.as_millisecond() >= at + delay => {
                answer(StatusCode::OK, &json!({ "status": "active" }))
            }
            // A course that is not there yet is no error of the application.
            Ok(_) | Err(_) => answer(StatusCode::ACCEPTED, &json!({ "status": "pending" })),
        }
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

    /// A course opens only for who has paid for it.
    fn course_page(&self, asked: &Asked) -> Answer {
        let query = asked.uri().query().unwrap_or_default();
        let enrolment = query.split('&').find_map(|pair| pair.strip_prefix("enrolment=")).unwrap_or_default();
        let find = "SELECT count(*) FROM enrolments WHERE transaction_id = ?1";
        match self.open().and_then(|open| open.query_row(find, [enrolment], |row| row.get::<_, i64>(0))) {
            Ok(0) => answer(StatusCode::FORBIDDEN, &json!({ "course": "first", "state": "closed" })),
            Ok(_) => answer(StatusCode::OK, &json!({ "course": "first", "state": "open" })),
            Err(_) => answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": "try again" })),
        }
    }

    fn health(&self) -> Answer {
        match site::version(&self.folder) {
            Some(_) if self.instance != "web-1" && self.faults.is_on(Fault::SickReplica) => {
                let sick = json!({ "status": "down", "error": "out of memory", "instance": self.instance });
                answer(StatusCode::SERVICE_UNAVAILABLE, &sick)
            }
            Some(version) => {
                let notice = site::shows_notice(&self.folder);
                let told = json!({ "status": "ok", "version": version, "instance": self.instance, "notice": notice });
                answer(StatusCode::OK, &told)
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

    /// What monitoring says of itself.
    fn monitoring(&self) -> Answer {
        let on = !self.faults.is_on(Fault::NoMonitoring);
        let (status, word) =
            if on { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "switched off") };
        let parts = json!({ "status": word, "performance": on, "payments": on, "business": on, "health_checks": on });
        answer(status, &parts)
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

/// Notes that a migration is applied, or that it is not.
fn migrated(connection: &Connection, version: &str, applied: bool) -> rusqlite::Result<()> {
    let statement = match applied {
        true => "INSERT OR IGNORE INTO schema_migrations (version) VALUES (?1)",
        false => "DELETE FROM schema_migrations WHERE version = ?1",
    };
    connection.execute(statement, [version]).map(|_| ())
}
