//! Real files and a real server on loopback.
#![expect(clippy::disallowed_methods, reason = "a test makes its own files and servers")]

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::check::{Surroundings, kit};
use crate::core::evidence::Evidence;
use crate::model::values::{Origin, Value};
use crate::model::word::Outcome;

/// A value made at run time, of characters that every encoding writes differently.
fn made_up() -> String {
    format!("FAKE-{}\"/+<{}", ulid::Ulid::generate(), ulid::Ulid::generate())
}

/// A folder with a build in it, and a credential of this value in IKHOKHA_API_SECRET.
fn world(value: &str) -> (tempfile::TempDir, Arc<Surroundings>) {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "dist/index.html", b"<script type=module src=\"/assets/index.js\"></script>");
    put(folder.path(), "dist/assets/index.js", b"console.log(1);start();");
    let mut surroundings = kit::surroundings_in(folder.path());
    let values = &mut Arc::get_mut(&mut surroundings).unwrap().values;
    values.insert("credentials.api_secret", kit::secret(value));
    values.insert("env.IKHOKHA_API_SECRET", kit::secret(value));
    values.insert("version", Value::plain("2026.11.3", Origin::Plan));
    (folder, surroundings)
}

fn put(folder: &Path, name: &str, content: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn brotli(content: &[u8]) -> Vec<u8> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    encoder.write_all(content).unwrap();
    encoder.into_inner()
}

async fn look(keys: &str, surroundings: &Arc<Surroundings>) -> Evidence {
    kit::run("bundle", &format!("folder = \"dist\"\n{keys}"), surroundings).await
}

#[track_caller]
fn is(evidence: &Evidence, outcome: Outcome, says: &str) {
    assert_eq!(evidence.outcome, outcome, "{}", evidence.summary);
    assert!(evidence.summary.as_str().contains(says), "{}", evidence.summary);
}

#[tokio::test]
async fn a_secret_in_any_form_in_any_file_is_named_with_its_variable_and_never_shown() {
    let value = made_up();
    let json = serde_json::Value::from(value.as_str()).to_string();
    let forms = [
        value.clone(),
        STANDARD.encode(&value),
        STANDARD.encode(format!("u:{value}")),
        hex::encode(&value),
        json[1..json.len() - 1].to_owned(),
    ];
    for form in &forms {
        let code = format!("const a=1;const key='{form}';");
        for (name, content) in [
            ("assets/index.js", code.clone().into_bytes()),
            ("assets/index.js.map", code.clone().into_bytes()),
            ("assets/index.js.gz", gzip(code.as_bytes())),
            ("assets/index.js.br", brotli(code.as_bytes())),
        ] {
            let (folder, surroundings) = world(&value);
            is(&look("no_secrets = true", &surroundings).await, Outcome::Pass, "no secret in 2 files of dist");
            put(folder.path(), &format!("dist/{name}"), &content);
            let evidence = look("no_secrets = true", &surroundings).await;
            is(&evidence, Outcome::Fail, &format!("in dist/{name} at byte 2"));
            assert!(evidence.summary.as_str().contains("IKHOKHA_API_SECRET (api_secret)"), "{}", evidence.summary);
            let stored = serde_json::to_string(&evidence).unwrap();
            assert!(forms.iter().all(|form| !stored.contains(form.as_str())), "{stored}");
        }
    }
}

#[tokio::test]
async fn a_bundle_without_secrets_raises_no_alarm() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut surroundings = kit::surroundings_in(&folder);
    let values = &mut Arc::get_mut(&mut surroundings).unwrap().values;
    values.insert("credentials.api_secret", kit::secret(&made_up()));
    let evidence = kit::run("bundle", "folder = \"harmless-bundle\"\nno_secrets = true", &surroundings).await;
    is(&evidence, Outcome::Pass, "no secret in 8 files");
}

#[tokio::test]
async fn a_key_of_a_known_provider_fails_and_a_suspect_one_warns() {
    let (folder, surroundings) = world(&made_up());
    put(folder.path(), "dist/maps.js", format!("key=\"AIza{}\"", "aB3cD4e".repeat(5)).as_bytes());
    is(&look("no_secrets = true", &surroundings).await, Outcome::Warn, "a Google API key");
    let meant = "no_secrets = true\nmeant_public = [\"a Google API key\"]";
    is(&look(meant, &surroundings).await, Outcome::Pass, "");
    put(folder.path(), "dist/pay.js", format!("key=\"sk_live_{}\"", "aB3cD4".repeat(4)).as_bytes());
    is(
        &look("no_secrets = true", &surroundings).await,
        Outcome::Fail,
        "a Stripe live key stands in dist/pay.js at byte 5",
    );
}

#[tokio::test]
async fn a_credential_that_is_made_for_browsers_is_no_find() {
    let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let token = |role: &str| {
        let claims = format!(r#"{{"iss":"supabase","role":"{role}"}}"#);
        format!("{}.{}.{}", part(r#"{"alg":"HS256"}"#), part(&claims), part("FAKE-signature-of-a-test"))
    };
    let keys = "no_secrets = true\npublic_prefixes = [\"VITE_\"]";
    for (value, outcome) in
        [(token("anon"), Outcome::Pass), (token("service_role"), Outcome::Fail), (made_up(), Outcome::Fail)]
    {
        let (folder, mut surroundings) = world(&value);
        Arc::get_mut(&mut surroundings).unwrap().values.insert("env.VITE_KEY", kit::secret(&value));
        put(folder.path(), "dist/rows.js", format!("key='{value}'").as_bytes());
        is(&look(keys, &surroundings).await, outcome, "");
    }
    let (folder, surroundings) = world("FAKE-application-id-0123456789");
    put(folder.path(), "dist/pay.js", b"id='FAKE-application-id-0123456789'");
    is(&look("no_secrets = true\nmeant_public = [\"api_secret\"]", &surroundings).await, Outcome::Pass, "");
}

#[tokio::test]
async fn what_could_not_be_looked_at_or_for_is_never_a_pass() {
    let (folder, mut surroundings) = world("FAKE-is-not-there-0123456789");
    put(folder.path(), "dist/broken.js.gz", &gzip(&[b'x'; 4000])[..20]);
    is(&look("no_secrets = true", &surroundings).await, Outcome::Error, "broken.js.gz could not be read");
    std::fs::remove_file(folder.path().join("dist/broken.js.gz")).unwrap();
    let values = &mut Arc::get_mut(&mut surroundings).unwrap().values;
    values.insert("credentials.pin", kit::secret("FAKE"));
    is(&look("no_secrets = true", &surroundings).await, Outcome::Warn, "pin is shorter than 8 characters");
    Arc::get_mut(&mut surroundings).unwrap().values.fail("credentials.webhook_secret", "vault: not signed in");
    is(&look("no_secrets = true", &surroundings).await, Outcome::Error, "webhook_secret could not be read");
    std::fs::remove_dir_all(folder.path().join("dist")).unwrap();
    for keys in ["no_secrets = true", "console_logs = 5", "max_age = \"1d\""] {
        is(&look(keys, &surroundings).await, Outcome::Fail, "dist does not exist");
        put(folder.path(), "dist", b"");
        is(&look(keys, &surroundings).await, Outcome::Fail, "dist is no folder");
        std::fs::remove_file(folder.path().join("dist")).unwrap();
    }
    std::fs::create_dir(folder.path().join("dist")).unwrap();
    is(&look("no_secrets = true", &surroundings).await, Outcome::Fail, "dist is empty");
    is(&look("lacks = [\"x\"]", &surroundings).await, Outcome::Fail, "dist holds no code");
}

#[tokio::test]
async fn a_credential_under_a_public_prefix_is_a_warning_that_explains_it() {
    let value = made_up();
    let (_folder, mut surroundings) = world(&value);
    let keys = "public_prefixes = [\"VITE_\", \"NEXT_PUBLIC_\"]";
    let ask = |surroundings: Arc<Surroundings>| async move { kit::run("bundle", keys, &surroundings).await };
    is(&ask(Arc::clone(&surroundings)).await, Outcome::Pass, "");
    let insert = |surroundings: &mut Arc<Surroundings>, name: &str, value: Value| {
        Arc::get_mut(surroundings).unwrap().values.insert(name, value);
    };
    insert(
        &mut surroundings,
        "env.NEXT_PUBLIC_PAY",
        Value::plain(&format!("sk_live_{}", "aB3cD4".repeat(4)), Origin::Plan),
    );
    is(
        &ask(Arc::clone(&surroundings)).await,
        Outcome::Warn,
        "a Stripe live key stands in NEXT_PUBLIC_PAY: Next.js compiles",
    );
    insert(&mut surroundings, "env.VITE_SECRET", kit::secret(&value));
    let evidence = ask(Arc::clone(&surroundings)).await;
    is(
        &evidence,
        Outcome::Warn,
        "api_secret stands in VITE_SECRET: Vite compiles every variable that begins with VITE_",
    );
    assert!(!serde_json::to_string(&evidence).unwrap().contains(&value));
}

#[tokio::test]
async fn console_calls_are_bounded_and_forbidden_texts_are_found_in_code_alone() {
    let (folder, surroundings) = world(&made_up());
    put(folder.path(), "dist/assets/index.js.map", b"console.log( fallbackSecret ".repeat(50).as_slice());
    let keys = "console_logs = 1\nlacks = [\"fallbackSecret\"]";
    is(&look(keys, &surroundings).await, Outcome::Pass, "1 call writes to the browser's console, at most 1");
    put(folder.path(), "dist/assets/more.js", b"console.debug(x);console.error(y)");
    is(&look(keys, &surroundings).await, Outcome::Fail, "2 calls write to the browser's console, at most 1");
    put(folder.path(), "dist/assets/more.js", b"let k=e.key||fallbackSecret");
    is(
        &look(keys, &surroundings).await,
        Outcome::Fail,
        "\"fallbackSecret\" is compiled into dist/assets/more.js, at byte 13",
    );
}

#[tokio::test]
async fn the_build_says_which_one_it_is_and_is_no_older_than_what_is_compiled_in() {
    let (folder, surroundings) = world(&made_up());
    let path = folder.path();
    let age = |name: &str, ago: u64| {
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_790_000_000 - ago);
        std::fs::File::options().write(true).open(path.join(name)).unwrap().set_modified(time).unwrap();
    };
    let marked = "marker = { file = \"VERSION\", holds = \"{{ version }}\" }";
    is(&look(marked, &surroundings).await, Outcome::Fail, "dist/VERSION is not there");
    put(path, "dist/VERSION", b"2026.11.2\n");
    is(&look(marked, &surroundings).await, Outcome::Fail, "dist/VERSION does not say 2026.11.3");
    put(path, "dist/VERSION", b"2026.11.3\n");
    is(&look(marked, &surroundings).await, Outcome::Pass, "");
    put(path, ".env.production", b"A=1\n");
    age("dist/index.html", 100);
    age(".env.production", 200);
    let newer = "newer_than = [\".env\", \".env.production\"]";
    is(&look(newer, &surroundings).await, Outcome::Pass, "");
    age(".env.production", 50);
    is(&look(newer, &surroundings).await, Outcome::Fail, "dist was built before .env.production was changed");
    put(path, "dist/index.html", b"<p>");
    is(&look("max_age = \"1h\"", &surroundings).await, Outcome::Pass, "");
    let month_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(30 * 86_400);
    std::fs::File::options().write(true).open(path.join("dist/index.html")).unwrap().set_modified(month_ago).unwrap();
    is(&look("max_age = \"1h\"", &surroundings).await, Outcome::Fail, "dist was built 30d ago, at most 1h");
}

/// A site on loopback that answers each request line as told: head without the status line's version, and body.
fn site(answer: impl Fn(&str) -> (String, Vec<u8>) + Send + Sync + 'static) -> u16 {
    use std::io::Read as _;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    head.push(byte[0]);
                    if !head.ends_with(b"\r\n\r\n") {
                        continue;
                    }
                    let asked = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_owned();
                    let (head_, body) = answer(&asked);
                    let whole =
                        [format!("HTTP/1.1 {head_}\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), &body]
                            .concat();
                    if stream.write_all(&whole).is_err() {
                        return;
                    }
                    head.clear();
                }
            });
        }
    });
    port
}

const INDEX: &[u8] = b"<script type=module src=\"/assets/index.js\"></script>";
const CODE: &[u8] = b"console.log(1);start();";

fn ok(body: &[u8]) -> (String, Vec<u8>) {
    ("200 OK".to_owned(), body.to_vec())
}

#[tokio::test]
async fn what_is_served_is_what_was_built_also_past_the_caches() {
    type Serve = fn(&str) -> (String, Vec<u8>);
    let cases: [(Serve, Outcome, &str); 8] = [
        (|path| ok(if path.starts_with("/?") || path == "/" { INDEX } else { CODE }), Outcome::Pass, "is dist"),
        (
            |path| {
                ok(if path == "/" {
                    b"<old>"
                } else if path.contains("js") {
                    CODE
                } else {
                    INDEX
                })
            },
            Outcome::Fail,
            "comes out of a cache",
        ),
        (|path| ok(if path.contains("js") { CODE } else { b"<other>" }), Outcome::Fail, "another build is served"),
        (
            |path| {
                ok(if path == "/" {
                    INDEX
                } else if path.contains("js") {
                    CODE
                } else {
                    b"<new>"
                })
            },
            Outcome::Fail,
            "only out of a cache",
        ),
        (
            |path| if path.contains("js") { ("404 Not Found".into(), b"no".to_vec()) } else { ok(INDEX) },
            Outcome::Fail,
            "/assets/index.js is answered 404",
        ),
        (
            |path| ok(if path.contains("js") { b"stale()" } else { INDEX }),
            Outcome::Fail,
            "/assets/index.js is not the file that was built",
        ),
        (
            |_| ("301 Moved Permanently\r\nlocation: https://www.shop.example/".into(), Vec::new()),
            Outcome::Fail,
            "leads to https://www.shop.example/",
        ),
        (
            |path| ("200 OK\r\ncontent-encoding: gzip".into(), gzip(if path.contains("js") { CODE } else { INDEX })),
            Outcome::Pass,
            "",
        ),
    ];
    for (serve, outcome, says) in cases {
        let (_folder, surroundings) = world(&made_up());
        let port = site(serve);
        is(&look(&format!("served = \"http://127.0.0.1:{port}\""), &surroundings).await, outcome, says);
    }
    let (folder, surroundings) = world(&made_up());
    put(folder.path(), "before/assets/lazy-1.js", b"old()");
    let keys = |port: u16| format!("served = \"http://127.0.0.1:{port}\"\nprevious = \"before\"");
    let gone = site(|path| match path {
        "/assets/lazy-1.js" => ("404 Not Found".into(), Vec::new()),
        _ => ok(if path.contains("js") { CODE } else { INDEX }),
    });
    is(
        &look(&keys(gone), &surroundings).await,
        Outcome::Fail,
        "/assets/lazy-1.js of the version before is answered 404",
    );
    let kept = site(|path| ok(if path.contains("js") { CODE } else { INDEX }));
    is(&look(&keys(kept), &surroundings).await, Outcome::Pass, "");
    let nobody = kit::listener::closed_port();
    is(&look(&format!("served = \"http://127.0.0.1:{nobody}/\""), &surroundings).await, Outcome::Fail, "refused");
    let silent = kit::listener::silent();
    let keys = format!("folder = \"dist\"\nserved = \"http://127.0.0.1:{silent}\"");
    let late = kit::run_within("bundle", &keys, &surroundings, std::time::Duration::from_millis(300)).await;
    is(&late, Outcome::Fail, "did not come");
    std::fs::remove_file(folder.path().join("dist/index.html")).unwrap();
    is(
        &look(&format!("served = \"http://127.0.0.1:{nobody}\""), &surroundings).await,
        Outcome::Fail,
        "index.html does not exist",
    );
}
