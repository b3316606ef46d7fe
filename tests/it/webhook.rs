//! Webhook signatures against vectors that other people's libraries made.

use std::fs;
use std::path::Path;

use golive::webhook::{ikhokha_is_genuine, ikhokha_sign};
use secrecy::SecretString;
use serde_json::Value;

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
