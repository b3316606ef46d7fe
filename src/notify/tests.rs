//! Each notifier against a real listener on loopback: what it sends, what it takes for an answer, what it never tells.

use std::time::Duration;

use serde_json::json;

use crate::core::notice::{Happened, Notice};
use crate::model::kind::Options;
use crate::model::values::Values;
use crate::notify::kit::{self, SECRET, closed_port, listener, notice, send, test_notice, values, wanted};
use crate::notify::{Again, KINDS, Refused, secrets, specs};
use crate::webhook::{self, Message, Profile};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const FIVE_HUNDRED: &str = "HTTP/1.1 500 No\r\ncontent-length: 4\r\n\r\nbusy";

fn options_of(example: &str) -> Options {
    let table: toml::Table = toml::from_str(example).unwrap();
    serde_json::to_value(table).unwrap().as_object().unwrap().clone()
}

/// The keys of each notifier over HTTP, pointed at a port, with its secret by reference.
fn keys_of(kind: &str) -> &'static str {
    match kind {
        "slack" | "teams" | "discord" | "heartbeat" => "url = \"{{ url }}\"",
        "webhook" => "url = \"{{ url }}\"\nsecret = \"{{ secret }}\"",
        "pagerduty" => "url = \"{{ url }}\"\nrouting_key = \"{{ secret }}\"",
        "ntfy" => "url = \"{{ url }}\"\ntopic = \"alerts\"\ntoken = \"{{ secret }}\"",
        other => panic!("{other} does not speak HTTP"),
    }
}

const OVER_HTTP: [&str; 7] = ["slack", "teams", "discord", "heartbeat", "webhook", "pagerduty", "ntfy"];

fn known(port: u16) -> Values {
    values(&[("url", &format!("http://127.0.0.1:{port}/hook/{SECRET}")), ("secret", SECRET)])
}

async fn refused_by(kind: &str, answer: &str) -> Refused {
    let (port, _) = listener(answer);
    send(kind, keys_of(kind), &known(port), &notice(Happened::Fired)).await.unwrap_err()
}

#[test]
fn every_notifier_has_a_name_of_its_own_a_sentence_and_a_sound_example() {
    let mut names = std::collections::BTreeSet::new();
    for spec in specs() {
        assert!(names.insert(spec.name), "two notifiers are called {}", spec.name);
        assert!(spec.doc.ends_with('.'), "{}: one sentence", spec.name);
        let problems = (spec.problems)(&options_of(spec.example));
        assert!(problems.is_empty(), "{}: {problems:?}", spec.name);
        let schema = serde_json::to_value((spec.schema)()).unwrap();
        assert_eq!(schema["additionalProperties"], false, "{}", spec.name);
    }
}

#[test]
fn every_key_that_holds_a_secret_says_so_and_takes_a_reference() {
    let secret_keys = |kind: &str| {
        let schema = (crate::notify::kind(kind).unwrap().spec().schema)().to_value();
        let properties = schema["properties"].as_object().unwrap().clone();
        properties.into_iter().filter(|(_, key)| key["writeOnly"] == true).map(|(key, _)| key).collect::<Vec<_>>()
    };
    for (kind, keys) in [
        ("slack", vec!["url"]),
        ("teams", vec!["url"]),
        ("discord", vec!["url"]),
        ("heartbeat", vec!["url"]),
        ("webhook", vec!["secret"]),
        ("pagerduty", vec!["routing_key"]),
        ("ntfy", vec!["token"]),
        ("email", vec!["password"]),
        ("command", vec![]),
        ("terminal", vec![]),
    ] {
        assert_eq!(secret_keys(kind), keys, "{kind}");
    }
    assert_eq!(KINDS.len(), 10, "a new notifier belongs into this test");
}

#[tokio::test]
async fn slack_gets_blocks_and_nothing_from_outside_can_mention_a_channel() {
    let (port, seen) = listener(OK);
    send("slack", keys_of("slack"), &known(port), &notice(Happened::Fired)).await.unwrap();
    let message = seen.lock().unwrap()[0].json();
    assert_eq!(message["blocks"][0]["type"], "header");
    assert_eq!(message["blocks"][0]["text"]["text"], ":red_circle: CRITICAL fires: Payments <!channel> fail");
    assert_eq!(message["blocks"][1]["text"]["text"], "Customers cannot pay");
    let facts = message["blocks"][2]["text"]["text"].as_str().unwrap();
    assert!(facts.contains("*what to do*: look at the provider's status page &amp; call them"), "{facts}");
    // A header is plain text; where Slack reads markup, the brackets are escaped.
    let plain = message["text"].as_str().unwrap();
    assert!(plain.contains("&lt;!channel&gt;") && !plain.contains("<!"), "{plain}");
}

#[tokio::test]
async fn a_notice_carries_the_head_where_its_channel_has_a_place_for_it() {
    let (hash, words) = ("0f".repeat(32), format!("journal of 01S: 1234:{}", "0f".repeat(32)));
    let sent = Notice { head: Some(kit::head()), ..notice(Happened::Fired) };
    for (kind, place) in [
        ("webhook", "/data/journal/head"),
        ("slack", "/blocks/3/elements/0/text"),
        ("teams", "/attachments/0/content/body/3/text"),
        ("discord", "/embeds/0/footer/text"),
        ("pagerduty", "/payload/custom_details/head"),
    ] {
        let (port, seen) = listener(OK);
        send(kind, keys_of(kind), &known(port), &sent).await.unwrap();
        let message = seen.lock().unwrap()[0].json();
        let wanted = if kind == "webhook" { &hash } else { &words };
        assert_eq!(message.pointer(place).and_then(|head| head.as_str()), Some(wanted.as_str()), "{kind}: {message}");
        if kind == "webhook" {
            assert_eq!(message["data"]["journal"]["events"], 1_234, "as a report has it");
        }
        // Where there is no journal there is nothing to say of one.
        let (port, seen) = listener(OK);
        send(kind, keys_of(kind), &known(port), &notice(Happened::Fired)).await.unwrap();
        assert_eq!(seen.lock().unwrap()[0].json().pointer(place), None, "{kind}");
    }
}

#[tokio::test]
async fn slack_takes_only_slacks_own_word_for_a_success() {
    let page = "HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n<html>hello</h1>";
    let refused = refused_by("slack", page).await;
    assert!(refused.why.as_str().contains("the answer is not Slack's"), "{refused:?}");
    assert_eq!(refused.again, Again::Later);
}

#[tokio::test]
async fn a_webhook_is_signed_over_its_exact_bytes_with_the_key_as_id() {
    let (port, seen) = listener(OK);
    let sent = notice(Happened::Fired);
    for secret in ["whsec_RkFLRS1zZWNyZXQtb2YtdGhlLW5vdGlmaWVy", SECRET] {
        let values = values(&[("url", &format!("http://127.0.0.1:{port}/")), ("secret", secret)]);
        send("webhook", keys_of("webhook"), &values, &sent).await.unwrap();
    }
    for request in seen.lock().unwrap().iter() {
        assert_eq!(request.header("webhook-id"), sent.key.as_str());
        assert_eq!(request.header("idempotency-key"), sent.key.as_str());
        let body = request.json();
        assert_eq!((&body["type"], &body["data"]["alert"]["happened"]), (&json!("alert.fired"), &json!("fired")));
        let headers: Vec<(String, String)> = request.head.lines().filter_map(webhook::header_line).collect();
        let profile = Profile::named("standard-webhooks").unwrap();
        let verified = |body: &[u8]| {
            // Both secrets are the same bytes, once as they are and once encoded.
            let secret = "whsec_RkFLRS1zZWNyZXQtb2YtdGhlLW5vdGlmaWVy".to_owned().into();
            let message = Message { headers: &headers, body, ..Message::default() };
            webhook::verify(&profile, &[secret], &message, kit::now().at, Duration::from_secs(300))
        };
        verified(request.body.as_bytes()).unwrap();
        verified(request.body.replace("fired", "fined").as_bytes()).unwrap_err();
    }
}

#[tokio::test]
async fn pagerduty_opens_acknowledges_and_closes_one_incident() {
    let (port, seen) = listener("HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}");
    for happened in [Happened::Fired, Happened::Acknowledged, Happened::Escalated, Happened::Resolved] {
        send("pagerduty", keys_of("pagerduty"), &known(port), &notice(happened)).await.unwrap();
    }
    send("pagerduty", keys_of("pagerduty"), &known(port), &test_notice(None)).await.unwrap();
    let events: Vec<_> = seen.lock().unwrap().iter().map(kit::Seen::json).collect();
    let actions: Vec<_> = events.iter().map(|event| event["event_action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["trigger", "acknowledge", "trigger", "resolve", "trigger", "resolve"]);
    assert!(events[..4].iter().all(|event| event["dedup_key"] == events[0]["dedup_key"]));
    assert_eq!(events[0]["payload"]["severity"], "critical");
    assert_eq!(events[4]["payload"]["severity"], "info", "a test wakes nobody");
    assert_eq!(events[4]["dedup_key"], events[5]["dedup_key"], "and leaves no incident open");
    assert_eq!(events[0]["routing_key"], SECRET);
}

#[tokio::test]
async fn teams_discord_and_ntfy_get_their_own_form_with_the_tone_in_it() {
    let (port, seen) = listener(OK);
    for kind in ["teams", "discord", "ntfy"] {
        send(kind, keys_of(kind), &known(port), &notice(Happened::Fired)).await.unwrap();
        send(kind, keys_of(kind), &known(port), &notice(Happened::Resolved)).await.unwrap();
    }
    let all = seen.lock().unwrap().clone();
    let card = all[0].json()["attachments"][0]["content"].clone();
    assert_eq!((&card["type"], &card["body"][0]["color"]), (&json!("AdaptiveCard"), &json!("attention")));
    let facts = card["body"][2]["facts"].to_string();
    assert!(facts.contains("\\\\[x\\\\](http"), "a foreign text makes no link: {facts}");
    let embed = all[2].json();
    assert_eq!(embed["allowed_mentions"]["parse"], json!([]), "nobody is mentioned");
    assert_eq!(embed["embeds"][0]["color"], 0x00d6_3031);
    assert_eq!((all[4].json()["priority"].clone(), all[5].json()["priority"].clone()), (json!(5), json!(3)));
    assert_eq!(all[4].header("authorization"), format!("Bearer {SECRET}"));
    assert_eq!(all[5].json()["title"], "Resolved: Payments <!channel> fail");
}

#[tokio::test]
async fn a_command_reads_the_notice_from_its_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("told.json");
    let script = format!("cat > {}; test \"$GOLIVE_NOTICE\" = alert.fired", file.display());
    let keys = format!("run = [\"sh\", \"-c\", '{script}']");
    let refused = send("command", &keys, &Values::default(), &notice(Happened::Fired)).await.unwrap_err();
    assert!(refused.why.as_str().contains("kept nowhere"), "{refused:?}");
    let network = crate::network::Network::new(&crate::model::plan::Network::default(), folder.path()).unwrap();
    let way = |time| crate::notify::Way {
        network: &network,
        only_loopback: false,
        deadline: tokio::time::Instant::now() + Duration::from_millis(time),
        now: kit::now().at,
    };
    let built = kit::build("command", &keys, &Values::default()).unwrap();
    built.send(&notice(Happened::Fired), way(10_000)).await.unwrap();
    let told: serde_json::Value = serde_json::from_slice(&tokio::fs::read(&file).await.unwrap()).unwrap();
    assert_eq!(told["notice"]["about"]["alert"]["happened"], "fired");
    let fails = kit::build("command", "run = [\"sh\", \"-c\", \"exit 3\"]", &Values::default()).unwrap();
    let refused = fails.send(&notice(Happened::Fired), way(10_000)).await.unwrap_err();
    assert!(refused.why.as_str().contains("ended with exit status: 3"), "{refused:?}");
    let hangs = kit::build("command", "run = [\"sleep\", \"60\"]", &Values::default()).unwrap();
    let refused = hangs.send(&notice(Happened::Fired), way(200)).await.unwrap_err();
    assert!(refused.why.as_str().contains("did not end in time"), "{refused:?}");
}

#[test]
fn a_command_of_an_untrusted_plan_or_with_a_secret_argument_is_not_run() {
    let wanted = wanted("command", "run = [\"true\"]");
    let values = values(&[("secret", SECRET)]);
    let given = crate::notify::Given {
        options: &wanted.options,
        values: &values,
        folder: std::path::Path::new("."),
        trusted: false,
    };
    let unusable = crate::notify::kind("command").unwrap().build(&given).err().unwrap();
    assert!(unusable.local && unusable.why.contains("golive trust"), "{unusable}");
    let unusable = kit::build("command", "run = [\"curl\", \"{{ secret }}\"]", &values).err().unwrap();
    assert!(unusable.why.contains("among a command's arguments"), "{unusable}");
}

#[tokio::test]
async fn what_can_be_mended_is_tried_again_and_what_is_malformed_is_not() {
    let answer = |status: &str| format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
    for kind in ["teams", "webhook", "pagerduty", "ntfy", "discord", "slack"] {
        for (status, again) in [
            ("500 No", Again::Later),
            ("503 No\r\nretry-after: 7", Again::After(Duration::from_secs(7))),
            ("429 Slow\r\nretry-after: 120", Again::After(Duration::from_secs(120))),
            ("429 Slow\r\nretry-after: 99999999", Again::After(Duration::from_secs(3_600))),
            ("429 Slow", Again::Later),
            ("401 Who", Again::Later),
            ("404 Gone", Again::Later),
            ("302 Elsewhere\r\nlocation: http://evil.example/", Again::Later),
            ("400 What", Again::Never),
            ("413 Large", Again::Never),
        ] {
            assert_eq!(refused_by(kind, &answer(status)).await.again, again, "{kind}: {status}");
        }
    }
    let discord = "HTTP/1.1 429 Slow\r\ncontent-length: 19\r\n\r\n{\"retry_after\":1.5}";
    assert_eq!(refused_by("discord", discord).await.again, Again::After(Duration::from_millis(1_500)));
}

#[tokio::test]
async fn hanging_resetting_and_absent_peers_are_told_apart_within_the_deadline() {
    let hanging = kit::listening(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let closing = kit::listening(drop);
    for (port, says) in [(hanging, "did not come within"), (closed_port(), "refused"), (closing, "")] {
        for kind in OVER_HTTP {
            let keys = keys_of(kind);
            let (values, told) = (known(port), notice(Happened::Fired));
            let sent = kit::send_within(kind, keys, &values, &told, Duration::from_millis(400));
            let refused = tokio::time::timeout(Duration::from_secs(20), sent).await.unwrap().unwrap_err();
            assert!(refused.why.as_str().contains(says), "{kind}: {refused:?}");
            assert_eq!(refused.again, Again::Later, "{kind}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn no_secret_is_in_what_a_notifier_says() {
    for kind in OVER_HTTP {
        for answer in [OK, FIVE_HUNDRED] {
            let (port, seen) = listener(answer);
            let sent = send(kind, keys_of(kind), &known(port), &notice(Happened::Fired)).await;
            assert!(!format!("{sent:?}").contains(SECRET), "{kind}: {sent:?}");
            let told = seen.lock().unwrap()[0].clone();
            assert!(told.head.contains(SECRET) || told.body.contains(SECRET) || kind == "webhook", "{kind}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_repeats_the_secret_is_redacted_by_what_the_roster_knows() {
    let values = known(1);
    for kind in OVER_HTTP {
        let known: Vec<String> = secrets(&[wanted(kind, keys_of(kind))], &values)
            .into_iter()
            .map(|(_, secret)| secrecy::ExposeSecret::expose_secret(&secret).to_owned())
            .collect();
        let of_url = known.iter().any(|secret| secret == &format!("/hook/{SECRET}"));
        assert!(of_url || known.iter().any(|secret| secret == SECRET), "{kind}: {known:?}");
    }
}

#[tokio::test]
async fn nothing_leaves_the_machine_from_a_session_that_is_kept_nowhere() {
    // TEST-NET-1: an address that is nobody's.
    let values = values(&[("url", "https://192.0.2.1/hook"), ("secret", SECRET)]);
    for kind in OVER_HTTP {
        let refused = send(kind, keys_of(kind), &values, &notice(Happened::Fired)).await.unwrap_err();
        assert!(refused.why.as_str().contains("sends to this machine alone"), "{kind}: {refused:?}");
        assert!(refused.local, "{kind}: that says nothing about the notifier");
    }
}

#[test]
fn a_notice_never_goes_through_the_net_in_the_clear() {
    let values = values(&[("url", "http://hooks.example/x"), ("secret", SECRET)]);
    for kind in OVER_HTTP {
        let unusable = kit::build(kind, keys_of(kind), &values).err().unwrap();
        assert!(unusable.why.contains("is not https"), "{kind}: {unusable}");
        assert!(!unusable.why.contains("hooks.example"), "{kind}: {unusable}");
    }
    let mail = "server = \"mail.example\"\nsecurity = \"none\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]";
    let unusable = kit::build("email", mail, &values).err().unwrap();
    assert!(unusable.why.contains("this machine alone"), "{unusable}");
}

#[tokio::test]
async fn mail_is_not_sent_where_the_line_cannot_be_encrypted() {
    let port = kit::mail_server("220 hello\r\n", &[("EHLO", "250-hello\r\n250 8BITMIME\r\n"), ("", "250 yes\r\n")]);
    let keys = format!("server = \"127.0.0.1:{port}\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]");
    let refused = send("email", &keys, &Values::default(), &notice(Happened::Fired)).await.unwrap_err();
    assert!(refused.why.as_str().contains("STARTTLS is not supported"), "{refused:?}");
}

#[tokio::test]
async fn a_mail_servers_word_decides_whether_a_letter_is_tried_again() {
    const HELLO: (&str, &str) = ("EHLO", "250-hello\r\n250 8BITMIME\r\n");
    let busy = kit::mail_server("220 hello\r\n", &[HELLO, ("MAIL", "451 greylisted\r\n"), ("", "250 yes\r\n")]);
    let unknown = kit::mail_server("220 hello\r\n", &[HELLO, ("RCPT", "550 no such box\r\n"), ("", "250 yes\r\n")]);
    let full = kit::mail_server("554 go away\r\n", &[]);
    for (port, again, says) in
        [(busy, Again::Later, "greylisted"), (unknown, Again::Never, "no such box"), (full, Again::Later, "554")]
    {
        let keys = format!(
            "server = \"127.0.0.1:{port}\"\nsecurity = \"none\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]"
        );
        let refused = send("email", &keys, &Values::default(), &notice(Happened::Fired)).await.unwrap_err();
        assert!(refused.why.as_str().contains(says), "{refused:?}");
        assert_eq!(refused.again, again, "{refused:?}");
    }
}
