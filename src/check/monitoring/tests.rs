//! `monitoring` against listeners that answer as Prometheus, Alertmanager and an error tracker do.

use std::sync::{Arc, Mutex};

use crate::check::kit::{self, listener};
use crate::model::failure::FailureClass;
use crate::model::word::Outcome;

fn json(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A listener that answers by path, as `promtool` would see a small installation.
fn installation() -> (u16, Arc<Mutex<String>>) {
    listener::routed(|head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        match path {
            "/-/ready" => json("ready"),
            "/api/v1/query?query=up" => json(
                r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"academy","instance":"web-1"},"value":[1,"1"]},{"metric":{"job":"queue","instance":"q-1"},"value":[1,"0"]}]}}"#,
            ),
            "/api/v1/query?query=payments_total" => {
                json(r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"42"]}]}}"#)
            }
            "/api/v1/query?query=rate%28x%5B5m%5D%29" => {
                json(r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#)
            }
            "/api/v1/rules?type=alert" => json(
                r#"{"status":"success","data":{"groups":[{"rules":[{"name":"PaymentFailures","health":"ok"},{"name":"Broken","health":"err","lastError":"no such metric"}]}]}}"#,
            ),
            "/api/v2/receivers" => json(r#"[{"name":"oncall"}]"#),
            "/api/7/store/" => json(r#"{"id":"1"}"#),
            _ => "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n".to_owned(),
        }
    })
}

#[tokio::test]
async fn each_part_of_the_monitoring_is_asked_for_what_it_should_have() {
    let (port, _) = installation();
    let base = format!("http://127.0.0.1:{port}");
    let surroundings = kit::surroundings(&[("base", &base)]);
    for (keys, outcome, says) in [
        ("prometheus = \"{{ base }}\"", Outcome::Pass, "Prometheus is ready"),
        ("prometheus = \"{{ base }}\"\nup = [\"academy\"]", Outcome::Pass, "academy is up"),
        ("prometheus = \"{{ base }}\"\nup = [\"queue\"]", Outcome::Fail, "q-1 of job queue is not up"),
        ("prometheus = \"{{ base }}\"\nup = [\"mail\"]", Outcome::Fail, "scrapes no job mail"),
        ("prometheus = \"{{ base }}\"\nrules = [\"PaymentFailures\"]", Outcome::Pass, "its rule is loaded"),
        ("prometheus = \"{{ base }}\"\nrules = [\"Broken\"]", Outcome::Fail, "cannot be evaluated: no such metric"),
        ("prometheus = \"{{ base }}\"\nrules = [\"Gone\"]", Outcome::Fail, "no rule Gone"),
        ("prometheus = \"{{ base }}\"\nseries = [\"payments_total\"]", Outcome::Pass, "payments_total has samples"),
        ("prometheus = \"{{ base }}\"\nseries = [\"rate(x[5m])\"]", Outcome::Fail, "no samples of rate(x[5m])"),
        ("alertmanager = \"{{ base }}/\"\nreceivers = [\"oncall\"]", Outcome::Pass, "receiver oncall is there"),
        ("alertmanager = \"{{ base }}\"\nreceivers = [\"boss\"]", Outcome::Fail, "no receiver boss"),
        ("prometheus = \"\"", Outcome::Fail, "does not say where any monitoring is"),
        ("prometheus = \"\"\nalertmanager = \"{{ base }}\"\nup = [\"academy\"]", Outcome::Fail, "where Prometheus is"),
    ] {
        let evidence = kit::run("monitoring", keys, &surroundings).await;
        assert_eq!(evidence.outcome, outcome, "{keys}: {}", evidence.summary);
        assert!(evidence.summary.as_str().contains(says), "{keys}: {}", evidence.summary);
    }
}

#[tokio::test]
async fn the_error_tracker_takes_an_event_on_demand_and_only_answers_by_interval() {
    let (port, seen) = installation();
    let dsn = format!("http://FAKE-public-key@127.0.0.1:{port}/7");
    let surroundings = kit::surroundings_with_secret("dsn", &dsn);
    let keys = "error_tracker = \"{{ dsn }}\"";
    let evidence = kit::run("monitoring", keys, &surroundings).await;
    assert_eq!((evidence.outcome, evidence.summary.as_str()), (Outcome::Pass, "the error tracker answers"));
    assert!(!seen.lock().unwrap().contains("POST"));
    let mut check = kit::check("monitoring", keys);
    check.run = crate::model::plan::Run::OnDemand;
    let probe = crate::check::kind("monitoring").unwrap().build(&check, &surroundings).unwrap();
    let evidence = probe.run(std::time::Duration::from_secs(5)).await;
    assert_eq!((evidence.outcome, evidence.summary.as_str()), (Outcome::Pass, "the error tracker took an event"));
    let seen = seen.lock().unwrap().clone();
    assert!(seen.contains("POST /api/7/store/") && seen.contains("sentry_key=FAKE-public-key"), "{seen}");
    assert!(!serde_json::to_string(&evidence).unwrap().contains("FAKE-public-key"));
}

#[tokio::test]
async fn a_monitoring_that_is_not_there_is_a_failure_of_its_own_class() {
    let surroundings = kit::surroundings(&[]);
    let keys = format!("prometheus = \"http://127.0.0.1:{}\"", listener::closed_port());
    let evidence = kit::run("monitoring", &keys, &surroundings).await;
    assert_eq!(evidence.outcome, Outcome::Fail);
    assert_eq!(evidence.failure.map(|failure| failure.class), Some(FailureClass::Refused));
}
