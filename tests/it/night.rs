//! The checks of K that the demo's SQLite and its quota cannot show: the preset's own conditions, against a database
//! and a provider that are right, and wrong in one respect.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use golive::check::{self, Surroundings};
use golive::core::evidence::Evidence;
use golive::model::word::Outcome;
use golive::network::Network;
use golive::plan::{self, Loaded};
use golive::{clock, source};

const PLAN: &str = r#"
[service]
name = "academy"
[sources]
env_files = [".env"]
[[pre_deployment]]
id = "a"
manual = { prompt = "?" }
"#;

/// The preset over a folder, with these parameters; without a network.
fn loaded(folder: &Path, with: &str) -> Loaded {
    loaded_at("https://academy.example", folder, with)
}

fn loaded_at(app: &str, folder: &Path, with: &str) -> Loaded {
    let head = format!(
        "extends = [{{ preset = \"ikhokha\", with = {{ app_url = \"{app}\", app_host = \"academy.example\"{with} }} }}]\n"
    );
    plan::load_text("golive.toml", &format!("{head}{PLAN}"), folder, &check::specs())
        .unwrap_or_else(|error| panic!("{error}"))
}

async fn run(loaded: &Loaded, id: &str) -> Evidence {
    let values = source::load(&loaded.plan, true, &BTreeMap::new()).await;
    let network = Network::new(&loaded.plan.network, &loaded.plan.folder).unwrap();
    let folder = loaded.plan.folder.clone();
    let notifiers = golive::notify::Roster::default();
    let surroundings = Arc::new(Surroundings { values, folder, trusted: true, clock: clock::now, network, notifiers });
    let check = loaded.plan.checks.iter().find(|check| check.id.as_str() == id).unwrap_or_else(|| panic!("no {id}"));
    match check::kind(check.kind.as_str()).unwrap().build(check, &surroundings) {
        Ok(probe) => probe.run(Duration::from_secs(20)).await,
        Err(evidence) => *evidence,
    }
}

/// A folder with a database in it that these statements made.
fn database(statements: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "DATABASE_URL=sqlite:shop.db\n").unwrap();
    rusqlite::Connection::open(folder.path().join("shop.db")).unwrap().execute_batch(statements).unwrap();
    folder
}

#[tokio::test]
async fn a_grant_that_a_migration_lost_is_found() {
    let with = ", grants_query = \"SELECT name FROM wanted WHERE name NOT IN (SELECT name FROM granted)\"";
    for (granted, expected) in [("('select'), ('insert')", Outcome::Pass), ("('select')", Outcome::Fail)] {
        let folder = database(&format!(
            "CREATE TABLE wanted (name TEXT); INSERT INTO wanted VALUES ('select'), ('insert');
             CREATE TABLE granted (name TEXT); INSERT INTO granted VALUES {granted};"
        ));
        let evidence = run(&loaded(folder.path(), with), "grants_kept").await;
        assert_eq!(evidence.outcome, expected, "{}", evidence.summary);
        let named = evidence.facts.iter().any(|fact| fact.value.as_str().contains("insert"));
        assert_eq!(named, expected == Outcome::Fail, "what is missing is named: {evidence:?}");
    }
}

#[tokio::test]
async fn a_pool_that_leaves_no_connection_is_found() {
    let with = ", pool_query = \"SELECT (SELECT most FROM limits) - (SELECT sum(size) FROM pools) AS left_over\"";
    for (most, expected) in [(100, Outcome::Pass), (40, Outcome::Fail)] {
        let folder = database(&format!(
            "CREATE TABLE limits (most INTEGER); INSERT INTO limits VALUES ({most});
             CREATE TABLE pools (size INTEGER); INSERT INTO pools VALUES (20), (20);"
        ));
        let evidence = run(&loaded(folder.path(), with), "pool_has_room").await;
        assert_eq!(evidence.outcome, expected, "{most}: {}", evidence.summary);
    }
}

#[tokio::test]
async fn a_database_whose_clock_is_off_is_found_either_way() {
    for (off, expected) in [("", Outcome::Pass), (" + 200", Outcome::Fail), (" - 200", Outcome::Fail)] {
        let folder = database("CREATE TABLE seen (at INTEGER);");
        let with = format!(", database_now_query = \"SELECT unixepoch(){off}\"");
        let evidence = run(&loaded(folder.path(), &with), "database_clock_agrees").await;
        assert_eq!(evidence.outcome, expected, "{off}: {}", evidence.summary);
    }
}

#[tokio::test]
async fn a_migration_is_compared_with_the_one_that_the_build_names() {
    let with = ", migration_query = \"SELECT max(version) FROM applied\"";
    for (head, expected) in [("0007", Outcome::Pass), ("0008", Outcome::Fail)] {
        let folder = database("CREATE TABLE applied (version TEXT); INSERT INTO applied VALUES ('0006'), ('0007');");
        std::fs::create_dir(folder.path().join("db")).unwrap();
        std::fs::write(folder.path().join("db/migration_head"), format!("{head}\n")).unwrap();
        let evidence = run(&loaded(folder.path(), with), "migrations_applied").await;
        assert_eq!(evidence.outcome, expected, "{head}: {}", evidence.summary);
    }
    // Where nobody names it, that is what is missing: no pass, and no word about the database.
    let folder = database("CREATE TABLE applied (version TEXT); INSERT INTO applied VALUES ('0007');");
    let evidence = run(&loaded(folder.path(), with), "migrations_applied").await;
    assert_eq!(evidence.outcome, Outcome::Fail, "{}", evidence.summary);
    assert!(evidence.summary.as_str().contains("migration_head"), "{}", evidence.summary);
}

/// A server that answers all with this JSON; gives its address.
fn answering(body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let body = body.to_owned();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    address
}

/// What the preset makes of one payment: what the callback brought (transaction, amount, seconds ago), and the
/// provider's book.
async fn of_payment(check: &str, brought: Option<(&str, i64, i64)>, booked: &str) -> Evidence {
    let api = answering(&format!("{{\"payments\":[{{\"externalTransactionID\":\"of-somebody\"}},{booked}]}}"));
    let folder = database("CREATE TABLE paid (reference TEXT, id TEXT, amount INTEGER, at INTEGER);");
    let env = format!(
        "DATABASE_URL=sqlite:shop.db\nVITE_IKHOKHA_API_URL={api}\nIKHOKHA_API_KEY=FAKE\nIKHOKHA_API_SECRET=FAKE\n"
    );
    std::fs::write(folder.path().join(".env"), env).unwrap();
    if let Some((id, amount, ago)) = brought {
        let open = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
        let insert = "INSERT INTO paid VALUES ('go-live', ?1, ?2, unixepoch() - ?3)";
        open.execute(insert, rusqlite::params![id, amount, ago]).unwrap();
    }
    let with = ", entity = \"academy\", flow_patience = \"300ms\", smallest_payment = 200,
        smallest_payment_reference = \"go-live\",
        smallest_payment_query = \"SELECT id AS transaction_id, amount, at FROM paid WHERE reference = ? ORDER BY at DESC LIMIT 1\"";
    run(&loaded(folder.path(), &with.replace('\n', " ")), check).await
}

const BOOKED: &str =
    r#"{"externalTransactionID":"t1","mode":"live","entityID":"academy","amount":200,"status":"PAID"}"#;

#[tokio::test]
async fn a_real_payment_counts_where_all_of_it_came_and_is_booked_as_live_for_us() {
    let check = "smallest_payment_arrived";
    let paid = of_payment(check, Some(("t1", 200, 60)), BOOKED).await;
    assert_eq!(paid.outcome, Outcome::Pass, "{}", paid.summary);
    let vouched: Vec<&str> = paid.hops.iter().map(|hop| hop.vouched_by.as_str()).collect();
    assert_eq!(vouched, ["the provider's own delivery", "the provider's own delivery", "the provider's books"]);
    for (brought, booked, says) in [
        (None, BOOKED.to_owned(), "hop 1 of 3, the callback brought it: count == 1 does not hold"),
        (Some(("t1", 200, 100_000)), BOOKED.to_owned(), "hop 1 of 3, the callback brought it: now - row.at < 86400"),
        (
            Some(("t1", 2, 60)),
            BOOKED.to_owned(),
            "hop 2 of 3, all of it: row.amount == 200 does not hold: row.amount is 2",
        ),
        (Some(("t2", 200, 60)), BOOKED.to_owned(), "hop 3 of 3, booked as live, for us"),
        (Some(("t1", 200, 60)), BOOKED.replace("live", "test"), "hop 3 of 3, booked as live, for us"),
        (Some(("t1", 200, 60)), BOOKED.replace("academy", "others"), "hop 3 of 3, booked as live, for us"),
        (Some(("t1", 200, 60)), BOOKED.replace("200", "2"), "hop 3 of 3, booked as live, for us"),
    ] {
        let evidence = of_payment(check, brought, &booked).await;
        assert_eq!(evidence.outcome, Outcome::Fail, "{says}: {}", evidence.summary);
        assert!(evidence.summary.as_str().starts_with(says), "{says}: {}", evidence.summary);
    }
}

#[tokio::test]
async fn a_real_payment_that_was_not_given_back_is_found() {
    let check = "smallest_payment_refunded";
    let returned = BOOKED.replace("PAID", "REFUNDED");
    let evidence = of_payment(check, Some(("t1", 200, 60)), &returned).await;
    assert_eq!(evidence.outcome, Outcome::Pass, "{}", evidence.summary);
    for (brought, booked, says) in [
        (Some(("t1", 200, 60)), BOOKED, "hop 2 of 2, given back"),
        (Some(("t2", 200, 60)), &returned, "hop 2 of 2, given back"),
        (None, &returned, "hop 1 of 2, which payment it is: count == 1 does not hold"),
    ] {
        let evidence = of_payment(check, brought, booked).await;
        assert_eq!(evidence.outcome, Outcome::Fail, "{says}: {}", evidence.summary);
        assert!(evidence.summary.as_str().starts_with(says), "{says}: {}", evidence.summary);
    }
}

#[tokio::test]
async fn a_version_before_that_breaks_on_the_new_schema_is_found() {
    for (said, expected) in [
        (r#"{"status":"ok","version":"1.4"}"#, Outcome::Pass),
        (r#"{"status":"down","error":"no such column: channel"}"#, Outcome::Fail),
        // The new version, under the old one's name: nothing is proved by it.
        (r#"{"status":"ok","version":"1.5"}"#, Outcome::Fail),
    ] {
        let folder = database("CREATE TABLE applied (version TEXT);");
        let with = format!(
            ", migration_query = \"SELECT max(version) FROM applied\", old_version_url = \"{}/smoke\",
            old_version_condition = 'status == 200 && json.status == \"ok\" && json.version == \"1.4\"'",
            answering(said)
        );
        let evidence = run(&loaded(folder.path(), &with.replace('\n', " ")), "old_version_on_new_schema").await;
        assert_eq!(evidence.outcome, expected, "{said}: {}", evidence.summary);
    }
    let folder = database("");
    let plan =
        loaded(folder.path(), ", migration_query = \"SELECT 1\", old_version_url = \"https://old.example/\"").plan;
    let check = plan.checks.iter().find(|check| check.id.as_str() == "old_version_on_new_schema").unwrap();
    let stands_on: Vec<&str> = check.depends_on.iter().map(|id| id.as_str()).collect();
    assert_eq!(stands_on, ["migrations_applied"], "on the old schema it would prove nothing");
}

#[tokio::test]
async fn payments_that_were_throttled_in_the_last_hour_are_found() {
    let with = ", throttled_field = \"payments.throttled_last_hour\"";
    for (number, expected) in [(0, Outcome::Pass), (3, Outcome::Fail)] {
        let app = answering(&format!("{{\"payments\":{{\"throttled_last_hour\":{number}}}}}"));
        let folder = database("");
        let evidence = run(&loaded_at(&app, folder.path(), with), "not_throttled").await;
        assert_eq!(evidence.outcome, expected, "{number}: {}", evidence.summary);
    }
}

#[test]
fn what_the_plan_does_not_give_is_left_out_and_lint_says_what_would_bring_it_in() {
    let folder = tempfile::tempdir().unwrap();
    let bare = loaded(folder.path(), "");
    let has = |loaded: &Loaded, id: &str| loaded.plan.checks.iter().any(|check| check.id.as_str() == id);
    for id in [
        "smallest_payment_arrived",
        "old_version_on_new_schema",
        "migrations_applied",
        "quota_has_room",
        "feature_flags_served",
        "success_page_grants_nothing",
    ] {
        assert!(!has(&bare, id), "{id} has nothing to look at");
    }
    assert!(has(&bare, "amount_is_verified"), "what needs nothing is there");
    let said = plan::render(&bare.advice, &bare.sources, false);
    assert!(said.contains("`quota_has_room` (The payment API's quota has room) is left out"), "{said}");
    assert!(said.contains("with = { quota_header = \"…\" }"), "{said}");
    assert!(
        said.contains("`old_version_on_new_schema` (The version before works on the new schema) is left out"),
        "{said}"
    );
    assert!(
        said.contains("`smallest_payment_refunded` (The real smallest payment was refunded) is left out"),
        "{said}"
    );
    // A person pays for real all the same: where golive cannot see it, it rests on a signature.
    let paid = bare.plan.items.iter().find(|item| item.id.as_str() == "real_payment_returned").unwrap();
    assert!(paid.checks.is_empty() && paid.manual.as_ref().is_some_and(|manual| manual.prompt.contains("500 cents")));
    // An item whose every check is left out goes with them; one that keeps some stays.
    let item = |loaded: &Loaded, id: &str| loaded.plan.items.iter().any(|item| item.id.as_str() == id);
    assert!(!item(&bare, "schema_is_current") && item(&bare, "access_is_paid_for"));
    let given = loaded(folder.path(), ", pool_query = \"SELECT 1\"");
    assert!(has(&given, "pool_has_room") && item(&given, "schema_is_current"));
}
