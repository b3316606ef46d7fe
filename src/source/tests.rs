//! Sources: what they give, and that a failing one fails alone and says nothing of the value.
#![expect(clippy::disallowed_methods, reason = "a test makes its own files")]

use std::path::Path;

use super::*;
use crate::model::duration::Span;
use crate::model::id::CheckId;
use crate::model::plan::{Credential, Limits, Network, Service, Sources};
use crate::model::rotation::Rotation;

fn plan(folder: &Path, process_env: bool) -> Plan {
    Plan {
        service: Service {
            name: "x".into(),
            environment: "test".into(),
            version: None,
            previous_version: None,
            hosts: Vec::new(),
        },
        network: Network::default(),
        sources: Sources { env_files: vec![".env".into(), ".env.production".into()], process_env },
        variables: BTreeMap::new(),
        credentials: BTreeMap::new(),
        checks: Vec::new(),
        items: Vec::new(),
        alerts: Vec::new(),
        notifiers: Vec::new(),
        baselines: Vec::new(),
        metrics: None,
        procedure: Vec::new(),
        gate: Default::default(),
        rollback: crate::model::rollback::Rollback::default(),
        ceremony: crate::model::ceremony::Ceremony::default(),
        triage: Default::default(),
        limits: Limits::default(),
        folder: folder.to_path_buf(),
        digest: String::new(),
    }
}

fn with_credential(mut plan: Plan, id: &str, from: ValueSource) -> Plan {
    let check = CheckId::new(&format!("{id}_valid"));
    let timeout = Span(Duration::from_millis(400));
    let credential =
        Credential { from, check, variable: None, rotate_every: None, timeout, rotation: Rotation::default() };
    plan.credentials.insert(CredentialId::new(id), credential);
    plan
}

fn found<'a>(values: &'a Values, name: &str) -> Option<(&'a str, String)> {
    match values.get(name) {
        Lookup::Found(value) => Some((value.text.expose_secret(), value.origin.to_string())),
        Lookup::Missing | Lookup::Failed(_) => None,
    }
}

fn failure(values: &Values, name: &str) -> String {
    match values.get(name) {
        Lookup::Failed(why) => why.to_owned(),
        Lookup::Found(_) | Lookup::Missing => String::new(),
    }
}

#[tokio::test]
async fn later_files_win_and_the_process_wins_over_all() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "A=1\nB=2\n").unwrap();
    std::fs::write(folder.path().join(".env.production"), "\nB=3\n").unwrap();
    let process = BTreeMap::from([("A".to_owned(), "9".to_owned())]);
    let values = load(&plan(folder.path(), true), false, &process).await;
    assert_eq!(found(&values, "env.A"), Some(("9", "process".into())));
    assert_eq!(found(&values, "env.B"), Some(("3", ".env.production:2".into())));
    let values = load(&plan(folder.path(), false), false, &process).await;
    assert_eq!(found(&values, "env.A"), Some(("1", ".env:1".into())));
}

#[tokio::test]
async fn a_credential_and_the_variable_it_is_in_are_both_secret() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "KEY=FAKE-value-of-a-key\n").unwrap();
    let plan = with_credential(plan(folder.path(), false), "api_key", ValueSource::Env("KEY".into()));
    let values = load(&plan, false, &BTreeMap::new()).await;
    let secrets: Vec<String> = values.secrets().map(|(name, _)| name.to_string()).collect();
    assert_eq!(secrets, ["credentials.api_key", "env.KEY"]);
}

#[tokio::test]
async fn a_command_gives_its_first_line_and_a_failing_one_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let command = |words: &[&str]| ValueSource::Command(words.iter().map(|word| (*word).to_owned()).collect());
    let plan = plan(folder.path(), false);
    let plan = with_credential(plan, "good", command(&["printf", "FAKE-one\nmore"]));
    let plan = with_credential(plan, "bad", command(&["sh", "-c", "echo FAKE-leaked >&2; exit 4"]));
    let plan = with_credential(plan, "slow", command(&["sh", "-c", "sleep 60"]));
    let plan = with_credential(plan, "gone", command(&["/no/such/vault"]));
    let values = load(&plan, true, &BTreeMap::new()).await;
    assert_eq!(found(&values, "credentials.good"), Some(("FAKE-one", "command printf".into())));
    assert!(failure(&values, "credentials.bad").contains("exit status: 4"));
    assert!(!failure(&values, "credentials.bad").contains("FAKE-leaked"));
    assert!(failure(&values, "credentials.slow").contains("did not answer within 400ms"));
    assert!(failure(&values, "credentials.gone").contains("cannot be started"));
    let values = load(&plan, false, &BTreeMap::new()).await;
    assert!(failure(&values, "credentials.good").contains("golive trust"), "an untrusted plan runs nothing");
}

#[tokio::test]
async fn a_file_gives_its_text_without_the_last_line_break() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "FAKE-in-a-file\r\n").unwrap();
    let plan = with_credential(plan(folder.path(), false), "a", ValueSource::File("secret".into()));
    let plan = with_credential(plan, "b", ValueSource::File("missing".into()));
    let values = load(&plan, false, &BTreeMap::new()).await;
    assert_eq!(found(&values, "credentials.a"), Some(("FAKE-in-a-file", "secret".into())));
    assert!(matches!(values.get("credentials.b"), Lookup::Missing));
}

/// An age identity of this test's own, made at run time.
fn identity(folder: &std::path::Path) {
    let identity = age::x25519::Identity::generate();
    std::fs::write(folder.join("identity"), identity.to_string().expose_secret()).unwrap();
}

fn sealed(identity: Option<&str>, passphrase_env: Option<&str>) -> ValueSource {
    ValueSource::Sealed(crate::model::plan::SealedFile {
        age: "secrets/key.age".into(),
        identity: identity.map(Into::into),
        passphrase_env: passphrase_env.map(str::to_owned),
    })
}

#[tokio::test]
async fn what_is_put_away_in_an_encrypted_file_is_found_there_and_nowhere_in_plain() {
    let folder = tempfile::tempdir().unwrap();
    identity(folder.path());
    let source = sealed(Some("identity"), None);
    let value = SecretString::from(format!("FAKE-{}", ulid::Ulid::generate()));
    let plan = with_credential(plan(folder.path(), false), "key", source.clone());
    assert!(matches!(load(&plan, true, &BTreeMap::new()).await.get("credentials.key"), Lookup::Missing));
    storing::store(&source, folder.path(), &BTreeMap::new(), &value).await.unwrap();
    let values = load(&plan, true, &BTreeMap::new()).await;
    let Lookup::Found(found) = values.get("credentials.key") else { panic!("it is not found") };
    assert_eq!(found.text.expose_secret(), value.expose_secret());
    assert!(found.secret);
    let bytes = std::fs::read(folder.path().join("secrets/key.age")).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains(value.expose_secret()));
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(folder.path().join("secrets/key.age")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    identity(folder.path());
    let values = load(&plan, true, &BTreeMap::new()).await;
    let Lookup::Failed(why) = values.get("credentials.key") else { panic!("another identity opened it") };
    assert!(why.contains("secrets/key.age cannot be opened"), "{why}");
    storing::forget(&source, folder.path()).await.unwrap();
    assert!(matches!(load(&plan, true, &BTreeMap::new()).await.get("credentials.key"), Lookup::Missing));
}

#[tokio::test]
async fn a_passphrase_opens_what_it_sealed_and_its_absence_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let source = sealed(None, Some("PASSPHRASE"));
    let process = BTreeMap::from([("PASSPHRASE".to_owned(), format!("FAKE {}", ulid::Ulid::generate()))]);
    let value = SecretString::from("FAKE-value".to_owned());
    storing::store(&source, folder.path(), &process, &value).await.unwrap();
    let mut plan = with_credential(plan(folder.path(), false), "key", source);
    for credential in plan.credentials.values_mut() {
        // Opening it takes a second of work on purpose, and more unoptimised on a busy machine.
        credential.timeout = Span(Duration::from_secs(60));
    }
    let values = load(&plan, true, &process).await;
    let Lookup::Found(found) = values.get("credentials.key") else { panic!("it is not found") };
    assert_eq!(found.text.expose_secret(), "FAKE-value");
    let values = load(&plan, true, &BTreeMap::new()).await;
    let Lookup::Failed(why) = values.get("credentials.key") else { panic!("it opened without") };
    assert!(why.contains("needs its passphrase in the variable PASSPHRASE"), "{why}");
}

#[tokio::test]
async fn what_golive_only_reads_it_does_not_write() {
    let value = SecretString::from("FAKE-value".to_owned());
    for source in [ValueSource::Env("KEY".into()), ValueSource::Command(vec!["op".into()])] {
        let folder = tempfile::tempdir().unwrap();
        let error = storing::store(&source, folder.path(), &BTreeMap::new(), &value).await.unwrap_err();
        assert!(error.to_string().contains("golive only reads"), "{error}");
        assert!(storing::forget(&source, folder.path()).await.is_err());
    }
}
