//! Real-time sync as Supabase does it: a WebSocket that takes `phx_join`, says whether the subscription stands, and
//! hands on every enrolment that comes into the database. It reads the database itself, whoever wrote there.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::{StatusCode, header};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value as Json, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::clock;
use crate::demo::application::{Application, SLOW_SYNC};
use crate::demo::faults::{Fault, Faults};
use crate::demo::server::{Answer, Asked, Talk, header_of, json as answer};

/// Where it is.
pub(super) const PATH: &str = "/realtime/v1/websocket";
/// The database is looked into so often.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers the request that opens one.
pub(super) fn open(asked: &Asked, folder: PathBuf, faults: Faults) -> Answer {
    let key = header_of(asked, "sec-websocket-key");
    if key.is_empty() || !header_of(asked, "upgrade").eq_ignore_ascii_case("websocket") {
        return answer(StatusCode::UPGRADE_REQUIRED, &json!({ "error": "a WebSocket is opened here" }));
    }
    let mut opened = answer(StatusCode::SWITCHING_PROTOCOLS, &Json::Null);
    *opened.body_mut() = http_body_util::Full::default();
    let accept = header::HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
    let headers = opened.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    headers.insert(header::CONNECTION, header::HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, header::HeaderValue::from_static("websocket"));
    if let Ok(accept) = accept {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    opened.extensions_mut().insert(Talk::new(move |upgraded| Box::pin(talk(upgraded, folder.clone(), faults.clone()))));
    opened
}

async fn talk(upgraded: Upgraded, folder: PathBuf, faults: Faults) {
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
    let mut joined: Option<String> = None;
    let mut last = newest(&folder).unwrap_or(i64::MAX);
    let mut tick = tokio::time::interval(PAUSE);
    loop {
        let texts = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => heard(&text, &folder, &mut joined),
                Some(Ok(_)) => Vec::new(),
                Some(Err(_)) | None => return,
            },
            _ = tick.tick() => match &joined {
                Some(topic) => changes(&folder, topic, &mut last, &faults),
                None => Vec::new(),
            },
        };
        for text in texts {
            if socket.send(Message::text(text.to_string())).await.is_err() {
                return;
            }
        }
    }
}

/// What is answered to a message.
fn heard(text: &str, folder: &std::path::Path, joined: &mut Option<String>) -> Vec<Json> {
    let said: Json = serde_json::from_str(text).unwrap_or_default();
    let (topic, reference) = (said["topic"].clone(), said["ref"].clone());
    let reply = |status: &str| json!({ "topic": topic, "event": "phx_reply", "ref": reference, "payload": { "status": status, "response": {} } });
    match (said["event"].as_str(), topic.as_str()) {
        (Some("heartbeat"), Some("phoenix")) => vec![reply("ok")],
        (Some("phx_join"), Some(name)) if name.starts_with("realtime:") => {
            let status = if newest(folder).is_ok() { "ok" } else { "error" };
            *joined = (status == "ok").then(|| name.to_owned());
            let message = if status == "ok" { "Subscribed to PostgreSQL" } else { "the database does not answer" };
            let system = json!({
                "topic": topic, "event": "system", "ref": null,
                "payload": { "extension": "postgres_changes", "status": status, "message": message },
            });
            vec![reply("ok"), system]
        }
        _ => vec![reply("error")],
    }
}

fn database(folder: &std::path::Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(Application::database(folder), flags)
}

fn newest(folder: &std::path::Path) -> rusqlite::Result<i64> {
    database(folder)?.query_row("SELECT coalesce(max(id), 0) FROM enrolments", [], |row| row.get(0))
}

/// What came into the database since the last look; where the sync is slow, only what is old enough.
fn changes(folder: &std::path::Path, topic: &str, last: &mut i64, faults: &Faults) -> Vec<Json> {
    let delay = if faults.is_on(Fault::SyncDelay) { SLOW_SYNC } else { 0 };
    let until = clock::now().at.as_millisecond() - delay;
    let read = || -> rusqlite::Result<Vec<(i64, String, i64)>> {
        let connection = database(folder)?;
        let mut statement = connection.prepare(
            "SELECT id, transaction_id, amount FROM enrolments WHERE id > ?1 AND at <= ?2 ORDER BY id LIMIT 100",
        )?;
        let rows = statement.query_map([*last, until], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect()
    };
    // A database that is gone has no changes; the next join says so.
    let found = read().unwrap_or_default();
    let told = found.into_iter().map(|(row, transaction, amount)| {
        *last = row;
        let record = json!({ "transaction_id": transaction, "amount": amount });
        let data =
            json!({ "type": "INSERT", "schema": "public", "table": "enrolments", "record": record, "errors": null });
        json!({ "topic": topic, "event": "postgres_changes", "ref": null, "payload": { "data": data, "ids": [1] } })
    });
    told.collect()
}
