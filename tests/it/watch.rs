//! The watch during a session: a credential that changes, an env file that changes, a mode that opens: each is an event
//! with its time, voids what rests on it, and stands as a warning until somebody takes it on them or it is mended.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use golive::check::{self, Surroundings};
use golive::core::decide::Command;
use golive::core::event::{Body, Purpose, SessionEvent};
use golive::core::state::State;
use golive::core::verdict::{self, Cause};
use golive::engine::handle::Handle;
use golive::engine::{self, Beginning, Reader, Running, Setup};
use golive::journal::Journal;
use golive::mask::Redactor;
use golive::model::id::{CheckId, CredentialId, ItemId, SessionId};
use golive::model::text::SafeText;
use golive::model::word::Outcome;
use golive::network::Network;
use golive::notify::Roster;
use golive::source::known::Memory;
use golive::{clock, plan};

use crate::kit::operator;
use crate::rotate::made_up;

const PLAN: &str = "[service]\nname = \"shop\"\nenvironment = \"staging\"\n[sources]\nenv_files = [\".env\"]\n\
    [credentials.key]\nfrom = { file = \"key\" }\nlength = { min = 8, max = 128 }\nevery = \"1h\"\n\
    [settings.MODE]\nid = \"mode\"\nmust_be = \"live\"\nevery = \"1h\"\n\
    [[pre_deployment]]\nid = \"seen\"\nchecks = [\"key_valid\"]\nmanual = { prompt = \"Seen?\" }\n";

/// The alert rules of the `ikhokha` preset that count what is seen here (C12), word for word; without their notices.
fn rules_of_the_preset() -> String {
    let preset: toml::Table = toml::from_str(include_str!("../../src/plan/presets/ikhokha/alerts.toml")).unwrap();
    let mut text = String::new();
    for id in ["credentials_denied", "credential_changed_in_session", "secrets_opened"] {
        let rule = &preset["alerts"][id];
        let (level, when) = (rule["level"].as_str().unwrap(), rule["when"].as_str().unwrap());
        text += &format!("[alerts.{id}]\nlevel = \"{level}\"\nwhen = '{when}'\n");
    }
    text
}

struct Session {
    folder: tempfile::TempDir,
    handle: Handle,
    _running: Running,
}

impl Session {
    async fn begin() -> Self {
        Self::begin_with("").await
    }

    async fn begin_with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "golive.toml", &format!("{PLAN}{more}"));
        write(folder.path(), "key", &made_up());
        write(folder.path(), ".env", "MODE=live\n");
        let loaded = plan::load(&folder.path().join("golive.toml"), &check::specs()).unwrap_or_else(|e| panic!("{e}"));
        let plan = Arc::new(loaded.plan);
        let memory = Memory { key: b"a key of this test's own".to_vec(), file: None };
        let reader = Reader { process: BTreeMap::new(), memory };
        let values = reader.load(&plan, false, clock::now()).await;
        let seen = engine::credentials_seen(&plan, &values);
        let surroundings = Arc::new(Surroundings {
            network: Network::new(&plan.network, &plan.folder).unwrap(),
            folder: plan.folder.clone(),
            trusted: false,
            clock: clock::now,
            notifiers: Roster::default(),
            values,
        });
        let session = SessionId::new(&ulid::Ulid::generate().to_string());
        let (handle, running) = engine::open(Setup {
            inquires: false,
            journal: Journal::memory(),
            beginning: Beginning::New { session, purpose: Purpose::GoLive, plan, version: None },
            host: SafeText::from_foreign("test"),
            run: ulid::Ulid::generate(),
            facts: seen.into_iter().map(|seen| Body::Session(SessionEvent::CredentialSeen(Box::new(seen)))).collect(),
            redactor: Redactor::new(surroundings.values.secrets()),
            probes: engine::probes_of_kinds(),
            surroundings,
            reader,
            gate: golive::engine::GateKeeping::Not,
            steps_folder: PathBuf::from("/nowhere"),
        })
        .unwrap();
        let session = Self { folder, handle, _running: running };
        session.until("both checks pass", |state| passes(state, "key_valid") && passes(state, "mode")).await;
        session
    }

    async fn until(&self, what: &str, is_so: impl Fn(&State) -> bool) -> Arc<State> {
        let mut states = self.handle.watch();
        let found = tokio::time::timeout(Duration::from_secs(60), async {
            loop {
                let state = Arc::clone(&states.borrow_and_update());
                if is_so(&state) {
                    return state;
                }
                states.changed().await.unwrap();
            }
        });
        found.await.unwrap_or_else(|_| panic!("it never came to this: {what}"))
    }

    async fn decide(&self, command: Command) {
        self.handle.decide(command, operator("thandi")).await.unwrap();
    }

    fn write(&self, name: &str, text: &str) {
        write(self.folder.path(), name, text);
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
}

fn outcome(state: &State, check: &str) -> Option<Outcome> {
    state.check(&CheckId::new(check)).and_then(|(_, known)| known.outcome())
}

fn passes(state: &State, check: &str) -> bool {
    outcome(state, check) == Some(Outcome::Pass)
}

fn warns(state: &State) -> Vec<String> {
    let verdict = verdict::of_session(state, clock::now());
    let watched = verdict.reasons().iter().filter(|reason| reason.cause == Cause::Watch);
    watched.map(|reason| reason.message.clone()).collect()
}

#[tokio::test]
async fn a_credential_that_changes_under_a_session_warns_and_opens_what_was_signed_on_it() {
    let session = Session::begin().await;
    let first = fs::read_to_string(session.folder.path().join("key")).unwrap();
    session.decide(Command::Sign { item: ItemId::new("seen"), note: None }).await;
    session.write("key", &made_up());
    let state = session.until("the change stands", |state| state.watched().of("key").is_some()).await;
    assert_eq!(state.watched().of("key").unwrap().counted, "credential_changed");
    assert!(warns(&state)[0].contains("key changed while the session runs"), "{:?}", warns(&state));
    // The check ran again with the new value, and what was signed was another value.
    let signed = |state: &State| state.item(&ItemId::new("seen")).unwrap().1.signatures.len();
    let state = session.until("it is open again", |state| passes(state, "key_valid") && signed(state) == 0).await;
    let told: Vec<&str> = state.timeline().map(|entry| entry.text.as_str()).collect();
    assert!(told.iter().any(|text| text.starts_with("changed under the session: fingerprint")), "{told:?}");
    // The value that was signed comes back: the warning goes, by an event of its own.
    session.write("key", &first);
    let state = session.until("it is what it was", |state| state.watched().of("key").is_none()).await;
    assert_eq!(warns(&state), [""; 0]);
}

#[tokio::test]
async fn a_new_value_is_judged_by_its_checks_at_once_though_their_time_is_far() {
    let session = Session::begin().await;
    session.write("key", "short");
    session.until("the check fails", |state| outcome(state, "key_valid") == Some(Outcome::Fail)).await;
    session.write("key", &made_up());
    session.until("the check passes", |state| passes(state, "key_valid")).await;
}

#[tokio::test]
async fn an_env_file_that_changes_warns_until_somebody_takes_it_on_them() {
    let session = Session::begin().await;
    session.write(".env", "MODE=test\n");
    let state = session.until("the setting fails", |state| outcome(state, "mode") == Some(Outcome::Fail)).await;
    assert_eq!(state.watched().of(".env").unwrap().counted, "source_changed");
    assert!(warns(&state)[0].contains(".env was changed while the session runs: env.MODE"), "{:?}", warns(&state));
    assert!(passes(&state, "key_valid"), "what does not rest on it stands");
    session.decide(Command::AcknowledgeSeen { what: ".env".into() }).await;
    let state = session.until("it is taken", |state| state.watched().of(".env").is_none()).await;
    assert_eq!(warns(&state), [""; 0]);
    let refused = session.handle.decide(Command::AcknowledgeSeen { what: ".env".into() }, operator("thandi")).await;
    assert!(refused.is_err(), "nothing stands any more");
}

#[tokio::test]
async fn a_touched_file_whose_values_are_the_same_warns_of_nothing() {
    let session = Session::begin().await;
    session.write(".env", "# a remark\nMODE=live\n");
    let told = |state: &State| state.timeline().any(|entry| entry.subject == ".env");
    let state = session.until("it was seen", told).await;
    assert_eq!(warns(&state), [""; 0]);
    assert!(passes(&state, "mode"));
}

#[tokio::test]
async fn a_mode_that_opens_warns_until_it_is_closed() {
    let session = Session::begin().await;
    let set = |mode| fs::set_permissions(session.folder.path().join("key"), fs::Permissions::from_mode(mode)).unwrap();
    set(0o644);
    let state = session.until("it stands open", |state| state.watched().of("mode of key").is_some()).await;
    assert_eq!(state.watched().of("mode of key").unwrap().counted, "mode_opened");
    assert!(warns(&state)[0].contains("mode 0600 → 0644"), "{:?}", warns(&state));
    set(0o600);
    session.until("it is closed", |state| state.watched().of("mode of key").is_none()).await;
    // A file without a secret in it is nobody's business.
    fs::set_permissions(session.folder.path().join(".env"), fs::Permissions::from_mode(0o644)).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let state = session.until("still", |_| true).await;
    assert_eq!(warns(&state), [""; 0]);
}

/// The alerts that fire.
fn firing(state: &State) -> Vec<String> {
    let firing = state.alerts().filter(|(_, known)| known.is_firing());
    firing.map(|(rule, _)| rule.id.to_string()).collect()
}

#[tokio::test]
async fn the_rules_of_the_preset_fire_each_for_its_own_reason_alone() {
    let session = Session::begin_with(&rules_of_the_preset()).await;
    session.write("key", &made_up());
    session.until("a changed credential fires", |state| firing(state) == ["credential_changed_in_session"]).await;

    let session = Session::begin_with(&rules_of_the_preset()).await;
    fs::set_permissions(session.folder.path().join("key"), fs::Permissions::from_mode(0o644)).unwrap();
    session.until("an opened mode fires", |state| firing(state) == ["secrets_opened"]).await;

    // A server that refuses whoever asks: three refusals make the burst, and one or two do not.
    let refusing = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = refusing.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in refusing.incoming().flatten() {
            let _ = stream.read(&mut [0; 2048]);
            let _ = stream.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    let asks = format!(
        "{}[checks.api]\nkind = \"http\"\nurl = \"http://127.0.0.1:{port}/\"\nexpect = 'status == 200'\nevery = \"1s\"\n",
        rules_of_the_preset()
    );
    let session = Session::begin_with(&asks).await;
    session.until("a burst of refusals fires", |state| firing(state) == ["credentials_denied"]).await;
}

#[tokio::test]
async fn a_rotation_in_the_session_is_no_suspicious_change() {
    let session = Session::begin().await;
    let (id, new) = (CredentialId::new("key"), made_up());
    let value = Some(golive::model::values::Given(new.clone().into()));
    session.decide(Command::Rotate { credential: id.clone(), value }).await;
    let stage = |state: &State| state.rotation(&id).map(|walk| walk.stage);
    let verified = golive::core::state::RotationStage::Verified;
    session.until("it is verified", |state| stage(state) == Some(verified)).await;
    assert_eq!(fs::read_to_string(session.folder.path().join("key")).unwrap(), format!("{new}\n"));
    session.decide(Command::RetireOld { credential: id.clone() }).await;
    let done = golive::core::state::RotationStage::Done;
    session.until("it is over", |state| stage(state) == Some(done)).await;
    // Long enough for the watch to have looked twice.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let state = session.until("still", |_| true).await;
    assert_eq!(warns(&state), [""; 0]);
    assert!(!format!("{state:?}").contains(&new), "the state knows the value");
}
