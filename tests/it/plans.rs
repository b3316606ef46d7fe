//! Plans: good ones load, wrong ones say exactly what is wrong. `BLESS=1` writes the messages anew.

use std::fs;
use std::path::{Path, PathBuf};

use golive::check;
use golive::model::word::Phase;
use golive::plan;
use proptest::prelude::*;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans").join(name)
}

fn plans_in(name: &str) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths
}

/// The message of a wrong plan, with file names as they stand beside it.
fn message(path: &Path) -> String {
    let error = plan::load(path, &check::specs()).expect_err(&format!("{} was taken", path.display()));
    error.render(false).replace(&format!("{}/", path.parent().unwrap().display()), "")
}

#[test]
fn a_wrong_plan_says_exactly_what_is_wrong() {
    let bless = std::env::var_os("BLESS").is_some();
    let plans = plans_in("bad");
    assert!(plans.len() >= 25, "the wrong plans are gone");
    let mut wrong = Vec::new();
    for path in plans {
        let expected = path.with_extension("txt");
        let said = message(&path);
        if bless {
            fs::write(&expected, &said).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("{} now says:\n{said}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_message_shows_a_literal_secret() {
    for path in plans_in("bad") {
        assert!(!message(&path).contains("FAKE-"), "{}", path.display());
    }
}

#[test]
fn good_plans_load() {
    for path in plans_in("good") {
        let loaded = plan::load(&path, &check::specs()).unwrap_or_else(|error| panic!("{error}"));
        assert!(!loaded.plan.items.is_empty());
        let again: golive::model::plan::Plan =
            serde_json::from_str(&serde_json::to_string(&loaded.plan).unwrap()).unwrap();
        assert_eq!(again, loaded.plan, "a plan is journalled whole");
    }
}

#[test]
fn presets_are_fragments_that_hold_to_the_schema() {
    for name in plan::presets::names() {
        let text = format!(
            "extends = [\"preset:{name}\"]\n[service]\nname = \"x\"\n[[pre_deployment]]\nid = \"a\"\nmanual = {{ prompt = \"?\" }}\n"
        );
        let loaded = plan::load_text("test.toml", &text, Path::new("."), &check::specs());
        let problems = loaded.err().map(|error| error.render(false)).unwrap_or_default();
        assert!(!problems.contains("unknown key") && !problems.contains("must be"), "{name}: {problems}");
    }
}

fn load(text: &str) -> plan::Loaded {
    plan::load_text("golive.toml", text, Path::new("."), &check::specs()).unwrap_or_else(|error| panic!("{error}"))
}

const HEAD: &str = "[service]\nname = \"x\"\n[[pre_deployment]]\nid = \"a\"\nmanual = { prompt = \"?\" }\n";

#[test]
fn defaults_are_sensible_and_said() {
    let loaded = load(&format!(
        "{HEAD}[checks.ours]\nkind = \"http\"\nurl = \"http://127.0.0.1:1/\"\nstatus = 200\n[checks.theirs]\nkind = \"http\"\nurl = \"https://pay.example/\"\nstatus = 200\n"
    ));
    let check = |id: &str| loaded.plan.checks.iter().find(|check| check.id.as_str() == id).unwrap();
    assert_eq!(check("ours").every.to_string(), "30s");
    assert_eq!(check("theirs").every.to_string(), "1m", "other people's hosts are asked sparingly");
    assert_eq!(check("ours").fresh_for.to_string(), "1m30s");
    assert_eq!(loaded.audit.hosts["pay.example"], 60);
}

#[test]
fn a_check_runs_from_the_first_phase_that_needs_it() {
    let loaded = load(
        "[service]\nname = \"x\"\n\
         [checks.low]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n\
         [checks.high]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\ndepends_on = [\"low\"]\n\
         [checks.loose]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n\
         [[post_deployment]]\nid = \"a\"\nchecks = [\"low\"]\n\
         [[deployment]]\nid = \"b\"\nchecks = [\"high\"]\n",
    );
    let phase = |id: &str| loaded.plan.checks.iter().find(|check| check.id.as_str() == id).unwrap().phase;
    assert_eq!(phase("high"), Some(Phase::Deployment));
    assert_eq!(phase("low"), Some(Phase::Deployment), "what stands on it runs earlier than its own item");
    assert_eq!(phase("loose"), None, "used by no item: from the start");
}

#[test]
fn checks_of_one_host_stand_on_each_other_where_the_plan_says_nothing() {
    let loaded = load(&format!(
        "{HEAD}[checks.name]\nkind = \"dns\"\nname = \"Shop.example\"\n\
         [checks.port]\nkind = \"tcp\"\naddress = \"shop.example:443\"\n\
         [checks.other_port]\nkind = \"tcp\"\naddress = \"shop.example:5432\"\n\
         [checks.certificate]\nkind = \"tls\"\nhost = \"shop.example\"\n\
         [checks.both]\nkind = \"tls\"\nhosts = [\"shop.example\", \"pay.example\"]\n\
         [checks.page]\nkind = \"http\"\nurl = \"https://shop.example/\"\nstatus = 200\n\
         [checks.plain]\nkind = \"http\"\nurl = \"http://shop.example/\"\nstatus = 301\n\
         [checks.alone]\nkind = \"http\"\nurl = \"https://shop.example/x\"\nstatus = 200\ndepends_on = []\n\
         [checks.said]\nkind = \"http\"\nurl = \"https://shop.example/y\"\nstatus = 200\ndepends_on = [\"name\"]\n\
         [checks.elsewhere]\nkind = \"http\"\nurl = \"https://pay.example/\"\nstatus = 200\n\
         [checks.way]\nkind = \"flow\"\nrun = \"on_demand\"\nhops = [{{ name = \"a\", request = {{ url = \"https://shop.example/\", status = 200 }} }}]\n"
    ));
    let on = |id: &str| -> Vec<String> {
        let check = loaded.plan.checks.iter().find(|check| check.id.as_str() == id).unwrap();
        check.depends_on.iter().map(ToString::to_string).collect()
    };
    assert!(on("name").is_empty());
    assert_eq!((on("port"), on("other_port")), (vec!["name".to_owned()], vec!["name".to_owned()]));
    assert_eq!(on("certificate"), ["port"]);
    assert_eq!(on("page"), ["certificate"], "not on what is about another host too");
    assert_eq!(on("plain"), ["name"], "what is asked in the clear needs no certificate, and no port 443");
    assert!(on("alone").is_empty(), "an empty list says: on nothing");
    assert_eq!(on("said"), ["name"], "what the plan says counts alone");
    assert!(on("elsewhere").is_empty());
    assert_eq!(on("way"), ["page", "alone", "said"]);
    // By the plan's own word the other way round: no circle comes of it.
    let turned = load(&format!(
        "{HEAD}[checks.certificate]\nkind = \"tls\"\nhost = \"shop.example\"\ndepends_on = [\"page\"]\n\
         [checks.page]\nkind = \"http\"\nurl = \"https://shop.example/\"\nstatus = 200\n"
    ));
    assert!(turned.plan.checks.iter().find(|check| check.id.as_str() == "page").unwrap().depends_on.is_empty());
}

#[test]
fn moving_a_line_is_no_other_plan_and_changing_one_is() {
    let one = format!("{HEAD}[checks.c]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n");
    let moved = format!("{HEAD}# a remark\n[checks.c]\naddress = \"127.0.0.1:1\"\nkind = \"tcp\"\n");
    let changed = one.replace("127.0.0.1:1", "127.0.0.1:2");
    assert_eq!(load(&one).plan.digest, load(&moved).plan.digest);
    assert_ne!(load(&one).plan.digest, load(&changed).plan.digest);
}

#[test]
fn a_changed_script_is_another_plan() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("deploy.sh"), "echo one").unwrap();
    let text = format!("{HEAD}[[deployment]]\nid = \"release\"\nstep = {{ run = [\"./deploy.sh\"] }}\n");
    let digest = || plan::load_text("golive.toml", &text, folder.path(), &check::specs()).unwrap().plan.digest;
    let before = digest();
    fs::write(folder.path().join("deploy.sh"), "echo two").unwrap();
    assert_ne!(before, digest());
}

#[test]
fn a_file_that_a_step_writes_is_no_other_plan_and_a_script_it_hands_on_is() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("build.sh", "#!/bin/sh\n");
    let text = format!(
        "{HEAD}[[deployment]]\nid = \"d\"\nstep = {{ run = [\"./build.sh\", \"out.json\", \"more.sh\"] }}\n\
         [[deployment]]\nid = \"b\"\nstep = {{ run = [\"pg_dump\", \"-f\", \"dump.sql\"], writes = [\"dump.sql\"] }}\n\
         [[deployment]]\nid = \"c\"\nstep = {{ run = [\"./deploy.sh\"], folder = \"ops\" }}\n"
    );
    let digest = || plan::load_text("golive.toml", &text, folder.path(), &check::specs()).unwrap().plan.digest;
    let before = digest();
    put("out.json", "{}");
    put("dump.sql", "select 1");
    assert_eq!(before, digest(), "what a step has written asks for trust anew");
    put("more.sh", "echo more");
    let with_more = digest();
    assert_ne!(before, with_more, "a script that is handed on was not pinned");
    fs::create_dir(folder.path().join("ops")).unwrap();
    put("ops/deploy.sh", "#!/bin/sh\n");
    assert_ne!(with_more, digest(), "a script in its working folder was not pinned");
}

#[test]
fn expansion_shows_where_each_key_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("base.toml"),
        "[checks.c]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\ntimeout = \"1s\"\n",
    )
    .unwrap();
    let text = format!("extends = [\"base.toml\"]\n{HEAD}[checks.c]\ntimeout = \"2s\"\n");
    fs::write(folder.path().join("golive.toml"), text).unwrap();
    let loaded = plan::load(&folder.path().join("golive.toml"), &check::specs()).unwrap();
    let expanded = loaded.expanded();
    let line = |key: &str| expanded.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    assert!(line("timeout").contains("\"2s\"") && line("timeout").contains("golive.toml:8"), "{expanded}");
    assert!(line("address").contains("base.toml:3"), "{expanded}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn a_mutated_plan_never_makes_it_panic(at in 0usize..2000, with in "[\\[\\]\"={}a-z0-9\n.]{0,6}", cut in 0usize..20) {
        let text = fs::read_to_string(plans_in("good").first().unwrap()).unwrap();
        let characters: Vec<char> = text.chars().collect();
        let at = at.min(characters.len());
        let end = (at + cut).min(characters.len());
        let mutated: String = characters[..at].iter().copied().chain(with.chars()).chain(characters[end..].iter().copied()).collect();
        if let Err(error) = plan::load_text("golive.toml", &mutated, Path::new("."), &check::specs()) {
            prop_assert!(!error.render(false).is_empty());
        }
    }
}
