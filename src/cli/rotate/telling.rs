//! What is said of a walk: a line at each stage, and what came of it at the end.

use serde_json::json;

use crate::cli::console::Console;
use crate::cli::exit::Stop;
use crate::cli::sessions::ListFormat;
use crate::core::state::{RotationStage, RotationState, State};
use crate::model::id::CredentialId;
use crate::model::text::SafeText;

/// A stage in one line.
pub(super) fn line(id: &CredentialId, walk: &RotationState) -> String {
    let detail = match walk.stage {
        RotationStage::Distributing => format!(": {}", joined(&walk.places)),
        RotationStage::Verifying => {
            let checks: Vec<&str> = walk.checks.iter().map(|check| check.as_str()).collect();
            format!(": {}", checks.join(", "))
        }
        RotationStage::Withdrawing | RotationStage::Refused | RotationStage::Stuck | RotationStage::Done => {
            walk.why.first().map(|why| format!(": {why}")).unwrap_or_default()
        }
        _ => String::new(),
    };
    format!("{id}: {}{detail}", walk.stage.words())
}

fn joined(texts: &[SafeText]) -> String {
    texts.iter().map(SafeText::as_str).collect::<Vec<_>>().join(", ")
}

/// What came of it, on standard output.
pub(super) fn result(format: ListFormat, id: &CredentialId, state: &State, console: &Console) -> Result<(), Stop> {
    let Some(walk) = state.rotation(id) else { return Ok(()) };
    let text = match format {
        ListFormat::Human => human(id, walk),
        ListFormat::Json => format!("{:#}\n", object(id, walk)),
    };
    console.result(&text)
}

fn human(id: &CredentialId, walk: &RotationState) -> String {
    let mut text = format!("{id}  {}\n", walk.stage.words());
    let mut row = |name: &str, words: String| text.push_str(&format!("  {name:<9} {words}\n"));
    if let Some(new) = &walk.new {
        row("new", format!("{}  {} ch  fingerprint {}", new.masked, new.length, new.fingerprint));
        row("written", joined(&walk.places));
    }
    if !walk.checks.is_empty() {
        row("checks", walk.checks.iter().map(|check| check.as_str()).collect::<Vec<_>>().join(", "));
    }
    for why in &walk.why {
        row(if walk.stage == RotationStage::Done { "old" } else { "because" }, why.to_string());
    }
    text
}

fn object(id: &CredentialId, walk: &RotationState) -> serde_json::Value {
    let word = match walk.stage {
        RotationStage::Done => "rotated",
        RotationStage::Refused => "refused",
        RotationStage::PutBack => "put_back",
        RotationStage::Stuck => "stuck",
        RotationStage::Verified => "verified",
        _ => "under_way",
    };
    json!({
        "credential": id,
        "outcome": word,
        "new": walk.new.as_ref().map(|new| json!({
            "masked": new.masked, "length": new.length, "fingerprint": new.fingerprint,
        })),
        "places": walk.places,
        "checks": walk.checks,
        "why": walk.why,
    })
}
