//! How a delivery is shown: a few lines for people, one line of JSON for programs. Nothing of it moves the terminal's
//! cursor, and no secret stands in it.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::cli::sessions::ListFormat;
use crate::cli::webhook::receiver::Received;
use crate::mask::Redactor;
use crate::model::text::SafeText;
use crate::webhook::Reason;

/// So much of a body is shown.
const BODY_SHOWN: usize = 4_000;
/// So many lines of it are shown to people.
const LINES_SHOWN: usize = 40;
/// Headers whose value is somebody's secret, whoever sent it.
const NEVER_SHOWN: &[&str] = &["authorization", "cookie", "proxy-authorization", "x-api-key"];

/// A delivery as text, line break included.
pub(super) fn shown(received: &Received, scheme: &str, redactor: &Redactor, format: ListFormat) -> String {
    let safe = |text: &str, most: usize| SafeText::bounded(&redactor.redact(text), most);
    match format {
        ListFormat::Json => format!("{}\n", object(received, scheme, &safe)),
        ListFormat::Human => lines(received, scheme, &safe),
    }
}

fn headers<'a>(received: &'a Received, safe: &dyn Fn(&str, usize) -> SafeText) -> Vec<(&'a str, SafeText)> {
    let value = |name: &str, value: &str| {
        if NEVER_SHOWN.contains(&name) { SafeText::bounded("(not shown)", 20) } else { safe(value, 300) }
    };
    received.headers.iter().map(|(name, text)| (name.as_str(), value(name, text))).collect()
}

fn object(received: &Received, scheme: &str, safe: &dyn Fn(&str, usize) -> SafeText) -> Json {
    let body = received.body.as_ref().map(|body| safe(&String::from_utf8_lossy(body), BODY_SHOWN));
    let headers: Vec<Json> = headers(received, safe).into_iter().map(|(name, value)| json!([name, value])).collect();
    json!({
        "at": received.at,
        "genuine": received.refused.is_none(),
        "reason": received.refused.map(Reason::word),
        "scheme": scheme,
        "id": received.id.as_ref().map(|id| safe(id, 200)),
        "source": received.source,
        "user_agent": received.header("user-agent").map(|agent| safe(agent, 200)),
        "method": received.method,
        "path": safe(&received.path, 500),
        "headers": headers,
        "bytes": received.body.as_ref().map(bytes::Bytes::len),
        "body": body,
    })
}

fn lines(received: &Received, scheme: &str, safe: &dyn Fn(&str, usize) -> SafeText) -> String {
    let verdict = match received.refused {
        None => "✓ genuine".to_owned(),
        Some(reason) => format!("✗ refused  {reason}: {}", reason.sentence()),
    };
    let id = received.id.as_ref().map(|id| format!("  id {}", safe(id, 80))).unwrap_or_default();
    let source = received.source.map_or_else(|| "nobody knows where".to_owned(), |source| source.to_string());
    let agent =
        received.header("user-agent").map_or_else(|| "no user agent".into(), |agent| safe(agent, 80).to_string());
    let bytes = received.body.as_ref().map_or_else(|| "too large".into(), |body| format!("{} bytes", body.len()));
    let at = received.at.strftime("%T");
    let mut text = format!("{at}  {verdict}{id}\n");
    // A write to a string cannot fail.
    let _ = writeln!(
        text,
        "          {scheme}  {} {}  from {source}  {agent}  {bytes}",
        received.method,
        safe(&received.path, 120)
    );
    for (name, value) in headers(received, safe) {
        let _ = writeln!(text, "          {name}: {value}");
    }
    let body = received.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned()).unwrap_or_default();
    let all: Vec<&str> = body.lines().collect();
    for line in all.iter().take(LINES_SHOWN) {
        let _ = writeln!(text, "          │ {}", safe(line, 500));
    }
    if all.len() > LINES_SHOWN {
        let _ = writeln!(text, "          │ … {} lines more", all.len() - LINES_SHOWN);
    }
    text
}
