//! No secret leaves by any door: reports, screen, journal, spool, standard error; raw or encoded, echoed by a target or
//! printed by a command.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;

use crate::canary::Canaries;
use crate::terminal::Terminal;

/// A value made at run time, with quotes and a slash in it, so that its encodings differ from itself.
fn made_up() -> String {
    format!("FAKE-{}\"/+<{}", ulid::Ulid::generate(), ulid::Ulid::generate())
}

/// A server that answers with everything it was sent, as text, in base64 and in hex.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap_or(0);
            let text = String::from_utf8_lossy(&head[..read]).into_owned();
            let secret = text.lines().find_map(|line| line.strip_prefix("x-key: ")).unwrap_or_default();
            let body = format!(
                "{text}\n{}\n{}\n",
                base64::engine::general_purpose::STANDARD.encode(format!("user:{secret}")),
                hex::encode(secret)
            );
            let _ = write!(
                stream,
                "HTTP/1.1 500 {secret}\r\nx-echo: {secret}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    port
}

fn write_plan(folder: &Path, secret: &str) {
    let port = echo();
    fs::write(folder.join("secret.txt"), format!("{secret}\n")).unwrap();
    let plan = format!(
        "[service]\nname = \"leaky\"\nenvironment = \"staging\"\n\
         [credentials.api_key]\nfrom = {{ file = \"secret.txt\" }}\nlength = {{ min = 200 }}\n\
         [checks.echoed]\nkind = \"http\"\nurl = \"http://127.0.0.1:{port}/?q={{{{ service.name }}}}\"\nstatus = 200\nheaders = {{ x-key = \"{{{{ credentials.api_key }}}}\" }}\n\
         [checks.printed]\nkind = \"command\"\nrun = [\"sh\", \"-c\", \"echo $KEY; echo $KEY | base64; echo $KEY >&2; exit 1\"]\nenvironment = {{ KEY = \"{{{{ credentials.api_key }}}}\" }}\n\
         [[pre_deployment]]\nid = \"a\"\nchecks = [\"*\"]\n"
    );
    fs::write(folder.join("golive.toml"), plan).unwrap();
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    !Canaries::of(&[secret.to_owned()]).hits(bytes).is_empty()
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

fn golive(home: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_golive"))
        .args(arguments)
        .arg(home.join("golive.toml"))
        .env_clear()
        .env("HOME", home)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("XDG_STATE_HOME", home.join("state"))
        .output()
        .unwrap();
    [output.stdout, output.stderr].concat()
}

#[test]
fn no_secret_leaves_by_any_door() {
    let home = tempfile::tempdir().unwrap();
    let secret = made_up();
    write_plan(home.path(), &secret);
    golive(home.path(), &["trust", "--yes"]);
    for format in golive::report::FORMATS.iter().map(|format| format.name) {
        let said = golive(home.path(), &["check", "--format", format]);
        let text = String::from_utf8_lossy(&said).into_owned();
        assert!(text.contains("echoed") && text.contains("printed"), "the checks did not run: {text}");
        // The mark in its place proves that the secret came as far as the redactor.
        assert!(format != "json" || text.contains("‹credentials.api_key›"), "nothing was redacted: {text}");
        assert!(!holds(&said, &secret), "{format} tells the secret: {text}");
    }
    let mut terminal = Terminal::golive(&[home.path().join("golive.toml").to_str().unwrap()], home.path(), (200, 60));
    terminal.wait_for("NO-GO");
    terminal.keys("enter j j v enter c T C");
    assert!(!holds(&terminal.raw(), &secret), "the screen tells the secret");
    terminal.keys("ctrl-c ctrl-c");
    terminal.exit_code();
    let state = files_below(&home.path().join("state"));
    assert!(state.iter().any(|path| path.extension().is_some_and(|extension| extension == "golive")), "{state:?}");
    for path in state {
        assert!(!holds(&fs::read(&path).unwrap(), &secret), "{} holds the secret", path.display());
    }
}
