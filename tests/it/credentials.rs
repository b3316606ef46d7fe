//! `golive credentials`: put away, shown masked, taken back; in an encrypted file, and in a real keyring where the
//! machine has one.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::cli_kit::{self, Home};

const PLAN: &str = "[service]\nname = \"shop\"\nenvironment = \"staging\"\n\
    [credentials.sealed]\nfrom = { sealed = { age = \"sealed.age\", identity = \"identity\" } }\n\
    [credentials.kept]\nfrom = { keyring = \"golive-test\" }\n\
    [credentials.given]\nfrom = { env = \"GIVEN\" }\n\
    [[pre_deployment]]\nid = \"a\"\nchecks = [\"category:credential\"]\n";

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("golive.toml"), PLAN).unwrap();
    let identity = age::x25519::Identity::generate().to_string();
    std::fs::write(home.path().join("identity"), secrecy::ExposeSecret::expose_secret(&identity)).unwrap();
    home
}

fn golive(home: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_golive"))
        .arg("credentials")
        .args(arguments)
        .current_dir(home)
        .env("XDG_STATE_HOME", home.join("state"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_value_is_put_away_shown_masked_and_taken_back() {
    let home = home();
    let value = format!("FAKE-{}", ulid::Ulid::generate());
    let stored = golive(home.path(), &["store", "sealed"], &format!("{value}\n"));
    assert_eq!(stored.status.code(), Some(0), "{}", both(&stored));
    let listed = golive(home.path(), &[], "");
    let tail = &value[value.len() - 4..];
    assert!(both(&listed).contains(&format!("sealed  ••••{tail}    31 ch  weak    sealed.age")), "{}", both(&listed));
    for output in [&stored, &listed] {
        assert!(!both(output).contains(&value), "{}", both(output));
    }
    assert_eq!(golive(home.path(), &["forget", "sealed"], "").status.code(), Some(0));
    assert!(!home.path().join("sealed.age").exists());
}

#[test]
fn a_value_that_is_too_long_is_refused_whole_and_not_cut() {
    let home = home();
    let longest = "FAKE".repeat(16_384);
    let stored = golive(home.path(), &["store", "sealed"], &format!("{longest}\r\n"));
    assert_eq!(stored.status.code(), Some(0), "{}", both(&stored));
    let before = std::fs::read(home.path().join("sealed.age")).unwrap();
    // A character of two bytes lies across the limit, and that is no fault of its own.
    for longer in [format!("{longest}F"), format!("{longest}\n\n\nF"), format!("F{}é", longest), longest.repeat(2)] {
        let output = golive(home.path(), &["store", "sealed"], &longer);
        assert_eq!(output.status.code(), Some(2), "{}", both(&output));
        assert!(both(&output).contains("longer than 65536 bytes: nothing was changed"), "{}", both(&output));
        assert_eq!(std::fs::read(home.path().join("sealed.age")).unwrap(), before, "it was stored all the same");
    }
}

#[test]
fn each_value_has_its_strength_and_none_where_it_is_not_known() {
    let home = Home::new();
    home.put("golive.toml", format!("{}\n[credentials.given]\nfrom = {{ env = \"GIVEN\" }}\n", cli_kit::PLAN));
    let strength = |given: &str| {
        home.put(".env", format!("SHOP_URL=https://shop.example\n{given}\n"));
        let (json, human) = (home.golive(&["credentials", "--format", "json"]), home.golive(&["credentials"]));
        let value = given.trim_start_matches("GIVEN=");
        for ran in [&json, &human] {
            assert!(value.is_empty() || !format!("{ran:?}").contains(value), "the value was told");
        }
        let shown = human.out.split_once(" ch  ").unwrap().1.split(' ').next().unwrap().to_owned();
        (json.json()[0]["strength"].clone(), shown)
    };
    let random = ulid::Ulid::generate().to_string();
    for (given, word) in [
        ("GIVEN=Password1234Password1234".to_owned(), "weak"),
        (format!("GIVEN=FAKE-{random}"), "weak"),
        (format!("GIVEN=k9{}", &random[8..]), "fair"),
        (format!("GIVEN=K9-mQ2x.{random}"), "strong"),
    ] {
        assert_eq!(strength(&given), (word.into(), word.to_owned()), "{} characters", given.len());
    }
    // An address with a password in it is no key by itself, and what is not there has none.
    for given in [format!("GIVEN=redis://:{random}@cache.example"), String::new()] {
        assert_eq!(strength(&given), (serde_json::Value::Null, "–".to_owned()));
    }
}

#[test]
fn what_cannot_be_put_away_is_refused_with_a_way_out() {
    let home = home();
    for (arguments, input, code, says) in [
        (["store", "given"], "FAKE-x", 2, "comes from an environment variable"),
        (["store", "unknown"], "FAKE-x", 2, "the plan has no credential `unknown`"),
        (["store", "sealed"], "\n", 2, "nothing was changed"),
    ] {
        let output = golive(home.path(), &arguments, input);
        assert_eq!(output.status.code(), Some(code), "{}", both(&output));
        assert!(both(&output).contains(says), "{}", both(&output));
    }
}

/// Whether this machine has a keyring that can be started for a test.
fn has_keyring() -> bool {
    ["dbus-run-session", "gnome-keyring-daemon", "secret-tool"].iter().all(|program| {
        Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .output()
            .is_ok_and(|found| found.status.success())
    })
}

/// Runs a script of golive's commands with a keyring of its own, unlocked; `None` where the machine has none.
fn in_a_keyring(home: &Path, script: &str, values: &[(&str, &str)]) -> Option<String> {
    if !has_keyring() {
        return None;
    }
    let unlocked = "printf 'pw\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1\n";
    let output = Command::new("dbus-run-session")
        .args(["sh", "-c", &format!("{unlocked}{script}")])
        .current_dir(home)
        .env("XDG_STATE_HOME", home.join("state"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_RUNTIME_DIR", home)
        .env("GOLIVE", env!("CARGO_BIN_EXE_golive"))
        .envs(values.iter().copied())
        .output()
        .unwrap();
    Some(both(&output).split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn a_real_keyring_keeps_a_value_and_lets_go_of_it() {
    let home = home();
    let value = format!("FAKE-{}", ulid::Ulid::generate());
    let script = "printf %s \"$VALUE\" | \"$GOLIVE\" credentials store kept && \"$GOLIVE\" credentials && \"$GOLIVE\" credentials forget kept && \"$GOLIVE\" credentials";
    let Some(said) = in_a_keyring(home.path(), script, &[("VALUE", &value)]) else { return };
    assert!(said.contains("31 ch weak keyring golive-test"), "{said}");
    assert!(said.contains("✗ kept 0 ch – keyring golive-test it is not there"), "{said}");
    assert!(!said.contains(&value), "{said}");
}

#[test]
fn a_value_in_a_real_keyring_is_rotated_and_the_old_one_comes_back_when_it_is_given_up() {
    let home = home();
    let (old, new) = (crate::rotate::made_up(), crate::rotate::made_up());
    // What the keyring holds is asked of its own program, and compared there: neither value is printed.
    let script = "holds() { [ \"$(secret-tool lookup service golive account golive-test)\" = \"$1\" ] && echo \"$2 is in force\" || echo \"$2 is not in force\"; }
        printf %s \"$OLD\" | \"$GOLIVE\" credentials store kept
        printf '%s\\n' \"$NEW\" | \"$GOLIVE\" rotate kept; echo \"first ended with $?\"; holds \"$NEW\" new
        \"$GOLIVE\" rotate kept --abort; echo \"second ended with $?\"; holds \"$OLD\" old
        printf '%s\\n' \"$NEW\" | \"$GOLIVE\" rotate kept --yes; echo \"third ended with $?\"; holds \"$NEW\" newest";
    let Some(said) = in_a_keyring(home.path(), script, &[("OLD", &old), ("NEW", &new)]) else { return };
    for expected in [
        "first ended with 3 new is in force",
        "second ended with 0 old is in force",
        "third ended with 0 newest is in force",
    ] {
        assert!(said.contains(expected), "{expected:?} is not said: {said}");
    }
    assert!(!said.contains(&old) && !said.contains(&new), "{said}");
}
