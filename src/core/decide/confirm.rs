//! A code that was typed back: the proof that a message was seen where it was sent to. What the check found becomes a
//! pass when the last code is there.

use std::time::Duration;

use crate::core::decide::Refusal;
use crate::core::event::{Body, CheckEvent, Finished, NoticeEvent};
use crate::core::evidence::{Evidence, Fact, LONGEST_SUMMARY};
use crate::core::notice::test;
use crate::core::state::State;
use crate::model::id::{CheckId, NotifierId};
use crate::model::operator::Operator;
use crate::model::text::SafeText;
use crate::model::word::Outcome;

pub(super) fn confirm(state: &State, id: &CheckId, code: &str, by: &Operator) -> Result<Vec<Body>, Refusal> {
    let (_, known) = state.check(id).ok_or_else(|| Refusal::new(format!("the plan has no check {id}")))?;
    let none = || Refusal::new(format!("{id} waits for no code")).instead("let it run again: each run sends new codes");
    let evidence = &known.latest.as_ref().ok_or_else(none)?.evidence;
    if test::waiting(evidence).next().is_none() {
        return Err(none());
    }
    let Some(notifier) = test::waiting(evidence).find(|(_, digest)| test::fits(code, digest)).map(|(name, _)| name)
    else {
        return Err(Refusal::new("that is none of the codes that were sent")
            .instead("type the code of the latest message, as it stands there"));
    };
    let finished = Finished {
        check: id.clone(),
        effect: state.next_effect(),
        lateness: Duration::ZERO,
        took: known.latest.as_ref().map_or(Duration::ZERO, |latest| latest.took),
        evidence: confirmed(evidence, notifier, by),
    };
    Ok(vec![
        Body::Notice(NoticeEvent::Confirmed { check: id.clone(), notifier: NotifierId::new(notifier) }),
        Body::Check(CheckEvent::Finished(Box::new(finished))),
    ])
}

fn confirmed(evidence: &Evidence, notifier: &str, by: &Operator) -> Evidence {
    let mut next = evidence.clone();
    for fact in &mut next.facts {
        if test::code_of(fact) == Some(notifier) {
            let value = SafeText::bounded(&format!("its code came back, typed by {by}"), 200);
            *fact = Fact { name: SafeText::bounded(&format!("{notifier} seen"), 60), value, material: true };
        }
    }
    let waiting: Vec<&str> = test::waiting(&next).map(|(name, _)| name).collect();
    let summary = if waiting.is_empty() {
        "every test message arrived, and every code came back".to_owned()
    } else {
        format!("the code that went to {} has not come back yet", waiting.join(", "))
    };
    if waiting.is_empty() {
        (next.outcome, next.failure, next.remedy) = (Outcome::Pass, None, None);
    }
    next.summary = SafeText::bounded(&summary, LONGEST_SUMMARY);
    next
}
