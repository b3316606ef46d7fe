//! The kinds against the servers themselves: PostgreSQL, MariaDB, Redis, nginx, Prometheus, started on loopback in
//! folders of their own where their programs are there. Where one is missing, its test says so and is skipped; in CI
//! (`CI=true`) the ones that the gate installs have to be there.
//!
//! Down, slow, wrong password, wrong database and wrong TLS are each told apart in words a person can act on.

pub(crate) mod start;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use golive::check::{self, Surroundings};
use golive::clock;
use golive::core::evidence::Evidence;
use golive::model::failure::FailureClass;
use golive::model::id::{CheckId, KindName};
use golive::model::plan;
use golive::model::values::{Origin, Value, Values};
use golive::model::word::Outcome;
use golive::network::Network;

use start::{Maria, Nginx, Postgres, Prometheus, Redis};

pub(crate) const PASSWORD: &str = "FAKE-password-of-the-test";

/// Runs one check as the engine would, with these overrides and roots.
pub(crate) async fn ask(
    kind: &str,
    keys: &str,
    resolve: &[(&str, u16)],
    ca: Option<&Path>,
    within: Duration,
) -> Evidence {
    let mut values = Values::default();
    values.insert("credentials.right", Value::secret(PASSWORD.to_owned().into(), Origin::Plan));
    values.insert("credentials.wrong", Value::secret("FAKE-another-one".to_owned().into(), Origin::Plan));
    let resolve = resolve.iter().map(|(name, port)| ((*name).to_owned(), format!("127.0.0.1:{port}")));
    let network = plan::Network { resolve: resolve.collect::<BTreeMap<_, _>>(), ca: ca.map(Path::to_path_buf) };
    let network = Network::new(&network, Path::new(".")).unwrap();
    let folder = std::path::PathBuf::from(".");
    let surroundings = Arc::new(Surroundings {
        values,
        folder,
        trusted: true,
        clock: clock::now,
        network,
        notifiers: golive::notify::Roster::default(),
    });
    let mut wanted = crate::scenario::plan::check("the_check");
    wanted.id = CheckId::new("the_check");
    wanted.kind = KindName::new(kind);
    let table: toml::Table = toml::from_str(keys).unwrap();
    wanted.options = serde_json::to_value(table).unwrap().as_object().unwrap().clone();
    let evidence = match check::kind(kind).unwrap().build(&wanted, &surroundings) {
        Ok(probe) => probe.run(within).await,
        Err(evidence) => *evidence,
    };
    assert!(!serde_json::to_string(&evidence).unwrap().contains(PASSWORD), "{evidence:?}");
    evidence
}

pub(crate) fn holds(what: &str, evidence: &Evidence, class: Option<FailureClass>, says: &str) {
    let seen = evidence.failure.as_ref().map(|failure| failure.class);
    assert_eq!(seen, class, "{what}: {} {:?}", evidence.summary, evidence.facts);
    let expected = if class.is_none() { Outcome::Pass } else { Outcome::Fail };
    assert_eq!(evidence.outcome, expected, "{what}: {}", evidence.summary);
    assert!(evidence.summary.as_str().contains(says), "{what}: {}", evidence.summary);
}

pub(crate) const LONG: Duration = Duration::from_secs(20);

/// What both databases have to tell apart.
async fn a_database_tells_its_troubles_apart(scheme: &str, port: u16, closed: u16, ca: &Path, sleep: &str) {
    let keys = |host: &str, port: u16, database: &str, password: &str, more: &str| {
        format!(
            "url = \"{scheme}://app@{host}:{port}/{database}\"\npassword = \"{{{{ credentials.{password} }}}}\"\n{more}"
        )
    };
    let one = "query = \"SELECT 1 AS one\"\nexpect = 'row.one == 1'";
    let plain =
        |database: &'static str, password: &'static str, more: &str| keys("127.0.0.1", port, database, password, more);
    let named = [("db.example:5432", port)];
    let tls = keys("db.example", 5432, "shop", "right", one);
    for (what, keys, resolve, ca, class, says) in [
        ("well", plain("shop", "right", one), &[][..], None, None, "answers: 1 row"),
        (
            "wrong password",
            plain("shop", "wrong", one),
            &[],
            None,
            Some(FailureClass::Denied),
            "does not take the password of user \"app\"",
        ),
        ("wrong database", plain("shap", "right", one), &[], None, Some(FailureClass::Configuration), "shap"),
        ("down", keys("127.0.0.1", closed, "shop", "right", one), &[], None, Some(FailureClass::Refused), "refused"),
        (
            "a statement that writes",
            plain("shop", "right", "query = \"INSERT INTO orders (id) VALUES (9)\""),
            &[],
            None,
            Some(FailureClass::Configuration),
            "a check only reads",
        ),
        (
            "no such table",
            plain("shop", "right", "query = \"SELECT * FROM nowhere\""),
            &[],
            None,
            Some(FailureClass::Configuration),
            "nowhere",
        ),
        ("verified TLS", tls.clone(), &named, Some(ca), None, "answers: 1 row"),
        ("a certificate that nobody here knows", tls, &named, None, Some(FailureClass::Tls), "TLS refused"),
    ] {
        holds(&format!("{scheme}, {what}"), &ask("sql", &keys, resolve, ca, LONG).await, class, says);
    }
    let other = keys("other.example", 5432, "shop", "right", one);
    let evidence = ask("sql", &other, &[("other.example:5432", port)], Some(ca), LONG).await;
    holds(&format!("{scheme}, a certificate for another name"), &evidence, Some(FailureClass::Tls), "TLS refused");
    let slow = plain("shop", "right", &format!("query = \"{sleep}\""));
    let evidence = ask("sql", &slow, &[], None, Duration::from_millis(1_500)).await;
    holds(&format!("{scheme}, slow"), &evidence, Some(FailureClass::Timeout), "did not come");
}

#[tokio::test]
async fn postgresql_itself() {
    let Some(server) = Postgres::start(PASSWORD) else { return };
    let closed = start::free_port();
    a_database_tells_its_troubles_apart("postgres", server.port, closed, &server.ca, "SELECT pg_sleep(30)").await;
    let types = "query = \"SELECT 7::int8 AS whole, 1.50::numeric AS money, true AS yes, NULL::text AS none, '{\\\"a\\\": [1]}'::jsonb AS doc, timestamptz '2026-11-26 20:00:00Z' AS at, 'x'::text AS word, date '2026-11-26' AS day, gen_random_uuid() AS id\"\nexpect = 'row.whole == 7 && row.money == 1.5 && row.yes && row.none == null && row.doc.a[0] == 1 && row.at == \"2026-11-26T20:00:00Z\" && row.word == \"x\" && row.day == \"2026-11-26\" && size(row.id) == 36'";
    let keys = |more: &str| {
        format!(
            "url = \"postgres://app@127.0.0.1:{}/shop\"\npassword = \"{{{{ credentials.right }}}}\"\n{more}",
            server.port
        )
    };
    holds("types", &ask("sql", &keys(types), &[], None, LONG).await, None, "answers");
    let with = "query = \"SELECT id FROM orders WHERE id = $1 AND state = $2\"\nwith = [\"1\", \"paid\"]\nexpect = 'value == 1'";
    holds("parameters of any type", &ask("sql", &keys(with), &[], None, LONG).await, None, "answers");
    let many = "query = \"SELECT * FROM generate_series(1, 100000)\"\nexpect = 'count == 100'";
    holds("rows are bounded", &ask("sql", &keys(many), &[], None, LONG).await, None, "100 rows");
    let two = "query = \"SELECT 1; DROP TABLE orders\"";
    let evidence = ask("sql", &keys(two), &[], None, LONG).await;
    holds("two statements", &evidence, Some(FailureClass::Configuration), "cannot insert multiple commands");
}

#[tokio::test]
async fn mariadb_itself() {
    let Some(server) = Maria::start(PASSWORD) else { return };
    let closed = start::free_port();
    a_database_tells_its_troubles_apart("mysql", server.port, closed, &server.ca, "SELECT SLEEP(30)").await;
    let keys = format!(
        "url = \"mysql://app@127.0.0.1:{}/shop\"\npassword = \"{{{{ credentials.right }}}}\"\nquery = \"SELECT id, state, 1.50 AS money FROM orders WHERE id = ?\"\nwith = [\"1\"]\nexpect = 'row.id == 1 && row.state == \"paid\" && row.money == 1.5'",
        server.port
    );
    holds("parameters and types", &ask("sql", &keys, &[], None, LONG).await, None, "answers");
}

#[tokio::test]
async fn redis_itself() {
    let Some(server) = Redis::start(PASSWORD) else { return };
    let keys = |password: &str, more: &str| {
        format!("address = \"127.0.0.1:{}\"\npassword = \"{{{{ credentials.{password} }}}}\"\n{more}", server.port)
    };
    holds("well", &ask("redis", &keys("right", ""), &[], None, LONG).await, None, "answers PING");
    let info = "command = [\"INFO\", \"server\"]\nexpect = 'value.tcp_port > 0'";
    holds("info", &ask("redis", &keys("right", info), &[], None, LONG).await, None, "answers INFO");
    let evidence = ask("redis", &keys("wrong", ""), &[], None, LONG).await;
    holds("wrong password", &evidence, Some(FailureClass::Denied), "does not take the password");
    let evidence = ask("redis", &format!("address = \"127.0.0.1:{}\"", server.port), &[], None, LONG).await;
    holds("no password", &evidence, Some(FailureClass::Denied), "wants a password");
    let evidence = ask("redis", &format!("address = \"127.0.0.1:{}\"\ntls = true", server.port), &[], None, LONG).await;
    assert_eq!(evidence.outcome, Outcome::Fail, "{}", evidence.summary);
}

#[tokio::test]
async fn nginx_itself() {
    let Some(server) = Nginx::start() else { return };
    let at = |path: &str| format!("url = \"http://127.0.0.1:{}{path}\"\nstatus = 200", server.port);
    for (path, class, says) in [
        ("/", None, "200 in"),
        ("/none", Some(FailureClass::NotFound), "answered 404"),
        ("/shut", Some(FailureClass::Denied), "answered 403"),
        ("/behind", Some(FailureClass::ServerError), "answered 502"),
    ] {
        holds(path, &ask("http", &at(path), &[], None, LONG).await, class, says);
    }
    let evidence = ask("http", &at("/limited"), &[], None, LONG).await;
    holds("/limited", &evidence, Some(FailureClass::Throttled), "answered 429");
    assert_eq!(evidence.retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn prometheus_itself() {
    let Some(server) = Prometheus::start() else { return };
    let keys = |more: &str| format!("url = \"http://127.0.0.1:{}\"\n{more}", server.port);
    let up = keys("query = \"vector(3)\"\nexpect = 'value == 3.0'");
    holds("a query", &ask("prometheus", &up, &[], None, LONG).await, None, "3, 1 series");
    holds("a rule", &ask("prometheus", &keys("rule = \"Always\""), &[], None, LONG).await, None, "is loaded");
    let wrong = ask("prometheus", &keys("query = \"sum(\"\nexpect = 'value == 1.0'"), &[], None, LONG).await;
    holds("a wrong query", &wrong, Some(FailureClass::Configuration), "the query is refused");
    let none = ask("prometheus", &keys("target = { job = \"none\" }"), &[], None, LONG).await;
    holds("no target", &none, Some(FailureClass::Configuration), "no target");
}
