//! Queries against real databases and listeners.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::check::Surroundings;
use crate::check::hurt::{Asked, KINDS, kind};
use crate::check::kit::{self, listener};
use crate::core::inquiry::Counted;
use crate::model::kind::Options;

fn options(keys: &str) -> Options {
    let table: toml::Table = toml::from_str(keys).unwrap();
    // The keys that all queries share are taken out by the plan.
    let common = ["title", "every", "timeout", "currency", "repair"];
    let keys = serde_json::to_value(table).unwrap().as_object().unwrap().clone();
    keys.into_iter().filter(|(key, _)| !common.contains(&key.as_str())).collect()
}

fn since() -> Timestamp {
    "2026-11-23T14:06:58Z".parse().unwrap()
}

async fn ask(name: &str, keys: &str, surroundings: &Arc<Surroundings>) -> Result<Counted, String> {
    let options = options(keys);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let asked = Asked::new(&options, surroundings, since(), deadline);
    kind(name).unwrap().ask(&asked).await
}

fn ids(counted: &Counted) -> Vec<&str> {
    counted.ids.iter().map(|id| id.as_str()).collect()
}

fn amount(counted: &Counted) -> Option<&str> {
    counted.amount.as_ref().map(|amount| amount.as_str())
}

#[test]
fn every_kind_has_a_sound_example() {
    for kind in KINDS {
        let spec = kind.spec();
        let problems = (spec.problems)(&options(spec.example));
        assert!(problems.is_empty(), "{}: {problems:?}", spec.name);
    }
}

#[tokio::test]
async fn a_database_lists_who_is_hurt_since_all_was_well() {
    let folder = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
    let rows = "CREATE TABLE payments (id TEXT, amount NUMERIC, status TEXT, at TEXT);
        INSERT INTO payments VALUES ('p1', 1200, 'failed', '2026-11-23T14:00:00Z'), ('p2', 1200, 'failed', '2026-11-23T14:07:30Z'),
        ('p3', 0.5, 'failed', '2026-11-23T14:08:00Z'), ('p4', 1200, 'paid', '2026-11-23T14:09:00Z')";
    connection.execute_batch(rows).unwrap();
    let surroundings = kit::surroundings_in(folder.path());
    let query = |query: &str| format!("url = \"sqlite:shop.db\"\nquery = \"{query}\"\nwith = [\"{{{{ since }}}}\"]");
    let failed = "SELECT id, amount FROM payments WHERE status = 'failed' AND at >= ? ORDER BY id";
    let counted = ask("sql", &query(failed), &surroundings).await.unwrap();
    assert_eq!((counted.count, amount(&counted), counted.more), (2, Some("1200.50"), false));
    assert_eq!(ids(&counted), ["p2", "p3"]);
    let nobody = ask("sql", &query("SELECT id FROM payments WHERE at > ? AND status = 'x'"), &surroundings).await;
    assert_eq!(nobody.unwrap(), Counted { count: 0, amount: None, ids: Vec::new(), more: false });
    let no_id = ask("sql", &query("SELECT amount FROM payments WHERE at > ?"), &surroundings).await.unwrap_err();
    assert!(no_id.contains("no column \"id\""), "{no_id}");
    let writes = ask("sql", &query("DELETE FROM payments WHERE at > ?"), &surroundings).await.unwrap_err();
    assert!(writes.contains("only reads"), "{writes}");
    let many = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 10001) SELECT id FROM n WHERE ? != ''";
    let counted = ask("sql", &query(many), &surroundings).await.unwrap();
    assert_eq!((counted.count, counted.ids.len(), counted.more), (10_000, 500, true), "bounded, and said so");
}

#[tokio::test]
async fn a_service_lists_who_is_hurt_and_is_asked_since_when() {
    let body = r#"{"payments":[{"reference":"a","amount":"1000.00"},{"reference":"b","amount":400},{"amount":1}]}"#;
    let (port, seen) = listener::recording(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    let keys = format!(
        "url = \"http://127.0.0.1:{port}/failed?since={{{{ since }}}}\"\nlist = \"payments\"\nid = \"reference\""
    );
    let counted = ask("http", &keys, &kit::surroundings(&[])).await.unwrap();
    assert_eq!((counted.count, amount(&counted)), (3, Some("1401.00")));
    assert_eq!(ids(&counted), ["a", "b"], "one without an id is counted all the same");
    assert!(seen.lock().unwrap().starts_with("GET /failed?since=2026-11-23T14:06:58Z"), "{seen:?}");
    let body = r#"[{"id":1,"amount":"a lot"}]"#;
    let port = listener::answering(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    let wrong = ask("http", &format!("url = \"http://127.0.0.1:{port}/\""), &kit::surroundings(&[])).await;
    assert!(wrong.unwrap_err().contains("is no amount"));
}

#[tokio::test]
async fn a_metric_counts_and_no_sample_is_no_zero() {
    let of = async |body: &str| {
        let port = listener::answering(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        let keys = format!("url = \"http://127.0.0.1:{port}\"\nquery = 'sum(increase(failed[RANGE]))'");
        ask("prometheus", &keys, &kit::surroundings(&[])).await
    };
    let twelve = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"11.96"]}]}}"#;
    assert_eq!(of(twelve).await.unwrap().count, 12);
    let none = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    assert!(of(none).await.unwrap_err().contains("no sample"));
    let nan = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"NaN"]}}"#;
    assert!(of(nan).await.unwrap_err().contains("NaN is no number"));
}
