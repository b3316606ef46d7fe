//! Rotations and what the watch over credentials saw, in sentences.

use crate::core::event::{RotationEvent, RotationStep, WatchEvent};
use crate::core::state::Mark;

pub(super) fn rotation(body: &RotationEvent) -> (Mark, String, String) {
    let (mark, text) = match &body.step {
        RotationStep::Begun { .. } => (Mark::Decision, "rotation begun".to_owned()),
        RotationStep::Refused { why } => {
            let why = why.first().map(ToString::to_string).unwrap_or_default();
            (Mark::Look, format!("rotation over, nothing was changed: {why}"))
        }
        RotationStep::Validated { new, .. } => {
            (Mark::Plain, format!("new value {} keeps every rule, {} characters", new.masked, new.length))
        }
        RotationStep::Distributing => (Mark::Plain, "distributing the new value".to_owned()),
        RotationStep::Distributed => (Mark::Plain, "the new value is distributed".to_owned()),
        RotationStep::Verifying { checks } => {
            (Mark::Plain, format!("verifying the new value with {} checks", checks.len()))
        }
        RotationStep::Verified => (Mark::Good, "the new value is verified; the old one waits to be retired".to_owned()),
        RotationStep::Withdrawing { why } => (Mark::Look, format!("putting the old value back: {why}")),
        RotationStep::PutBack => (Mark::Look, "the old value is in force again".to_owned()),
        RotationStep::NotPutBack { why } => (Mark::Bad, format!("the old value could not be put back: {why}")),
        RotationStep::Retiring => (Mark::Decision, "the old value may go".to_owned()),
        RotationStep::Retired { how } => (Mark::Good, format!("rotated; the old value is retired: {how}")),
        RotationStep::NotRetired { why } => (Mark::Bad, format!("the old value is not retired: {why}")),
    };
    (mark, body.credential.to_string(), text)
}

pub(super) fn watch(body: &WatchEvent) -> Option<(Mark, String, String)> {
    Some(match body {
        WatchEvent::SourceChanged { file, how, own, values, .. } => {
            let mark = if *own || values.is_empty() { Mark::Plain } else { Mark::Look };
            let by = if *own { " by the rotation" } else { "" };
            (mark, file.to_string(), format!("{how}{by}"))
        }
        WatchEvent::FingerprintChanged { credential, from, to } => {
            let to = to.as_ref().map_or_else(|| "gone".to_owned(), ToString::to_string);
            (Mark::Bad, credential.to_string(), format!("changed under the session: fingerprint {from} → {to}"))
        }
        WatchEvent::FingerprintRestored { credential } => {
            (Mark::Good, credential.to_string(), "is again what it was".to_owned())
        }
        WatchEvent::ModeOpened { file, from, to } => {
            (Mark::Bad, file.to_string(), format!("opened: mode {from} → {to}"))
        }
        WatchEvent::ModeClosed { file, mode } => (Mark::Good, file.to_string(), format!("closed again: mode {mode}")),
        WatchEvent::Acknowledged { what } => (Mark::Decision, what.to_string(), "acknowledged".to_owned()),
        // The check's own line tells it.
        WatchEvent::Denied { .. } => return None,
    })
}
