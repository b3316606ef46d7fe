//! Documents, histories and repositories in folders of their own.
#![expect(clippy::disallowed_methods, reason = "a test makes its own files")]

use std::io::Write as _;
use std::sync::Arc;

use crate::check::{Surroundings, kit};
use crate::core::evidence::Evidence;
use crate::model::word::Outcome;

fn world(value: &str) -> (tempfile::TempDir, Arc<Surroundings>) {
    let folder = tempfile::tempdir().unwrap();
    let mut surroundings = kit::surroundings_in(folder.path());
    let values = &mut Arc::get_mut(&mut surroundings).unwrap().values;
    values.insert("credentials.api_secret", kit::secret(value));
    (folder, surroundings)
}

#[track_caller]
fn is(evidence: &Evidence, outcome: Outcome, says: &str, never: &str) {
    assert_eq!(evidence.outcome, outcome, "{}", evidence.summary);
    assert!(evidence.summary.as_str().contains(says), "{}", evidence.summary);
    assert!(!serde_json::to_string(evidence).unwrap().contains(never));
}

#[tokio::test]
async fn a_credential_in_a_document_or_a_shells_history_is_found() {
    let value = format!("FAKE-{}", ulid::Ulid::generate());
    let (folder, surroundings) = world(&value);
    let path = folder.path();
    std::fs::create_dir_all(path.join("docs/deep")).unwrap();
    std::fs::write(path.join("docs/deep/how.md"), "Take the key from the vault.\n").unwrap();
    let keys = "documents = [\"docs\", \"README.md\"]\nshell_history = [\".history\"]";
    is(&kit::run("exposure", keys, &surroundings).await, Outcome::Pass, "no secret in 1 file", &value);
    std::fs::write(path.join(".history"), format!("ls\nexport KEY={value}\n")).unwrap();
    is(
        &kit::run("exposure", keys, &surroundings).await,
        Outcome::Fail,
        "api_secret stands as it is in .history at byte 14",
        &value,
    );
    std::fs::remove_file(path.join(".history")).unwrap();
    let key = format!("sk_live_{}", "aB3cD4".repeat(4));
    std::fs::write(path.join("docs/deep/how.md"), format!("A test's own key: {key}")).unwrap();
    is(&kit::run("exposure", keys, &surroundings).await, Outcome::Pass, "", &key);
    let known = format!("{keys}\nknown_keys = true");
    is(&kit::run("exposure", &known, &surroundings).await, Outcome::Fail, "a Stripe live key", &key);
    std::fs::write(path.join("docs/deep/how.md"), format!("KEY={}", hex::encode(&value))).unwrap();
    is(&kit::run("exposure", keys, &surroundings).await, Outcome::Fail, "in hex in docs/deep/how.md", &value);
}

#[tokio::test]
async fn a_repository_is_read_without_git_and_its_absence_is_said() {
    let value = format!("FAKE-{}", ulid::Ulid::generate());
    let (folder, surroundings) = world(&value);
    let keys = "repository = \".\"";
    is(&kit::run("exposure", keys, &surroundings).await, Outcome::Warn, "there is no git repository", &value);
    let objects = folder.path().join(".git/objects");
    std::fs::create_dir_all(objects.join("ab")).unwrap();
    is(&kit::run("exposure", keys, &surroundings).await, Outcome::Pass, "no secret", &value);
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(format!("blob 99\0const key = '{value}'").as_bytes()).unwrap();
    std::fs::write(objects.join("ab/cdef0123456789abcdef0123456789abcdef01"), packed.finish().unwrap()).unwrap();
    is(
        &kit::run("exposure", keys, &surroundings).await,
        Outcome::Fail,
        "in git object abcdef012345 at byte 13",
        &value,
    );
    std::fs::write(objects.join("ab/cdef0123456789abcdef0123456789abcdef01"), b"no zlib").unwrap();
    is(&kit::run("exposure", keys, &surroundings).await, Outcome::Error, "could not be read", &value);
}
