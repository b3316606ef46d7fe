//! What follows by itself: phases that open, waivers that end, signatures that no longer fit, soaks that pass or break.
//!
//! Each is an event of its own, journalled over the evidence of the moment, so that replay needs no rules.

mod gate;
mod rollback;
mod tasks;

use crate::core::digest;
use crate::core::event::{Body, CeremonyEvent, ItemEvent, NoticeEvent, Purpose, SessionEvent, Subject};
use crate::core::rotation;
use crate::core::state::{ItemState, Soaking, State};
use crate::core::status::{self, CheckStatus};
use crate::model::id::CheckId;
use crate::model::item::{Item, Soak};
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::{Outcome, Phase, Severity};

/// What follows by itself from a state at a moment. Applied and asked again until nothing more follows.
#[must_use]
pub fn consequences(state: &State, now: Now) -> Vec<Body> {
    let mut follows = notices(state, now);
    if state.session().ended.is_some() {
        return follows;
    }
    follows.extend(rollback::bodies(state, now));
    follows.extend(window(state, now));
    follows.extend(post_deployment(state, now));
    follows.extend(gate::opens(state, now));
    follows.extend(gate::closes(state, now));
    follows.extend(rotation::consequences(state, now));
    follows.extend(rotation_done(state));
    follows.extend(tasks::bodies(state, now));
    for (check, known) in state.checks() {
        if known.waiver.as_ref().is_some_and(|waiver| waiver.until <= now.at) {
            follows.push(ended(Subject::Check(check.id.clone())));
        }
    }
    for (item, known) in state.items() {
        if known.waiver.as_ref().is_some_and(|waiver| waiver.until <= now.at) {
            follows.push(ended(Subject::Item(item.id.clone())));
        }
        follows.extend(claim_ended(state, item, known, now));
        follows.extend(reopened(state, item, known, now));
        follows.extend(item.soak.as_ref().and_then(|soak| soaking(state, item, known, soak, now)));
    }
    follows
}

/// "I am on it" stands for a while: whoever has gone home is on nothing.
fn claim_ended(state: &State, item: &Item, known: &ItemState, now: Now) -> Option<Body> {
    let claim = known.claim.as_ref()?;
    let stands = state.plan().limits.claims;
    let age = now.at.duration_since(claim.at);
    let over = !age.is_negative() && age.unsigned_abs() >= stands.0;
    let why = SafeText::from_foreign(&format!("{} said so {stands} ago", claim.by));
    over.then(|| Body::Item(ItemEvent::ClaimEnded { item: item.id.clone(), why }))
}

/// A window that opens or closes: only an event makes a verdict better.
fn window(state: &State, now: Now) -> Option<Body> {
    let planned = &state.plan().ceremony;
    let open = planned.has_window() && planned.is_open(now.at);
    match (open, state.ceremony().window_open) {
        (true, false) => Some(Body::Ceremony(CeremonyEvent::WindowOpened)),
        (false, true) => Some(Body::Ceremony(CeremonyEvent::WindowClosed)),
        (true, true) | (false, false) => None,
    }
}

/// Every change that somebody has to hear of is queued, and what cannot be told any more is put aside.
fn notices(state: &State, now: Now) -> Vec<Body> {
    let notices = state.notices();
    let queued = notices.owed().map(|notice| NoticeEvent::Queued(Box::new(notice.clone())));
    let given_up = notices
        .given_up(&state.plan().notifiers, now)
        .map(|(key, why)| NoticeEvent::DeadLettered { key: key.clone(), why: SafeText::bounded(&why, 300) });
    queued.chain(given_up).map(Body::Notice).collect()
}

fn ended(subject: Subject) -> Body {
    Body::Item(ItemEvent::WaiverEnded { subject, why: SafeText::from_foreign("its time is over") })
}

/// A session that was opened for a rotation is done with it.
fn rotation_done(state: &State) -> Option<Body> {
    let mut walks = state.rotations();
    let is_done = walks.len() > 0 && walks.all(|(_, walk)| !walk.is_under_way());
    (state.session().purpose == Purpose::Rotation && is_done).then_some(Body::Session(SessionEvent::Closed))
}

/// Post-deployment opens when the deployment's critical items are settled or waived.
fn post_deployment(state: &State, now: Now) -> Option<Body> {
    let session = state.session();
    if !session.is_open(Some(Phase::Deployment)) || session.is_open(Some(Phase::PostDeployment)) {
        return None;
    }
    let mut critical =
        state.items().filter(|(item, _)| item.phase == Phase::Deployment && item.severity == Severity::Critical);
    let done = critical.all(|(item, known)| status::item_status(state, item, known, now).is_done());
    done.then_some(Body::Session(SessionEvent::PhaseOpened { phase: Phase::PostDeployment }))
}

/// Worse or different evidence strikes signatures out. Stale evidence only suspends them, and a run under way or a
/// check that is blocked says nothing new yet.
fn reopened(state: &State, item: &Item, known: &ItemState, now: Now) -> Option<Body> {
    if known.signatures.is_empty() {
        return None;
    }
    let undecided = |id: &CheckId| {
        let position = state.index().check(id)?;
        matches!(status::check_status(state, position, now), CheckStatus::Missing | CheckStatus::Running).then_some(())
    };
    if item.checks.iter().any(|id| undecided(id).is_some()) {
        return None;
    }
    let current = digest::of_item(state, item);
    if known.signatures.iter().all(|signature| signature.digest == current) {
        return None;
    }
    let why = SafeText::from_foreign("the evidence under the signature is another now");
    Some(Body::Item(ItemEvent::Reopened { item: item.id.clone(), why }))
}

fn soaking(state: &State, item: &Item, known: &ItemState, soak: &Soak, now: Now) -> Option<Body> {
    if !state.session().is_open(Some(item.phase)) {
        return None;
    }
    let loud = loudest(state, soak.no_alert_above, now);
    let id = item.id.clone();
    match (&known.soak, loud) {
        (Soaking::NotBegun | Soaking::Broken { .. }, None) => Some(Body::Item(ItemEvent::SoakStarted { item: id })),
        (Soaking::Since(_), Some(by)) => {
            let by = SafeText::from_foreign(&by);
            Some(Body::Item(ItemEvent::SoakBroken { item: id, by }))
        }
        (Soaking::Since(when), None) if now.since(*when).is_some_and(|quiet| quiet >= soak.length.0) => {
            Some(Body::Item(ItemEvent::Soaked { item: id }))
        }
        // A clock that went backwards cannot say how long it was quiet: begin anew.
        (Soaking::Since(when), None) if now.since(*when).is_none() => {
            let by = SafeText::from_foreign("a clock that went backwards");
            Some(Body::Item(ItemEvent::SoakBroken { item: id, by }))
        }
        (Soaking::NotBegun | Soaking::Broken { .. }, Some(_)) | (Soaking::Since(_), None) | (Soaking::Done(_), _) => {
            None
        }
    }
}

/// What breaks a quiet time: an alert above the level that fires, or a check above it that is not fresh and good.
fn loudest(state: &State, level: Severity, now: Now) -> Option<String> {
    let mut alerts = state.alerts().filter(|(rule, known)| known.is_firing() && rule.level.severity() > level);
    let alert = alerts.next().map(|(rule, _)| format!("the alert {}", rule.id));
    alert.or_else(|| loudest_check(state, level, now))
}

fn loudest_check(state: &State, level: Severity, now: Now) -> Option<String> {
    (0..state.plan().checks.len()).find_map(|position| {
        let (check, known) = state.check_at(position);
        let counts = check.severity > level && state.session().is_open(check.phase);
        let waived = status::is_waived(known.waiver.as_ref(), check.waivable, now);
        let good =
            matches!(status::check_status(state, position, now), CheckStatus::Fresh(Outcome::Pass | Outcome::Warn));
        (counts && !waived && !good && check.run == crate::model::plan::Run::Scheduled).then(|| check.id.to_string())
    })
}
