//! `golive scan`: files, archives and history, by the real binary; which credential stands where, never the value.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use serde_json::Value;

const PLAN: &str = "[service]\nname = \"shop\"\nenvironment = \"staging\"\n\
    [sources]\nenv_files = [\".env.local\"]\n\
    [credentials.api_secret]\nfrom = { env = \"SHOP_SECRET\" }\n\
    [[pre_deployment]]\nid = \"a\"\nchecks = [\"category:credential\"]\n";

/// A project with a plan, a secret in its env file and a build without it.
struct Project {
    home: tempfile::TempDir,
    secret: String,
}

impl Project {
    fn new() -> Self {
        let project = Self {
            home: tempfile::tempdir().unwrap(),
            secret: format!("FAKE-{}+/{}", ulid::Ulid::generate(), ulid::Ulid::generate()),
        };
        project.put("golive.toml", PLAN.as_bytes());
        project.put(".env.local", format!("SHOP_SECRET='{}'\n", project.secret).as_bytes());
        project.put("dist/index.js", b"start()");
        project
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    fn put(&self, name: &str, content: &[u8]) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn scan(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_golive"));
        command.arg("scan").args(arguments).current_dir(self.path()).env_clear().env("HOME", self.path());
        let ran = Ran(command.stdin(Stdio::null()).output().unwrap());
        let said = format!("{}{}", ran.out(), ran.err());
        for form in [
            self.secret.clone(),
            hex::encode(&self.secret),
            base64::engine::general_purpose::STANDARD.encode(&self.secret),
        ] {
            assert!(!said.contains(&form), "the secret was told: {said}");
        }
        ran
    }
}

struct Ran(Output);

impl Ran {
    fn code(&self) -> Option<i32> {
        self.0.status.code()
    }

    fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    #[track_caller]
    fn found(&self, line: &str) {
        assert_eq!(self.code(), Some(1), "{} {}", self.out(), self.err());
        assert!(self.out().contains(line), "{}", self.out());
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A tar archive of one file.
fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    header[156] = b'0';
    header[257..262].copy_from_slice(b"ustar");
    let padding = vec![0; content.len().next_multiple_of(512) - content.len() + 1024];
    [&header[..], content, &padding].concat()
}

/// A zip archive of one packed file.
fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    let packed = encoder.finish().unwrap();
    let short = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
    let long = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let common = |header: &mut Vec<u8>| {
        header.extend([20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        header.extend(long(packed.len()));
        header.extend(long(content.len()));
        header.extend(short(name.len()));
        header.extend([0, 0]);
    };
    let mut archive = b"PK\x03\x04".to_vec();
    common(&mut archive);
    archive.extend(name.as_bytes());
    archive.extend(&packed);
    let directory = archive.len();
    archive.extend(b"PK\x01\x02\x14\0");
    common(&mut archive);
    archive.extend([0; 14]);
    archive.extend(name.as_bytes());
    let length = archive.len() - directory;
    archive.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    archive.extend(long(length));
    archive.extend(long(directory));
    archive.extend([0, 0]);
    archive
}

#[test]
fn nothing_found_ends_with_0_and_something_with_1() {
    let project = Project::new();
    let clean = project.scan(&["dist"]);
    assert_eq!((clean.code(), clean.err().as_str()), (Some(0), ""), "{}", clean.out());
    assert!(clean.out().starts_with("0 found: looked for 1 credential and known keys in 1 files"), "{}", clean.out());
    project.put("dist/index.js", format!("key='{}'", project.secret).as_bytes());
    project.scan(&["dist"]).found("dist/index.js:5  SHOP_SECRET (api_secret) as it is\n");
    project.scan(&["--plan", "golive.toml", "dist/index.js"]).found("dist/index.js:5  ");
}

#[test]
fn archives_are_looked_into_by_name() {
    let project = Project::new();
    let code = format!("key='{}'", hex::encode(&project.secret));
    for (name, content, place) in [
        ("site.js.gz", gzip(code.as_bytes()), "site.js.gz:5"),
        ("site.tar", tar("assets/a.js", code.as_bytes()), "site.tar!assets/a.js:5"),
        ("site.tar.gz", gzip(&tar("assets/a.js", code.as_bytes())), "site.tar.gz!assets/a.js:5"),
        ("deep.tar.gz", gzip(&tar("a.js.gz", &gzip(code.as_bytes()))), "deep.tar.gz!a.js.gz:5"),
        ("site.zip", zip("assets/a.js", code.as_bytes()), "site.zip!assets/a.js:5"),
    ] {
        let project = Project { home: tempfile::tempdir().unwrap(), secret: project.secret.clone() };
        project.put("golive.toml", PLAN.as_bytes());
        project.put(".env.local", format!("SHOP_SECRET='{}'\n", project.secret).as_bytes());
        project.put(&format!("out/{name}"), &content);
        project.scan(&["out"]).found(&format!("out/{place}  SHOP_SECRET (api_secret) in hex"));
    }
}

/// Bytes that look like those of a packer, and are not unpacked.
fn of_magic(magic: &[u8]) -> Vec<u8> {
    [magic, &[0x9b; 600]].concat()
}

#[test]
fn archives_in_zip_archives_are_looked_into_too() {
    let first = Project::new();
    let code = format!("key='{}'", first.secret);
    let inner = zip("a.js", code.as_bytes());
    for (name, content, place) in [
        ("nested.zip", zip("inner.zip", &inner), "nested.zip!inner.zip!a.js:5"),
        ("deeper.zip", zip("in.zip", &zip("inner.zip", &inner)), "deeper.zip!in.zip!inner.zip!a.js:5"),
        ("zip.tar.gz", gzip(&tar("inner.zip", &inner)), "zip.tar.gz!inner.zip!a.js:5"),
        ("tar.zip", zip("site.tar.gz", &gzip(&tar("a.js", code.as_bytes()))), "tar.zip!site.tar.gz!a.js:5"),
        ("installer", [b"#!/bin/sh\nunpack itself\n", &inner[..]].concat(), "installer!a.js:5"),
    ] {
        let project = Project { home: tempfile::tempdir().unwrap(), secret: first.secret.clone() };
        project.put("golive.toml", PLAN.as_bytes());
        project.put(".env.local", format!("SHOP_SECRET='{}'\n", project.secret).as_bytes());
        project.put(&format!("out/{name}"), &content);
        project.scan(&["out"]).found(&format!("out/{place}  SHOP_SECRET (api_secret) as it is"));
    }
}

#[test]
fn what_stands_before_an_archive_is_looked_at_as_well() {
    let project = Project::new();
    let script = format!("#!/bin/sh\nKEY={}\n", project.secret);
    project.put("dist/installer", &[script.as_bytes(), &zip("a.js", b"start()")].concat());
    project.scan(&["dist"]).found("dist/installer:14  SHOP_SECRET (api_secret) as it is\n");
}

#[test]
fn an_archive_that_is_not_looked_into_is_said_to_be_unread() {
    let mut matryoshka = zip("a.js", b"start()");
    for depth in 0..5 {
        matryoshka = zip(&format!("{depth}.zip"), &matryoshka);
    }
    let appended = [b"#!/bin/sh\n", &zip("a.js", b"start()")[..]].concat();
    for (name, content, why) in [
        ("site.tar.bz2", of_magic(b"BZh91AY&SY"), "bzip2"),
        ("site.tar.xz", of_magic(b"\xfd7zXZ\0"), "xz"),
        ("no_ending", of_magic(b"\xfd7zXZ\0"), "xz"),
        ("site.zst", of_magic(b"\x28\xb5\x2f\xfd"), "zstd"),
        ("site.7z", of_magic(b"7z\xbc\xaf\x27\x1c"), "7z"),
        ("in.zip", zip("site.tar.xz", &of_magic(b"\xfd7zXZ\0")), "xz"),
        ("garbage.tar.gz", b"no archive at all".to_vec(), "its name says that it is packed"),
        ("garbage.zip", b"no archive at all".to_vec(), "its name says that it is packed"),
        ("garbage.tar.xz", b"no archive at all".to_vec(), "its name says that it is packed"),
        ("garbage_in.tar.gz", gzip(b"no archive at all"), "its name says that it is packed"),
        ("cut.zip", zip("a.js", b"start()")[..60].to_vec(), "the zip breaks off"),
        ("matryoshka.zip", matryoshka, "more archives inside each other than are looked into"),
        ("installer.tar", tar("installer", &appended), "a zip archive with something before it"),
    ] {
        let project = Project::new();
        project.put(&format!("dist/{name}"), &content);
        let ran = project.scan(&["dist", "--format", "json"]);
        assert_eq!(ran.code(), Some(4), "{name}: {}", ran.out());
        let json: Value = serde_json::from_str(&ran.out()).unwrap();
        assert_eq!(json["unread"].as_array().unwrap().len(), 1, "{name}: {json}");
        let unread = &json["unread"][0];
        assert!(unread["place"].as_str().unwrap().starts_with(&format!("dist/{name}")), "{unread}");
        assert!(unread["why"].as_str().unwrap().contains(why), "{name}: {unread}");
    }
}

#[test]
fn what_lies_open_in_an_archive_that_is_not_unpacked_is_found_all_the_same() {
    let project = Project::new();
    let stored = [of_magic(b"7z\xbc\xaf\x27\x1c"), project.secret.clone().into_bytes()].concat();
    project.put("dist/site.7z", &stored);
    let ran = project.scan(&["dist"]);
    ran.found("dist/site.7z:606  SHOP_SECRET (api_secret) as it is");
    assert!(ran.err().contains("dist/site.7z could not be read"), "{}", ran.err());
}

#[test]
fn healthy_archives_of_every_shape_end_with_0() {
    let project = Project::new();
    for (name, content) in [
        ("a.tgz", gzip(&tar("a.js", b"start()"))),
        ("a.js.gz", gzip(b"start()")),
        ("a.svgz", gzip(b"<svg/>")),
        ("a.zip", zip("inner.zip", &zip("a.js", b"start()"))),
        ("empty.zip", [b"PK\x05\x06", &[0; 18][..]].concat()),
        ("empty.tar", Vec::new()),
        ("BZ.txt", b"BZh is how bzip2 begins, PK\x05\x06 how a zip ends".to_vec()),
    ] {
        project.put(&format!("dist/{name}"), &content);
    }
    let ran = project.scan(&["dist"]);
    assert_eq!(ran.code(), Some(0), "{}", ran.err());
    assert_eq!(finds(&ran), Vec::<String>::new(), "{}", ran.err());
}

/// The finds without the line that sums them up.
fn finds(ran: &Ran) -> Vec<String> {
    let mut lines: Vec<String> = ran.out().lines().map(str::to_owned).collect();
    let summary = lines.pop().expect("the last line sums up");
    assert!(summary.contains(" found: looked for "), "{summary}");
    lines
}

#[test]
fn a_value_that_is_spelled_out_is_found() {
    let project = Project::new();
    let each = |written: &dyn Fn(u8) -> String| project.secret.bytes().map(written).collect::<String>();
    let code = format!("k=\"{}\"", each(&|byte| format!("\\u{byte:04x}")));
    let map = serde_json::json!({ "version": 3, "sourcesContent": [code] }).to_string();
    for (content, form) in [
        (format!("k=\"{}\"", each(&|byte| format!("\\x{byte:02x}"))).into_bytes(), "escaped"),
        (code.into_bytes(), "escaped"),
        (map.into_bytes(), "escaped"),
        (each(&|byte| format!("%{byte:02X}")).into_bytes(), "URL-encoded"),
        (each(&|byte| format!("%{byte:02x}")).into_bytes(), "URL-encoded"),
        (each(&|byte| format!("&#{byte};")).into_bytes(), "in XML entities"),
        (each(&|byte| format!("&#x{byte:X};")).into_bytes(), "in XML entities"),
        (project.secret.encode_utf16().flat_map(u16::to_le_bytes).collect(), "in UTF-16"),
        (project.secret.encode_utf16().flat_map(u16::to_be_bytes).collect(), "in UTF-16"),
    ] {
        project.put("dist/index.js", &content);
        project.scan(&["dist"]).found(&format!("SHOP_SECRET (api_secret) {form}\n"));
    }
}

#[test]
fn a_value_that_is_a_name_is_found_and_not_told() {
    let secret = format!("FAKE-{}", ulid::Ulid::generate());
    let name = format!("{secret}.js");
    let known = format!("sk_live_{}", "aB3cD4".repeat(4));
    for (path, content, says) in [
        (
            format!("dist/{name}"),
            b"start()".to_vec(),
            "dist/‹api_secret›.js  SHOP_SECRET (api_secret) as it is, in its name",
        ),
        (
            format!("dist/{secret}/a.js"),
            b"start()".to_vec(),
            "dist/‹api_secret›  SHOP_SECRET (api_secret) as it is, in its name",
        ),
        ("dist/a.zip".to_owned(), zip(&name, b"start()"), "dist/a.zip!‹api_secret›.js  SHOP_SECRET"),
        ("dist/a.tar".to_owned(), tar(&name, b"start()"), "dist/a.tar!‹api_secret›.js  SHOP_SECRET"),
        (format!("dist/{known}"), b"start()".to_vec(), "dist/‹a Stripe live key›  a Stripe live key, in its name"),
    ] {
        let project = Project { home: tempfile::tempdir().unwrap(), secret: secret.clone() };
        project.put("golive.toml", PLAN.as_bytes());
        project.put(".env.local", format!("SHOP_SECRET='{secret}'\n").as_bytes());
        project.put(&path, &content);
        for format in ["human", "json", "sarif"] {
            let ran = project.scan(&["dist", "--format", format]);
            assert_eq!(ran.code(), Some(1), "{}", ran.err());
            assert!(!ran.out().contains(&known) && !ran.err().contains(&known), "{}", ran.out());
        }
        let ran = project.scan(&["dist"]);
        ran.found(says);
        assert_eq!(finds(&ran).len(), 1, "{}", ran.out());
    }
}

/// A plan with a credential that has the form of a known key, in its env file.
fn with_known_key() -> (Project, String) {
    let project = Project::new();
    let key = format!("whsec_{}", "aB3cD4eF".repeat(4));
    project.put(".env.local", format!("SHOP_SECRET='{key}'\n").as_bytes());
    (project, key)
}

#[test]
fn a_known_key_that_is_the_plans_own_at_its_source_is_a_note_and_no_find() {
    let (project, _) = with_known_key();
    let ran = project.scan(&["."]);
    assert_eq!(ran.code(), Some(0), "{}", ran.err());
    assert_eq!(finds(&ran), Vec::<String>::new(), "{}", ran.err());
    assert!(ran.err().contains("api_secret stands in .env.local: that is where the plan has it from"), "{}", ran.err());
}

#[test]
fn a_known_key_elsewhere_or_another_one_at_the_source_is_a_find() {
    let (project, key) = with_known_key();
    project.put("dist/index.js", format!("a='{key}'").as_bytes());
    let ran = project.scan(&["."]);
    ran.found("dist/index.js:3  a Stripe webhook secret\n");
    ran.found("dist/index.js:3  SHOP_SECRET (api_secret) as it is\n");
    assert!(!ran.out().contains(".env.local"), "{}", ran.out());
    let (project, key) = with_known_key();
    let other = format!("whsec_{}", "Zy9xW8v7".repeat(4));
    project.put(".env.local", format!("SHOP_SECRET='{key}'\nOTHER='{other}'\n").as_bytes());
    let ran = project.scan(&["."]);
    ran.found(".env.local:60  a Stripe webhook secret\n");
    assert_eq!(finds(&ran).len(), 1, "{}", ran.out());
}

#[test]
fn history_is_looked_through_where_a_folder_is_a_repository() {
    let project = Project::new();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(project.path()).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "t").env(format!("GIT_{who}_EMAIL"), "t@t.example");
        }
        command.output().is_ok_and(|output| output.status.success())
    };
    if !git(&["init", "-q"]) {
        // Where git is not installed there are no repositories to read either.
        return;
    }
    project.put("config.js", format!("key='{}'", project.secret).as_bytes());
    assert!(git(&["add", "config.js"]) && git(&["commit", "-qm", "leak"]));
    project.put("config.js", b"key=process.env.KEY");
    assert!(git(&["commit", "-qam", "mend"]));
    let ran = project.scan(&["."]);
    ran.found("git object ");
    assert!(ran.out().contains("\n1 found: "), "the env file that it comes from is no find: {}", ran.out());
    assert!(ran.err().contains("api_secret stands in .env.local: that is where the plan has it from"), "{}", ran.err());
}

#[test]
fn programs_read_what_was_found_as_json() {
    let project = Project::new();
    let known = format!("sk_live_{}", "aB3cD4".repeat(4));
    project.put("dist/index.js", format!("a='{}';b='{known}'", project.secret).as_bytes());
    let ran = project.scan(&["dist", "--format", "json"]);
    assert_eq!(ran.code(), Some(1));
    let json: Value = serde_json::from_str(&ran.out()).unwrap();
    let found = json["found"].as_array().unwrap();
    assert_eq!(found[0]["name"], "api_secret");
    assert_eq!((&found[0]["variables"][0], &found[0]["form"]), (&"SHOP_SECRET".into(), &"as it is".into()));
    assert_eq!((&found[0]["place"], &found[0]["offset"]), (&"dist/index.js".into(), &3.into()));
    assert_eq!((&found[1]["kind"], &found[1]["name"]), (&"known_key".into(), &"a Stripe live key".into()));
    assert!(!ran.out().contains(&known), "a key that was found is a secret too");
}

#[test]
fn code_scanning_reads_what_was_found_as_sarif() {
    let project = Project::new();
    project.put("dist/in dex.js", format!("a='{}'", project.secret).as_bytes());
    project.put("dist/broken.gz", &gzip(&[b'x'; 4000])[..20]);
    let ran = project.scan(&["dist", "--format", "sarif"]);
    assert_eq!(ran.code(), Some(1));
    let log: Value = serde_json::from_str(&ran.out()).unwrap();
    let run = &log["runs"][0];
    assert_eq!(
        (&log["version"], &run["tool"]["driver"]["rules"][0]["id"]),
        (&"2.1.0".into(), &"credential/api_secret".into())
    );
    let result = &run["results"][0];
    assert_eq!((&result["level"], &result["ruleIndex"]), (&"error".into(), &0.into()));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["byteOffset"]),
        (&"dist/in%20dex.js".into(), &3.into())
    );
    // What could not be looked at is no silence that proves something.
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert!(run["invocations"][0]["toolExecutionNotifications"].to_string().contains("broken.gz"), "{run}");
}

#[test]
fn a_wrong_call_ends_with_2_and_what_could_not_be_looked_at_with_4() {
    let project = Project::new();
    for (arguments, says) in [
        (&[][..], "PATH"),
        (&["gone"], "there is nothing at gone"),
        (&["--plan", "gone.toml", "dist"], "there is no plan at gone.toml"),
    ] {
        let ran = project.scan(arguments);
        assert_eq!(ran.code(), Some(2), "{}", ran.err());
        assert!(ran.err().contains(says), "{}", ran.err());
    }
    project.put("dist/broken.gz", &gzip(&[b'x'; 4000])[..20]);
    let ran = project.scan(&["dist"]);
    assert_eq!(ran.code(), Some(4), "{}", ran.err());
    assert!(ran.err().contains("dist/broken.gz could not be read"), "{}", ran.err());
    project.put("golive.toml", PLAN.replace("env = \"SHOP_SECRET\"", "command = [\"echo\", \"x\"]").as_bytes());
    std::fs::remove_file(project.path().join("dist/broken.gz")).unwrap();
    let ran = project.scan(&["dist"]);
    assert_eq!(ran.code(), Some(4), "a credential that could not be read was not looked for: {}", ran.err());
}

#[test]
fn a_file_named_like_the_secret_is_not_named() {
    let project = Project::new();
    let name = format!("dist/{}.js", project.secret.replace('/', "_"));
    project.put(&name, format!("key='{}'", project.secret).as_bytes());
    assert_eq!(project.scan(&["dist"]).code(), Some(1));
}

#[test]
fn a_harmless_bundle_raises_no_alarm() {
    let project = Project::new();
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/harmless-bundle");
    let ran = project.scan(&[bundle.to_str().unwrap()]);
    assert_eq!(ran.code(), Some(0), "{}", ran.err());
    assert!(ran.out().starts_with("0 found: ") && ran.out().contains("in 8 files"), "{}", ran.out());
}
