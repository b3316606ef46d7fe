//! What a secret becomes on its way through other programs: the encodings that runners of pipelines have learned to
//! look for.

use std::collections::BTreeSet;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::mask::SHORTEST;

/// Every form of a value that is long enough to be looked for, without repeats.
pub(super) fn of(value: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    let lines = value.lines().map(str::trim);
    for text in [value, value.trim()].into_iter().chain(lines) {
        if text.chars().count() >= SHORTEST {
            add(&mut forms, text);
        }
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

fn add(forms: &mut BTreeSet<Vec<u8>>, text: &str) {
    let mut put = |form: String| {
        forms.insert(form.into_bytes());
    };
    put(text.to_owned());
    put(hex::encode(text));
    put(hex::encode_upper(text));
    for shift in 0..3 {
        put(base64_inside(text.as_bytes(), shift, &STANDARD_NO_PAD));
        put(base64_inside(text.as_bytes(), shift, &URL_SAFE_NO_PAD));
    }
    for kept in KEPT {
        for lower in [false, true] {
            let encoded = percent(text, kept, lower);
            put(encoded.replace("%20", "+"));
            put(encoded);
        }
    }
    let json = serde_json::Value::from(text).to_string();
    put(json[1..json.len() - 1].to_owned());
    put(json[1..json.len() - 1].replace('/', "\\/"));
    put(in_ascii(&json[1..json.len() - 1]));
    let debug = format!("{text:?}");
    put(debug[1..debug.len() - 1].to_owned());
    let xml = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    put(xml.replace('\'', "&#39;"));
    put(xml.replace('\'', "&apos;"));
    put(xml);
    put(text.replace('\'', "'\\''"));
    put(text.replace('\'', "'\"'\"'"));
}

/// The characters of a base64 text that depend on this value alone, when `shift` other bytes stand before it: the
/// first and last characters also depend on the neighbours and are left out.
fn base64_inside(bytes: &[u8], shift: usize, engine: &impl base64::Engine) -> String {
    let mut padded = vec![0; shift];
    padded.extend_from_slice(bytes);
    let encoded = engine.encode(&padded);
    let first = (shift * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    encoded[first.min(encoded.len())..last.min(encoded.len())].to_owned()
}

/// What programs leave as it is when they write a text for a URL, beside letters and digits: RFC 3986, JavaScript's
/// encodeURIComponent, forms, JavaScript's encodeURI, and the query and path of the URL standard.
const KEPT: [&str; 6] =
    ["-_.~", "-_.~!'()*", "-_.*", "-_.~!'()*;,/?:@&=+$#", "-_.~!$%&()*+,/:;=?@[\\]^`{|}", "-_.~!$%&'()*+,/:;=@[\\]^|"];

/// JSON with every character outside ASCII escaped, as some programs write it.
fn in_ascii(json: &str) -> String {
    let mut escaped = String::new();
    for character in json.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}

fn percent(text: &str, kept: &str, lower: bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
            encoded.push(char::from(byte));
        } else if lower {
            encoded.push_str(&format!("%{byte:02x}"));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
