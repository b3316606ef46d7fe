//! SQLite: a file, opened to read unless a flow's hop may write; ended at the deadline from inside.

use std::path::PathBuf;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use serde_json::{Map, Value as Json};
use tokio::time::Instant;

use crate::check::sql::rows::Rows;
use crate::check::sql::{Answered, Question};
use crate::core::evidence::Timings;
use crate::network::Trouble;

/// The virtual machine is asked every so many steps whether the time is over.
const STEPS: std::ffi::c_int = 2_000;

pub(super) async fn ask(question: &Question, deadline: Instant) -> Result<Answered, Trouble> {
    let path = question.folder.join(&question.place.database);
    let (query, with) = (question.query.clone(), question.with.clone());
    let (most, writes) = (question.max_rows, question.writes);
    let work = move || look(&path, &query, &with, (most, writes), deadline);
    let rows = tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Trouble::Local(format!("golive broke down while reading: {error}")))??;
    Ok(Answered { rows, address: None, tls: false, timings: Timings::default(), at: (question.clock)().at })
}

fn look(
    path: &PathBuf,
    query: &str,
    with: &[String],
    (most, writes): (usize, bool),
    deadline: Instant,
) -> Result<Rows, Trouble> {
    let told = |error: &rusqlite::Error| told(error, &path.display().to_string());
    let access = if writes { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    let mut connection =
        Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|e| told(&e))?;
    let left = deadline.saturating_duration_since(Instant::now());
    connection.busy_timeout(left * 3 / 4).map_err(|e| told(&e))?;
    let is_over = move || Instant::now() >= deadline;
    connection.progress_handler(STEPS, Some(is_over)).map_err(|e| told(&e))?;
    let mut statement = connection.prepare(query).map_err(|e| told(&e))?;
    if !writes && !statement.readonly() {
        return Err(Trouble::Configuration("the statement writes, and a check only reads".into()));
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut found = Rows::default();
    let mut rows = statement.query(rusqlite::params_from_iter(with)).map_err(|e| told(&e))?;
    while let Some(row) = rows.next().map_err(|e| told(&e))? {
        let mut read = Map::new();
        for (at, column) in columns.iter().enumerate() {
            read.insert(column.clone(), json(row.get_ref(at).map_err(|e| told(&e))?));
        }
        if !found.push(read, most)? {
            break;
        }
    }
    Ok(found)
}

fn json(value: ValueRef<'_>) -> Json {
    match value {
        ValueRef::Null => Json::Null,
        ValueRef::Integer(whole) => whole.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Blob(bytes) => hex::encode(&bytes[..bytes.len().min(4_096)]).into(),
    }
}

fn told(error: &rusqlite::Error, path: &str) -> Trouble {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => Trouble::Unavailable(format!("there is no database at {path}")),
        Some(ErrorCode::NotADatabase) => Trouble::Protocol(format!("{path} is no SQLite database")),
        Some(ErrorCode::DatabaseCorrupt) => Trouble::Protocol(format!("{path} is damaged: {text}")),
        Some(ErrorCode::PermissionDenied) => Trouble::Denied(format!("{path} may not be read: {text}")),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Trouble::Unavailable(format!("{path} is locked by another program"))
        }
        Some(ErrorCode::OperationInterrupted) => {
            Trouble::TooLate { what: format!("an answer of {path}"), after: std::time::Duration::ZERO }
        }
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => Trouble::Unavailable(format!("{path}: {text}")),
        _ => Trouble::Configuration(format!("the query cannot be answered: {text}")),
    }
}
