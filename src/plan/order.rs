//! What a check stands on where its plan says nothing of it: of one host, the name before the connection, that before
//! TLS, TLS before what is asked over it, and that before a flow. So one dead host is one cause and not five.

use std::collections::BTreeSet;

use crate::model::id::CheckId;
use crate::model::kind::{KindSpec, Touch};
use crate::model::plan::{Check, Run};
use crate::plan::document::Document;

/// The order in which a request meets them.
const ORDER: &[(&str, u8)] =
    &[("dns", 0), ("tcp", 1), ("tls", 2), ("http", 3), ("websocket", 3), ("grpc", 3), ("flow", 4)];

/// A host, and the port where the check is about one; nothing says "all of it".
type Place = (String, Option<u16>);

/// The checks whose plan does not say what they stand on; an empty list says "nothing".
pub(super) fn silent(document: &Document) -> BTreeSet<CheckId> {
    let checks = document.checks.iter().filter(|(_, check)| check.common.depends_on.is_none());
    checks.map(|(id, _)| CheckId::new(id)).collect()
}

/// Lets each silent check stand on the nearest kind below it, as far as that is about its own hosts alone.
pub(super) fn stand_on_each_other(checks: &mut [Check], silent: &BTreeSet<CheckId>, kinds: &[KindSpec]) {
    let ranks: Vec<Option<u8>> = checks.iter().map(|check| rank(check.kind.as_str())).collect();
    let places: Vec<Vec<Place>> = checks.iter().map(|check| places(check, kinds)).collect();
    for at in 0..checks.len() {
        let Some(own) = ranks[at].filter(|_| silent.contains(&checks[at].id)) else { continue };
        let below = |other: &usize| {
            let lower = ranks[*other].filter(|rank| *rank < own).is_some();
            let scheduled = checks[*other].run == Run::Scheduled && !places[*other].is_empty();
            lower && scheduled && places[*other].iter().all(|place| places[at].iter().any(|own| holds(place, own)))
        };
        let below: Vec<usize> = (0..checks.len()).filter(below).collect();
        let nearest = below.iter().filter_map(|other| ranks[*other]).max();
        for other in below.into_iter().filter(|other| ranks[*other] == nearest) {
            // Whoever stands on this one already, by the plan's own word, stays where it is.
            if !stands_on(checks, other, at) {
                let id = checks[other].id.clone();
                checks[at].depends_on.push(id);
            }
        }
    }
}

fn rank(kind: &str) -> Option<u8> {
    ORDER.iter().find(|(known, _)| *known == kind).map(|(_, rank)| *rank)
}

/// Whether what holds at the lower place is needed at the upper one.
fn holds(lower: &Place, upper: &Place) -> bool {
    lower.0 == upper.0 && (lower.1.is_none() || lower.1 == upper.1)
}

/// The places that a check asks. A name has no port; what names none is asked at that of its scheme.
fn places(check: &Check, kinds: &[KindSpec]) -> Vec<Place> {
    let Some(spec) = kinds.iter().find(|spec| spec.name == check.kind.as_str()) else { return Vec::new() };
    let url = check.options.get("url").and_then(serde_json::Value::as_str).unwrap_or_default();
    let plain = url.starts_with("http://") || url.starts_with("ws://");
    let usual = if plain { 80 } else { 443 };
    let place = |touch: Touch| match touch {
        Touch::Host(host) if check.kind.as_str() == "dns" => Some((host.to_lowercase(), None)),
        Touch::Host(host) => Some(match host.rsplit_once(':').map(|(bare, port)| (bare, port.parse())) {
            Some((bare, Ok(port))) => (bare.to_lowercase(), Some(port)),
            Some(_) | None => (host.to_lowercase(), Some(usual)),
        }),
        Touch::File(_) | Touch::Command(_) => None,
    };
    (spec.touches)(&check.options).into_iter().filter_map(place).collect()
}

/// Whether one check stands on another, directly or through others.
fn stands_on(checks: &[Check], from: usize, on: usize) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(at) = open.pop() {
        if at == on {
            return true;
        }
        if seen.insert(at) {
            let below = |id: &CheckId| checks.iter().position(|check| check.id == *id);
            open.extend(checks[at].depends_on.iter().filter_map(below));
        }
    }
    false
}
