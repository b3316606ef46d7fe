//! The demo's world: its plan loads, and every fault is really there for the real checks to find.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use golive::check::{self, Surroundings};
use golive::core::evidence::{Evidence, Part};
use golive::demo::{Fault, World, scenario};
use golive::model::plan::Plan;
use golive::model::word::Outcome;
use golive::network::Network;
use golive::{clock, plan, source};

/// Runs one check of the world's own plan, as the engine would.
pub(crate) async fn run(world: &World, id: &str) -> Evidence {
    Ready::over(world).await.run(id).await
}

/// The world's own plan as it was read, with the values of its sources: for whoever changes neither.
struct Ready {
    plan: Plan,
    surroundings: Arc<Surroundings>,
}

impl Ready {
    async fn over(world: &World) -> Self {
        let plan = plan::load(&world.plan(), &check::specs()).unwrap_or_else(|error| panic!("{error}")).plan;
        let values = source::load(&plan, true, &BTreeMap::new()).await;
        let network = Network::new(&plan.network, &plan.folder).unwrap();
        let folder = plan.folder.clone();
        let notifiers = golive::notify::Roster::new(&plan, &values, true);
        let surroundings = Surroundings { values, folder, trusted: true, clock: clock::now, network, notifiers };
        Self { plan, surroundings: Arc::new(surroundings) }
    }

    async fn run(&self, id: &str) -> Evidence {
        let check = self.plan.checks.iter().find(|check| check.id.as_str() == id).unwrap_or_else(|| panic!("no {id}"));
        match check::kind(check.kind.as_str()).unwrap().build(check, &self.surroundings) {
            Ok(probe) => probe.run(Duration::from_secs(5)).await,
            Err(evidence) => *evidence,
        }
    }

    async fn until(&self, id: &str, expected: Outcome) -> Evidence {
        let mut evidence = self.run(id).await;
        for _ in 0..300 {
            if evidence.outcome == expected {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            evidence = self.run(id).await;
        }
        evidence
    }

    /// Whether a check is not asked while the other one fails: it folds under it.
    fn stands_on(&self, id: &str, below: &str) -> bool {
        let check = self.plan.checks.iter().find(|check| check.id.as_str() == id).unwrap();
        check.depends_on.iter().any(|on| on.as_str() == below)
    }
}

/// Runs a check again until it comes out so: what customers meet takes its time, and that is theirs to take.
async fn until(world: &World, id: &str, expected: Outcome) -> Evidence {
    let mut evidence = run(world, id).await;
    for _ in 0..300 {
        if evidence.outcome == expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        evidence = run(world, id).await;
    }
    evidence
}

#[tokio::test]
async fn a_healthy_world_passes_every_check_of_its_plan() {
    let world = World::start(None, &[]).unwrap();
    let loaded = plan::load(&world.plan(), &check::specs()).unwrap_or_else(|error| panic!("{error}"));
    for check in &loaded.plan.checks {
        // What only a build, a deployment or a rollback makes true is not true yet.
        let expected = match check.id.as_str() {
            // It waits for the code that a person reads.
            "alerting_configured" => Outcome::Error,
            "new_version_serves" | "staging_stands_on_old_version" => Outcome::Fail,
            "build_successful" | "tests_passing" | "security_scan_clean" | "performance_benchmarks_met" => {
                Outcome::Error
            }
            _ => Outcome::Pass,
        };
        // The first customer may still be on the way.
        let evidence = until(&world, check.id.as_str(), expected).await;
        assert_eq!(evidence.outcome, expected, "{}: {} {:?}", check.id, evidence.summary, evidence.facts);
    }
}

#[tokio::test]
async fn every_scenarios_fault_makes_its_named_check_fail_and_mending_it_makes_it_pass() {
    let world = World::start(None, &[]).unwrap();
    for scenario in scenario::SCENARIOS {
        let Some(check) = scenario.check else { continue };
        for fault in scenario.faults {
            world.set(*fault, true).unwrap();
        }
        let evidence = until(&world, check, Outcome::Fail).await;
        assert_eq!(evidence.outcome, Outcome::Fail, "{}: {check}: {}", scenario.name, evidence.summary);
        for fault in scenario.faults {
            world.set(*fault, false).unwrap();
        }
        let evidence = until(&world, check, Outcome::Pass).await;
        assert_eq!(evidence.outcome, Outcome::Pass, "{} mended: {check}: {}", scenario.name, evidence.summary);
    }
}

#[tokio::test]
async fn failures_name_what_a_person_needs() {
    let faults = [Fault::MissingVariable, Fault::ExpiredCertificate];
    let world = World::start(None, &faults).unwrap();
    let evidence = run(&world, "required_variables_set").await;
    assert!(evidence.summary.as_str().contains("VITE_IKHOKHA_API_URL"), "{}", evidence.summary);
    let evidence = run(&world, "certificates_valid").await;
    assert!(evidence.summary.as_str().contains("academy.example ended 20"), "{}", evidence.summary);
}

#[tokio::test]
async fn the_switchboard_wants_its_token() {
    let world = World::start(None, &[]).unwrap();
    let described = world.describe();
    let (url, token) = (described["control"]["url"].as_str().unwrap(), described["control"]["token"].as_str().unwrap());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let put = |token: &str| client.put(format!("{url}/database-down")).header("x-golive-token", token).send();
    assert_eq!(put("wrong").await.unwrap().status(), 401);
    assert!(!world.faults().is_on(Fault::DatabaseDown));
    assert_eq!(put(token).await.unwrap().status(), 200);
    assert!(world.faults().is_on(Fault::DatabaseDown));
    assert_eq!(run(&world, "database_connection").await.outcome, Outcome::Fail);
}

#[tokio::test]
async fn a_wrong_key_a_wrong_secret_and_a_wrong_path_are_told_apart() {
    for (faults, says) in [
        (&[Fault::DevCredentials][..], "answered 401 Unauthorized: the API does not know this key"),
        (&[Fault::WeakSecret], "answered 403 Forbidden: the API knows the key, and the secret is another one"),
        (&[Fault::PaymentOutage], "answered 503"),
    ] {
        let world = World::start(None, faults).unwrap();
        let evidence = run(&world, "credential_validity").await;
        assert_eq!(evidence.outcome, Outcome::Fail, "{says}: {}", evidence.summary);
        assert!(evidence.summary.as_str().starts_with(says), "{says}: {}", evidence.summary);
    }
    let world = World::start(None, &[]).unwrap();
    let file = world.folder().join(".env.production");
    let written = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, written.replace("/public-api/v1/api", "/public-api/v7/api")).unwrap();
    let evidence = run(&world, "credential_validity").await;
    assert!(evidence.summary.as_str().contains("compare the path in VITE_IKHOKHA_API_URL"), "{}", evidence.summary);
}

#[tokio::test]
async fn a_payment_flow_says_at_which_hop_it_ended_and_leaves_nothing_behind() {
    let world = World::start(None, &[Fault::PaymentOutage]).unwrap();
    let evidence = run(&world, "payment_flow").await;
    assert_eq!(evidence.outcome, Outcome::Fail);
    let says = "hop 3 of 8, create a payment link: answered 503";
    assert!(evidence.summary.as_str().starts_with(says), "{}", evidence.summary);
    let named = |name: &str| evidence.facts.iter().find(|fact| fact.name.as_str() == name).unwrap().value.as_str();
    assert!(named("subscribe").contains("vouched by academy.example"), "{evidence:?}");
    assert_eq!(named("the course opens"), "not reached");
    // The target comes back in the middle of everything: the next run goes through, and takes its enrolment away.
    world.set(Fault::PaymentOutage, false).unwrap();
    let evidence = run(&world, "payment_flow").await;
    assert_eq!(evidence.outcome, Outcome::Pass, "{} {:?}", evidence.summary, evidence.facts);
    let database = rusqlite::Connection::open(world.folder().join("data/academy.db")).unwrap();
    let find = "SELECT count(*) FROM enrolments WHERE transaction_id LIKE 'golive-%'";
    let left: i64 = database.query_row(find, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

/// The checks of K that a fault of the other kind must leave alone: each fails for its own reason.
const NIGHT: [(&str, Fault); 15] = [
    ("every_replica_answers", Fault::SickReplica),
    ("success_page_grants_nothing", Fault::SuccessPage),
    ("amount_is_verified", Fault::AnyAmount),
    ("late_failure_changes_nothing", Fault::LateFailure),
    ("lost_callbacks_reconciled", Fault::LostCallbacks),
    ("live_payment_in_history", Fault::BackendTestMode),
    ("smallest_payment_arrived", Fault::ShortPayment),
    ("smallest_payment_refunded", Fault::UnrefundedPayment),
    ("migrations_applied", Fault::MigrationBehind),
    ("old_version_on_new_schema", Fault::OldVersionBroken),
    ("clocks_agree", Fault::ClockSkew),
    ("quota_has_room", Fault::QuotaLow),
    ("feature_flags_served", Fault::FlagsDiffer),
    ("security_logging_enabled", Fault::UnloggedRefusals),
    ("site_hygiene", Fault::ExposedFiles),
];

#[tokio::test]
async fn each_thing_that_goes_wrong_on_the_night_fails_one_check_and_no_other() {
    let world = World::start(None, &[]).unwrap();
    let ready = Ready::over(&world).await;
    for (check, _) in NIGHT {
        let evidence = ready.until(check, Outcome::Pass).await;
        assert_eq!(evidence.outcome, Outcome::Pass, "{check}: {}", evidence.summary);
    }
    for (own, fault) in NIGHT {
        world.set(fault, true).unwrap();
        for (check, _) in NIGHT.into_iter().filter(|(check, _)| !ready.stands_on(check, own)) {
            let expected = if check == own { Outcome::Fail } else { Outcome::Pass };
            let evidence = ready.until(check, expected).await;
            assert_eq!(evidence.outcome, expected, "{check} under {}: {}", fault.name(), evidence.summary);
        }
        world.set(fault, false).unwrap();
        let evidence = ready.until(own, Outcome::Pass).await;
        assert_eq!(evidence.outcome, Outcome::Pass, "{own} mended: {}", evidence.summary);
    }
}

#[tokio::test]
async fn what_was_not_enough_leaves_nothing_behind_and_says_which_it_was() {
    let world = World::start(None, &[Fault::AnyAmount]).unwrap();
    let evidence = run(&world, "amount_is_verified").await;
    let says = "hop 8 of 11, one cent for a course: count == 0 does not hold";
    assert!(evidence.summary.as_str().starts_with(says), "{}", evidence.summary);
    let refusals: Vec<_> = evidence.hops.iter().filter(|hop| hop.part == Part::Refusal).collect();
    assert_eq!(refusals.len(), 4);
    assert_eq!(refusals[0].outcome, Some(Outcome::Fail));
    assert!(refusals[1..].iter().all(|hop| hop.outcome.is_none()), "nobody came so far: {refusals:?}");
    let database = rusqlite::Connection::open(world.folder().join("data/academy.db")).unwrap();
    let find = "SELECT count(*) FROM enrolments WHERE transaction_id LIKE 'golive-%'";
    assert_eq!(database.query_row(find, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[tokio::test]
async fn a_subscriber_waits_as_long_as_the_sync_takes() {
    let hop = |evidence: &Evidence| {
        let found = evidence.hops.iter().find(|hop| hop.name.as_str() == "see it live").cloned().unwrap();
        (found.outcome, found.took.unwrap_or_default())
    };
    let world = World::start(None, &[Fault::SyncDelay]).unwrap();
    let (outcome, took) = hop(&run(&world, "payment_flow").await);
    assert_eq!(outcome, Some(Outcome::Pass));
    assert!(took >= Duration::from_secs(2), "the fault is real on the socket too: {took:?}");
}
