//! Env files against Vite itself: `tests/vectors/dotenv.json` was recorded by running Vite's own `loadEnv`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use golive::envfile;
use serde_json::Value;

fn files_of(case: &Value) -> Vec<String> {
    let mode = case["mode"].as_str().unwrap();
    let text = |name: &str| {
        let plain = case["files"].get(name).and_then(Value::as_str).map(str::to_owned);
        plain.or_else(|| {
            let encoded = case.get("files_base64")?.get(name)?.as_str()?;
            let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
            Some(String::from_utf8_lossy(&bytes).into_owned())
        })
    };
    envfile::files_of_mode(mode).iter().filter_map(|name| text(name)).collect()
}

fn map_of(value: &Value) -> BTreeMap<String, String> {
    let Some(object) = value.as_object() else { return BTreeMap::new() };
    object.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

fn loaded(case: &Value, prefixes: &[&str]) -> BTreeMap<String, String> {
    let files = files_of(case);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let variables = envfile::load(&files, &map_of(&case["process_env"]), prefixes);
    variables.into_iter().map(|variable| (variable.name, variable.value)).collect()
}

#[test]
fn env_files_are_read_as_vite_reads_them() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/dotenv.json");
    let vectors: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() > 190);
    let mut wrong = Vec::new();
    for case in cases {
        let id = case["id"].as_str().unwrap();
        let mut compare = |what: &str, prefixes: &[&str]| {
            let seen = loaded(case, prefixes);
            if let Some(expected) = case["expected"].get(what) {
                let expected = map_of(expected);
                if expected != seen {
                    wrong.push(format!("{id} ({what}):\n  vite   {expected:?}\n  golive {seen:?}"));
                }
            }
        };
        // Inputs on which the library itself never ends only have to end here.
        compare("all", &[""]);
        compare("vite", &["VITE_"]);
        if let Some(prefixes) = case.get("prefixes").and_then(Value::as_array) {
            let prefixes: Vec<&str> = prefixes.iter().map(|prefix| prefix.as_str().unwrap()).collect();
            compare("custom", &prefixes);
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}
