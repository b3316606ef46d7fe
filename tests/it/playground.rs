//! `golive demo --target-only`: the folder that it may take, and its switchboard from outside, as the documentation has it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::cli_kit::Home;

/// A world that serves, with what it said of itself.
fn served(home: &Home, arguments: &[&str]) -> (Child, Value) {
    let mut command = home.command(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut text = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let described = loop {
        text.push_str(&lines.next().expect("it prints one object").unwrap());
        if let Ok(described) = serde_json::from_str(&text) {
            break described;
        }
    };
    (child, described)
}

fn ended(mut child: Child) {
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn a_folder_that_holds_somebodys_project_is_refused_and_left_as_it_is() {
    let home = Home::new();
    std::fs::create_dir(home.path().join("dist")).unwrap();
    home.put("dist/index.html", "the real one\n");
    let names = [".env", "golive.toml", "notes.md", "dist/index.html"];
    let content = || names.map(|name| std::fs::read_to_string(home.path().join(name)).unwrap());
    let before = content();
    for arguments in [
        &["demo", "--target-only", "--dir", "."][..],
        &["demo", "--headless", "--dir", "."],
        &["demo", "--target-only", "--dir", "dist"],
    ] {
        let ran = home.golive(arguments);
        ran.refused(2, "holds files that no demo put there");
        assert!(ran.err.contains("name a folder that is new or empty"), "{ran:?}");
    }
    home.golive(&["demo", "--target-only", "--dir", "notes.md"]).refused(2, "is no folder");
    assert_eq!(content(), before);
    let mut left: Vec<_> = std::fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, [".env", "dist", "golive.toml", "notes.md"]);
}

#[test]
fn a_world_that_is_served_from_is_left_alone_and_one_that_ended_is_taken_again() {
    let home = Home::new();
    let arguments = ["demo", "--target-only", "--dir", "world"];
    let (first, described) = served(&home, &arguments);
    let plan = home.path().join("world/golive.toml");
    let before = std::fs::read(&plan).unwrap();
    home.golive(&arguments).refused(2, "another demo serves from");
    assert_eq!(std::fs::read(&plan).unwrap(), before);
    ended(first);
    let (second, again) = served(&home, &arguments);
    assert_eq!(described["folder"], again["folder"]);
    assert_ne!(described["control"], again["control"]);
    ended(second);
}

#[tokio::test]
async fn faults_come_and_go_by_the_address_and_token_that_it_prints() {
    let home = Home::new();
    let help = home.golive(&["demo", "--help"]).out;
    assert!(
        help.contains("curl -X PUT -H 'x-golive-token: TOKEN' http://127.0.0.1:PORT/faults/payment-outage"),
        "{help}"
    );
    let (world, described) = served(&home, &["demo", "--target-only"]);
    let control = |key: &str| described["control"][key].as_str().unwrap().to_owned();
    let fault = format!("{}/payment-outage", control("url"));
    // Another test may have chosen it already, and it is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let on = async |asked: reqwest::RequestBuilder| {
        let answer = asked.header(control("header"), control("token")).send().await.unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        answer["on"].clone()
    };
    assert_eq!(on(client.put(&fault)).await, serde_json::json!(["payment-outage"]));
    assert_eq!(on(client.get(control("url"))).await, serde_json::json!(["payment-outage"]));
    assert_eq!(on(client.delete(&fault)).await, serde_json::json!([]));
    let without = client.put(&fault).send().await.unwrap();
    assert_eq!(without.status().as_u16(), 401, "it acts, so it wants its token");
    ended(world);
}
