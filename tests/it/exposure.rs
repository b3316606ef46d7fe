//! What must not be public, in the demo's world: each check of the preset fails for its own reason, and for that alone.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use golive::demo::World;
use golive::model::word::Outcome;
use secrecy::ExposeSecret as _;

use crate::demo_world::run;

const CHECKS: &[&str] = &[
    "secrets_not_public",
    "secrets_without_public_prefix",
    "credentials_not_in_git",
    "credentials_not_in_documents",
    "fallback_credentials_disabled",
    "fallback_credentials_off",
    "test_routes_not_built",
    "console_logs_limited",
    "served_bundle_is_the_build",
];

fn append(path: &Path, text: &str) {
    fs::OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// More code in the build, and in what is served of it.
fn compile_in(folder: &Path, code: &str) {
    append(&folder.join("dist/assets/index.js"), code);
    append(&folder.join("current/assets/index.js"), code);
}

/// One more variable, and a build that is younger.
fn set(folder: &Path, variable: &str) {
    append(&folder.join(".env.production"), &format!("{variable}\n"));
    let index = fs::read(folder.join("dist/index.html")).unwrap();
    fs::write(folder.join("dist/index.html"), index).unwrap();
}

fn commit(folder: &Path, text: &str) {
    let mut object = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    write!(object, "blob {}\0{text}", text.len()).unwrap();
    fs::create_dir_all(folder.join(".git/objects/12")).unwrap();
    fs::write(folder.join(".git/objects/12").join("ab".repeat(19)), object.finish().unwrap()).unwrap();
}

type Break = fn(&Path, &str);

#[tokio::test]
async fn each_check_of_exposure_fails_for_its_own_reason_alone() {
    let breaks: &[(&str, Outcome, Break)] = &[
        ("secrets_not_public", Outcome::Fail, |folder, secret| compile_in(folder, &hex::encode(secret))),
        ("secrets_without_public_prefix", Outcome::Warn, |folder, secret| set(folder, &format!("VITE_KEY={secret}"))),
        ("credentials_not_in_git", Outcome::Fail, commit),
        ("credentials_not_in_documents", Outcome::Fail, |folder, secret| append(&folder.join("docs/notes.md"), secret)),
        ("fallback_credentials_disabled", Outcome::Fail, |folder, _| compile_in(folder, "let k=fallbackApiSecret;")),
        ("fallback_credentials_off", Outcome::Fail, |folder, _| set(folder, "VITE_ALLOW_FALLBACK_CREDENTIALS=true")),
        ("test_routes_not_built", Outcome::Fail, |folder, _| compile_in(folder, "post(\"/test-payment\")")),
        ("console_logs_limited", Outcome::Fail, |folder, _| compile_in(folder, &"console.log(1);".repeat(21))),
        ("served_bundle_is_the_build", Outcome::Fail, |folder, _| append(&folder.join("current/index.html"), "<p>")),
    ];
    for (broken, outcome, act) in breaks {
        let world = World::start(None, &[]).unwrap();
        act(world.folder(), world.credentials().api_secret.expose_secret());
        for check in CHECKS {
            let evidence = run(&world, check).await;
            let expected = if check == broken { *outcome } else { Outcome::Pass };
            assert_eq!(evidence.outcome, expected, "{broken} broken: {check}: {}", evidence.summary);
        }
    }
}

#[tokio::test]
async fn a_build_older_than_its_variables_is_not_what_is_meant() {
    let world = World::start(None, &[]).unwrap();
    append(&world.folder().join(".env.production"), "VITE_MORE=1\n");
    let evidence = run(&world, "served_bundle_is_the_build").await;
    assert!(
        evidence.summary.as_str().contains("dist was built before .env.production was changed"),
        "{}",
        evidence.summary
    );
}
