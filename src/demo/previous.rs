//! The version before, which still runs beside the new one at `previous.academy.example`, on the same database: what a
//! migration takes away it misses at once.

use std::path::Path;
use std::time::Duration;

use http::{Method, StatusCode};
use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use crate::demo::application::Application;
use crate::demo::server::{Answer, Asked, json as answer};
use crate::demo::site;

/// The name it is reached under.
pub(super) const HOST: &str = "previous.academy.example";

/// Answers a request to the version before.
pub(super) fn answered(folder: &Path, asked: &Asked) -> Answer {
    if (asked.method(), asked.uri().path()) != (&Method::GET, "/health/enrolments") {
        return answer(StatusCode::NOT_FOUND, &json!({ "error": "no such page" }));
    }
    match enrolments(folder) {
        Ok(count) => answer(StatusCode::OK, &json!({ "status": "ok", "version": site::OLD, "enrolments": count })),
        Err(error) => {
            let why = error.to_string().replace(&*folder.to_string_lossy(), "…");
            let down = json!({ "status": "down", "version": site::OLD, "error": why });
            answer(StatusCode::INTERNAL_SERVER_ERROR, &down)
        }
    }
}

/// What it does for each customer: it reads enrolments as its own schema had them.
fn enrolments(folder: &Path) -> rusqlite::Result<i64> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = Connection::open_with_flags(Application::database(folder), flags)?;
    open.query_row("SELECT count(channel) + count(*) FROM enrolments", [], |row| row.get(0))
}

/// Takes away what only the version before reads, as a careless migration does, or puts it back.
pub(super) fn set_broken(folder: &Path, broken: bool) -> rusqlite::Result<()> {
    let open = Connection::open(Application::database(folder))?;
    // Customers write all the while.
    open.busy_timeout(Duration::from_secs(5))?;
    let find = "SELECT count(*) FROM pragma_table_info('enrolments') WHERE name = 'channel'";
    let is_there = open.query_row(find, [], |row| row.get::<_, i64>(0))? > 0;
    match (is_there, broken) {
        (true, true) => open.execute_batch("ALTER TABLE enrolments DROP COLUMN channel"),
        (false, false) => open.execute_batch("ALTER TABLE enrolments ADD COLUMN channel TEXT"),
        _ => Ok(()),
    }
}
