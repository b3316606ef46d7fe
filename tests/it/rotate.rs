//! `golive rotate`: a credential's walk from the new value to the old one's end, on real files and commands; at every
//! point the old value can be put back, and it is in force again then.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A sound value, made up anew at each run.
pub(crate) fn made_up() -> String {
    let random = ulid::Ulid::generate().to_string();
    format!("{}-{}", &random[10..], random.to_lowercase()[10..].chars().rev().collect::<String>())
}

/// A folder with a plan whose `hook` stands in an env file, and whatever else a test adds.
struct Shop {
    home: tempfile::TempDir,
    old: String,
}

impl Shop {
    fn with(credential: &str, more: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let old = made_up();
        let plan = format!(
            "[service]\nname = \"shop\"\nenvironment = \"staging\"\n[sources]\nenv_files = [\".env\"]\n\
             [credentials.hook]\n{credential}\nlength = {{ min = 16, max = 128 }}\nclasses = 3\n{more}\n\
             [[pre_deployment]]\nid = \"a\"\nchecks = [\"category:credential\"]\n"
        );
        fs::write(home.path().join("golive.toml"), plan).unwrap();
        let shop = Self { home, old };
        fs::write(shop.path(".env"), shop.env(&shop.old)).unwrap();
        shop
    }

    fn in_env(more: &str) -> Self {
        Self::with("from = { env = \"HOOK\" }", more)
    }

    fn env(&self, value: &str) -> String {
        format!("# the shop's\nexport HOOK=\"{value}\"  # by the portal\r\nURL=https://shop.example\n")
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_golive"));
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("XDG_STATE_HOME", self.path("state"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn golive(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).spawn().unwrap();
        // A command that refuses at once has closed its end by now.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    fn rotate(&self, more: &[&str], input: &str) -> Output {
        self.golive(&[&["rotate", "hook"], more].concat(), input)
    }

    fn trust(&self) {
        assert_eq!(self.golive(&["trust", "--yes"], "").status.code(), Some(0));
    }

    /// The kinds of a family's events in all journals, in order.
    fn journalled(&self, family: &str) -> Vec<String> {
        let mut kinds = Vec::new();
        for entry in fs::read_dir(self.path("state/golive/sessions")).unwrap().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "golive") {
                let database = rusqlite::Connection::open(path).unwrap();
                let mut query = database.prepare("SELECT kind FROM events WHERE family = ?1 ORDER BY seq").unwrap();
                kinds.extend(query.query_map([family], |row| row.get::<_, String>(0)).unwrap().flatten());
            }
        }
        kinds
    }
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn ends(output: &Output, code: i32, says: &str) {
    assert_eq!(output.status.code(), Some(code), "{}", both(output));
    assert!(both(output).contains(says), "{says:?} is not said: {}", both(output));
}

fn kept(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.contains("before-rotation")).collect()
}

#[test]
fn a_rotation_is_walked_to_the_old_values_end() {
    let shop = Shop::in_env("");
    let new = made_up();
    let output = shop.rotate(&["--yes"], &format!("{new}\n"));
    ends(&output, 0, "hook  rotated");
    assert_eq!(shop.read(".env"), shop.env(&new), "the line alone is another, and keeps its quotes, remark and ending");
    assert_eq!(kept(shop.home.path()), [""; 0], "nothing is left of the old value");
    for secret in [&new, &shop.old] {
        assert!(!both(&output).contains(secret.as_str()), "{}", both(&output));
    }
    let walked = ["begun", "validated", "distributing", "distributed", "verifying", "verified", "retiring", "retired"];
    assert_eq!(shop.journalled("rotation"), walked);
    assert!(shop.journalled("session").contains(&"closed".to_owned()));
}

#[test]
fn a_value_that_breaks_a_rule_changes_nothing() {
    let other = made_up();
    let distinct = "[credentials.key]\nfrom = { file = \"key\" }\n[checks.distinct]\nkind = \"credential\"\n\
                    credentials = [\"hook\", \"key\"]\ndistinct = true\nno_development = true\n";
    let shop = Shop::in_env(distinct);
    fs::write(shop.path("key"), &other).unwrap();
    for (value, says) in [
        ("Short-1", "hook has 7 characters, at least 16"),
        ("only-lower-case-letters", "only lower case and symbols"),
        (&format!("sk_test_{}", made_up()), "sk_test_"),
        (&other, "key is the same value as hook"),
        (&shop.old, "the new value of hook is the old one"),
    ] {
        let output = shop.rotate(&["--yes"], value);
        ends(&output, 1, says);
        assert!(!both(&output).contains(&other) && !both(&output).contains(&shop.old), "{}", both(&output));
        assert_eq!(shop.read(".env"), shop.env(&shop.old));
    }
    assert_eq!(kept(shop.home.path()), [""; 0]);
}

#[test]
fn two_others_that_are_one_do_not_keep_a_third_from_being_rotated() {
    let pair = "[credentials.one]\nfrom = { file = \"key\" }\n[credentials.other]\nfrom = { file = \"key\" }\n\
                [checks.distinct]\nkind = \"credential\"\ncredentials = [\"hook\", \"one\", \"other\"]\ndistinct = true\n";
    let shop = Shop::in_env(pair);
    fs::write(shop.path("key"), made_up()).unwrap();
    ends(&shop.rotate(&["--yes"], &made_up()), 0, "rotated");
}

#[test]
fn a_check_that_does_not_pass_with_the_new_value_puts_the_old_one_back() {
    // What uses it still has the old one, and goes on having it.
    let user = "rotation = { verify = [\"user\"], verify_within = \"1s\" }\n[checks.user]\nkind = \"file\"\n\
                path = \"used\"\ncontains = [\"{{ credentials.hook }}\"]\nevery = \"1s\"\n";
    let shop = Shop::in_env(user);
    fs::write(shop.path("used"), &shop.old).unwrap();
    let new = made_up();
    let output = shop.rotate(&["--yes"], &new);
    ends(&output, 1, "put back, the old value is in force");
    assert!(both(&output).contains("user did not pass with it"), "{}", both(&output));
    assert!(!both(&output).contains(&new), "{}", both(&output));
    assert_eq!(shop.read(".env"), shop.env(&shop.old));
    assert_eq!(kept(shop.home.path()), [""; 0]);
}

#[test]
fn the_old_value_waits_for_its_end_and_can_be_put_back_meanwhile() {
    let shop = Shop::in_env("");
    let new = made_up();
    ends(&shop.rotate(&[], &new), 3, "the old one waits to be retired");
    assert_eq!(shop.read(".env"), shop.env(&new));
    assert_eq!(kept(shop.home.path()), [".env.HOOK.before-rotation"]);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(shop.path(".env.HOOK.before-rotation")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600, "what is kept is its owner's alone");
    ends(&shop.rotate(&[], &made_up()), 2, "golive rotate --retired hook, or golive rotate --abort hook");
    // Somebody else writes to the file meanwhile: that stays.
    fs::write(shop.path(".env"), shop.env(&new) + "MORE=1\n").unwrap();
    ends(&shop.rotate(&["--abort"], ""), 0, "put back, the old value is in force");
    assert_eq!(shop.read(".env"), shop.env(&shop.old) + "MORE=1\n");
    ends(&shop.rotate(&["--retired"], ""), 2, "no rotation of hook waits");
    ends(&shop.rotate(&["--abort"], ""), 2, "nothing to take back");
    ends(&shop.rotate(&[], &new), 3, "waits");
    ends(&shop.rotate(&["--retired"], ""), 0, "rotated");
    assert_eq!(kept(shop.home.path()), [""; 0]);
}

#[test]
fn commands_obtain_carry_and_retire_with_the_value_on_their_standard_input() {
    let commands = "rotation = { obtain = [\"cat\", \"issued\"], distribute = [\"sh\", \"-c\", \"cat >> carried\"], \
                    retire = [\"sh\", \"-c\", \"cat > retired\"] }\n";
    let shop = Shop::in_env(commands);
    let new = made_up();
    fs::write(shop.path("issued"), format!("{new}\nmore\n")).unwrap();
    ends(&shop.rotate(&[], ""), 1, "may not run yet: allow it with golive trust");
    assert_eq!(shop.read("carried"), "");
    shop.trust();
    ends(&shop.rotate(&[], ""), 0, "rotated");
    assert_eq!(shop.read("carried"), format!("{new}\n"));
    assert_eq!(shop.read("retired"), format!("{}\n", shop.old));
    assert_eq!(shop.read(".env"), shop.env(&new));
}

#[test]
fn a_command_that_fails_to_carry_it_puts_the_old_value_back_everywhere() {
    let commands = "rotation = { generate = 40, distribute = [\"sh\", \"-c\", \"cat >> carried; test $(wc -l < carried) -gt 1\"] }\n";
    let shop = Shop::in_env(commands);
    shop.trust();
    let output = shop.rotate(&["--yes"], "");
    ends(&output, 1, "put back, the old value is in force");
    let carried = shop.read("carried");
    assert_eq!(carried.lines().next_back(), Some(shop.old.as_str()), "the last that was carried is the old one");
    assert_eq!(shop.read(".env"), shop.env(&shop.old));
}

#[test]
fn a_file_and_an_encrypted_file_are_written_and_put_back() {
    let identity = age::x25519::Identity::generate().to_string();
    for (from, file) in [
        ("{ file = \"secret\" }", "secret"),
        ("{ sealed = { age = \"secret.age\", identity = \"identity\" } }", "secret.age"),
    ] {
        let shop = Shop::with(&format!("from = {from}"), "rotation = { generate = 48 }");
        fs::write(shop.path("identity"), secrecy::ExposeSecret::expose_secret(&identity)).unwrap();
        assert_eq!(shop.golive(&["credentials", "store", "hook"], &shop.old).status.code(), Some(0));
        let before = fs::read(shop.path(file)).unwrap();
        ends(&shop.rotate(&[], ""), 3, "waits to be retired");
        assert_ne!(fs::read(shop.path(file)).unwrap(), before, "{file}");
        ends(&shop.rotate(&["--abort"], ""), 0, "put back");
        assert_eq!(fs::read(shop.path(file)).unwrap(), before, "{file}");
        ends(&shop.rotate(&["--yes"], ""), 0, "48 ch");
        assert_eq!(kept(shop.home.path()), [""; 0], "{file}");
    }
}

#[test]
fn what_golive_cannot_write_is_said_before_anything_is_done() {
    let vault = Shop::with("from = { command = [\"cat\", \"vault\"] }", "");
    fs::write(vault.path("vault"), made_up()).unwrap();
    vault.trust();
    ends(&vault.rotate(&["--yes"], &made_up()), 1, "which golive only reads: name distribute in its rotation");
    let by_command = Shop::with(
        "from = { command = [\"cat\", \"vault\"] }",
        "rotation = { distribute = [\"sh\", \"-c\", \"cat > vault\"] }",
    );
    fs::write(by_command.path("vault"), made_up()).unwrap();
    by_command.trust();
    let new = made_up();
    ends(&by_command.rotate(&["--yes"], &new), 0, "rotated");
    assert_eq!(by_command.read("vault"), format!("{new}\n"), "a command is asked again after a rotation");
}

#[test]
fn killed_in_the_middle_the_old_value_is_put_back_on_request() {
    let commands = "rotation = { generate = 40, distribute = [\"sh\", \"-c\", \"cat >> carried; n=0; until [ -e quick ] || [ $n -ge 300 ]; do n=$((n+1)); sleep 0.2; done\"] }\n";
    let shop = Shop::in_env(commands);
    shop.trust();
    let mut child = shop.command(&["rotate", "hook"]).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while shop.read("carried").is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    fs::write(shop.path("quick"), "").unwrap();
    ends(&shop.rotate(&[], ""), 2, "is not over");
    // The command's own place is not golive's to know: it says so and does what it can.
    let output = shop.rotate(&["--abort"], "");
    ends(&output, 1, "put it back by hand");
    assert_eq!(shop.read(".env"), shop.env(&shop.old));
    assert_eq!(kept(shop.home.path()), [""; 0]);
}

#[test]
fn an_interrupt_puts_the_old_value_back_before_golive_ends() {
    let slow = "rotation = { generate = 40, verify = [\"never\"], verify_within = \"10m\" }\n[checks.never]\n\
                kind = \"file\"\npath = \"missing\"\ncontains = [\"x\"]\nevery = \"1s\"\n";
    let shop = Shop::in_env(slow);
    let mut child = shop.command(&["rotate", "hook"]).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while shop.read(".env") == shop.env(&shop.old) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(child.stdin.take());
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    ends(&output, 130, "put back, the old value is in force");
    assert_eq!(shop.read(".env"), shop.env(&shop.old));
}

#[test]
fn a_rotated_credentials_age_begins_with_its_rotation() {
    let shop = Shop::in_env("[checks.young]\nkind = \"credential\"\ncredentials = [\"hook\"]\nmax_age = \"90d\"\n");
    let old = fs::File::options().write(true).open(shop.path(".env")).unwrap();
    let age = Duration::from_secs(200 * 86_400);
    old.set_modified(std::time::SystemTime::now() - age).unwrap();
    let days = || {
        let listed = shop.golive(&["credentials", "--format", "json"], "");
        let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
        listed[0]["age_days"].as_i64().unwrap()
    };
    assert_eq!(days(), 200);
    ends(&shop.rotate(&["--yes"], &made_up()), 0, "rotated");
    assert_eq!(days(), 0);
}
