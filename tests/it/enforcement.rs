//! `golive enforce` and `golive exec` through the real binary: what is shown, what is written, what a command gets.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const PLAN: &str = r#"
[service]
name = "shop"
environment = "staging"

[sources]
env_files = [".env", ".env.production"]
process_env = true

[credentials.api_key]
from = { env = "SHOP_KEY" }
placeholder = "allow"

[credentials.hook]
from = { file = "hook" }
as = "SHOP_HOOK"
placeholder = "allow"

[settings.VITE_TEST_MODE]
must_be = "false"

[settings.VITE_TIMEOUT]
range = { min = 30000 }
default = "45000"

[settings.VITE_API]
url = { hosts = ["api.shop.example"] }

[[pre_deployment]]
id = "configured"
checks = ["category:configuration", "category:credential"]
"#;

const ENV: &str = "# by hand\r\nVITE_TEST_MODE = 'true' # for now\r\nVITE_API=http://api.shop.example/v1\r\n";

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("golive.toml"), PLAN).unwrap();
    std::fs::write(home.path().join(".env"), "SHOP_KEY=FAKE-key-of-the-shop\nVITE_TEST_MODE=true\n").unwrap();
    std::fs::write(home.path().join(".env.production"), ENV).unwrap();
    std::fs::write(home.path().join("hook"), "FAKE-hook-of-the-shop\n").unwrap();
    home
}

fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_golive"));
    command.args(arguments).current_dir(home).env_clear().stdin(Stdio::null());
    command.env("HOME", home).env("XDG_STATE_HOME", home.join("state")).env("PATH", "/usr/bin:/bin");
    command
}

fn golive(home: &Path, arguments: &[&str]) -> Output {
    command(home, arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_must_change_is_shown_masked_written_once_and_then_nothing_is_left() {
    let home = home();
    let path = home.path().join(".env.production");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let shown = golive(home.path(), &["enforce"]);
    assert_eq!(shown.status.code(), Some(1), "{}", err(&shown));
    assert!(out(&shown).contains("-VITE_TEST_MODE = 'true' # for now\n"), "{}", out(&shown));
    assert!(out(&shown).contains("+VITE_TEST_MODE = 'false' # for now\n"), "{}", out(&shown));
    assert!(out(&shown).contains("+VITE_API=https://api.shop.example/v1\n"), "{}", out(&shown));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), ENV, "nothing is written before it is asked for");
    let written = golive(home.path(), &["enforce", "--write"]);
    assert_eq!(written.status.code(), Some(0), "{}", err(&written));
    let expected = ENV.replace("'true'", "'false'").replace("http://", "https://");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected, "comments, order, quotes and line endings stay");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    let backups: Vec<_> = std::fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".backup.local"))
        .collect();
    assert_eq!(std::fs::read_to_string(&backups[0]).unwrap(), ENV);
    let again = golive(home.path(), &["enforce", "--write"]);
    assert_eq!((again.status.code(), out(&again).as_str()), (Some(0), "every setting holds\n"), "{}", err(&again));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    for output in [shown, written, again] {
        assert!(!format!("{}{}", out(&output), err(&output)).contains("FAKE-"), "a value was told");
    }
}

#[test]
fn what_the_process_sets_is_told_and_a_wrong_plan_ends_with_2() {
    let home = home();
    let output = command(home.path(), &["enforce", "--write"]).env("VITE_TEST_MODE", "true").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("VITE_TEST_MODE") && err(&output).contains("wins over every file"),
        "{}",
        err(&output)
    );
    std::fs::write(home.path().join("golive.toml"), "nonsense").unwrap();
    assert_eq!(golive(home.path(), &["enforce"]).status.code(), Some(2));
}

#[test]
fn a_command_runs_only_on_a_verdict_that_permits_with_what_was_judged() {
    let home = home();
    let script = "printf '%s|%s|%s|%s' \"$SHOP_KEY\" \"$SHOP_HOOK\" \"$VITE_TEST_MODE\" \"$*\"; exit 7";
    let run = || golive(home.path(), &["exec", "--", "sh", "-c", script, "x", "one", "two"]);
    let refused = run();
    assert_eq!((refused.status.code(), out(&refused).as_str()), (Some(125), ""), "{}", err(&refused));
    assert!(err(&refused).contains("NO-GO to deploy") && err(&refused).contains("vite_test_mode"), "{}", err(&refused));
    assert_eq!(golive(home.path(), &["enforce", "--write"]).status.code(), Some(0));
    let ran = run();
    assert_eq!(ran.status.code(), Some(7), "{}", err(&ran));
    assert_eq!(out(&ran), "FAKE-key-of-the-shop|FAKE-hook-of-the-shop|false|one two");
    assert_eq!(golive(home.path(), &["exec", "--", "/no/such/command"]).status.code(), Some(127));
    assert_eq!(golive(home.path(), &["exec"]).status.code(), Some(2), "no command");
    assert_eq!(golive(home.path(), &["exec", "--question", "open", "--", "true"]).status.code(), Some(2));
}

#[test]
fn the_command_stands_where_golive_stood_and_signals_are_its_own() {
    let home = home();
    assert_eq!(golive(home.path(), &["enforce", "--write"]).status.code(), Some(0));
    let mut command = command(
        home.path(),
        &["exec", "--", "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"],
    );
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    assert_eq!(line, "ready\n");
    let arguments = std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap_or_default();
    assert!(!String::from_utf8_lossy(&arguments).contains("FAKE-"), "a value stands on the command line");
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(9));
}
