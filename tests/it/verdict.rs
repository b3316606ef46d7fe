//! The verdict's properties (DECISIONS 8): whatever happened, it is never better than the evidence.

use std::time::Duration;

use golive::core::decide::{Command, decide};
use golive::core::event::{Body, ItemEvent, Subject};
use golive::core::state::State;
use golive::core::verdict::{self, Answer, Inquiry, Scope, Verdict, next_change};
use golive::model::alert::Level;
use golive::model::id::{AlertId, CheckId, ItemId};
use golive::model::operator::{Actor, Operator, Provenance};
use golive::model::text::SafeText;
use golive::model::word::{Outcome, Question};
use proptest::prelude::*;

use crate::scenario::{Story, finished, plan_of, plan_with, with_rollback, words};

/// Something that may happen in a random story.
#[derive(Clone, Debug)]
enum Happening {
    Result { check: usize, outcome: Outcome },
    Wait { seconds: u64 },
    Sign { item: usize },
    WaiveCheck { check: usize },
    WaiveItem { item: usize },
    Object { item: usize },
}

const CHECKS: &[&str] = &[
    "root critical fresh 1m",
    "middle warning on root fresh 1m",
    "leaf critical on middle fresh 2m",
    "loose warning fresh 1m",
    "footnote advice fresh 1m",
    "hard critical must-hold fresh 1m",
];
const ITEMS: &[&str] = &[
    "pre_deployment data: checks leaf hard",
    "pre_deployment people: 1 signature",
    "pre_deployment nice: 1 signature, warning",
    "rollback ready: checks loose",
];

const ALERTS: &[&str] = &[
    "shaky critical for 10s: failures(\"loose\", duration(\"5m\")) >= 2",
    "noted warning keep 30s: failures(\"footnote\", duration(\"2m\")) >= 1",
    "misconfigured critical: failing(\"system\") >= 3",
];

fn check(number: usize) -> &'static str {
    CHECKS[number % CHECKS.len()].split_whitespace().next().unwrap()
}

fn item(number: usize) -> ItemId {
    let line = ITEMS[number % ITEMS.len()];
    ItemId::new(line.split(':').next().unwrap().split_whitespace().nth(1).unwrap())
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![4 => Just(Outcome::Pass), 1 => Just(Outcome::Warn), 1 => Just(Outcome::Error), 1 => Just(Outcome::Fail)]
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let one = prop_oneof![
        6 => (0usize..6, outcomes()).prop_map(|(check, outcome)| Happening::Result { check, outcome }),
        1 => (1u64..90).prop_map(|seconds| Happening::Wait { seconds }),
        2 => (0usize..4).prop_map(|item| Happening::Sign { item }),
        1 => (0usize..6).prop_map(|check| Happening::WaiveCheck { check }),
        1 => (0usize..4).prop_map(|item| Happening::WaiveItem { item }),
        1 => (0usize..4).prop_map(|item| Happening::Object { item }),
    ];
    proptest::collection::vec(one, 0..40)
}

fn begin() -> Story {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    Story::begin(plan_with(&lines(CHECKS), &lines(ITEMS), &lines(ALERTS)))
}

fn operator() -> Operator {
    Operator::new("thandi", Provenance::Os)
}

fn tell(story: &mut Story, happening: &Happening) {
    let reason = || "accepted".to_owned();
    let until = story.now.at + Duration::from_secs(3_600);
    let command = match happening {
        Happening::Result { check: number, outcome } => {
            let body = finished(story, check(*number), *outcome, "usual");
            return story.happens(Actor::Golive, body);
        }
        Happening::Wait { seconds } => return story.wait(Duration::from_secs(*seconds)),
        Happening::Sign { item: number } => Command::Sign { item: item(*number), note: None },
        Happening::WaiveCheck { check: number } => {
            Command::Waive { subject: Subject::Check(CheckId::new(check(*number))), reason: reason(), until }
        }
        Happening::WaiveItem { item: number } => {
            Command::Waive { subject: Subject::Item(item(*number)), reason: reason(), until }
        }
        Happening::Object { item: number } => Command::Object { item: item(*number), reason: reason() },
    };
    for body in decide(&story.state, &command, &operator(), story.now).unwrap_or_default() {
        story.happens(Actor::Operator(operator()), body);
    }
}

fn told(happenings: &[Happening]) -> Story {
    let mut story = begin();
    happenings.iter().for_each(|happening| tell(&mut story, happening));
    story
}

fn judged(state: &State, story: &Story) -> Verdict {
    verdict::verdict(state, &Inquiry { question: Question::Deploy, scope: Scope::All }, story.now)
}

fn answer(story: &Story) -> Answer {
    judged(&story.state, story).answer()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_verdict_but_go_has_reasons(happenings in happenings()) {
        let story = told(&happenings);
        let verdict = judged(&story.state, &story);
        prop_assert_eq!(verdict.answer() == Answer::Go, verdict.reasons().is_empty());
        prop_assert!(verdict.reasons().iter().all(|reason| !reason.message.is_empty() && reason.weight > Answer::Go));
        prop_assert!(verdict.would_be() <= verdict.answer());
    }

    #[test]
    fn a_worse_latest_result_never_improves_it(
        happenings in happenings(), number in 0usize..6, one in outcomes(), other in outcomes(),
    ) {
        let (better, worse) = (one.min(other), one.max(other));
        let mut good = told(&happenings);
        let mut bad = told(&happenings);
        tell(&mut good, &Happening::Result { check: number, outcome: better });
        tell(&mut bad, &Happening::Result { check: number, outcome: worse });
        prop_assert!(answer(&bad) >= answer(&good), "{better} gave {:?}, {worse} gave {:?}", answer(&good), answer(&bad));
    }

    /// Without any event: a waiver or a soak ends by an event of its own.
    #[test]
    fn time_alone_never_improves_it(happenings in happenings(), seconds in 0u64..7_200) {
        let story = told(&happenings);
        let later = story.now.after(Duration::from_secs(seconds));
        let inquiry = Inquiry { question: Question::Deploy, scope: Scope::All };
        let then = verdict::verdict(&story.state, &inquiry, later);
        prop_assert!(then.answer() >= answer(&story));
    }

    #[test]
    fn taking_a_favourable_decision_away_never_improves_it(happenings in happenings(), number in 0usize..40) {
        let decisions: Vec<usize> = (0..happenings.len())
            .filter(|at| matches!(happenings[*at], Happening::Sign { .. } | Happening::WaiveCheck { .. } | Happening::WaiveItem { .. }))
            .collect();
        prop_assume!(!decisions.is_empty());
        let mut without = happenings.clone();
        without.remove(decisions[number % decisions.len()]);
        prop_assert!(answer(&told(&without)) >= answer(&told(&happenings)));
    }

    #[test]
    fn results_of_different_checks_commute(happenings in happenings(), one in outcomes(), other in outcomes()) {
        let first = Happening::Result { check: 0, outcome: one };
        let second = Happening::Result { check: 3, outcome: other };
        let mut forward = told(&happenings);
        let mut backward = told(&happenings);
        for happening in [&first, &second] { tell(&mut forward, happening); }
        for happening in [&second, &first] { tell(&mut backward, happening); }
        prop_assert_eq!(judged(&forward.state, &forward).reasons().len(), judged(&backward.state, &backward).reasons().len());
        prop_assert_eq!(answer(&forward), answer(&backward));
    }

    /// DECISIONS 7: silencing and acknowledging mute people, never the verdict.
    #[test]
    fn no_word_about_an_alert_changes_it(happenings in happenings(), number in 0usize..3) {
        let mut story = told(&happenings);
        let before = answer(&story);
        let alert = AlertId::new(ALERTS[number].split_whitespace().next().unwrap());
        let until = story.now.at + Duration::from_secs(600);
        let silence = Command::Silence { alert: alert.clone(), reason: "known".to_owned(), until };
        for command in [silence, Command::Acknowledge { alert, note: None }] {
            for body in decide(&story.state, &command, &operator(), story.now).unwrap_or_default() {
                story.happens(Actor::Operator(operator()), body);
            }
        }
        prop_assert_eq!(answer(&story), before);
    }

    /// What fires counts by its level until it is over: critical is NO-GO, all else at least a warning.
    #[test]
    fn what_fires_counts(happenings in happenings()) {
        let story = told(&happenings);
        for (rule, known) in story.state.alerts().filter(|(_, known)| known.is_firing()) {
            let least = if rule.level == Level::Critical { Answer::NoGo } else { Answer::GoWithWarnings };
            prop_assert!(answer(&story) >= least, "{} fires: {:?}", rule.id, known);
        }
    }

    #[test]
    fn trouble_with_the_journal_is_at_least_hold(happenings in happenings()) {
        let mut story = told(&happenings);
        let before = answer(&story);
        story.state.set_trouble(Some(SafeText::from_foreign("disk full")));
        prop_assert!(answer(&story) >= Answer::Hold.max(before));
    }

    /// Between now and `next_change` the verdict stays what it is: nobody has to look in between.
    #[test]
    fn nothing_changes_before_next_change(happenings in happenings(), share in 0.0f64..0.999) {
        let story = told(&happenings);
        if let Some(next) = next_change(&story.state, story.now) {
            let span = next.duration_since(story.now.at).unsigned_abs();
            let earlier = story.now.after(span.mul_f64(share));
            let inquiry = Inquiry { question: Question::Deploy, scope: Scope::All };
            prop_assert_eq!(verdict::verdict(&story.state, &inquiry, earlier).answer(), answer(&story));
        }
    }

    /// A late answer of a run that is no longer the latest changes nothing.
    #[test]
    fn an_older_runs_result_changes_nothing(happenings in happenings(), outcome in outcomes(), late in outcomes()) {
        let mut story = told(&happenings);
        let older = finished(&story, "root", late, "usual");
        let body = finished(&story, "root", outcome, "usual");
        let newer = match body {
            Body::Check(golive::core::event::CheckEvent::Finished(mut finished)) => {
                finished.effect.0 += 1;
                Body::Check(golive::core::event::CheckEvent::Finished(finished))
            }
            other => other,
        };
        story.happens(Actor::Golive, newer);
        let before = judged(&story.state, &story);
        story.happens(Actor::Golive, older);
        prop_assert_eq!(judged(&story.state, &story), before);
    }
}

#[test]
fn a_machines_verdict_lists_people_and_is_not_held_by_them() {
    let mut story = begin();
    for number in 0..CHECKS.len() {
        tell(&mut story, &Happening::Result { check: number, outcome: Outcome::Pass });
    }
    let machines =
        verdict::verdict(&story.state, &Inquiry { question: Question::Deploy, scope: Scope::Machines }, story.now);
    assert_eq!(machines.answer(), Answer::Go);
    assert_eq!(machines.waiting().len(), 2, "what waits is told all the same");
    assert_eq!(answer(&story), Answer::Hold);
}

#[test]
fn a_decision_without_a_person_behind_it_decides_nothing() {
    let mut story = begin();
    let digest = SafeText::from_foreign("any");
    let signed = Body::Item(ItemEvent::Signed { item: ItemId::new("people"), digest, note: None });
    story.happens(Actor::Golive, signed);
    assert!(story.state.item(&ItemId::new("people")).unwrap().1.signatures.is_empty());
}

#[test]
fn a_clock_that_was_set_begins_no_rollback() {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let says = lines(&["when step release", "unattended", "countdown 2m"]);
    let plan = with_rollback(&plan_of(&[], &lines(&["deployment release: step"])), &lines(&["switch"]), &says);
    let mut story = Story::begin(plan);
    words::happen(&mut story, "thandi starts release").unwrap();
    words::happen(&mut story, "release breaks").unwrap();
    assert_eq!(words::stage(&story.state), "recommended");
    // The wall clock leaps; the clock that counts since boot knows that no time has passed.
    story.now.at += Duration::from_secs(86_400);
    story.wait(Duration::ZERO);
    assert_eq!(words::stage(&story.state), "recommended");
    story.wait(Duration::from_secs(120));
    assert_eq!(words::stage(&story.state), "running switch");
}
