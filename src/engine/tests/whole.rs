//! The engine as the program starts it: threads of its own, the machine's clock, a journal on disk, golive's own kinds.

use std::path::Path;

use super::*;
use crate::core::decide::Command;
use crate::engine::{self, Running, headless, probes_of_kinds};
use crate::journal::lock::Holder;
use crate::journal::reading::read_all;
use crate::journal::{JournalError, file_of};

/// Starts an engine on a state folder.
fn open(folder: &Path, journal: Journal, beginning: Beginning) -> (Handle, Running) {
    let surroundings = Arc::new(Surroundings {
        values: Values::default(),
        folder: folder.to_owned(),
        trusted: false,
        clock: crate::clock::now,
        network: Network::new(&plan::Network::default(), folder).unwrap(),
        notifiers: crate::notify::Roster::default(),
    });
    engine::open(Setup {
        inquires: false,
        journal,
        beginning,
        host: SafeText::from_foreign("deploy-1"),
        run: ulid::Ulid::from_parts(1, 1),
        facts: Vec::new(),
        probes: probes_of_kinds(),
        reader: crate::engine::Reader::default(),
        surroundings,
        redactor: Redactor::default(),
        gate: crate::engine::GateKeeping::Not,
        steps_folder: folder.join("steps"),
    })
    .unwrap()
}

fn scene() -> Scene {
    let mut there = check("bundle_there", SECOND);
    there.kind = KindName::new("file");
    there.options.insert("path".to_owned(), "index.html".into());
    let odd = Check { kind: KindName::new("carrier_pigeon"), ..check("odd", SECOND) };
    Scene { checks: vec![there, odd], items: vec![manual("backup")], ..Scene::default() }
}

fn holder() -> Holder {
    let name = SafeText::from_foreign("thandi");
    Holder::this_process(SafeText::from_foreign("deploy-1"), name, Timestamp::UNIX_EPOCH)
}

#[tokio::test]
async fn a_session_is_run_kept_held_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the world of this test")]
    std::fs::write(folder.path().join("index.html"), "<!doctype html>").unwrap();
    let session = SessionId::new("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let path = file_of(folder.path(), &session);

    let journal = Journal::create(&path, &session, &holder()).unwrap();
    let (handle, running) = open(folder.path(), journal, scene().new_session());
    let settled = headless::settle(&handle, &thandi(), None, crate::clock::now, SECOND * 30).await;
    assert_eq!(outcome(&settled.state, "bundle_there"), Some(Outcome::Pass));
    assert_eq!(summary(&settled.state, "odd"), "this golive has no kind \"carrier_pigeon\"");
    handle.decide(Command::Sign { item: ItemId::new("backup"), note: None }, thandi()).await.unwrap();
    assert!(matches!(Journal::resume(&path, &holder()), Err(JournalError::Held { .. })));
    handle.quit();
    running.join().unwrap();

    let reading = read_all(&path).unwrap();
    assert_eq!(reading.broken, None);
    let (journal, state) = Journal::resume(&path, &holder()).unwrap();
    let (handle, running) = open(folder.path(), journal, Beginning::Resumed(Box::new(state)));
    let state = Arc::clone(&handle.watch().borrow());
    assert_eq!(state.item(&ItemId::new("backup")).unwrap().1.signatures.len(), 1);
    drop(handle);
    running.join().unwrap();
}
