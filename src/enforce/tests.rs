//! Enforcement: what changes and what stays, down to the byte, and that it is done once.
#![expect(clippy::disallowed_methods, reason = "a test makes its own files")]

use std::os::unix::fs::PermissionsExt as _;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::model::values::Value;

fn mend(variable: &str, to: Wanted) -> Mend {
    Mend { check: CheckId::new("the_check"), variable: variable.to_owned(), to }
}

fn set(variable: &str, value: &str) -> Mend {
    mend(variable, Wanted::Value(value.to_owned()))
}

fn files(texts: &[(&str, &str)]) -> Vec<EnvFile> {
    texts.iter().map(|(path, text)| EnvFile { path: path.into(), text: Some((*text).to_owned()) }).collect()
}

/// The values of these files, as the sources would give them.
fn values(files: &[EnvFile]) -> Values {
    let there: Vec<&EnvFile> = files.iter().filter(|file| file.text.is_some()).collect();
    let texts: Vec<&str> = there.iter().filter_map(|file| file.text.as_deref()).collect();
    let mut values = Values::default();
    for variable in envfile::load(&texts, &BTreeMap::new(), &[""]) {
        let (file, line) = variable.place.unwrap();
        let file = there[file].path.display().to_string().into();
        values.insert(&format!("env.{}", variable.name), Value::plain(&variable.value, Origin::Line { file, line }));
    }
    values
}

fn proposed(mends: &[Mend], texts: &[(&str, &str)]) -> Proposal {
    let files = files(texts);
    propose(mends, &values(&files), &files)
}

fn only(proposal: &Proposal) -> &str {
    assert!(proposal.left.is_empty(), "{:?}", proposal.left);
    assert_eq!(proposal.changes.len(), 1, "{proposal:?}");
    &proposal.changes[0].after
}

#[test]
fn the_value_changes_and_nothing_else_does() {
    for (before, after) in [
        ("MODE=true\n", "MODE=false\n"),
        ("MODE=true", "MODE=false"),
        ("# why\r\nexport MODE = \"true\"  # test\r\nB=1\r\n", "# why\r\nexport MODE = \"false\"  # test\r\nB=1\r\n"),
        ("\u{feff}MODE='true'\nB=`x`\n", "\u{feff}MODE='false'\nB=`x`\n"),
        ("MODE: true\n", "MODE: false\n"),
        ("MODE=\nB=1\n", "MODE=false\nB=1\n"),
        ("MODE=   \nB=1\n", "MODE=   false\nB=1\n"),
        ("MODE=true # was: false\n", "MODE=false # was: false\n"),
        ("MODE=1\nMODE=true\n", "MODE=1\nMODE=false\n"),
        ("B=\"two\nlines\"\nMODE=\"un\nclosed\"\n", "B=\"two\nlines\"\nMODE=\"false\"\n"),
        ("MODE=true\rB=1\r", "MODE=false\rB=1\r"),
    ] {
        assert_eq!(only(&proposed(&[set("MODE", "false")], &[(".env", before)])), after, "{before:?}");
    }
}

#[test]
fn a_value_is_quoted_where_it_would_be_read_as_another() {
    for (value, after) in [
        ("https://x/#/r", "URL=\"https://x/#/r\"\n"),
        ("pa$$word", "URL=pa\\$\\$word\n"),
        (" blanks ", "URL=\" blanks \"\n"),
        ("both \" and '#", "URL=`both \" and '#`\n"),
    ] {
        assert_eq!(only(&proposed(&[set("URL", value)], &[(".env", "URL=x\n")])), after);
    }
    let impossible = proposed(&[set("URL", "#`'\"")], &[(".env", "URL=x\n")]);
    assert!(impossible.changes.is_empty() && impossible.left[0].why.contains("read back"), "{impossible:?}");
}

#[test]
fn the_file_that_wins_is_the_one_that_changes() {
    let texts = [(".env", "A=1\n"), (".env.production", "A=2\n"), (".env.production.local", "B=1\n")];
    let proposal = proposed(&[set("A", "3")], &texts);
    assert_eq!(proposal.changes[0].path, PathBuf::from(".env.production"));
    // What no file has goes where the team's own values stand, not among one person's.
    let proposal = proposed(&[set("C", "x")], &texts);
    assert_eq!((proposal.changes[0].path.to_str(), only(&proposal)), (Some(".env.production"), "A=2\nC=x\n"));
    assert_eq!(only(&proposed(&[set("C", "x")], &[(".env", "A=1\r\nB=2")])), "A=1\r\nB=2\r\nC=x\r\n");
}

#[test]
fn what_the_process_sets_is_told_and_left_alone() {
    let files = files(&[(".env", "A=1\n")]);
    let mut known = values(&files);
    known.insert("env.A", Value::plain("2", Origin::Process));
    let proposal = propose(&[set("A", "3")], &known, &files);
    assert!(proposal.changes.is_empty());
    assert!(proposal.left[0].why.contains("wins over every file"), "{}", proposal.left[0]);
}

#[test]
fn what_must_not_be_set_is_taken_out_of_every_file() {
    let texts = [(".env", "A=1\nKEY=x # old\nB=2\n"), (".env.production", "export KEY='y\nz'\r\nKEY=w\r\nC=3\r\n")];
    let proposal = proposed(&[mend("KEY", Wanted::Absent)], &texts);
    let after: Vec<&str> = proposal.changes.iter().map(|change| change.after.as_str()).collect();
    assert_eq!(after, ["A=1\nB=2\n", "C=3\r\n"]);
}

#[test]
fn two_checks_that_want_two_values_are_told_and_one_is_no_trouble() {
    let proposal =
        proposed(&[set("A", "1"), set("A", "2"), mend("A", Wanted::Person("?".into()))], &[(".env", "A=0\n")]);
    assert_eq!(proposal.changes[0].after, "A=1\n");
    assert!(proposal.left[0].why.contains("contradicts itself"), "{:?}", proposal.left);
    let proposal = proposed(&[mend("A", Wanted::Person("?".into())), set("A", "2")], &[(".env", "A=0\n")]);
    assert_eq!(only(&proposal), "A=2\n");
}

#[test]
fn the_diff_shows_what_changes_and_masks_all_else() {
    let secret = format!("FAKE{}", ulid::Ulid::generate());
    let text = format!(
        "# {secret}\n#OLD={secret}\nKEY='{secret}' # {secret}\nMODE=true\nPEM=\"{secret}\n{secret}\"\n{secret}\nZ=1\n"
    );
    let files = files(&[(".env", &text)]);
    let redactor = Redactor::new([("key".into(), secret.clone().into())]);
    let proposal = propose(&[set("MODE", "false")], &values(&files), &files);
    let diff = proposal.diff(&values(&files), &redactor);
    assert_eq!(
        diff,
        "--- .env\n+++ .env\n@@ -1,7 +1,7 @@\n # ‹key›\n #OLD=…\n KEY=•••• # …\n-MODE=true\n+MODE=false\n PEM=••••\n ••••\n …\n"
    );
    let unknown = proposal.diff(&values(&files), &Redactor::default());
    assert_eq!(unknown.matches(&secret).count(), 1, "only a plain comment is shown as it is:\n{unknown}");
    let mut known = values(&files);
    known.insert("env.MODE", Value::secret("true".to_owned().into(), Origin::Line { file: ".env".into(), line: 4 }));
    let diff = proposal.diff(&known, &redactor);
    assert!(diff.contains("-MODE=••••\n+MODE=•••• (new)\n"), "{diff}");
}

fn folder_with(text: &str) -> (tempfile::TempDir, Proposal) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), text).unwrap();
    let files = disk::read(folder.path(), &[".env".into()]).unwrap();
    let proposal = propose(&[set("MODE", "false")], &values(&files), &files);
    (folder, proposal)
}

#[test]
fn a_file_is_written_whole_with_its_mode_and_a_backup_and_can_be_put_back() {
    let (folder, proposal) = folder_with("MODE=true\n");
    let path = folder.path().join(".env");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let written = disk::write(folder.path(), &proposal, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "MODE=false\n");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
    let backup = folder.path().join(".env.19700101T000000Z.backup.local");
    assert_eq!(std::fs::read_to_string(&backup).unwrap(), "MODE=true\n");
    assert_eq!(std::fs::metadata(&backup).unwrap().permissions().mode() & 0o7777, 0o600);
    let files = disk::read(folder.path(), &[".env".into()]).unwrap();
    assert_eq!(files[0].text.as_deref(), Some("MODE=false\n"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left behind");
    disk::undo(folder.path(), &written[0]).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "MODE=true\n");
    assert!(disk::undo(folder.path(), &written[0]).unwrap_err().contains("changed since"));
}

#[test]
fn what_changed_since_it_was_shown_is_not_overwritten_and_a_link_is_not_followed() {
    let (folder, proposal) = folder_with("MODE=true\n");
    let path = folder.path().join(".env");
    std::fs::write(&path, "MODE=true\nB=1\n").unwrap();
    let error = disk::write(folder.path(), &proposal, Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(error.contains("changed since this was shown"), "{error}");
    std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", &path).unwrap();
    let error = disk::read(folder.path(), &[".env".into()]).unwrap_err();
    assert!(error.contains("is a link"), "{error}");
    assert!(disk::write(folder.path(), &proposal, Timestamp::UNIX_EPOCH).unwrap_err().contains("is a link"));
    assert_eq!(std::fs::read_to_string(folder.path().join("elsewhere")).unwrap(), "MODE=true\nB=1\n");
}

#[test]
fn of_several_files_all_are_written_or_none() {
    let (folder, mut proposal) = folder_with("MODE=true\n");
    std::fs::create_dir(folder.path().join(".env.production")).unwrap();
    let broken = Change {
        path: ".env.production".into(),
        before: Some(String::new()),
        after: "A=1\n".into(),
        variables: vec!["A".into()],
    };
    proposal.changes.push(broken);
    assert!(disk::write(folder.path(), &proposal, Timestamp::UNIX_EPOCH).is_err());
    assert_eq!(std::fs::read_to_string(folder.path().join(".env")).unwrap(), "MODE=true\n");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn what_is_proposed_is_read_as_wanted_and_a_second_run_changes_nothing(
        before in "((A|B|C|export A) ?[=:] ?[a-z$#'\"` {}\\\\]{0,8}( # [a-z]{0,3})?(\n|\r\n|\r)){0,6}",
        value in "[ -~]{0,12}",
    ) {
        let texts = [(".env", before.as_str())];
        let proposal = proposed(&[set("A", &value)], &texts);
        for change in &proposal.changes {
            let after = files(&[(".env", &change.after)]);
            let read = |files: &[EnvFile], name: &str| match values(files).get(&format!("env.{name}")) {
                Lookup::Found(found) => Some(secrecy::ExposeSecret::expose_secret(&found.text).to_owned()),
                Lookup::Missing | Lookup::Failed(_) => None,
            };
            prop_assert_eq!(read(&after, "A"), Some(value.clone()));
            let again = propose(&[set("A", &value)], &values(&after), &after);
            prop_assert!(again.changes.is_empty(), "{:?} became {:?}", change.after, again.changes[0].after);
        }
    }
}
