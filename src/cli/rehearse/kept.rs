//! Where rehearsals lie between sessions: one file a service and environment in the state folder, one record a line.
#![expect(clippy::disallowed_methods, reason = "rehearsals are kept in a file")]

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::cli::exit::Stop;
use crate::cli::opening::Keeping;
use crate::core::event::{Body, ItemEvent, RehearsalEvent};
use crate::model::plan::Plan;
use crate::model::rehearsal::RehearsalRecord;
use crate::model::text::SafeText;

/// So many of the latest are handed to a session.
const MOST: usize = 20;

/// The rehearsals of a plan's service as facts for a session's start. What cannot be read is noted, and counts as none:
/// a session without rehearsals is HOLD at worst, never GO by mistake.
pub(in crate::cli) fn known(plan: &Plan, keeping: &Keeping) -> Vec<Body> {
    match records(plan, keeping) {
        Ok(records) => records.into_iter().map(fact).collect(),
        Err(stop) => {
            let text = SafeText::bounded(&format!("rehearsals are not known: {}", stop.sentence), 300);
            vec![Body::Item(ItemEvent::Noted { subject: None, text })]
        }
    }
}

/// A rehearsal as a fact.
pub(in crate::cli) fn fact(record: RehearsalRecord) -> Body {
    Body::Rehearsal(RehearsalEvent::Known(Box::new(record)))
}

/// The latest rehearsals, oldest first.
pub(super) fn records(plan: &Plan, keeping: &Keeping) -> Result<Vec<RehearsalRecord>, Stop> {
    let Keeping::Folder(folder) = keeping else { return Ok(Vec::new()) };
    let path = file_of(folder, plan);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Stop::own(format!("cannot read {}: {error}", path.display()))),
    };
    // A line that was cut off by a full disk is no rehearsal; those around it are.
    let mut records: Vec<RehearsalRecord> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    records.sort_by_key(|record| record.at);
    records.drain(..records.len().saturating_sub(MOST));
    Ok(records)
}

/// Keeps one more.
pub(super) fn keep(plan: &Plan, keeping: &Keeping, record: &RehearsalRecord) -> Result<(), Stop> {
    let Keeping::Folder(folder) = keeping else { return Ok(()) };
    let path = file_of(folder, plan);
    let wrong = |error: std::io::Error| Stop::own(format!("cannot keep the rehearsal in {}: {error}", path.display()));
    let line = serde_json::to_string(record).map_err(|error| Stop::because(&error))?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder.join("rehearsals")).map_err(wrong)?;
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(wrong)?;
    // In one piece, and on a line of its own whatever stands before it.
    file.write_all(format!("\n{line}\n").as_bytes()).and_then(|()| file.sync_data()).map_err(wrong)
}

fn file_of(folder: &Path, plan: &Plan) -> PathBuf {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let part = |text: &str| if plain(text) { text.to_owned() } else { format!("x{}", hex::encode(text)) };
    let name = format!("{}.{}.jsonl", part(&plan.service.name), part(&plan.service.environment));
    folder.join("rehearsals").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(name: &str) -> Plan {
        let text = format!(
            "[service]\nname = \"{name}\"\n[[pre_deployment]]\nid = \"ready\"\nmanual = {{ prompt = \"Ready?\" }}\n"
        );
        let folder = Path::new(".");
        crate::plan::load_text("p.toml", &text, folder, &crate::check::specs()).expect("a sound plan").plan
    }

    fn record(id: &str, at: i64) -> RehearsalRecord {
        RehearsalRecord {
            id: crate::model::id::SessionId::new(id),
            at: jiff::Timestamp::from_second(at).unwrap(),
            by: SafeText::from_foreign("sipho"),
            grade: crate::model::rollback::Grade::Staging,
            fingerprint: "f".to_owned(),
            took: crate::model::duration::Span::seconds(3),
            budget: None,
            steps: Vec::new(),
            failed: None,
        }
    }

    #[test]
    fn a_service_finds_its_own_rehearsals_again_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let keeping = Keeping::Folder(folder.path().to_owned());
        let (shop, other) = (plan("shop"), plan("../../shop"));
        assert_eq!(records(&shop, &keeping).unwrap(), []);
        keep(&shop, &keeping, &record("B", 200)).unwrap();
        keep(&shop, &keeping, &record("A", 100)).unwrap();
        keep(&other, &keeping, &record("C", 300)).unwrap();
        let ids: Vec<_> = records(&shop, &keeping).unwrap().into_iter().map(|record| record.id.to_string()).collect();
        assert_eq!(ids, ["A", "B"]);
        assert_eq!(records(&other, &keeping).unwrap().len(), 1);
    }

    #[test]
    fn a_line_that_was_cut_off_hides_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let keeping = Keeping::Folder(folder.path().to_owned());
        let shop = plan("shop");
        keep(&shop, &keeping, &record("A", 100)).unwrap();
        let mut file = OpenOptions::new().append(true).open(file_of(folder.path(), &shop)).unwrap();
        file.write_all(b"{\"id\":\"B\",\"at").unwrap();
        keep(&shop, &keeping, &record("C", 300)).unwrap();
        assert_eq!(records(&shop, &keeping).unwrap().len(), 2);
    }
}
