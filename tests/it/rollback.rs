//! The way back by the real binary: rehearsed with real scripts, kept, counted, voided; rolled back in a demo flight.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::webhooks::Listener;

const PLAN: &str = r#"
[service]
name = "shop"
environment = "production"

[[pre_deployment]]
id = "ready"
manual = { prompt = "Ready?" }

[[rollback]]
id = "rollback_tested"
rehearsal = { within = "14d", budget = "1m" }

[[rollback_step]]
id = "switch_back"
run = ["./switch.sh", "real"]
budget = "20s"
rehearse = { run = ["./switch.sh", "on-staging"], grade = "staging" }

[[rollback_step]]
id = "purge"
run = ["./purge.sh", "real"]
rehearse = { run = ["./purge.sh", "on-staging"], grade = "staging" }

[checks.staging_is_back]
kind = "file"
path = "staging"
contains = ["old"]
every = "1s"

[procedure]
rehearsal_verify = ["staging_is_back"]
verify_within = "5s"
"#;

struct Shop(tempfile::TempDir);

impl Shop {
    fn new() -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        shop.put("golive.toml", PLAN);
        shop.script("switch.sh", "echo switching $1\necho old > ${1#on-}\n");
        shop.script("purge.sh", "echo purged $1\n");
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

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_golive"));
        command.args(arguments).env_clear().current_dir(self.path()).stdin(Stdio::null());
        command.env("HOME", self.path()).env("XDG_STATE_HOME", self.path().join("state"));
        command.env("GOLIVE_OPERATOR", "sipho").env("PATH", "/usr/bin:/bin");
        command
    }

    fn golive(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn trust(&self) {
        let trusted = self.golive(&["trust", "--yes"]);
        assert!(trusted.status.success(), "{}", String::from_utf8_lossy(&trusted.stderr));
    }

    /// Rehearses and gives exit code and result.
    fn rehearse(&self) -> (i32, Value) {
        let ran = self.golive(&["rehearse", "--format", "json"]);
        (ran.status.code().unwrap(), json(&ran))
    }

    /// What a report says of the item, and of the rehearsals.
    fn report(&self) -> (Value, Value) {
        let report = json(&self.golive(&["check", "--format", "json"]));
        let phases = report["phases"].as_array().unwrap();
        let rollback = phases.iter().find(|phase| phase["id"] == "rollback").unwrap();
        (rollback["items"][0].clone(), report["rehearsals"].clone())
    }
}

fn json(ran: &Output) -> Value {
    serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&ran.stderr)))
}

fn says(ran: &Output, code: i32, sentence: &str) {
    let told = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(code), "{told}");
    assert!(told.contains(sentence), "{told}");
}

#[test]
fn a_rehearsal_runs_the_rehearsal_forms_is_kept_and_settles_its_item() {
    let shop = Shop::new();
    shop.trust();
    assert_eq!(shop.report().0["status"], "waiting");
    let (code, result) = shop.rehearse();
    assert_eq!(code, 0, "{result}");
    assert_eq!((&result["outcome"], &result["grade"]), (&"passed".into(), &"staging".into()));
    assert_eq!(result["steps"].as_array().unwrap().len(), 2);
    assert!(shop.path().join("staging").exists() && !shop.path().join("real").exists(), "the real form was run");
    let (item, rehearsals) = shop.report();
    assert_eq!(item["status"], "settled", "{item}");
    assert_eq!((&rehearsals[0]["outcome"], &rehearsals[0]["this_procedure"]), (&"passed".into(), &true.into()));
    // The next one is compared with it.
    assert_eq!(shop.rehearse().1["before"].as_array().unwrap().len(), 1);
}

#[test]
fn a_signal_ends_a_rehearsal_by_its_code_and_keeps_none() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        for arguments in [&["rehearse"][..], &["rehearse", "--format", "json"]] {
            let shop = Shop::new();
            shop.script("purge.sh", "touch purging\nsleep 60\n");
            shop.trust();
            let mut child = shop.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            while !shop.path().join("purging").exists() {
                assert!(child.try_wait().unwrap().is_none(), "it ended before its step began");
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            kill_process(Pid::from_child(&child), signal).unwrap();
            let ran = child.wait_with_output().unwrap();
            says(&ran, code, "nothing was rehearsed to its end");
            assert!(ran.stdout.is_empty(), "{}", String::from_utf8_lossy(&ran.stdout));
            assert_eq!(shop.report().1, Value::Array(Vec::new()));
        }
    }
}

#[test]
fn a_changed_script_voids_every_rehearsal() {
    let shop = Shop::new();
    shop.trust();
    shop.rehearse();
    assert_eq!(shop.report().1[0]["this_procedure"], true);
    shop.script("purge.sh", "echo purged $1 otherwise\n");
    let (item, rehearsals) = shop.report();
    assert_eq!((&item["status"], &rehearsals[0]["this_procedure"]), (&"waiting".into(), &false.into()));
}

#[test]
fn a_step_that_fails_or_is_late_and_a_staging_that_is_not_back_fail_the_rehearsal() {
    let shop = Shop::new();
    shop.script("purge.sh", "echo no such cache >&2\nexit 7\n");
    shop.trust();
    let (code, result) = shop.rehearse();
    assert_eq!((code, &result["outcome"]), (1, &"failed".into()));
    assert_eq!(result["why"], "purge: ended with status 7");
    assert_eq!(shop.report().0["status"], "waiting");

    shop.script("purge.sh", "sleep 1.2\n");
    shop.put(
        "golive.toml",
        &PLAN.replace("budget = \"20s\"", "").replace("id = \"purge\"", "id = \"purge\"\nbudget = \"1s\""),
    );
    shop.trust();
    let (code, result) = shop.rehearse();
    assert_eq!(code, 1);
    assert!(result["why"].as_str().unwrap().starts_with("purge took 1."), "{result}");

    shop.script("purge.sh", "echo purged\n");
    shop.script("switch.sh", "echo new > ${1#on-}\n");
    shop.put("golive.toml", PLAN);
    shop.trust();
    let (code, result) = shop.rehearse();
    assert_eq!(code, 1);
    assert!(result["why"].as_str().unwrap().contains("staging_is_back"), "{result}");
}

#[test]
fn what_cannot_be_rehearsed_is_refused_with_what_to_do() {
    let shop = Shop::new();
    says(&shop.golive(&["rehearse"]), 2, "golive trust");
    assert!(!shop.path().join("staging").exists(), "an untrusted plan ran");
    shop.put(
        "golive.toml",
        &PLAN.replace("rehearse = { run = [\"./purge.sh\", \"on-staging\"], grade = \"staging\" }", ""),
    );
    says(&shop.golive(&["rehearse"]), 2, "these steps cannot be rehearsed: purge");
    shop.put("golive.toml", "[service]\nname = \"x\"\n[[pre_deployment]]\nid = \"a\"\nmanual = { prompt = \"?\" }\n");
    says(&shop.golive(&["rehearse"]), 2, "nothing to rehearse");
}

#[test]
fn a_dry_run_shows_what_would_run_and_runs_nothing() {
    let shop = Shop::new();
    let ran = shop.golive(&["rehearse", "--dry-run"]);
    let out = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success());
    assert!(out.contains("./switch.sh real") && out.contains("./switch.sh on-staging"), "{out}");
    assert!(!shop.path().join("staging").exists());
}

const MEASURED: &str = r#"
[[rehearsal_step]]
id = "write_marker"
when = "before"
run = ["./marker.sh", "write"]

[[rehearsal_step]]
id = "marker_is_there"
when = "after"
measures = "data"
run = ["./marker.sh", "find"]

[[rehearsal_step]]
id = "forward_again"
when = "after"
measures = "forward"
run = ["./slow.sh"]
budget = "30s"
"#;

#[test]
fn a_rehearsal_measures_what_is_lost_and_how_long_it_takes_to_roll_forward_again() {
    let shop = Shop::new();
    shop.put("golive.toml", &format!("{PLAN}{MEASURED}"));
    shop.script("marker.sh", "if [ $1 = write ]; then echo order > book; else grep -q order book; fi\n");
    shop.script("slow.sh", "sleep 1.5\necho new > staging\n");
    shop.trust();
    let (code, result) = shop.rehearse();
    assert_eq!(code, 0, "{result}");
    let steps = result["steps"].as_array().unwrap();
    let seen: Vec<_> = steps.iter().map(|step| (step["id"].as_str().unwrap(), step["measures"].as_str())).collect();
    assert_eq!(
        seen,
        [
            ("write_marker", None),
            ("switch_back", None),
            ("purge", None),
            ("marker_is_there", Some("data")),
            ("forward_again", Some("forward")),
        ]
    );
    // The way back is what counts; rolling forward is told beside it.
    let (took, forward) = (result["took_ms"].as_u64().unwrap(), steps[4]["took_ms"].as_u64().unwrap());
    let verified = steps.iter().take(4).map(|step| step["took_ms"].as_u64().unwrap()).sum::<u64>();
    assert!(forward >= 1_500 && took < verified + forward, "{result}");
    assert_eq!(std::fs::read_to_string(shop.path().join("staging")).unwrap(), "new\n");
    assert_eq!(shop.report().0["status"], "settled");
    // Data that is lost fails the rehearsal, however well it went back.
    shop.script("purge.sh", "rm -f book\necho purged $1\n");
    shop.trust();
    let (code, result) = shop.rehearse();
    assert_eq!((code, &result["why"]), (1, &"marker_is_there: ended with status 2".into()));
}

#[test]
fn a_rehearsal_measures_whether_callbacks_arrive_at_the_old_version() {
    let secret = ulid::Ulid::generate().to_string();
    // The old version: it takes what is signed as the provider signs, and nothing else.
    let old = Listener::start(&["--count", "2"], &secret);
    let shop = Shop::new();
    let step = format!(
        "[credentials.hook]\nfrom = {{ file = \"hook\" }}\nseverity = \"advice\"\n\
         [[rehearsal_step]]\nid = \"callback_arrives\"\nwhen = \"after\"\nmeasures = \"callbacks\"\n\
         run = [\"{}\", \"webhook\", \"probe\", \"--scheme\", \"github\", \"--secret-env\", \"HOOK_SECRET\", \
         \"--case\", \"genuine\", \"--url\", \"http://{}/hook\"]\n\
         environment = {{ HOOK_SECRET = \"{{{{ credentials.hook }}}}\" }}\nbudget = \"30s\"\n",
        env!("CARGO_BIN_EXE_golive"),
        old.address
    );
    shop.put("golive.toml", &format!("{PLAN}{step}"));
    shop.put("hook", &secret);
    shop.trust();
    let (code, result) = shop.rehearse();
    assert_eq!(code, 0, "{result}");
    assert_eq!(result["steps"][2]["measures"], "callbacks", "{result}");
    shop.put("hook", "FAKE-another-secret");
    let (code, result) = shop.rehearse();
    assert_eq!((code, &result["why"]), (1, &"callback_arrives: ended with status 1".into()), "{result}");
    let (_, came) = old.end();
    assert_eq!(came.len(), 2, "one was taken and one refused: {came:?}");
}

#[test]
fn what_takes_steps_back_is_rehearsed_with_them_and_a_change_of_it_voids() {
    const STEP: &str = "\n[[deployment]]\nid = \"notice\"\n[deployment.step]\nrun = [\"./purge.sh\", \"x\"]\n";
    let undo = "undo = { run = [\"./undo.sh\"], rehearse = { run = [\"./undo.sh\", \"--on\", \"staging\"] } }\n";
    let shop = Shop::new();
    shop.script("undo.sh", "echo taken back\n");
    shop.put("golive.toml", &format!("{PLAN}{STEP}undo = {{ run = [\"./undo.sh\"] }}\n"));
    shop.trust();
    says(&shop.golive(&["rehearse"]), 2, "these steps cannot be rehearsed: undo_notice");
    shop.put("golive.toml", &format!("{PLAN}{STEP}{undo}"));
    shop.trust();
    let (code, result) = shop.rehearse();
    assert_eq!(code, 0, "{result}");
    assert_eq!(result["steps"][0]["id"], "undo_notice", "what was done last is taken back first");
    assert_eq!(shop.report().0["status"], "settled");
    shop.script("undo.sh", "echo taken back otherwise\n");
    assert_eq!(shop.report().0["status"], "waiting");
    let dry = shop.golive(&["rehearse", "--dry-run"]);
    let out = String::from_utf8_lossy(&dry.stdout).into_owned();
    assert!(out.contains("taken back by") && out.contains("./undo.sh --on staging"), "{out}");
}

fn flown(scenario: &str) -> (i32, Value) {
    let shop = Shop::new();
    let ran = shop.golive(&["demo", "--headless", "--within", "2m", "--scenario", scenario, "--format", "json"]);
    (ran.status.code().unwrap(), json(&ran))
}

#[test]
fn a_failed_deployment_is_rolled_back_and_verified() {
    let (code, report) = flown("failed-deploy");
    assert_eq!((code, &report["verdict"]), (1, &"no_go".into()), "{}", report["reasons"]);
    assert_eq!(report["session_outcome"], "rolled_back");
    let phases = report["phases"].as_array().unwrap();
    let procedure = &phases.iter().find(|phase| phase["id"] == "rollback").unwrap()["procedure"];
    assert_eq!((&procedure["status"], &procedure["verified"]), (&"rolled_back".into(), &true.into()));
    let ids: Vec<_> = procedure["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["undo_customers_warned", "switch_traffic_back", "clear_new_release"]);
    for step in procedure["steps"].as_array().unwrap() {
        assert_eq!((&step["status"], &step["exit"]), (&"succeeded".into(), &"exit 0".into()), "{step}");
        assert!(step["took_ms"].is_u64(), "{step}");
    }
    let release =
        phases.iter().flat_map(|phase| phase["items"].as_array().unwrap()).find(|item| item["id"] == "release");
    assert_eq!(release.unwrap()["status"], "failing");
}

#[test]
fn without_a_rehearsal_the_deployment_is_held() {
    let (code, report) = flown("no-rehearsal");
    assert_eq!((code, &report["verdict"]), (3, &"hold".into()));
    let reasons = report["reasons"].as_array().unwrap();
    let weighing: Vec<_> = reasons.iter().filter(|reason| reason["severity"] != "advice").collect();
    assert_eq!(weighing.len(), 1, "{weighing:?}");
    assert_eq!(weighing[0]["subject"], "rollback_tested");
}
