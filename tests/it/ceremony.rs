//! The moments that decide, by keys in the real binary: steps taken back in reverse, a pipeline elsewhere that outlives
//! a kill -9, and what a step prints that nobody should have to look at.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::terminal::Terminal;

const SIZE: (u16, u16) = (120, 36);

/// A folder with a plan and scripts that write down what they did.
struct Shop(tempfile::TempDir);

impl Shop {
    fn new(plan: &str) -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        shop.put("golive.toml", &format!("[service]\nname = \"shop\"\nenvironment = \"staging\"\n{plan}"));
        shop.script("do.sh", "echo \"$@\" >> log\necho did \"$@\"\n");
        shop
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn script(&self, name: &str, text: &str) {
        self.put(name, &format!("#!/bin/sh\nset -eu\ncd \"$(dirname \"$0\")\"\n{text}"));
        std::fs::set_permissions(self.path().join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path().join("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn trust(&self) {
        let plan = self.path().join("golive.toml");
        let ran = std::process::Command::new(env!("CARGO_BIN_EXE_golive"))
            .args(["trust", "--yes", plan.to_str().unwrap()])
            .env_clear()
            .env("HOME", self.path())
            .env("PATH", "/usr/bin:/bin")
            .env("XDG_STATE_HOME", self.path().join("state"))
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }

    fn cockpit(&self, arguments: &[&str]) -> Terminal {
        let plan = self.path().join("golive.toml");
        let all: Vec<&str> = arguments.iter().copied().chain([plan.to_str().unwrap()]).collect();
        Terminal::golive(&all, self.path(), SIZE)
    }

    /// The cockpit over a new session, on the deployment's checklist.
    fn deploying(&self) -> Terminal {
        self.trust();
        let mut terminal = self.cockpit(&["--new"]);
        terminal.wait_for("GO to deploy");
        terminal.keys("2 g");
        terminal
    }
}

/// Opens the door of the selected step and answers it with `y`.
fn start(terminal: &mut Terminal, title: &str) {
    terminal.keys("x");
    terminal.through_the_door(&format!("Start: {title}"), "shop");
}

/// Opens the rollback's door; what it shows before it is answered.
fn roll_back(terminal: &mut Terminal) -> String {
    terminal.keys("R");
    terminal.wait_until("the door", |screen| screen.contains("Roll back") && screen.contains("[Leave]"));
    let door = terminal.screen();
    terminal.through_the_door("Roll back", "shop");
    door
}

const UNDOABLE: &str = r#"
[[deployment]]
id = "notice"
step = { run = ["./do.sh", "notice"], confirm = "yes", undo = { run = ["./do.sh", "no", "notice"] } }

[[deployment]]
id = "release"
step = { run = ["./do.sh", "release"], confirm = "yes", undo = { run = ["./do.sh", "no", "release"] } }

[[rollback_step]]
id = "switch"
run = ["./do.sh", "switch"]
"#;

#[test]
fn what_was_done_is_taken_back_in_reverse_and_the_door_says_so_before() {
    let shop = Shop::new(UNDOABLE);
    let mut terminal = shop.deploying();
    start(&mut terminal, "Notice");
    terminal.wait_for("did notice");
    terminal.keys("j");
    terminal.wait_for("undo     ./do.sh no release");
    start(&mut terminal, "Release");
    terminal.wait_for("did release");
    let door = roll_back(&mut terminal);
    let at = |text: &str| door.find(text).unwrap_or_else(|| panic!("{text} is not in the door:\n{door}"));
    assert!(at("./do.sh no release") < at("./do.sh no notice") && at("./do.sh no notice") < at("./do.sh switch"));
    terminal.wait_for("rolled back");
    assert_eq!(shop.log(), ["notice", "release", "no release", "no notice", "switch"]);
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 1, "rolled back is NO-GO");
}

#[test]
fn an_undo_that_fails_stops_the_rollback_and_says_what_is_left_by_hand() {
    let shop = Shop::new(&UNDOABLE.replace("\"no\", \"notice\"", "\"stuck\""));
    shop.script("do.sh", "[ \"$1\" != stuck ] || { echo no way >&2; exit 4; }\necho \"$@\" >> log\necho did \"$@\"\n");
    let mut terminal = shop.deploying();
    start(&mut terminal, "Notice");
    terminal.wait_for("did notice");
    terminal.keys("j");
    start(&mut terminal, "Release");
    terminal.wait_for("did release");
    roll_back(&mut terminal);
    terminal.keys("v");
    terminal.wait_for("the rollback failed: undo_notice: ended with status 4");
    terminal.wait_for("left to do: undo_notice: Undo: Notice, then switch");
    // What was taken back is no longer done, and R goes on from there.
    terminal.keys("2 g j");
    terminal.wait_for("taken back");
    shop.script("do.sh", "echo \"$@\" >> log\necho did \"$@\"\n");
    assert_eq!(shop.log(), ["notice", "release", "no release"]);
    terminal.keys("q");
    terminal.exit_code();
}

/// A pipeline's service: what was asked of it, and whether its run has ended.
#[derive(Clone, Default)]
struct Service {
    asked: Arc<Mutex<Vec<String>>>,
    over: Arc<Mutex<bool>>,
}

impl Service {
    fn start() -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let service = Self::default();
        let serving = service.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut bytes = [0; 16_384];
                let read = stream.read(&mut bytes).unwrap_or(0);
                let head = String::from_utf8_lossy(&bytes[..read]).into_owned();
                let body = serving.answer(&head).to_string();
                let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            }
        });
        (service, port)
    }

    fn answer(&self, head: &str) -> Value {
        self.asked.lock().unwrap().push(head.to_owned());
        if head.starts_with("POST /trigger") {
            return json!({ "id": 4711 });
        }
        let status = if *self.over.lock().unwrap() { "success" } else { "running" };
        // A service that repeats what it was sent must not spread it either.
        json!({ "status": status, "sha": "2026.11.3", "web_url": format!("https://ci.example/4711?{}", token_of(head)) })
    }

    fn count(&self, what: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|head| head.starts_with(what)).count()
    }
}

fn token_of(head: &str) -> String {
    head.lines().find_map(|line| line.strip_prefix("private-token: ")).unwrap_or_default().trim().to_owned()
}

fn pipeline_plan(port: u16) -> String {
    format!(
        r#"version = "2026.11.3"

[sources]
env_files = [".env.secret"]

[credentials.ci_token]
from = {{ env = "CI_TOKEN" }}

[[pre_deployment]]
id = "credentials"
checks = ["category:credential"]

[[deployment]]
id = "release"

[deployment.step]
confirm = "yes"
timeout = "5m"

[deployment.step.pipeline]
trigger = {{ url = "http://127.0.0.1:{port}/trigger", headers = {{ "private-token" = "{{{{ credentials.ci_token }}}}" }}, body = '{{"ref":"{{{{ version }}}}"}}' }}
run = "json.id"
poll = {{ url = "http://127.0.0.1:{port}/runs/{{{{ pipeline.run }}}}", headers = {{ "private-token" = "{{{{ credentials.ci_token }}}}" }} }}
every = "100ms"
state = ["json.status"]
succeeded = ["success"]
failed = ["failed", "canceled"]
commit = {{ at = "json.sha", is = "{{{{ version }}}}" }}
link = "json.web_url"
"#
    )
}

/// Every file below a folder, as one heap of bytes.
fn everything(folder: &Path, into: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            everything(&entry, into);
        } else if entry.is_file() {
            into.extend(std::fs::read(&entry).unwrap_or_default());
        }
    }
}

#[test]
fn a_pipeline_elsewhere_is_followed_over_a_kill_9_triggered_once_and_its_token_told_nobody() {
    let (service, port) = Service::start();
    let shop = Shop::new(&pipeline_plan(port));
    let token = format!("Xk9-{}", ulid::Ulid::generate());
    shop.put(".env.secret", &format!("CI_TOKEN={token}\n"));
    std::fs::set_permissions(shop.path().join(".env.secret"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut terminal = shop.deploying();
    start(&mut terminal, "Release");
    terminal.wait_for("run 4711: running");
    terminal.wait_for("https://ci.example/4711");
    terminal.signal(Signal::KILL);
    terminal.exit_code();
    *service.over.lock().unwrap() = true;
    let mut again = shop.cockpit(&["--resume"]);
    again.wait_for("DEPLOYMENT");
    again.keys("2 g");
    again.wait_for("follows run 4711 again");
    again.wait_for("run 4711 success");
    assert_eq!(service.count("POST /trigger"), 1, "it was triggered again");
    assert!(service.asked.lock().unwrap().iter().all(|head| token_of(head) == token), "it was sent along each time");
    again.keys("q");
    again.exit_code();
    let mut told = [terminal.raw(), again.raw()].concat();
    everything(&shop.path().join("state"), &mut told);
    assert!(!String::from_utf8_lossy(&told).contains(&token), "the token stands somewhere");
}

#[test]
fn what_a_step_prints_leaves_the_screen_whole() {
    let shop = Shop::new("[[deployment]]\nid = \"release\"\nstep = { run = [\"./noise.sh\"], confirm = \"yes\" }\n");
    // Half a character, sequences that clear and move, a title, a million bytes without an end of line, the bell.
    let noise = "printf '\\033[2J\\033[H\\033]0;owned\\007\\033[?1049l\\n'; printf 'caf\\303'; sleep 0.2; printf '\\251\\n'\n\
        head -c 1000000 /dev/zero | tr '\\0' x; echo; printf '\\007\\r\\n\\303'\n";
    shop.script("noise.sh", noise);
    let mut terminal = shop.deploying();
    start(&mut terminal, "Release");
    terminal.wait_for("done in");
    terminal.keys("j k");
    let screen = terminal.screen();
    let lines: Vec<&str> = screen.lines().collect();
    assert!(lines[0].starts_with(" golive   shop › STAGING"), "{screen}");
    assert!(lines[2].contains("1 PRE-DEPLOYMENT") && lines[2].contains("4 ROLLBACK"), "{screen}");
    assert!(lines.iter().any(|line| line.contains(" GO to open ")), "{screen}");
    // What the step printed stands there as text: nothing of it went to the terminal as it was.
    assert!(!String::from_utf8_lossy(&terminal.raw()).contains("\x1b]0;owned"));
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 0);
    assert!(terminal.is_given_back());
}

#[test]
fn a_failed_step_is_tried_again_where_it_failed_and_steps_of_one_group_run_side_by_side() {
    let shop = Shop::new(
        r#"
[[deployment]]
id = "build"
step = { run = ["./do.sh", "build"], confirm = "yes" }

[[deployment]]
id = "first"
parallel = "both"
step = { run = ["./wait.sh", "first", "second"], timeout = "1m", confirm = "yes" }

[[deployment]]
id = "second"
parallel = "both"
step = { run = ["./wait.sh", "second", "first"], timeout = "1m", confirm = "yes" }

[[deployment]]
id = "release"
step = { run = ["./stumble.sh"], confirm = "yes" }
"#,
    );
    // Each waits for the other: one after the other they would never end.
    shop.script("wait.sh", "touch $1\nwhile ! test -e $2; do sleep 0.05; done\necho $1 >> log\necho both are here\n");
    shop.script("stumble.sh", "test -e mended || { touch mended; echo stumbled >&2; exit 3; }\necho release >> log\n");
    let mut terminal = shop.deploying();
    start(&mut terminal, "Build");
    terminal.wait_for("did build");
    terminal.keys("j");
    start(&mut terminal, "First");
    terminal.wait_for("running for");
    terminal.keys("j");
    start(&mut terminal, "Second");
    terminal.wait_for("both are here");
    terminal.wait_until("both are done", |screen| screen.contains("DEPLOYMENT  ☐ 3/4"));
    terminal.keys("j");
    start(&mut terminal, "Release");
    // It asks in place: what each key would do.
    terminal.wait_for("runs the same again; what it has done stays done");
    terminal.wait_for("accepts it as it is");
    terminal.wait_for("NO-GO to open");
    start(&mut terminal, "Release");
    terminal.wait_for("DEPLOYMENT  ✓ 4/4");
    terminal.wait_for("  GO to open");
    let log = shop.log();
    assert_eq!((log.len(), log[0].as_str(), log[3].as_str()), (4, "build", "release"), "{log:?}");
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn the_version_before_is_what_ran_when_the_session_was_opened() {
    let shop = Shop::new(
        r#"previous_version = { file = "live" }

[[deployment]]
id = "release"
step = { run = ["./release.sh"], confirm = "yes" }

[[rollback_step]]
id = "back"
run = ["./do.sh", "back", "to", "{{ previous_version }}"]
"#,
    );
    shop.put("live", "2026.11.2\n");
    shop.script("release.sh", "echo 2026.11.3 > live\necho released\n");
    let mut terminal = shop.deploying();
    start(&mut terminal, "Release");
    terminal.wait_for("released");
    // By now the file names the new version; what goes back is what ran before.
    terminal.signal(Signal::KILL);
    terminal.exit_code();
    let mut terminal = shop.cockpit(&["--resume"]);
    terminal.wait_for("DEPLOYMENT");
    let door = roll_back(&mut terminal);
    assert!(door.contains("./do.sh back to 2026.11.2"), "{door}");
    terminal.wait_for("rolled back");
    assert_eq!(shop.log(), ["back to 2026.11.2"]);
    terminal.keys("q");
    terminal.exit_code();
}

#[test]
fn a_silent_role_stands_under_waiting_with_whose_move_it_is() {
    let shop = Shop::new(
        "[[pre_deployment]]\nid = \"ready\"\nmanual = { prompt = \"Ready?\" }\n\
         [poll]\nroles = [\"release\", \"database\"]\npeople = { database = \"sipho\" }\n",
    );
    let plan = shop.path().join("golive.toml");
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_golive"))
        .args(["check", "--journal", "memory", "--format", "json", plan.to_str().unwrap()])
        .env_clear()
        .env("HOME", shop.path())
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let waiting = report["waiting"].as_array().unwrap();
    let told: Vec<_> = waiting.iter().map(|one| (one["subject"].as_str(), one["whose"].as_str())).collect();
    assert!(told.contains(&(Some("poll"), Some("database: sipho"))), "{told:?}");
    assert!(told.contains(&(Some("poll"), Some("release"))), "{told:?}");
    let mut terminal = shop.cockpit(&["--new"]);
    terminal.wait_for("HOLD to deploy");
    terminal.keys("v");
    terminal.wait_for("database: sipho");
    terminal.wait_until("the poll", |screen| screen.contains("POLL  2") && screen.contains("p speaks for it"));
    terminal.keys("q");
    terminal.exit_code();
}
