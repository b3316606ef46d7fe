//! Through the demo's world: a real chat channel, a real mail server with STARTTLS, an endpoint that verifies what it is
//! sent; and that the way to them is judged by the plan's own roots and names.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use golive::check::{self, Surroundings};
use golive::core::evidence::Evidence;
use golive::core::notice::{About, Happened, Notice, NoticeKey, OfAlert, test};
use golive::demo::World;
use golive::model::alert::Level;
use golive::model::id::{AlertId, NotifierId, SessionId};
use golive::model::plan::Plan;
use golive::model::text::SafeText;
use golive::model::word::Outcome;
use golive::network::Network;
use golive::notify::{self, Roster};
use golive::{clock, plan, source};

async fn surroundings(world: &World, change: impl FnOnce(&mut Plan)) -> (Arc<Surroundings>, Plan) {
    let mut plan = plan::load(&world.plan(), &check::specs()).unwrap_or_else(|error| panic!("{error}")).plan;
    change(&mut plan);
    let values = source::load(&plan, true, &BTreeMap::new()).await;
    let network = Network::new(&plan.network, &plan.folder).unwrap();
    let notifiers = Roster::new(&plan, &values, true);
    let folder = plan.folder.clone();
    (Arc::new(Surroundings { values, folder, trusted: true, clock: clock::now, network, notifiers }), plan)
}

fn notice(to: &str) -> Notice {
    let (text, alert) = (SafeText::from_foreign, AlertId::new("payment_processing_failure"));
    Notice {
        key: NoticeKey::new(&SessionId::new("01S"), alert.as_str(), 7, &NotifierId::new(to)),
        to: NotifierId::new(to),
        at: clock::now().at,
        service: text("academy-checkout"),
        environment: text("production"),
        about: About::Alert(Box::new(OfAlert {
            alert,
            title: text("Payments fail – für <b>alle</b>"),
            level: Level::Critical,
            happened: Happened::Fired,
            value: text("5 in 5m"),
            threshold: text(">= 5"),
            by: None,
            note: None,
            impact: Some(text("customers try to pay and cannot")),
            remedy: Some(text("look at the provider's status page first")),
        })),
        head: None,
    }
}

async fn tell(surroundings: &Surroundings, to: &str) -> Result<notify::Taken, notify::Refused> {
    surroundings.notifiers.send(&notice(to), &surroundings.network, clock::now).await
}

#[tokio::test]
async fn a_notice_arrives_by_chat_mail_and_signed_webhook_with_its_key() {
    let world = World::start(None, &[]).unwrap();
    let (surroundings, _) = surroundings(&world, |_| {}).await;
    for to in ["slack", "email", "webhook"] {
        tell(&surroundings, to).await.unwrap_or_else(|refused| panic!("{to}: {refused:?}"));
    }
    let arrived = world.arrived();
    let at = |at: &str| arrived.iter().find(|arrived| arrived.at == at).unwrap();
    assert!(at("slack").text.contains("CRITICAL fires: Payments fail"));
    assert_eq!(at("webhook").key.as_deref(), Some("01S-payment_processing_failure-7-webhook"));
    assert_eq!(at("email").key.as_deref(), Some("01S-payment_processing_failure-7-email"));
    let letter = &at("email").text;
    for line in [
        "Subject: ",
        "Auto-Submitted: auto-generated",
        "Message-ID: <01S-payment_processing_failure-7-email@academy.example>",
        "Content-Type: multipart/alternative;",
        "Customers try to pay and cannot",
        "what to do  look at the provider's status page first",
    ] {
        assert!(letter.contains(line), "no {line:?} in\n{letter}");
    }
    assert!(letter.contains("&lt;b&gt;alle&lt;/b&gt;"), "what comes from outside is no markup:\n{letter}");
}

#[tokio::test]
async fn a_mail_server_with_a_certificate_that_nobody_here_trusts_gets_neither_password_nor_letter() {
    let world = World::start(None, &[]).unwrap();
    // Without the world's own authority only the system's roots are trusted.
    let (surroundings, _) = surroundings(&world, |plan| plan.network.ca = None).await;
    for to in ["slack", "email", "webhook"] {
        let refused = tell(&surroundings, to).await.unwrap_err();
        let why = refused.why.as_str().to_lowercase();
        assert!(why.contains("certificate") || why.contains("issuer"), "{to}: {refused:?}");
    }
    assert!(world.arrived().is_empty());
}

#[tokio::test]
async fn a_wrong_password_a_wrong_channel_and_a_wrong_signature_are_refused_and_said() {
    let world = World::start(None, &[]).unwrap();
    let (surroundings, _) = surroundings(&world, |plan| {
        for notifier in &mut plan.notifiers {
            let (key, value) = match notifier.id.as_str() {
                "slack" => ("url", "https://hooks.slack.com/services/FAKE-elsewhere"),
                "email" => ("password", "FAKE-wrong"),
                _ => ("secret", "FAKE-wrong"),
            };
            if notifier.options.contains_key(key) {
                notifier.options.insert(key.to_owned(), value.into());
            }
        }
    })
    .await;
    for (to, says) in [("slack", "404: no_service"), ("email", "no such account"), ("webhook", "401")] {
        let refused = tell(&surroundings, to).await.unwrap_err();
        assert!(refused.why.as_str().contains(says), "{to}: {refused:?}");
        assert!(!refused.why.as_str().contains("FAKE"), "{to}: {refused:?}");
    }
    assert!(world.arrived().is_empty());
}

async fn run(surroundings: &Arc<Surroundings>, plan: &Plan, id: &str) -> Evidence {
    let check = plan.checks.iter().find(|check| check.id.as_str() == id).unwrap();
    match check::kind(check.kind.as_str()).unwrap().build(check, surroundings) {
        Ok(probe) => probe.run(Duration::from_secs(10)).await,
        Err(evidence) => *evidence,
    }
}

#[tokio::test]
async fn a_test_message_waits_for_its_code_and_the_evidence_never_has_it() {
    let world = World::start(None, &[]).unwrap();
    let (surroundings, plan) = surroundings(&world, |_| {}).await;
    let evidence = run(&surroundings, &plan, "alerting_configured").await;
    // Taken by all is not seen by anybody: golive cannot know yet.
    assert_eq!(evidence.outcome, Outcome::Error, "{}", evidence.summary);
    assert!(
        evidence.summary.as_str().contains("the code that went to email has not come back"),
        "{}",
        evidence.summary
    );
    let code = world.code().unwrap();
    let waiting: Vec<_> = test::waiting(&evidence).collect();
    assert_eq!(waiting.len(), 1);
    assert!(test::fits(&code, waiting[0].1) && test::fits(&code.to_lowercase().replace('-', " "), waiting[0].1));
    assert!(!test::fits("AAAA-AAAA", waiting[0].1) && !test::fits("", waiting[0].1));
    assert!(!serde_json::to_string(&evidence).unwrap().contains(&code), "the code is in the message alone");
    assert!(evidence.outlives_deployment);
}

#[tokio::test]
async fn a_notifier_that_takes_nothing_fails_the_test_by_name() {
    let world = World::start(None, &[]).unwrap();
    let (surroundings, plan) = surroundings(&world, |plan| {
        let slack = plan.notifiers.iter_mut().find(|notifier| notifier.id.as_str() == "slack").unwrap();
        slack.options.insert("url".into(), "https://hooks.slack.com/services/FAKE-elsewhere".into());
    })
    .await;
    for id in ["alerting_configured", "alerts_configured"] {
        let evidence = run(&surroundings, &plan, id).await;
        assert_eq!(evidence.outcome, Outcome::Fail, "{id}: {}", evidence.summary);
        assert!(evidence.summary.as_str().contains("slack: 404"), "{id}: {}", evidence.summary);
    }
    let none = Plan { notifiers: Vec::new(), ..plan.clone() };
    let inside = Surroundings {
        values: surroundings.values.clone(),
        folder: plan.folder.clone(),
        trusted: true,
        clock: clock::now,
        network: Network::new(&plan.network, &plan.folder).unwrap(),
        notifiers: Roster::new(&none, &surroundings.values, true),
    };
    let evidence = run(&Arc::new(inside), &plan, "alerts_configured").await;
    assert_eq!(evidence.outcome, Outcome::Fail);
    assert!(evidence.summary.as_str().contains("the plan has no notifier"), "{}", evidence.summary);
}

#[tokio::test]
async fn each_notifier_can_be_reached_without_anybody_being_told() {
    let world = World::start(None, &[]).unwrap();
    let (surroundings, _) = surroundings(&world, |_| {}).await;
    for to in ["slack", "email", "webhook", "terminal"] {
        let reached = surroundings.notifiers.reach(&NotifierId::new(to), &surroundings.network, clock::now).await;
        reached.unwrap_or_else(|refused| panic!("{to}: {refused:?}"));
    }
    assert!(world.arrived().is_empty());
}
