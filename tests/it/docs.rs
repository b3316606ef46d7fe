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
    for (key, property) in schema["properties"].as_object().unwrap() {
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
