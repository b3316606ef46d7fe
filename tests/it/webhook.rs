//! Webhook signatures against vectors that other people's libraries made.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use golive::webhook::{
    Custom, Encoding, Memory, Message, Profile, Reason, Stamped, ikhokha_is_genuine, ikhokha_sign, sign, verify,
};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

/// One message of the vectors, ready to be verified.
struct Case {
    profile: Profile,
    secrets: Vec<SecretString>,
    headers: Vec<(String, String)>,
    url: String,
    body: Vec<u8>,
    now: Timestamp,
    tolerance: Duration,
}

impl Case {
    fn of(case: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let secrets: Vec<String> = match case["secrets"].as_array() {
            Some(several) => several.iter().map(text).collect(),
            None => vec![text(&case["secret"])],
        };
        let headers = case["headers"].as_array().unwrap().iter().map(|line| (text(&line[0]), text(&line[1])));
        Self {
            profile: Profile::named(case["scheme"].as_str().unwrap()).unwrap(),
            secrets: secrets.into_iter().map(SecretString::from).collect(),
            headers: headers.collect(),
            url: text(&case["url"]),
            body: body(case),
            now: Timestamp::from_second(case["now"].as_i64().unwrap()).unwrap(),
            tolerance: Duration::from_secs(case["tolerance"].as_u64().unwrap()),
        }
    }

    fn message(&self) -> Message<'_> {
        Message { headers: &self.headers, url: &self.url, body: &self.body, ..Message::default() }
    }

    /// Verifies, and asks a memory as a receiver does.
    fn judged(&self, memory: &mut Memory) -> Result<(), Reason> {
        let genuine = verify(&self.profile, &self.secrets, &self.message(), self.now, self.tolerance)?;
        let keep = self.profile.remembered_for(self.tolerance);
        if memory.remember(&genuine.fingerprint, self.now, keep) { Ok(()) } else { Err(Reason::Replay) }
    }
}

fn body(case: &Value) -> Vec<u8> {
    if let Some(text) = case["body"].as_str() {
        return text.as_bytes().to_vec();
    }
    if let Some(text) = case["body_base64"].as_str() {
        return base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    }
    let repeat = &case["body_repeat"];
    let times = usize::try_from(repeat["times"].as_u64().unwrap()).unwrap();
    let mut body = repeat["unit"].as_str().unwrap().repeat(times).into_bytes();
    body.truncate(body.len() - usize::try_from(repeat["cut_end"].as_u64().unwrap_or(0)).unwrap());
    body
}

fn vectors() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/webhooks.json");
    let vectors: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    vectors["cases"].as_array().unwrap().clone()
}

#[test]
fn every_scheme_agrees_with_its_providers_library() {
    let cases = vectors();
    let by_id: BTreeMap<&str, &Value> = cases.iter().map(|case| (case["id"].as_str().unwrap(), case)).collect();
    let mut wrong = Vec::new();
    for case in &cases {
        let mut memory = Memory::default();
        for before in case["after"].as_array().into_iter().flatten() {
            Case::of(by_id[before.as_str().unwrap()]).judged(&mut memory).unwrap();
        }
        let judged = Case::of(case).judged(&mut memory);
        let (verdict, reason) = (case["expected"]["verdict"].as_str().unwrap(), case["expected"]["reason"].as_str());
        let agrees = match (verdict, judged) {
            ("either", _) | ("accept", Ok(())) => true,
            ("reject", Err(seen)) => Some(seen.word()) == reason,
            _ => false,
        };
        if !agrees {
            wrong.push(format!("{}: {verdict} {reason:?}, but {judged:?}", case["id"]));
        }
    }
    assert!(cases.len() >= 304);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn what_golive_signs_is_what_the_providers_library_signed() {
    let mut signed = 0;
    for case in vectors() {
        let plain = case["id"].as_str().unwrap().contains("-ok-") && !case["id"].as_str().unwrap().contains("names");
        if !plain || case["expected"]["verdict"] != "accept" {
            continue;
        }
        let ready = Case::of(&case);
        let value = |name: &str| {
            let line = ready.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            line.map(|(_, value)| value.as_str())
        };
        let header = ready.profile.signature_header();
        let in_signature = value(header).unwrap().split(',').find_map(|field| field.strip_prefix("t="));
        let own = ready.profile.timestamp_header().and_then(value);
        let stamped = Stamped {
            id: ready.profile.id_header().and_then(value),
            timestamp: own.or(in_signature).unwrap_or_default(),
        };
        for (name, made) in sign(&ready.profile, &ready.secrets, stamped, &ready.message()).unwrap() {
            assert_eq!(value(&name), Some(made.as_str()), "{}: {name}", case["id"]);
        }
        signed += 1;
    }
    assert!(signed > 40, "{signed}");
}

fn now() -> Timestamp {
    Timestamp::from_second(1_750_000_000).unwrap()
}

const MINUTES: Duration = Duration::from_secs(300);

fn made_up() -> SecretString {
    format!("FAKE-{}", ulid::Ulid::generate()).into()
}

/// Signs `body` with these stamps and verifies it with headers changed by `change`.
fn after(
    profile: &Profile,
    timestamp: &str,
    change: impl FnOnce(&mut Vec<(String, String)>),
) -> Result<golive::webhook::Genuine, Reason> {
    let secrets = [made_up()];
    let bare = Message { path: "/hook", url: "https://a.example/hook", body: b"{\"a\":1}", ..Message::default() };
    let stamped = Stamped { id: Some("msg_1"), timestamp };
    let mut headers = sign(profile, &secrets, stamped, &bare).unwrap();
    change(&mut headers);
    verify(profile, &secrets, &Message { headers: &headers, ..bare }, now(), MINUTES)
}

#[test]
fn a_timestamp_is_ascii_digits_and_nothing_else_even_where_it_was_signed_so() {
    let slack = Profile::named("slack").unwrap();
    let stripe = Profile::named("stripe").unwrap();
    for profile in [slack, stripe] {
        assert!(after(&profile, "1750000000", |_| ()).is_ok());
        for odd in
            ["NaN", "1_750_000_000", "１７５０００００００", "+1750000000", "-1", "1.75e9", " 1750000000", "0x684e0b80"]
        {
            let judged = after(&profile, odd, |_| ());
            assert_eq!(judged, Err(Reason::MalformedTimestamp), "{}: {odd:?}", profile.name());
        }
        let vast = after(&profile, "99999999999999999999999", |_| ());
        assert_eq!(vast, Err(Reason::TimestampTooNew));
    }
}

#[test]
fn a_header_that_counts_may_not_come_twice_even_with_the_same_value() {
    for name in ["github", "slack", "shopify", "square", "paystack", "stripe", "ikhokha"] {
        let profile = Profile::named(name).unwrap();
        let header = profile.signature_header().to_owned();
        let doubled = after(&profile, "1750000000", |headers| {
            let same = headers.iter().find(|(known, _)| *known == header).unwrap().clone();
            headers.push((same.0.to_uppercase(), same.1));
        });
        assert_eq!(doubled, Err(Reason::DuplicateHeader), "{name}");
    }
    let stripe = Profile::named("stripe").unwrap();
    let two_times = after(&stripe, "1750000000", |headers| headers[0].1.insert_str(0, "t=1750000000,"));
    assert_eq!(two_times, Err(Reason::MalformedHeader));
}

#[test]
fn an_empty_or_broken_entry_beside_a_right_one_does_no_harm() {
    let stripe = Profile::named("stripe").unwrap();
    for beside in [",v1=", ",v1", ",", ",v1=zz", ",=,v1=\u{e9}"] {
        let judged = after(&stripe, "1750000000", |headers| headers[0].1.push_str(beside));
        assert!(judged.is_ok(), "{beside:?}: {judged:?}");
    }
    assert!(after(&stripe, "1750000000", |headers| headers[0].1.insert_str(0, "v1=,")).is_ok());
}

#[test]
fn base64_is_taken_in_its_one_canonical_form() {
    let shopify = Profile::named("shopify").unwrap();
    for change in [
        |text: &mut String| *text = text.trim_end_matches('=').to_owned(),
        |text: &mut String| text.push('='),
        |text: &mut String| text.insert(4, '\n'),
        |text: &mut String| text.push(' '),
        // The last letter before the padding carries two bits that have to be zero: its neighbour sets one.
        |text: &mut String| {
            let last = text.len() - 2;
            let next = char::from(text.as_bytes()[last] + 1);
            text.replace_range(last..=last, &next.to_string());
        },
    ] {
        let judged = after(&shopify, "", |headers| change(&mut headers.last_mut().unwrap().1));
        assert_eq!(judged, Err(Reason::BadSignature));
    }
}

#[test]
fn a_secret_that_is_empty_or_no_key_verifies_nothing() {
    let message = Message { body: b"{}", ..Message::default() };
    for (scheme, secret) in [
        ("github", ""),
        ("ikhokha", "  "),
        ("standard-webhooks", "whsec_"),
        ("standard-webhooks", "whsec_not base64"),
        ("github", " \t"),
        ("stripe", " "),
        ("standard-webhooks", ""),
    ] {
        let profile = Profile::named(scheme).unwrap();
        let judged = verify(&profile, &[secret.to_owned().into()], &message, now(), MINUTES);
        assert_eq!(judged, Err(Reason::MalformedSecret), "{scheme} {secret:?}");
    }
}

#[test]
fn where_the_number_is_signed_zeros_before_it_are_refused() {
    for (scheme, wanted) in [
        ("stripe", Err(Reason::MalformedTimestamp)),
        ("slack", Ok(())),
        ("standard-webhooks", Err(Reason::MalformedTimestamp)),
    ] {
        let profile = Profile::named(scheme).unwrap();
        let secrets = [SecretString::from(base64::engine::general_purpose::STANDARD.encode([7; 24]))];
        let stamped = Stamped { id: Some("msg_1"), timestamp: "01750000000" };
        let bare = Message { body: b"{}", ..Message::default() };
        let headers = sign(&profile, &secrets, stamped, &bare).unwrap();
        let judged = verify(&profile, &secrets, &Message { headers: &headers, ..bare }, now(), MINUTES);
        assert_eq!(judged.map(|_| ()), wanted, "{scheme}");
    }
}

#[test]
fn a_secret_is_read_however_its_padding_was_written_for_it_is_the_receivers_own() {
    let standard = Profile::named("standard-webhooks").unwrap();
    let written = |bytes: usize| base64::engine::general_purpose::STANDARD.encode(vec![b'K'; bytes]);
    let stamped = Stamped { id: Some("msg_1"), timestamp: "1750000000" };
    let bare = Message { body: b"{}", ..Message::default() };
    for bytes in [24, 25, 26] {
        let headers = sign(&standard, &[written(bytes).into()], stamped, &bare).unwrap();
        let bare_secret = written(bytes).trim_end_matches('=').to_owned();
        for padding in ["", "=", "==", "==="] {
            let secret = SecretString::from(format!("whsec_{bare_secret}{padding}"));
            let judged = verify(&standard, &[secret], &Message { headers: &headers, ..bare }, now(), MINUTES);
            assert!(judged.is_ok(), "{bytes} bytes, {padding:?}: {judged:?}");
        }
    }
}

#[test]
fn an_ikhokha_secret_is_trimmed_as_the_providers_sample_trims_it() {
    let ikhokha = Profile::named("ikhokha").unwrap();
    let bare = Message { path: "/hook", body: b"{}", ..Message::default() };
    let stamped = Stamped { id: None, timestamp: "" };
    let signed = |secret: &str| sign(&ikhokha, &[secret.to_owned().into()], stamped, &bare).unwrap();
    let plain = signed("FAKE-secret");
    assert_eq!(signed("\u{feff}FAKE-secret\r\n"), plain);
    assert_ne!(signed("FAKE-secret\u{85}"), plain);
}

#[test]
fn what_is_not_signed_does_not_make_a_replay_new() {
    let github = Profile::named("github").unwrap();
    let secrets = [made_up()];
    let bare = Message { body: b"{}", ..Message::default() };
    let mut memory = Memory::default();
    for (delivery, fresh) in [("first", true), ("second", false)] {
        let headers = sign(&github, &secrets, Stamped { id: Some(delivery), timestamp: "" }, &bare).unwrap();
        let message = Message { headers: &headers, ..bare };
        let genuine = verify(&github, &secrets, &message, now(), MINUTES).unwrap();
        assert_eq!(genuine.id.as_deref(), Some(delivery));
        assert_eq!(memory.remember(&genuine.fingerprint, now(), github.remembered_for(MINUTES)), fresh, "{delivery}");
    }
}

#[test]
fn a_signed_id_is_one_message_however_often_it_is_signed_anew() {
    let standard = Profile::named("standard-webhooks").unwrap();
    let secrets = [SecretString::from(format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode([7; 24])))];
    let bare = Message { body: b"{}", ..Message::default() };
    let prints: Vec<String> = ["1750000000", "1750000007"]
        .into_iter()
        .map(|timestamp| {
            let headers = sign(&standard, &secrets, Stamped { id: Some("msg_1"), timestamp }, &bare).unwrap();
            let message = Message { headers: &headers, ..bare };
            verify(&standard, &secrets, &message, now(), MINUTES).unwrap().fingerprint
        })
        .collect();
    assert_eq!(prints[0], prints[1]);
}

#[test]
fn a_scheme_of_ones_own_signs_what_its_template_says() {
    let custom = Custom {
        header: "X-Sign".into(),
        prefix: "s=".into(),
        encoding: Encoding::Base64,
        template: "{timestamp}|{path}|{body}".into(),
        timestamp_header: Some("X-Time".into()),
        ..Custom::default()
    };
    custom.check().unwrap();
    let profile = Profile::custom(&custom);
    assert!(after(&profile, "1749999700", |_| ()).is_ok());
    assert_eq!(after(&profile, "1749999699", |_| ()), Err(Reason::TimestampTooOld));
    let moved = after(&profile, "1749999999", |headers| {
        headers.iter_mut().find(|(name, _)| name == "X-Time").unwrap().1 = "1750000000".into();
    });
    assert_eq!(moved, Err(Reason::BadSignature), "the timestamp is signed");
}

#[test]
fn ikhokha_signatures_agree_with_the_providers_own_sample() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/ikhokha.json");
    let vectors: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut verified = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let (secret, url, body) = (text(case, "secret"), text(case, "path"), text(case, "body"));
        let sign = text(&case["headers"], "IK-SIGN");
        assert_eq!(ikhokha_sign(&SecretString::from(secret.clone()), &url, body.as_bytes()), sign, "{}", case["id"]);
        for changed in case["verify"].as_array().unwrap() {
            let or = |key: &str, own: &str| changed[key].as_str().map_or_else(|| own.to_owned(), str::to_owned);
            let (secret, url, body) = (or("secret", &secret), or("path", &url), or("body", &body));
            let genuine = ikhokha_is_genuine(&secret.into(), &url, body.as_bytes(), &or("sign", &sign));
            assert_eq!(genuine, changed["expected"] == "accept", "{}: {}", case["id"], changed["what"]);
            verified += 1;
        }
    }
    assert!(verified > 200);
}
