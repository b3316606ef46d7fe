//! Who is told: the rule's own list when it fires, those of its escalation when nobody looked, and whoever was told
//! that it fires when somebody looked or it is over. Silence and a cause that is told already keep new ones out, and
//! never keep the end from those who heard the beginning.

use std::sync::Arc;

use crate::core::event::{AlertEvent, Event, Purpose};
use crate::core::notice::{About, Happened, Notice, NoticeKey, OfAlert};
use crate::core::state::State;
use crate::core::state::notices::health::News;
use crate::model::id::{AlertId, NotifierId};
use crate::model::operator::Actor;
use crate::model::text::SafeText;

/// A check in a script tells nobody: whoever ran it reads its answer.
fn tells(state: &State) -> bool {
    state.session.purpose != Purpose::Check
}

pub(super) fn of_alert(state: &mut State, body: &AlertEvent, event: &Event) {
    let Some(alert) = body.alert().cloned() else { return };
    let Some((rule, known)) = state.alert(&alert) else { return };
    if !tells(state) {
        return;
    }
    let muted = known.silence.is_some() || known.held_by.is_some();
    let firing = known.is_firing();
    let own = || rule.notify.clone();
    let (happened, transition, to) = match body {
        AlertEvent::Fired { transition, .. } => {
            let fired = Arc::make_mut(&mut state.notices);
            fired.fired.insert(alert.clone(), *transition);
            fired.told.remove(&alert);
            let names = state.alert(&alert).map(|(rule, _)| rule.notify.clone()).unwrap_or_default();
            (Happened::Fired, *transition, if muted { Vec::new() } else { names })
        }
        AlertEvent::Released { transition, .. } => {
            (Happened::Fired, *transition, if muted { Vec::new() } else { own() })
        }
        // Still firing when the silence is over: whoever was not told hears of it now.
        AlertEvent::SilenceEnded { .. } if firing && !muted => {
            let transition = state.notices.fired.get(&alert).copied().unwrap_or_default();
            (Happened::Fired, transition, own())
        }
        AlertEvent::Escalated { transition, to, .. } => {
            (Happened::Escalated, *transition, if muted { Vec::new() } else { to.clone() })
        }
        AlertEvent::Acknowledged { transition, .. } => (
            Happened::Acknowledged,
            *transition,
            if known.silence.is_some() { Vec::new() } else { told(state, &alert) },
        ),
        AlertEvent::Resolved { transition, .. } => (Happened::Resolved, *transition, told(state, &alert)),
        _ => return,
    };
    owe(state, &alert, (happened, transition), to, body, event);
}

fn told(state: &State, alert: &AlertId) -> Vec<String> {
    state.notices.told.get(alert).into_iter().flatten().map(ToString::to_string).collect()
}

fn owe(
    state: &mut State,
    alert: &AlertId,
    (happened, transition): (Happened, u64),
    to: Vec<String>,
    body: &AlertEvent,
    event: &Event,
) {
    let Some(about) = about(state, alert, happened, body, event) else { return };
    for name in to {
        let to = NotifierId::new(&name);
        // A second "it fires" is no news to who heard the first.
        let heard = state.notices.told.get(alert).is_some_and(|told| told.contains(&to));
        if happened == Happened::Fired && heard {
            continue;
        }
        let key = NoticeKey::new(&state.session.id, alert.as_str(), transition, &to);
        let notice = notice(state, key, &to, About::Alert(Box::new(about.clone())), event);
        let notices = Arc::make_mut(&mut state.notices);
        notices.owe(notice);
        if matches!(happened, Happened::Fired | Happened::Escalated) {
            notices.told.entry(alert.clone()).or_default().insert(to);
        }
    }
    if happened == Happened::Resolved {
        Arc::make_mut(&mut state.notices).told.remove(alert);
    }
}

fn about(state: &State, alert: &AlertId, happened: Happened, body: &AlertEvent, event: &Event) -> Option<OfAlert> {
    let (rule, known) = state.alert(alert)?;
    let text = |text: &Option<SafeText>| text.clone().unwrap_or_else(SafeText::empty);
    let written = |text: &Option<String>| text.as_ref().map(|text| SafeText::bounded(text, 300));
    let (by, note) = match (body, &event.actor) {
        (AlertEvent::Acknowledged { note, .. }, Actor::Operator(by)) => {
            (Some(SafeText::from_foreign(&by.to_string())), note.clone())
        }
        _ => (None, None),
    };
    Some(OfAlert {
        alert: alert.clone(),
        title: SafeText::bounded(rule.title.as_deref().unwrap_or(rule.id.as_str()), 120),
        level: rule.level,
        happened,
        value: text(&known.value),
        threshold: text(&known.threshold),
        by,
        note,
        impact: written(&rule.impact),
        remedy: written(&rule.remedy),
    })
}

/// A notifier that is down is itself told of, to those that are not.
pub(super) fn of_notifier(state: &mut State, notifier: &NotifierId, news: &News, event: &Event) {
    if !tells(state) {
        return;
    }
    let sound = |id: &NotifierId| state.notices.health.get(id).is_none_or(|health| health.failures == 0);
    let others = state
        .plan
        .notifiers
        .iter()
        .filter(|other| other.id != *notifier && other.takes_notices() && (sound(&other.id) || !news.down));
    let others: Vec<NotifierId> = others.map(|other| other.id.clone()).collect();
    for to in others {
        let lane = format!("notifier-{notifier}");
        let key = NoticeKey::new(&state.session.id, &lane, news.turn, &to);
        let about = About::Notifier { notifier: notifier.clone(), down: news.down, why: news.why.clone() };
        let notice = notice(state, key, &to, about, event);
        Arc::make_mut(&mut state.notices).owe(notice);
    }
}

fn notice(state: &State, key: NoticeKey, to: &NotifierId, about: About, event: &Event) -> Notice {
    Notice {
        key,
        to: to.clone(),
        at: event.at,
        service: SafeText::bounded(&state.plan.service.name, 80),
        environment: SafeText::bounded(&state.plan.service.environment, 40),
        about,
        // The fold knows no hashes; whoever keeps the journal puts it in.
        head: None,
    }
}
