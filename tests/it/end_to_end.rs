//! The first system's flows from end to end over real sockets (requirements T3): a payment, an enrolment's approval, the
//! way into a course, and a provider that fails in the middle and comes back.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use golive::core::evidence::Evidence;
use golive::demo::{Fault, World};
use golive::model::word::Outcome;
use serde_json::Value;

use crate::demo_world::run;

fn passes(evidence: &Evidence) {
    assert_eq!(evidence.outcome, Outcome::Pass, "{} {:?}", evidence.summary, evidence.facts);
}

fn fact<'a>(evidence: &'a Evidence, name: &str) -> &'a str {
    let found = evidence.facts.iter().find(|fact| fact.name.as_str() == name);
    found.unwrap_or_else(|| panic!("nothing is said of {name}: {:?}", evidence.facts)).value.as_str()
}

/// Enrolments that golive's own runs left behind.
fn left_behind(world: &World) -> i64 {
    let database = rusqlite::Connection::open(world.folder().join("data/academy.db")).unwrap();
    let find = "SELECT count(*) FROM enrolments WHERE transaction_id LIKE 'golive-%'";
    database.query_row(find, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_payment_goes_from_the_link_to_the_open_course_and_each_hop_says_who_vouches() {
    let world = World::start(None, &[]).unwrap();
    let evidence = run(&world, "payment_flow").await;
    passes(&evidence);
    for hop in
        ["create a payment link", "the link is known", "deliver the callback", "see the enrolment", "see it live"]
    {
        assert!(fact(&evidence, hop).contains("vouched by"), "{hop}: {}", fact(&evidence, hop));
    }
    assert!(
        fact(&evidence, "deliver the callback").contains("golive's own delivery, not the provider"),
        "{evidence:?}"
    );
    assert_eq!(left_behind(&world), 0);
}

#[tokio::test]
async fn a_signed_callback_approves_one_enrolment_and_an_unsigned_one_none() {
    let world = World::start(None, &[]).unwrap();
    passes(&run(&world, "webhook_processing").await);
    assert_eq!(left_behind(&world), 0);
    passes(&run(&world, "webhook_rejects_forgery").await);
    passes(&run(&world, "enrollment_creation").await);
    // The same callback with a target that takes it twice is two enrolments, and seen to be.
    world.set(Fault::ReplayedWebhook, true).unwrap();
    assert_eq!(run(&world, "webhook_processing").await.outcome, Outcome::Fail);
}

#[tokio::test]
async fn a_course_is_closed_before_the_payment_open_after_it_and_closed_to_everybody_else() {
    let world = World::start(None, &[]).unwrap();
    passes(&run(&world, "course_access").await);
    let evidence = run(&world, "payment_flow").await;
    passes(&evidence);
    for hop in ["the course is closed", "the course opens"] {
        assert!(fact(&evidence, hop).contains("vouched by academy.example"), "{hop}: {}", fact(&evidence, hop));
    }
    passes(&run(&world, "course_access").await);
}

/// `golive check` of the provider's status alone, with many attempts close together.
fn asking(world: &World, home: &std::path::Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_golive"))
        .args(["check", world.plan().to_str().unwrap(), "--only", "ikhokha_api_status", "--format", "json"])
        .env_clear()
        .env("HOME", home)
        .env("XDG_STATE_HOME", home.join("state"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn asked(child: Child) -> Value {
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["id"] == "ikhokha_api_status").unwrap().clone()
}

#[test]
fn a_provider_that_comes_back_while_it_is_asked_again_passes_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    let world = World::start(None, &[Fault::PaymentOutage]).unwrap();
    // While it stays away, the strategy is told beside the failure.
    let failed = asked(asking(&world, home.path()));
    assert_eq!((&failed["outcome"], &failed["failure"]["recovery"]), (&"fail".into(), &"retry".into()), "{failed}");
    let plan = std::fs::read_to_string(world.plan()).unwrap();
    let patient = plan.replace("attempts = 2, retry_delay = \"200ms\"", "attempts = 200, retry_delay = \"100ms\"");
    assert_ne!(plan, patient, "the demo's plan says how often it asks");
    std::fs::write(world.plan(), patient.replace("timeout = \"3s\"", "timeout = \"60s\"")).unwrap();
    // How long a start takes is the machine's affair: where the outage was over before the first attempt, once more.
    for _ in 0..5 {
        world.set(Fault::PaymentOutage, true).unwrap();
        let child = asking(&world, home.path());
        std::thread::sleep(Duration::from_secs(2));
        world.set(Fault::PaymentOutage, false).unwrap();
        let check = asked(child);
        assert_eq!(check["outcome"], "pass", "{check}");
        if check["attempts"].as_u64().unwrap() > 1 {
            assert!(
                check["summary"].as_str().unwrap().contains("(on attempt "),
                "a pass after retries says so: {check}"
            );
            return;
        }
    }
    panic!("no attempt met the outage");
}
