//! `flow` against listeners, a SQLite file and a WebSocket on loopback.
#![expect(clippy::disallowed_methods, reason = "a test has servers of its own")]

use std::path::Path;

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use crate::check::kit::{self, listener};
use crate::core::evidence::Evidence;
use crate::model::kind::Options;
use crate::model::word::Outcome;

fn json(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn shop(folder: &Path) {
    let connection = rusqlite::Connection::open(folder.join("shop.db")).unwrap();
    connection
        .execute_batch("CREATE TABLE seen (id TEXT, at INTEGER); INSERT INTO seen VALUES ('order-7', 1);")
        .unwrap();
}

fn fact<'a>(evidence: &'a Evidence, name: &str) -> &'a str {
    let found = evidence.facts.iter().find(|fact| fact.name.as_str() == name);
    found.unwrap_or_else(|| panic!("no {name} in {evidence:?}")).value.as_str()
}

#[tokio::test]
async fn hops_hand_values_on_and_each_says_who_vouches() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let first = listener::answering(&json(r#"{"order":{"id":"order-7"}}"#));
    let (second, asked) = listener::recording(&json(r#"{"state":"open"}"#));
    let keys = format!(
        r#"
        hops = [
          {{ name = "order", request = {{ url = "http://127.0.0.1:{first}/", status = 200 }}, capture = {{ id = "json.order.id" }} }},
          {{ name = "stored", sql = {{ url = "sqlite:shop.db", query = "SELECT * FROM seen WHERE id = ?", with = ["{{{{ flow.id_of }}}}"], expect = 'count == 0' }} }},
          {{ name = "really stored", sql = {{ url = "sqlite:shop.db", query = "SELECT * FROM seen WHERE id = ?", with = ["{{{{ flow.id }}}}"], expect = 'row.id == "{{{{ flow.id }}}}"' }}, vouched_by = "the shop's database" }},
          {{ name = "course", request = {{ url = "http://127.0.0.1:{second}/courses/{{{{ flow.id }}}}", expect = 'json.state == "open"' }} }},
        ]
        "#
    )
    .replace("flow.id_of", "flow.id");
    // The first statement looks for the order with the condition turned round: the flow has to stop there.
    let surroundings = kit::surroundings_in(folder.path());
    let evidence = kit::run("flow", &keys, &surroundings).await;
    assert_eq!(evidence.outcome, Outcome::Fail, "{}", evidence.summary);
    assert!(evidence.summary.as_str().starts_with("hop 2 of 4, stored: count == 0"), "{}", evidence.summary);
    assert_eq!(fact(&evidence, "course"), "not reached");
    let evidence = kit::run("flow", &keys.replace("'count == 0'", "'count == 1'"), &surroundings).await;
    assert_eq!(evidence.outcome, Outcome::Pass, "{}", evidence.summary);
    assert!(fact(&evidence, "really stored").contains("vouched by the shop's database"), "{evidence:?}");
    assert!(fact(&evidence, "order").starts_with("pass · GET http://127.0.0.1"), "{evidence:?}");
    let asked = asked.lock().unwrap();
    assert!(asked.contains("GET /courses/order-7 ") && asked.contains("x-golive-probe: "), "{asked}");
}

#[tokio::test]
async fn what_a_hop_captured_cannot_make_a_condition_true() {
    let sly = listener::answering(&json(r#"{"id":"x\" || true || \""}"#));
    let keys = format!(
        r#"
        hops = [
          {{ name = "sly", request = {{ url = "http://127.0.0.1:{sly}/", status = 200 }}, capture = {{ sly = "json.id" }} }},
          {{ name = "asked", request = {{ url = "http://127.0.0.1:{sly}/", expect = 'json.other == "{{{{ flow.sly }}}}"' }} }},
        ]
        "#
    );
    let evidence = kit::run("flow", &keys, &kit::surroundings(&[])).await;
    assert_eq!(evidence.outcome, Outcome::Fail, "{}", evidence.summary);
}

#[tokio::test]
async fn cleaning_up_happens_whatever_happened_and_its_failure_is_told() {
    let (maker, well) = (listener::answering(&json(r#"{"id":"7"}"#)), listener::answering(&json("{}")));
    let (cleaner, cleaned) = listener::recording(&json("{}"));
    let keys = |second: u16, cleaner: u16| {
        format!(
            r#"
            hops = [
              {{ name = "make", request = {{ url = "http://127.0.0.1:{maker}/", status = 200 }}, capture = {{ made = "json.id" }} }},
              {{ name = "use", request = {{ url = "http://127.0.0.1:{second}/", status = 200 }} }},
            ]
            cleanup = [ {{ name = "unmake", request = {{ url = "http://127.0.0.1:{cleaner}/{{{{ flow.made }}}}", method = "DELETE", status = 200 }} }} ]
            "#
        )
    };
    let surroundings = kit::surroundings(&[]);
    let failed = kit::run("flow", &keys(listener::closed_port(), cleaner), &surroundings).await;
    assert_eq!(failed.outcome, Outcome::Fail);
    assert!(fact(&failed, "clean-up: unmake").starts_with("pass"), "{failed:?}");
    assert!(cleaned.lock().unwrap().contains("DELETE /7 "));
    let left = kit::run("flow", &keys(well, listener::closed_port()), &surroundings).await;
    assert_eq!(left.outcome, Outcome::Warn, "{}", left.summary);
    assert!(left.summary.as_str().contains("something is left behind: unmake"), "{}", left.summary);
}

#[tokio::test]
async fn a_captured_secret_is_shown_nowhere() {
    let token = format!("FAKE-{}", ulid::Ulid::generate());
    let giver = listener::answering(&json(&format!(r#"{{"token":"{token}"}}"#)));
    let echo = listener::echoing();
    let keys = format!(
        r#"
        hops = [
          {{ name = "log in", secret = true, request = {{ url = "http://127.0.0.1:{giver}/", status = 200 }}, capture = {{ token = "json.token" }} }},
          {{ name = "use it", request = {{ url = "http://127.0.0.1:{echo}/", headers = {{ authorization = "Bearer {{{{ flow.token }}}}" }}, status = 200 }} }},
        ]
        "#
    );
    let evidence = kit::run("flow", &keys, &kit::surroundings(&[])).await;
    assert_eq!(evidence.outcome, Outcome::Fail);
    assert!(!serde_json::to_string(&evidence).unwrap().contains(&token), "{evidence:?}");
}

#[tokio::test]
async fn a_subscriber_opened_before_hears_what_comes_later() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    std::mem::drop(tokio::task::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        let _ = socket.next().await;
        for text in [r#"{"status":"ok"}"#, r#"{"order":"other"}"#, r#"{"order":"order-7"}"#] {
            socket.send(Message::text(text)).await.unwrap();
        }
        while let Some(Ok(_)) = socket.next().await {}
    }));
    let maker = listener::answering(&json(r#"{"id":"order-7"}"#));
    let keys = format!(
        r#"
        hops = [
          {{ name = "watch", subscribe = {{ url = "ws://127.0.0.1:{port}/", send = ["join"], expect = 'json.status == "ok"' }} }},
          {{ name = "order", request = {{ url = "http://127.0.0.1:{maker}/", status = 200 }}, capture = {{ order = "json.id" }} }},
          {{ name = "seen live", within = "5s", message = {{ from = "watch", expect = 'json.order == "{{{{ flow.order }}}}"' }} }},
          {{ name = "breathe", wait = "10ms" }},
        ]
        "#
    );
    let evidence = kit::run("flow", &keys, &kit::surroundings(&[])).await;
    assert_eq!(evidence.outcome, Outcome::Pass, "{evidence:?}");
}

#[test]
fn a_flow_that_cannot_go_well_is_a_problem() {
    let request = |name: &str, more: &str| {
        format!("{{ name = \"{name}\", request = {{ url = \"https://a.example/\", status = 200 }}{more} }}")
    };
    for (keys, says) in [
        ("hops = []".to_owned(), "between 1 and"),
        (format!("hops = [{}, {}]", request("a", ""), request("a", "")), "a name of its own"),
        ("hops = [{ name = \"a\" }]".to_owned(), "does one thing"),
        ("hops = [{ name = \"a\", request = { url = \"https://a.example/\" } }]".to_owned(), "asserts nothing"),
        ("hops = [{ name = \"a\", request = { url = \"https://a.example/{{ flow.b }}\", status = 200 } }]".to_owned(), "captures `flow.b`"),
        ("hops = [{ name = \"a\", message = { from = \"b\", expect = 'json.a == 1' } }]".to_owned(), "subscribes as \"b\""),
        ("hops = [{ name = \"a\", within = \"1s\", request = { url = \"https://a.example/\", method = \"POST\", status = 200 } }]".to_owned(), "done once"),
        ("hops = [{ name = \"a\", sql = { url = \"sqlite:a\", query = \"SELECT '{{ flow.id }}'\" } }]".to_owned(), "does not belong into a statement"),
    ] {
        let options: Options = serde_json::to_value(toml::from_str::<toml::Table>(&keys).unwrap())
            .unwrap().as_object().unwrap().clone();
        let problems = (crate::check::kind("flow").unwrap().spec().problems)(&options);
        assert_eq!(problems.len(), 1, "{keys}: {problems:?}");
        assert!(problems[0].message.contains(says), "{keys}: {problems:?}");
    }
}
