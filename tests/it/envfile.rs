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

/// Runs `golive env` in a folder with this case's files and, as in the vectors, its process environment alone.
fn listed(case: &Value) -> BTreeMap<String, Value> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in case["files"].as_object().into_iter().flatten() {
        fs::write(folder.path().join(name), text.as_str().unwrap()).unwrap();
    }
    for (name, text) in case.get("files_base64").and_then(Value::as_object).into_iter().flatten() {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.as_str().unwrap()).unwrap();
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_golive"))
        .args(["env", folder.path().to_str().unwrap(), "--mode", case["mode"].as_str().unwrap()])
        .args(["--all", "--digest-key-env", "THE_DIGEST_KEY", "--format", "json"])
        .env_clear()
        .envs(map_of(&case["process_env"]))
        .env("THE_DIGEST_KEY", "FAKE-key")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let listing: Value = serde_json::from_slice(&output.stdout).unwrap();
    let entries = listing["variables"].as_array().unwrap().iter();
    let entries = entries.map(|entry| (entry["name"].as_str().unwrap().to_owned(), entry.clone()));
    entries.filter(|(name, _)| name != "THE_DIGEST_KEY").collect()
}

fn hmac_of(value: &str) -> String {
    use hmac::{KeyInit as _, Mac as _};
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"FAKE-key").unwrap();
    mac.update(value.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[test]
fn the_command_lists_what_vite_sees_by_digest_and_shows_no_value() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/dotenv.json");
    let vectors: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for case in vectors["cases"].as_array().unwrap() {
        let Some(expected) = case["expected"].get("all").map(map_of) else { continue };
        let entries = listed(case);
        let digests: BTreeMap<String, String> =
            entries.iter().map(|(name, entry)| (name.clone(), entry["digest"].as_str().unwrap().to_owned())).collect();
        let wanted: BTreeMap<String, String> =
            expected.iter().map(|(name, value)| (name.clone(), hmac_of(value))).collect();
        assert_eq!(digests, wanted, "{}", case["id"]);
        for (name, value) in &expected {
            let entry = &entries[name];
            assert_eq!(entry["length"], value.chars().count(), "{}: {name}", case["id"]);
            assert_eq!(entry["public"], name.starts_with("VITE_"), "{}: {name}", case["id"]);
            let in_process = case["process_env"].get(name).is_some();
            assert_eq!(entry["source"] == "process", in_process, "{}: {name}", case["id"]);
            let masked = entry["masked"].as_str().unwrap();
            assert!(value.is_empty() || !masked.contains(value.as_str()), "{}: {name}", case["id"]);
        }
    }
}

#[test]
fn of_the_process_only_what_a_file_names_or_a_prefix_marks_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), "SHARED=file\nOWN=1\n").unwrap();
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_golive"))
            .arg("env")
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .envs([("SHARED", "process"), ("VITE_X", "1"), ("NEXT_PUBLIC_Y", "1"), ("REST", "1")])
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let names = |text: &str| -> Vec<String> {
        text.lines().skip(1).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&run(&[]).1), ["OWN", "SHARED", "VITE_X"]);
    assert_eq!(names(&run(&["--prefix", "NEXT_PUBLIC_"]).1), ["NEXT_PUBLIC_Y", "OWN", "SHARED"]);
    assert_eq!(names(&run(&["--all"]).1), ["NEXT_PUBLIC_Y", "OWN", "REST", "SHARED", "VITE_X"]);
    assert!(run(&[]).1.contains("SHARED  ••••         7 ch  process"), "{}", run(&[]).1);
    assert_eq!(run(&["--digest-key-env", "NO_SUCH_KEY"]).0, Some(2));
    assert_eq!(run(&["no/such/folder"]).0, Some(2));
}

#[test]
fn the_other_reading_is_vite_8s() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/dotenv.json");
    let vectors: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for case in vectors["cases"].as_array().unwrap() {
        let other = case.get("other_versions").and_then(|other| other.get("vite8"));
        let expected = other.unwrap_or(&case["expected"]).get("all").map(map_of);
        let Some(expected) = expected else { continue };
        let files = files_of(case);
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let seen = envfile::load_as_vite_8(&files, &map_of(&case["process_env"]), &[""]);
        let seen: BTreeMap<String, String> = seen.into_iter().map(|variable| (variable.name, variable.value)).collect();
        if seen != expected {
            wrong.push(format!("{}:\n  vite 8 {expected:?}\n  golive {seen:?}", case["id"]));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}
