//! Sources against real repositories, files and listeners.
#![expect(clippy::disallowed_methods, reason = "a test makes its own repository and files")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::check::Surroundings;
use crate::check::changes::{Asked, KINDS, kind};
use crate::check::kit::{self, listener};
use crate::core::inquiry::Look;
use crate::model::kind::Options;
use crate::model::triage::SOURCES;

fn options(keys: &str) -> Options {
    let table: toml::Table = toml::from_str(keys).unwrap();
    serde_json::to_value(table).unwrap().as_object().unwrap().clone()
}

async fn look(name: &str, keys: &str, surroundings: &Arc<Surroundings>) -> Result<Look, String> {
    let options = options(keys);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let asked = Asked { options: &options, surroundings, key: b"a key of this test's own", deadline };
    kind(name).unwrap().look(asked).await
}

fn told(look: &Look) -> Vec<String> {
    look.sightings.iter().map(|one| format!("{} | {}", one.key, one.what)).collect()
}

fn json(body: &str) -> u16 {
    listener::answering(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

#[test]
fn every_source_is_named_where_screens_name_those_that_are_not_watched() {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.spec().name).collect();
    assert_eq!(names, SOURCES);
    for kind in KINDS {
        let spec = kind.spec();
        let problems = (spec.problems)(&options(spec.example));
        assert!(problems.is_empty(), "{}: {problems:?}", spec.name);
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let own = ["-c", "user.name=Thandi", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").current_dir(folder).args(own).args(arguments).output().unwrap();
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn commits_are_seen_with_who_made_them_and_when() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    let surroundings = kit::surroundings_in(folder.path());
    let nothing = look("git", "", &surroundings).await.unwrap_err();
    assert!(nothing.contains("git log of HEAD"), "{nothing}");
    git(folder.path(), &["commit", "--quiet", "--allow-empty", "-m", "Round up \u{1b}[2J the price"]);
    let seen = look("git", "", &surroundings).await.unwrap();
    assert_eq!(seen.sightings.len(), 1);
    let commit = &seen.sightings[0];
    assert!(commit.what.as_str().ends_with("Round up ␛[2J the price"), "{}", commit.what);
    assert_eq!(commit.by.as_ref().unwrap().as_str(), "Thandi");
    assert!(commit.at.is_some() && !seen.whole);
    let elsewhere = look("git", "branch = \"origin/main\"", &surroundings).await.unwrap_err();
    assert!(elsewhere.contains("origin/main"), "{elsewhere}");
}

#[tokio::test]
async fn runs_of_a_pipeline_are_read_as_github_lists_them_or_as_the_plan_says() {
    let github = r#"{"workflow_runs":[{"id":812,"name":"deploy","status":"completed","conclusion":"success",
        "updated_at":"2026-11-23T13:41:00Z","actor":{"login":"thandi"}},{"id":813,"name":"test","status":"in_progress","conclusion":null}]}"#;
    let surroundings = kit::surroundings(&[]);
    let seen = look("pipeline", &format!("url = \"http://127.0.0.1:{}/\"", json(github)), &surroundings).await.unwrap();
    assert_eq!(told(&seen), ["run 812 | run 812 deploy: success", "run 813 | run 813 test: in_progress"]);
    assert_eq!(seen.sightings[0].at, Some("2026-11-23T13:41:00Z".parse().unwrap()));
    assert_eq!(seen.sightings[0].by.as_ref().unwrap().as_str(), "thandi");
    let own = r#"[{"number":7,"state":"failed","at":1795434060}]"#;
    let keys = "list = \"\"\nid = \"number\"\nname = \"job\"\nstatus = [\"state\"]\ntime = \"at\"";
    let seen = look("pipeline", &format!("url = \"http://127.0.0.1:{}/\"\n{keys}", json(own)), &surroundings).await;
    assert_eq!(told(&seen.unwrap()), ["run 7 | run 7 : failed"]);
    let wrong = look("pipeline", &format!("url = \"http://127.0.0.1:{}/\"", json("{}")), &surroundings).await;
    assert!(wrong.unwrap_err().contains("no list of runs"));
}

#[tokio::test]
async fn flags_are_read_as_a_table_or_a_list_and_what_cannot_be_asked_is_told() {
    let surroundings = kit::surroundings(&[]);
    let of = async |body: &str, keys: &str| {
        look("flags", &format!("url = \"http://127.0.0.1:{}/\"\n{keys}", json(body)), &surroundings).await
    };
    let table = of(r#"{"flags":{"checkout":true,"price":{"value":"high"}}}"#, "flags = \"flags\"").await.unwrap();
    assert_eq!(told(&table), ["flag checkout | flag checkout is on", "flag price | flag price is high"]);
    assert!(table.whole, "what is missing from a whole answer is gone");
    let list = of(r#"[{"key":"checkout","enabled":false}]"#, "").await.unwrap();
    assert_eq!(told(&list), ["flag checkout | flag checkout is off"]);
    assert!(of("[1]", "").await.unwrap_err().contains("neither key, name nor id"));
    assert!(of("no json", "").await.unwrap_err().contains("does not answer with JSON"));
    let port = listener::closed_port();
    let refused = look("flags", &format!("url = \"http://127.0.0.1:{port}/\""), &surroundings).await.unwrap_err();
    assert!(refused.contains("refused"), "{refused}");
}

#[tokio::test]
async fn a_secret_in_a_header_is_in_no_sentence() {
    let surroundings = kit::surroundings_with_secret("credentials.token", "FAKE-token-of-the-build-server");
    let keys = "headers = { authorization = \"Bearer {{ credentials.token }}\" }";
    let port = listener::closed_port();
    let why = look("flags", &format!("url = \"http://127.0.0.1:{port}/\"\n{keys}"), &surroundings).await.unwrap_err();
    assert!(!why.contains("FAKE"), "{why}");
}

#[tokio::test]
async fn variables_are_compared_by_a_keyed_fingerprint_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.env");
    std::fs::write(&file, "MODE=FAKE-live\nURL=https://a.example\n").unwrap();
    let surroundings = kit::surroundings_in(folder.path());
    let keys = "files = [\"server.env\"]";
    let first = look("environment", keys, &surroundings).await.unwrap();
    std::fs::write(&file, "MODE=FAKE-test\nURL=https://a.example\n").unwrap();
    let second = look("environment", keys, &surroundings).await.unwrap();
    assert_eq!(first.sightings[1], second.sightings[1], "the same value has the same face");
    assert_ne!(first.sightings[0].face, second.sightings[0].face);
    assert!(!format!("{first:?}{second:?}").contains("FAKE"));
    assert_eq!(second.sightings[0].what.as_str(), "MODE in server.env has another value");
    std::fs::remove_file(&file).unwrap();
    assert!(look("environment", keys, &surroundings).await.unwrap_err().contains("server.env cannot be read"));
}

#[tokio::test]
async fn a_name_is_watched_by_the_addresses_that_it_leads_to() {
    let surroundings = kit::surroundings_resolving("academy.example:443", "127.0.0.7:443,127.0.0.8:443", None);
    let seen = look("dns", "names = [\"academy.example\"]", &surroundings).await.unwrap();
    let wanted = ["academy.example leads to 127.0.0.7", "academy.example leads to 127.0.0.8"];
    assert_eq!(seen.sightings.iter().map(|one| one.what.as_str()).collect::<Vec<_>>(), wanted);
}
