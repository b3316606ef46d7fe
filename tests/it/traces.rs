//! A session as a trace: one root, a span for each thing that took time, ids that a collector takes, the same each time.

use std::collections::BTreeSet;

use golive::core::event::{Body, CheckEvent};
use golive::core::state::State;
use golive::report::traces::traces;
use serde_json::Value as Json;

use crate::alerts::failing_payments;
use crate::cli_kit::Home;

fn spans(traces: &Json) -> &Vec<Json> {
    traces["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap()
}

fn nanos(span: &Json, key: &str) -> i128 {
    span[key].as_str().unwrap().parse().unwrap()
}

/// What holds of every trace.
fn is_sound(trace: &Json) {
    let spans = spans(trace);
    let (root, below) = spans.split_first().unwrap();
    assert!(root.get("parentSpanId").is_none());
    let hex = |span: &Json, key: &str, digits: usize| {
        let id = span[key].as_str().unwrap();
        id.len() == digits && id.bytes().all(|byte| byte.is_ascii_hexdigit()) && id.bytes().any(|byte| byte != b'0')
    };
    for span in spans {
        assert!(hex(span, "traceId", 32) && hex(span, "spanId", 16), "{span}");
        assert_eq!(span["traceId"], root["traceId"]);
        assert!(nanos(span, "startTimeUnixNano") <= nanos(span, "endTimeUnixNano"), "{span}");
    }
    assert!(below.iter().all(|span| span["parentSpanId"] == root["spanId"]));
    let ids: BTreeSet<_> = spans.iter().map(|span| span["spanId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), spans.len(), "each has an id of its own");
}

#[test]
fn checks_alerts_and_notices_of_a_session_are_spans_of_one_trace() {
    let story = failing_payments();
    let trace = traces(&story.events, &story.state);
    is_sound(&trace);
    assert_eq!(trace, traces(&story.events, &State::fold(&story.events).unwrap()), "the same each time");
    let named = |name: &str| spans(&trace).iter().filter(|span| span["name"] == name).collect::<Vec<_>>();
    let runs = story.events.iter().filter(|event| {
        matches!(&event.body, Body::Check(CheckEvent::Finished(finished)) if finished.check.as_str() == "payments_ok")
    });
    assert_eq!(named("check payments_ok").len(), runs.count());
    let took =
        named("check payments_ok").iter().map(|span| nanos(span, "endTimeUnixNano") - nanos(span, "startTimeUnixNano"));
    assert!(took.into_iter().all(|took| took == 20_000_000));
    let alert = named("alert payment_processing_failure");
    assert_eq!((alert.len(), &alert[0]["status"]["code"]), (1, &2.into()), "it fires to the end");
    assert_eq!(named("notice to slack").len(), story.state.notices().posted().count());
    let root = &spans(&trace)[0];
    let told =
        root["events"].as_array().unwrap().iter().any(|event| event["name"].as_str().unwrap().contains("alert fires"));
    assert!(told, "{root:#}");
}

#[test]
fn a_kept_session_comes_out_as_a_trace() {
    let home = Home::new();
    assert_eq!(home.golive(&["check"]).code, Some(0));
    let list = home.golive(&["sessions", "--format", "json"]).json();
    let trace = home.golive(&["traces", list[0]["id"].as_str().unwrap()]);
    assert_eq!(trace.code, Some(0));
    is_sound(&trace.json());
    assert!(spans(&trace.json()).iter().any(|span| span["name"] == "check notes_there"));
    assert_eq!(home.golive(&["traces", "01NOSUCH"]).code, Some(2));
}
