//! A real repository, made by `git` where it is here, read without it.
#![expect(clippy::disallowed_methods, reason = "a test makes its own repository")]

use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::model::values::Origin;
use crate::scan::scanner::{Scanner, Sought};
use crate::scan::secrets::Secret;

fn git(folder: &Path, arguments: &[&str]) -> bool {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").env("HOME", folder);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "t").env(format!("GIT_{who}_EMAIL"), "t@t.example");
    }
    command.output().is_ok_and(|output| output.status.success())
}

fn places(folder: &Path, value: &str) -> Vec<String> {
    let value = value.to_owned().into();
    let secret = Arc::new(Secret { id: "it".into(), variables: Vec::new(), origin: Origin::Plan, value });
    let (scanner, stop) = (Scanner::new(&[secret], &[], false), AtomicBool::new(false));
    let mut survey = Survey::new(&scanner, &stop);
    enclosing(folder).unwrap().expect("a repository").survey(&mut survey);
    assert_eq!(survey.unread, []);
    assert!(survey.hits.iter().all(|located| matches!(located.hit.sought, Sought::Credential { .. })));
    let mut places: Vec<String> = survey.hits.iter().map(|located| located.place.to_string()).collect();
    places.dedup();
    places
}

/// Bases by name and not by place, as some packs from elsewhere have them.
const BY_NAME: &[&str] = &["-c", "repack.usedeltabaseoffset=false", "repack", "-q", "-adf"];

/// A long text of which each revision differs a little: packed, each is a delta of another.
fn revision(number: usize, more: &str) -> String {
    let lines = (0..3000).map(|line| format!("line {line} of {}\n", if line == 7 * number { number } else { 0 }));
    lines.collect::<String>() + more
}

fn commit(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
    assert!(git(folder, &["add", "-A"]) && git(folder, &["commit", "-qm", "one more"]));
}

#[test]
fn a_secret_is_found_in_every_corner_of_a_repository() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !git(folder, &["init", "-q"]) {
        // Where git is not installed there are no repositories to read either.
        return;
    }
    let [early, later, tracked, staged] =
        ["early", "later", "tracked", "staged"].map(|word| format!("FAKE-{word}-0123456789"));
    commit(folder, "long.txt", &revision(0, ""));
    for number in 1..12 {
        let more = if number == 5 { format!("key={early}\n") } else { String::new() };
        commit(folder, "long.txt", &revision(number, &more));
    }
    assert_eq!(places(folder, &early).len(), 1, "loose");
    for packing in [&["gc", "-q", "--aggressive"][..], &["repack", "-q", "-adf"], BY_NAME] {
        assert!(git(folder, packing));
        let found = places(folder, &early);
        assert_eq!(found.len(), 1, "{packing:?}: {found:?}");
        let name = found[0].strip_prefix("git object ").unwrap();
        let shown = Command::new("git").current_dir(folder).args(["cat-file", "-p", name]).output().unwrap();
        assert!(String::from_utf8_lossy(&shown.stdout).contains(&early), "the name is that of the object");
    }
    commit(folder, "config.js", &format!("export const key = \"{later}\";\n"));
    let found = places(folder, &later);
    assert!(found.len() == 1 && found[0].ends_with("(config.js)"), "{found:?}");
    std::fs::write(folder.join("config.js"), format!("export const key = \"{tracked}\"; // not added yet\n")).unwrap();
    assert_eq!(places(folder, &tracked), ["config.js"]);
    std::fs::write(folder.join("new.js"), &staged).unwrap();
    assert!(places(folder, &staged).is_empty(), "a file that nobody added is not git's");
    assert!(git(folder, &["add", "new.js"]));
    assert_eq!(places(&folder.join("no/such/folder"), &staged).len(), 1, "found from within it");
    assert!(git(folder, &["update-index", "--index-version", "4"]));
    assert!(places(folder, &staged)[0].ends_with("(new.js)"), "paths that are written as differences");
}

#[test]
fn an_object_on_another_pack_base_and_a_borrowed_one_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    std::fs::create_dir(&one).unwrap();
    if !git(&one, &["init", "-q"]) {
        return;
    }
    let value = "FAKE-borrowed-0123456789";
    for number in 0..4 {
        commit(&one, "long.txt", &revision(number, value));
    }
    let (from, to) = (one.to_str().unwrap(), two.to_str().unwrap());
    assert!(git(folder.path(), &["clone", "-q", "--shared", from, to]));
    assert_eq!(places(&two, value).len(), 4, "objects borrowed from another repository");
    let (shallow, url) = (folder.path().join("shallow"), format!("file://{from}"));
    assert!(git(folder.path(), &["clone", "-q", "--depth=1", &url, shallow.to_str().unwrap()]));
    assert_eq!(places(&shallow, value).len(), 1);
    assert_eq!(enclosing(&shallow).unwrap().unwrap().incomplete, Some("this clone is shallow"));
}

#[test]
fn what_is_no_repository_is_none_and_a_broken_one_says_so() {
    let folder = tempfile::tempdir().unwrap();
    assert!(enclosing(folder.path()).unwrap().is_none());
    std::fs::write(folder.path().join(".git"), "gitdir: nowhere\n").unwrap();
    assert!(enclosing(folder.path()).unwrap_err().to_string().contains("no objects folder"));
}
