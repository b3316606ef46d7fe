//! `sql` against SQLite files; PostgreSQL and MariaDB themselves are asked in `tests/it/servers.rs`.

use std::path::Path;
use std::time::Duration;

use crate::check::kit::{self, listener};
use crate::core::evidence::Evidence;
use crate::model::failure::FailureClass;
use crate::model::word::Outcome;

fn shop(folder: &Path) {
    let connection = rusqlite::Connection::open(folder.join("shop.db")).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT, price REAL);
             INSERT INTO orders VALUES (1, 'paid', 9.5), (2, 'stuck', 1.0), (3, NULL, 2.5);",
        )
        .unwrap();
}

async fn look(folder: &Path, keys: &str) -> Evidence {
    kit::run("sql", &format!("url = \"sqlite:shop.db\"\n{keys}"), &kit::surroundings_in(folder)).await
}

fn class(evidence: &Evidence) -> Option<FailureClass> {
    evidence.failure.as_ref().map(|failure| failure.class)
}

#[tokio::test]
async fn rows_are_judged_by_the_condition() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    for (keys, outcome, says) in [
        ("query = \"SELECT 1\"", Outcome::Pass, "shop.db answers: 1 row"),
        ("query = \"SELECT count(*) AS n FROM orders\"\nexpect = 'row.n == 3 && value == 3'", Outcome::Pass, ""),
        (
            "query = \"SELECT * FROM orders ORDER BY id\"\nexpect = 'rows[1].state == \"stuck\" && count == 3'",
            Outcome::Pass,
            "",
        ),
        (
            "query = \"SELECT * FROM orders WHERE state = ?\"\nwith = [\"paid\"]\nexpect = 'row.price == 9.5'",
            Outcome::Pass,
            "",
        ),
        ("query = \"SELECT count(*) AS n FROM orders\"\nexpect = 'row.n == 0'", Outcome::Fail, "row.n is 3"),
        (
            "query = \"SELECT * FROM orders WHERE id = 9\"\nexpect = 'rows[0].id == 9'",
            Outcome::Fail,
            "the answer has no \"[0]\"",
        ),
        (
            "query = \"SELECT * FROM orders WHERE id = 9\"\nexpect = 'row.id == 9'",
            Outcome::Fail,
            "the answer has no \"row\"",
        ),
        ("query = \"SELECT * FROM orders\"\nmax_rows = 2\nexpect = 'count == 2'", Outcome::Pass, ""),
        ("query = \"SELECT * FROM nowhere\"", Outcome::Fail, "no such table"),
        ("query = \"DELETE FROM orders\"", Outcome::Fail, "a check only reads"),
        ("query = \"SELECT 1; DELETE FROM orders\"", Outcome::Fail, "cannot be answered"),
    ] {
        let evidence = look(folder.path(), keys).await;
        assert_eq!(evidence.outcome, outcome, "{keys}: {}", evidence.summary);
        assert!(evidence.summary.as_str().contains(says), "{keys}: {}", evidence.summary);
    }
    let still = look(folder.path(), "query = \"SELECT count(*) AS n FROM orders\"\nexpect = 'row.n == 3'").await;
    assert_eq!(still.outcome, Outcome::Pass, "nothing was changed");
}

#[tokio::test]
async fn a_file_that_is_gone_and_one_that_is_no_database_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let gone = look(folder.path(), "query = \"SELECT 1\"").await;
    assert!(gone.summary.as_str().contains("there is no database at"), "{}", gone.summary);
    assert_eq!(class(&gone), Some(FailureClass::ServerError));
    #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
    std::fs::write(folder.path().join("shop.db"), "this is a text, and quite a long one, for a header".repeat(30))
        .unwrap();
    let other = look(folder.path(), "query = \"SELECT count(*) FROM sqlite_master\"").await;
    assert!(other.summary.as_str().contains("is no SQLite database"), "{}", other.summary);
}

#[tokio::test]
async fn a_query_that_never_ends_is_ended_at_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let keys = "url = \"sqlite:shop.db\"\nquery = \"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n\"";
    let surroundings = kit::surroundings_in(folder.path());
    let evidence = kit::run_within("sql", keys, &surroundings, Duration::from_millis(300)).await;
    assert_eq!(class(&evidence), Some(FailureClass::Timeout), "{}", evidence.summary);
}

#[tokio::test]
async fn a_closed_port_is_told_as_such_by_both_protocols() {
    let port = listener::closed_port();
    for scheme in ["postgres", "mysql"] {
        let keys = format!("url = \"{scheme}://app@127.0.0.1:{port}/shop\"\nquery = \"SELECT 1\"");
        let evidence = kit::run("sql", &keys, &kit::surroundings(&[])).await;
        assert_eq!(class(&evidence), Some(FailureClass::Refused), "{scheme}: {}", evidence.summary);
        assert!(evidence.summary.as_str().contains("refused"), "{scheme}: {}", evidence.summary);
    }
}

#[test]
fn a_check_that_cannot_be_asked_or_writes_is_refused() {
    for keys in [
        "url = \"oracle://db.example/shop\"\nquery = \"SELECT 1\"",
        "url = \"sqlite:a.db\"\nquery = \" \"",
        "url = \"sqlite:a.db\"\nquery = \"DELETE FROM a\"\nwrites = true",
    ] {
        let options = toml::from_str::<toml::Table>(keys).unwrap();
        let options = serde_json::to_value(options).unwrap().as_object().unwrap().clone();
        let spec = crate::check::kind("sql").unwrap().spec();
        assert_eq!((spec.problems)(&options).len(), 1, "{keys}");
    }
}
