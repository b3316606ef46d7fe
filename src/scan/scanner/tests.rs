//! The engine against a naive search, at every cut and in every form.

use super::*;
use crate::model::values::Origin;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

fn secret(id: &str, value: &str) -> Arc<Secret> {
    let value = value.to_owned().into();
    Arc::new(Secret { id: id.to_owned(), variables: Vec::new(), origin: Origin::Plan, value })
}

fn hits(scanner: &Scanner, text: &[u8]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let read = scanner.scan(&mut &*text, &mut |hit| hits.push(hit), &|| Ok(())).unwrap();
    assert_eq!(read, text.len() as u64);
    hits.sort_by_key(|hit| (hit.offset, hit.length));
    hits
}

/// What is told of the credential `id`: where and how.
fn of(hits: &[Hit], id: &str) -> Vec<(u64, Form)> {
    let told = hits.iter().filter_map(|hit| match &hit.sought {
        Sought::Credential { secret, form } if secret.id == id => Some((hit.offset, *form)),
        _ => None,
    });
    told.collect()
}

#[test]
fn every_form_is_found_with_its_place() {
    let value = "FAKE \"k0fT\"/+<&'x$9";
    let scanner = Scanner::new(&[secret("api_secret", value)], &[], false);
    let json = serde_json::Value::from(value).to_string();
    let in_source = json[1..json.len() - 1].to_owned();
    let in_source_map = serde_json::Value::from(in_source.as_str()).to_string();
    for (form, written, inside) in [
        (Form::Plain, value.to_owned(), 0),
        (Form::Hex, hex::encode(value), 0),
        (Form::Hex, hex::encode_upper(value), 0),
        (Form::Base64, STANDARD.encode(value), 0),
        (Form::Base64, STANDARD.encode(format!("u{value}")), 2),
        (Form::Base64, STANDARD.encode(format!("u:{value}")), 3),
        (Form::Percent, "FAKE+%22k0fT%22%2F%2B%3C%26%27x%249".to_owned(), 0),
        (Form::Escaped, in_source, 0),
        (Form::Escaped, in_source_map[1..in_source_map.len() - 1].to_owned(), 0),
        (Form::Escaped, value.replace('\'', "\\'"), 0),
        (Form::Entities, "FAKE &quot;k0fT&quot;/+&lt;&amp;'x$9".to_owned(), 0),
        (Form::Escaped, "FAKE\\u0020\\u0022k0fT\\u0022\\u002F\\u002B\\u003C\\u0026\\u0027x\\u00249".to_owned(), 0),
        (Form::Entities, "FAKE&#x20;&#x22;k0fT&#x22;&#x2F;&#x2B;&#x3C;&#x26;&#x27;x&#x24;9".to_owned(), 0),
    ] {
        let told = of(&hits(&scanner, format!("let a=`{written}`;").as_bytes()), "api_secret");
        assert_eq!(told, [(7 + inside, form)], "{written}");
    }
}

/// Each character as this says.
fn each(value: &str, written: impl Fn(u8) -> String) -> String {
    value.bytes().map(written).collect()
}

#[test]
fn a_value_with_an_escape_for_each_of_its_characters_is_found() {
    let value = "FAKE-k0fT/+Zz9";
    let scanner = Scanner::new(&[secret("api_secret", value)], &[], false);
    for (form, written) in [
        (Form::Escaped, each(value, |byte| format!("\\x{byte:02x}"))),
        (Form::Escaped, each(value, |byte| format!("\\x{byte:02X}"))),
        (Form::Escaped, each(value, |byte| format!("\\u{byte:04x}"))),
        (Form::Escaped, each(value, |byte| format!("\\u{byte:04X}"))),
        (Form::Percent, each(value, |byte| format!("%{byte:02x}"))),
        (Form::Percent, each(value, |byte| format!("%{byte:02X}"))),
        (Form::Entities, each(value, |byte| format!("&#{byte};"))),
        (Form::Entities, each(value, |byte| format!("&#x{byte:x};"))),
        (Form::Entities, each(value, |byte| format!("&#x{byte:X};"))),
    ] {
        let code = format!("let a=\"{written}\";");
        assert_eq!(of(&hits(&scanner, code.as_bytes()), "api_secret"), [(7, form)], "{written}");
        // In a source map the code is a text of JSON.
        let map = serde_json::json!({ "version": 3, "sourcesContent": [code] }).to_string();
        let told = of(&hits(&scanner, map.as_bytes()), "api_secret");
        assert!(matches!(told[..], [(_, told)] if told == form), "{map}: {told:?}");
    }
}

#[test]
fn a_value_in_wide_characters_is_found_in_either_order() {
    for value in ["FAKE-k0fT/+Zz9", "FAKE-schlüssel-日本"] {
        let scanner = Scanner::new(&[secret("api_secret", value)], &[], false);
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            let text: Vec<u8> = format!("\u{feff}key={value};").encode_utf16().flat_map(order).collect();
            let told = of(&hits(&scanner, &text), "api_secret");
            assert!(matches!(told[..], [(10 | 11, Form::Utf16)]), "{told:?}");
        }
    }
}

#[test]
fn another_value_in_escapes_is_no_find() {
    let (value, other) = ("FAKE-k0fT/+Zz9", "FAKE-k0fT/+Zz8");
    let scanner = Scanner::new(&[secret("api_secret", value)], &[], false);
    let text = each(other, |byte| format!("\\x{byte:02x} ")) + &each(other, |byte| format!("&#{byte};"));
    assert_eq!(hits(&scanner, text.as_bytes()), []);
}

#[test]
fn more_forms_are_no_more_passes() {
    let values: Vec<String> = (0..6).map(|number| format!("FAKE{number}-{}", hex::encode([number * 40; 9]))).collect();
    let secrets: Vec<_> = values.iter().map(|value| secret(value, value)).collect();
    let scanner = Scanner::new(&secrets, &[], false);
    assert!(scanner.patterns() > 2 * GROUP, "{}", scanner.patterns());
    assert_eq!(scanner.groups.len(), 1);
}

#[test]
fn credentials_in_each_other_are_all_told() {
    let long = "FAKE-0123456789-abcdef";
    let secrets =
        [secret("long", long), secret("begins", &long[..10]), secret("inside", &long[5..14]), secret("same", long)];
    let told = hits(&Scanner::new(&secrets, &[], false), long.as_bytes());
    assert_eq!(of(&told, "long"), [(0, Form::Plain)]);
    assert_eq!(of(&told, "begins"), [(0, Form::Plain)]);
    assert_eq!(of(&told, "inside"), [(5, Form::Plain)]);
    assert_eq!(of(&told, "same"), [(0, Form::Plain)]);
}

#[test]
fn a_secret_on_any_border_of_a_block_is_found_once() {
    let value = "FAKE-0123456789-k0fT";
    let known = format!("ghp_{}", "aB3cD4".repeat(6));
    let scanner = Scanner::new(&[secret("api_secret", value)], &[], true);
    for around in [BLOCK, BLOCK + known::WINDOW, 2 * BLOCK, 2 * BLOCK + known::WINDOW] {
        for at in (around - 45..around + 46).step_by(13) {
            let mut text = vec![b' '; 3 * BLOCK];
            text[at..at + value.len()].copy_from_slice(value.as_bytes());
            text[at + 2 * value.len()..at + 2 * value.len() + known.len()].copy_from_slice(known.as_bytes());
            let told = hits(&scanner, &text);
            assert_eq!(of(&told, "api_secret"), [(at as u64, Form::Plain)]);
            assert_eq!(told.len(), 2, "at {at}: {told:?}");
        }
    }
}

#[test]
fn more_patterns_than_one_group_carries_are_all_found() {
    let values: Vec<String> =
        (0..50).map(|number| format!("{:03}-FAKE-{}", u32::from(number) * 7, hex::encode([number * 5; 9]))).collect();
    let secrets: Vec<_> = values.iter().enumerate().map(|(at, value)| secret(&at.to_string(), value)).collect();
    let scanner = Scanner::new(&secrets, &[], false);
    assert!(scanner.patterns() > 2 * GROUP && scanner.groups.len() > 2);
    let text = values.join("\n");
    let told = hits(&scanner, text.as_bytes());
    for (at, value) in values.iter().enumerate() {
        let offset = text.find(value).unwrap() as u64;
        assert_eq!(of(&told, &at.to_string()), [(offset, Form::Plain)], "{value}");
    }
}

#[test]
fn reading_that_fails_is_an_error_and_no_clean_end() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let scanner = Scanner::new(&[secret("a", "FAKE-0123456789")], &[], true);
    assert!(scanner.scan(&mut Broken, &mut |_| {}, &|| Ok(())).is_err());
    assert!(scanner.scan(&mut &b"x"[..], &mut |_| {}, &|| Err(io::Error::other("broken off"))).is_err());
}

/// Hands out as many bytes as it is told to, over and over.
struct Chunks<'a>(&'a [u8], usize);

impl Read for Chunks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.1.min(self.0.len()).min(buffer.len());
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

proptest! {
    #[test]
    fn it_finds_what_a_naive_search_finds(
        texts in proptest::collection::btree_set("[ab]{1,5}", 1..12),
        text in "[abc]{0,300}",
        chunk in 1usize..40,
    ) {
        let sought: Vec<Arc<str>> = texts.iter().map(|text| Arc::from(text.as_str())).collect();
        let scanner = Scanner::new(&[], &sought, false);
        let mut told = Vec::new();
        scanner.scan(&mut Chunks(text.as_bytes(), chunk), &mut |hit| told.push(hit), &|| Ok(())).unwrap();
        let mut told: Vec<(u64, usize)> = told.iter().map(|hit| (hit.offset, hit.length)).collect();
        told.sort_unstable();
        let mut naive = Vec::new();
        for start in 0..text.len() {
            for wanted in &texts {
                if text[start..].starts_with(wanted.as_str()) {
                    naive.push((start as u64, wanted.len()));
                }
            }
        }
        naive.sort_unstable();
        prop_assert_eq!(told, naive);
    }
}
