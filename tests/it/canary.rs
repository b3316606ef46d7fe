//! Canaries: fifty random secrets in every form that programs give them, pushed through every door at once. Not one of
//! them may stand in anything that golive writes.
//!
//! A new door (a notifier, a format, a screen) joins by being written to in one of the tests below, or in
//! [`everything_written`]: whatever lies under the home is searched.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use golive::core::decide::Command as Decision;
use golive::core::state::State;
use golive::journal::reading;
use golive::mask::Redactor;
use golive::model::time::Now;
use golive::report;

use crate::cli_kit::Home;
use crate::kit::Moment;
use crate::kit::desk::Desk;
use crate::terminal::Terminal;

const SECRETS: usize = 50;

/// Fifty secrets, made at run time: of hex digits, of base64, of letters, with signs that encodings change, with letters
/// outside ASCII. Each names its number, so that a hit says which it was.
pub(crate) fn secrets() -> Vec<String> {
    let random = || ulid::Ulid::generate().to_string();
    let made = |number: usize| match number % 5 {
        0 => hex::encode(format!("{number:02}{}", &random()[8..])),
        1 => STANDARD_NO_PAD.encode(format!("{number:02}~{}~~", random())),
        2 => format!("FAKE{number:02}{}", random()),
        3 => format!("FAKE-{number:02}\"{}/+<&'\\ !({}", &random()[14..], &random()[14..]),
        _ => format!("FAKE-{number:02}é{}ß–{}", &random()[14..], &random()[18..]),
    };
    (0..SECRETS).map(made).collect()
}

/// What a text with the secret in it looks like, form by form: as it would be written, and the part of it that must not
/// be seen (what neighbours do not change).
pub(crate) fn forms(secret: &str) -> Vec<(String, String)> {
    let same = |text: String| (text.clone(), text);
    let json = serde_json::Value::from(secret).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let mut forms = vec![same(secret.to_owned()), same(hex::encode(secret)), same(json)];
    for shift in 0..3 {
        let text = format!("{}{secret}..", &"user:"[..shift]);
        // From the first sextet that is the secret's alone to the last one that is.
        let (first, last) = ((shift * 8).div_ceil(6), (shift + secret.len()) * 8 / 6);
        for encoded in [STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
            let inner = encoded[first..last].to_owned();
            forms.push((encoded, inner));
        }
    }
    let url = |kept: &str| {
        secret.bytes().fold(String::new(), |mut text, byte| {
            if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
                text.push(char::from(byte));
            } else {
                write!(text, "%{byte:02X}").unwrap();
            }
            text
        })
    };
    forms.extend([same(url("-_.~")), same(url("-_.!~*'()")), same(url("*-._").replace("%20", "+"))]);
    forms
}

/// Looks for every form of many secrets at once.
pub(crate) struct Canaries {
    search: AhoCorasick,
    named: Vec<String>,
}

impl Canaries {
    pub(crate) fn of(secrets: &[String]) -> Self {
        let mut patterns: Vec<String> = Vec::new();
        for secret in secrets {
            patterns.extend(forms(secret).into_iter().map(|(_, seen)| seen));
        }
        Self { search: AhoCorasick::new(&patterns).unwrap(), named: patterns }
    }

    /// The forms that stand in these bytes.
    pub(crate) fn hits(&self, bytes: &[u8]) -> Vec<&str> {
        self.search.find_iter(bytes).map(|found| self.named[found.pattern().as_usize()].as_str()).collect()
    }

    pub(crate) fn none_in(&self, bytes: &[u8], where_: &str) {
        let hits = self.hits(bytes);
        assert!(hits.is_empty(), "{} hits in {where_}: {:?}", hits.len(), &hits[..hits.len().min(3)]);
    }
}

/// All forms of a secret, a line each.
fn leak(secret: &str) -> String {
    forms(secret).into_iter().map(|(written, _)| format!("here: {written} and on\n")).collect()
}

/// A server that tells everything: `/07` answers with every form of the seventh secret in its status line, headers and
/// body, and with whatever it was sent.
fn telltale(secrets: &[String]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let secrets = secrets.to_vec();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 8192];
            let read = stream.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let number: usize = head.get(5..7).and_then(|digits| digits.parse().ok()).unwrap_or(0);
            let secret = &secrets[number % SECRETS];
            let body = format!("{head}\n{}", leak(secret));
            let headers: String =
                forms(secret).iter().enumerate().map(|(at, (form, _))| format!("x-told-{at}: {form}\r\n")).collect();
            let _ = write!(stream, "HTTP/1.1 500 no {secret}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
        }
    });
    port
}

/// A plan that asks, prints, misnames and compares every secret.
fn plan(secrets: &[String]) -> String {
    let port = telltale(secrets);
    let mut plan = String::from("[service]\nname = \"leaky\"\nenvironment = \"staging\"\n[limits]\nconcurrency = 16\n");
    for number in 0..SECRETS {
        write!(
            plan,
            "[credentials.s{number:02}]\nfrom = {{ file = \"s{number:02}\" }}\nlength = {{ min = 200 }}\nclasses = 4\n\
             [checks.asked_{number:02}]\nkind = \"http\"\nurl = \"http://127.0.0.1:{port}/{number:02}?q={{{{ credentials.s{number:02} }}}}\"\n\
             expect = 'status == 200 && body == \"no\"'\nheaders = {{ x-key = \"{{{{ credentials.s{number:02} }}}}\" }}\n\
             [checks.printed_{number:02}]\nkind = \"command\"\nrun = [\"sh\", \"-c\", \"cat leak{number:02}; echo $KEY; cat leak{number:02} >&2; exit 1\"]\nenvironment = {{ KEY = \"{{{{ credentials.s{number:02} }}}}\" }}\n\
             [checks.misnamed_{number:02}]\nkind = \"file\"\npath = \"nowhere/{{{{ credentials.s{number:02} }}}}\"\ncontains = [\"{{{{ credentials.s{number:02} }}}}\"]\n\
             [checks.contained_{number:02}]\nkind = \"file\"\npath = \"leak{number:02}\"\ncontains = [\"not in it\"]\n\
             [checks.reached_{number:02}]\nkind = \"tcp\"\naddress = \"{{{{ credentials.s{number:02} }}}}:80\"\n"
        )
        .unwrap();
    }
    plan.push_str("[[pre_deployment]]\nid = \"a\"\nchecks = [\"*\"]\n");
    plan
}

fn home(secrets: &[String]) -> Home {
    let home = Home::new();
    home.put("golive.toml", plan(secrets));
    for (number, secret) in secrets.iter().enumerate() {
        home.put(&format!("s{number:02}"), secret);
        home.put(&format!("leak{number:02}"), leak(secret));
    }
    home
}

/// Every file that golive wrote under the home.
fn everything_written(home: &Home) -> Vec<(String, Vec<u8>)> {
    fn below(folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                below(&path, files);
            } else if path.is_file() {
                // A step's control pipe is none: whoever opened it would wait for a writer.
                files.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    let mut files = Vec::new();
    below(&home.path().join("state"), &mut files);
    below(&home.path().join("reports"), &mut files);
    files
}

/// Runs `golive check` with every report format at once.
fn check(home: &Home) -> Vec<u8> {
    fs::create_dir_all(home.path().join("reports")).unwrap();
    let formats: Vec<String> =
        report::FORMATS.iter().map(|format| format!("--format={0}=reports/{0}", format.name)).collect();
    let mut arguments = vec!["check", "golive.toml", "--format=human"];
    arguments.extend(formats.iter().map(String::as_str));
    let output = home.command(&arguments).output().unwrap();
    [output.stdout, output.stderr].concat()
}

#[test]
fn no_canary_sings_in_reports_journals_or_screens() {
    let secrets = secrets();
    let (home, canaries) = (home(&secrets), Canaries::of(&secrets));
    home.command(&["trust", "--yes"]).output().unwrap();
    let said = check(&home);
    canaries.none_in(&said, "what golive check says");
    for (arguments, what) in [
        (vec!["credentials"], "credentials"),
        (vec!["credentials", "--format", "json"], "credentials as JSON"),
        (vec!["lint", "--expand", "--audit"], "lint"),
        (vec!["doctor"], "doctor"),
        (vec!["sessions"], "sessions"),
        (vec!["rotate", "s07"], "rotate"),
    ] {
        let output = home.command(&arguments).output().unwrap();
        canaries.none_in(&[output.stdout, output.stderr].concat(), what);
    }
    let written = everything_written(&home);
    let reports = written.iter().filter(|(path, _)| path.contains("/reports/")).count();
    assert_eq!(reports, report::FORMATS.len(), "every format was written");
    for (path, bytes) in &written {
        canaries.none_in(bytes, path);
    }
    let journal = written.iter().find(|(path, _)| path.ends_with(".golive")).expect("there is a journal");
    let events = reading::read_all(Path::new(&journal.0)).unwrap().events;
    // The mark in its place proves that each secret came as far as the redactor.
    let told = serde_json::to_string(&events).unwrap();
    for number in 0..SECRETS {
        assert!(told.contains(&format!("‹credentials.s{number:02}›")), "s{number:02} was never met");
    }
    let now = Now { ..events.last().unwrap().when() };
    screens(&Moment { state: Arc::new(State::fold(&events).unwrap()), now }, &canaries);
}

/// Every screen, at a size that shows all of it and at a usual one, with every row opened.
fn screens(moment: &Moment, canaries: &Canaries) {
    for size in [(200, 260), (80, 23)] {
        for keys in ["", "v", "t", "c", "T", "C"] {
            let mut desk = Desk::at(moment.clone());
            desk.size = size;
            desk.fly(keys);
            for _ in 0..20 {
                canaries.none_in(desk.screen().as_bytes(), &format!("the screen behind {keys:?}"));
                desk.fly("j");
            }
            desk.fly("<enter>");
            canaries.none_in(desk.screen().as_bytes(), &format!("the detail behind {keys:?}"));
        }
    }
}

/// A plan whose one step prints every form of every secret, whose check meets them in an answer, and whose alert is told
/// to a webhook.
fn shipping(sink: u16, telltale: u16) -> String {
    let mut plan = format!(
        "[service]\nname = \"leaky\"\nenvironment = \"staging\"\n\
         [checks.asked]\nkind = \"http\"\nurl = \"http://127.0.0.1:{telltale}/07\"\nexpect = 'status == 200'\n\
         severity = \"advice\"\nevery = \"1s\"\n\
         [notifiers.hook]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{sink}/\"\nsecret = \"{{{{ credentials.s00 }}}}\"\n\
         [alerts.refused]\nlevel = \"warning\"\nwhen = 'failures(\"asked\", duration(\"1m\")) >= 1'\nnotify = [\"hook\"]\n\
         [[deployment]]\nid = \"ship\"\n[deployment.step]\nrun = [\"sh\", \"-c\", \"cat leak*; cat leak* >&2; echo shipped\"]\n"
    );
    for number in 0..SECRETS {
        write!(plan, "[credentials.s{number:02}]\nfrom = {{ file = \"s{number:02}\" }}\nseverity = \"advice\"\n")
            .unwrap();
    }
    plan
}

/// Takes whatever is sent and says that it has it.
fn sink() -> (u16, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&taken);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.set_read_timeout(Some(Duration::from_millis(300)));
            let mut buffer = [0; 8192];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                kept.lock().unwrap().extend_from_slice(&buffer[..read]);
                if buffer[..read].ends_with(b"}") {
                    break;
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
        }
    });
    (port, taken)
}

#[test]
fn no_canary_sings_in_a_steps_output_or_in_what_people_are_told() {
    let secrets = secrets();
    let canaries = Canaries::of(&secrets);
    let home = home(&secrets);
    let (port, taken) = sink();
    home.put("golive.toml", shipping(port, telltale(&secrets)));
    home.command(&["trust", "--yes"]).output().unwrap();
    let mut terminal = Terminal::golive(&["--new", "golive.toml"], home.path(), (200, 60));
    terminal.wait_for("GO WITH WARNINGS to deploy");
    terminal.keys("2 g x");
    terminal.through_the_door("Start", "leaky");
    terminal.wait_for("GO WITH WARNINGS to open");
    terminal.wait_for("succeeded: exit 0");
    terminal.wait_for("alert firing");
    eprintln!("{}", terminal.screen());
    canaries.none_in(&terminal.raw(), "everything that was painted");
    // What a person types is theirs to see while they type it; what becomes of it is not.
    terminal.keys("a");
    terminal.confirm("Acknowledge:", &format!("it was {} again", secrets[12]), "enter");
    let told = |text: &str| String::from_utf8_lossy(&taken.lock().unwrap()).contains(text);
    terminal.wait_until("the acknowledgement is told", |_| told("alert.acknowledged"));
    for keys in ["A", "T", "t", "v"] {
        terminal.keys(keys);
        std::thread::sleep(Duration::from_millis(200));
        canaries.none_in(terminal.screen().as_bytes(), &format!("the screen behind {keys}"));
    }
    terminal.keys("q");
    std::thread::sleep(Duration::from_millis(300));
    terminal.keys("y");
    terminal.exit_code();
    canaries.none_in(&taken.lock().unwrap(), "what the webhook was told");
    assert!(
        told("it was ‹credentials.s12› again"),
        "the note went out: {}",
        String::from_utf8_lossy(&taken.lock().unwrap())
    );
    let written = everything_written(&home);
    for (path, bytes) in &written {
        canaries.none_in(bytes, path);
    }
    // The mark in its place proves that each secret came as far as the redactor.
    let kept: String = written.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect();
    for number in 0..SECRETS {
        assert!(kept.contains(&format!("‹credentials.s{number:02}›")), "s{number:02} was never printed");
    }
}

#[test]
fn no_canary_gets_through_a_stream_however_it_is_cut() {
    let secrets = secrets();
    let canaries = Canaries::of(&secrets);
    let named = secrets.iter().enumerate().map(|(at, secret)| (Arc::from(format!("s{at:02}")), secret.clone().into()));
    let redactor = Redactor::new(named);
    for secret in &secrets {
        for (written, _) in forms(secret) {
            let text = format!("deploying with {written} to web-1\n").into_bytes();
            for cut in 0..=text.len() {
                let mut stream = redactor.stream();
                let mut out = stream.push(&text[..cut]);
                out.extend(stream.push(&text[cut..]));
                out.extend(stream.finish());
                canaries.none_in(&out, &format!("a stream cut at {cut}"));
            }
            let mut stream = redactor.stream();
            let mut out: Vec<u8> = text.iter().flat_map(|byte| stream.push(std::slice::from_ref(byte))).collect();
            out.extend(stream.finish());
            canaries.none_in(&out, "a stream of single bytes");
        }
    }
}

#[test]
fn what_a_person_gives_or_types_is_in_no_debug_output() {
    let secrets = secrets();
    let canaries = Canaries::of(&secrets);
    for secret in &secrets {
        let value = Some(golive::model::values::Given(secret.clone().into()));
        let decision = Decision::Rotate { credential: "s00".into(), value };
        canaries.none_in(format!("{decision:?}").as_bytes(), "a decision's debug output");
    }
}
