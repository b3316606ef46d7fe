//! Documents that are made from the code are held against it; `BLESS=1 cargo test docs` writes them anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use golive::check;
use golive::model::kind::KindSpec;
use serde_json::Value;

fn document(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

fn compare(name: &str, made: &str) {
    let path = document(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, made).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == made, "docs/{name} is not what the code says; BLESS=1 cargo test docs writes it anew");
}

fn default_of(property: &Value) -> String {
    match property.get("default") {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::Array(items)) if items.is_empty() => "`[]`".to_owned(),
        Some(Value::Object(fields)) if fields.is_empty() => "`{}`".to_owned(),
        Some(value) => format!("`{value}`"),
    }
}

fn kind_section(text: &mut String, spec: &KindSpec, category: &str, table: &str) {
    let schema = serde_json::to_value((spec.schema)()).unwrap();
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    write!(text, "\n## `{}`\n\n{}{category}\n\n", spec.name, spec.doc).unwrap();
    text.push_str("| key | default | meaning |\n| --- | --- | --- |\n");
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let doc = property["description"].as_str().unwrap_or_default().replace('\n', " ");
        assert!(!doc.is_empty(), "{}: `{key}` has no sentence", spec.name);
        let is_required = required.contains(&Value::from(key.as_str()));
        let default = if is_required { "required".to_owned() } else { default_of(property) };
        writeln!(text, "| `{key}` | {default} | {doc} |").unwrap();
    }
    write!(text, "\n```toml\n[{table}]\nkind = \"{}\"\n{}```\n", spec.name, spec.example).unwrap();
}

#[test]
fn notifiers_md_says_what_the_notifiers_say() {
    let mut text = String::from(
        "# Notifiers\n\nMade from the notifiers themselves; the keys that every notifier has are in [PLAN.md](PLAN.md). \
         A key that holds a secret takes a reference and nothing else.\n",
    );
    for spec in golive::notify::specs() {
        kind_section(&mut text, &spec, "", "notifiers.example");
    }
    compare("NOTIFIERS.md", &text);
}

#[test]
fn triage_md_says_what_sources_and_queries_say() {
    let mut text = String::from(TRIAGE_HEAD);
    for spec in golive::check::changes::specs() {
        kind_section(&mut text, &spec, "", "changes.example");
    }
    text.push_str(HURT_HEAD);
    for spec in golive::check::hurt::specs() {
        kind_section(&mut text, &spec, "", "hurt.example");
    }
    compare("TRIAGE.md", &text);
}

const TRIAGE_HEAD: &str = "# Triage

Something is red: `t` in the cockpit, `golive triage`, or `golive triage --headless` for a page without a screen. It says, in this
order: what broke first and what only follows from it, since when, what good looked like; who is hurt; what changed just before;
what the runbook says; what people noted. `tab` opens the runbook, `x` ticks a step off, `m` writes a note, `y` copies the page for the
incident's channel as Markdown (on a row HURT: the ids to repair) through the terminal (OSC 52). `golive report SESSION --format triage`
gives the same page of a past session, `--at` of any of its moments.

Sources and queries are asked in the cockpit and by `golive triage --headless`, never by `golive check`. What they say is no evidence
and turns no verdict. What is not watched is named on the screen: silence is no proof that nothing changed.

Sections below are made from the sources and queries themselves; the keys that all have are in [PLAN.md](PLAN.md).

# Sources of changes: `[changes.NAME]`
";

const HURT_HEAD: &str = "
# Who is hurt: `[hurt.NAME]`

An answer that cannot be had is no zero: the screen says that nobody knows, and why. At most 10,000 entries are counted and 500 ids
kept, and the screen says when there may be more.
";

#[test]
fn checks_md_says_what_the_kinds_say() {
    let mut text = String::from(
        "# Check kinds\n\nMade from the kinds themselves; the keys that every check has are in [PLAN.md](PLAN.md).\n",
    );
    for spec in check::specs() {
        let category = format!(" Category: `{}`.", spec.category);
        kind_section(&mut text, &spec, &category, "checks.example");
    }
    compare("CHECKS.md", &text);
}

#[test]
fn every_check_of_the_ikhokha_preset_has_its_line() {
    let preset = golive::plan::presets::text("ikhokha").unwrap();
    let page = fs::read_to_string(document("presets/ikhokha.md")).unwrap();
    let ids = preset.lines().filter_map(|line| {
        let id = line.strip_prefix("[checks.").and_then(|rest| rest.split(']').next());
        id.or_else(|| line.strip_prefix("id = \"").and_then(|rest| rest.split('"').next()))
    });
    for id in ids {
        assert!(page.contains(&format!("`{id}`")), "docs/presets/ikhokha.md does not say what `{id}` answers");
    }
}

#[test]
fn plan_mds_whole_plan_is_the_one_that_loads() {
    let page = fs::read_to_string(document("PLAN.md")).unwrap();
    let plan = fs::read_to_string(document("../tests/plans/good/academy.toml")).unwrap();
    let (_, body) = plan.split_once('\n').unwrap();
    assert!(page.contains(body.trim()), "docs/PLAN.md and tests/plans/good/academy.toml differ");
}

/// Every key of the schema has its word on the page.
#[test]
fn plan_md_names_every_key() {
    let page = fs::read_to_string(document("PLAN.md")).unwrap();
    let schema = golive::plan::schema(&check::specs());
    let mut missing = Vec::new();
    for (table, definition) in schema["$defs"].as_object().unwrap() {
        // The kinds' own keys are CHECKS.md's.
        let of_a_kind = check::specs().iter().any(|spec| table.starts_with(&format!("{}_", spec.name)));
        if of_a_kind
            || table.starts_with("check_")
            || table.starts_with("notifier_")
            || table.starts_with("change_")
            || table.starts_with("hurt_")
            || table == "setting"
            || table == "credential"
        {
            continue;
        }
        for key in definition["properties"].as_object().into_iter().flatten().map(|(key, _)| key) {
            if !page.contains(key.as_str()) {
                missing.push(format!("{table}.{key}"));
            }
        }
    }
    assert!(missing.is_empty(), "docs/PLAN.md does not name {missing:?}");
}

/// The table of `FailureClass::meaning` as a page.
#[test]
fn failures_md_says_what_the_table_says() {
    use golive::model::failure::FailureClass;
    let mut text = String::from(FAILURES_HEAD);
    for class in FailureClass::ALL {
        let meaning = class.meaning();
        let category = meaning.category.map_or("the check's own", |category| category.word());
        let recovery = meaning.recovery.word();
        writeln!(text, "| `{class}` | {category} | {} | `{recovery}` | {} |", meaning.impact, meaning.remedy).unwrap();
    }
    text.push_str(FAILURES_FOOT);
    compare("FAILURES.md", &text);
}

const FAILURES_HEAD: &str = "# What a failure means

Every `fail` and `error` is classified by what really happened, not by the words it came in. The class gives category,
impact and recovery unless the plan says otherwise: a check's own `impact`, `remedy` and `recovery` come first, and its
`severity` is always the plan's. The table is `src/model/failure.rs`; this page is made from it.

| class | category | impact | recovery | where to begin |
| --- | --- | --- | --- | --- |
";

const FAILURES_FOOT: &str = "
`this_machine` is where golive runs: no network, no resolver, a vault that is locked, a source that gives nothing. All
checks that cannot look for such a reason are one cause in triage. `local` is golive's own: a command is not trusted, a
condition cannot be evaluated, there is no data. Both are an `error` and never a verdict on the target.

## How each recovery is carried out

- **retry**: by the check's `retry` (attempts, delay, backoff), each wait a fifth more or less so that many do not come
  back at once. `Retry-After` (of 429 and 503) is obeyed: a wait that fits before the check's next turn is waited out, a
  longer one ends the run. After a 429 the check repeats what it was answered, without asking again, until the wait is
  over (15 minutes at most). A pass after retries says on which attempt.
- **fallback**: an `http` check with `fallback = { url = … }` asks there when the first service fails. If that answers as
  it should, the check is a warning that names both; the failure of the first stays in the evidence, with the recovery
  `fallback`.
- **manual_intervention**: the failure opens a task, an event of its own in the journal, with what to do: the check's own
  `remedy`, or the last column. It waits in the verdict and in the report until somebody takes it on them (`i`) and says
  that it is done (`x`, with a note). That runs the check at once, and the check decides: a task closes when it is seen
  good, or accepted; a run that fails all the same opens it again. What only follows from another failure opens none.
- **graceful_degradation**: by the plan's word: `degrade = { without = \"live updates\", flags = [\"VITE_ENABLE_LIVE\"] }`
  names what customers go without and the feature flags to turn off. The task says so; a person turns them off and
  confirms it with `w`. The verdict is GO WITH WARNINGS at best, and screen and report call the item degraded, until the
  waiver ends.

## Timeouts

A timeout says what was waited for: the name's address, a connection to which address, the TLS handshake, the opening of
a WebSocket, the login, an answer, the rest of the answer.

## Where the failure comes from, by kind

| kind | seen | class |
| --- | --- | --- |
| `http` | 401, 403, 407 / 404, 410 / 409 / 429 / 5xx, unless the condition asks for that status | `denied` / `not_found` / `conflict` / `throttled` / `server_error` |
| `sql` | wrong password, user or right / no such database, table, column; a statement that writes / starting, full | `denied` / `configuration` / `server_error` |
| `redis` | `WRONGPASS`, `NOAUTH`, `NOPERM` / `LOADING`, `MASTERDOWN`, `CLUSTERDOWN` | `denied` / `server_error` |
| `smtp` | 530, 534, 535 / 550 to 554 / 421, 45x | `denied` / `configuration` / `server_error` |
| `websocket` | 401, 403 / 404, a refused subscription / 5xx instead of an opening | `denied` / `configuration` / `server_error` |
| `prometheus` | no such target or rule, a refused query / a target that is down; no sample is an `error` | `configuration` / `server_error` |
| all | TLS offered but not spoken, demanded but not offered, another name, ended, unknown issuer | `tls` |
";
