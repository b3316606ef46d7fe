//! What a secret becomes on its way through other programs: the encodings that runners of pipelines have learned to
//! look for, and those of minifiers, template engines and wide characters.

use std::collections::BTreeMap;
use std::fmt;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::mask::SHORTEST;

/// How a value is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// As it is, whole or line by line.
    Plain,
    /// Two hex digits a byte.
    Hex,
    /// Base64 of either alphabet, whatever stands before it.
    Base64,
    /// Percent-encoded, as in a URL or a form.
    Percent,
    /// With the escapes of a text in JSON or JavaScript.
    Escaped,
    /// With the entities of XML or HTML.
    Entities,
    /// In the quotes of a shell.
    Shell,
    /// Two bytes a character, of either order.
    Utf16,
}

impl Form {
    /// How it stands there, in words behind "stands".
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plain => "as it is",
            Self::Hex => "in hex",
            Self::Base64 => "in base64",
            Self::Percent => "URL-encoded",
            Self::Escaped => "escaped",
            Self::Entities => "in XML entities",
            Self::Shell => "in shell quotes",
            Self::Utf16 => "in UTF-16",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Every form of a value that is long enough to be looked for, without repeats; where two forms are the same bytes, the
/// plainer one names them.
#[must_use]
pub fn of(value: &str) -> BTreeMap<Vec<u8>, Form> {
    let mut forms = BTreeMap::new();
    let lines = value.lines().map(str::trim);
    for text in [value, value.trim()].into_iter().chain(lines) {
        if text.chars().count() >= SHORTEST {
            add(&mut forms, text);
            // Many times as long as the value: of several lines, each for itself is enough.
            if !text.contains('\n') {
                add_spelled(&mut forms, text);
            }
        }
    }
    forms.retain(|form, _| form.len() >= SHORTEST);
    forms
}

fn put(forms: &mut BTreeMap<Vec<u8>, Form>, form: Form, written: String) {
    forms.entry(written.into_bytes()).or_insert(form);
}

fn add(forms: &mut BTreeMap<Vec<u8>, Form>, text: &str) {
    let mut put = |form: Form, written: String| put(forms, form, written);
    put(Form::Plain, text.to_owned());
    put(Form::Hex, hex::encode(text));
    put(Form::Hex, hex::encode_upper(text));
    for shift in 0..3 {
        put(Form::Base64, base64_inside(text.as_bytes(), shift, &STANDARD_NO_PAD));
        put(Form::Base64, base64_inside(text.as_bytes(), shift, &URL_SAFE_NO_PAD));
    }
    for kept in KEPT {
        for lower in [false, true] {
            let encoded = percent(text, kept, lower);
            put(Form::Percent, encoded.replace("%20", "+"));
            put(Form::Percent, encoded);
        }
    }
    for escaped in escaped(text) {
        put(Form::Escaped, in_ascii(&escaped));
        put(Form::Escaped, escaped);
    }
    let xml = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    put(Form::Entities, xml.replace('\'', "&#39;"));
    put(Form::Entities, xml.replace('\'', "&apos;"));
    put(Form::Entities, xml);
    put(Form::Shell, text.replace('\'', "'\\''"));
    put(Form::Shell, text.replace('\'', "'\"'\"'"));
}

/// What spells a text out: an escape for each of its characters (minifiers, obfuscators), or for each that is no letter
/// or digit (template engines), once more with its backslash doubled where source code is a text in JSON (a source map);
/// two bytes for each.
fn add_spelled(forms: &mut BTreeMap<Vec<u8>, Form>, text: &str) {
    for spares in [false, true] {
        for lower in [false, true] {
            for (form, mark) in [(Form::Escaped, "\\x"), (Form::Escaped, "\\\\x"), (Form::Percent, "%")] {
                put(
                    forms,
                    form,
                    spelled(text.bytes().map(u32::from), spares, |byte| {
                        if lower { format!("{mark}{byte:02x}") } else { format!("{mark}{byte:02X}") }
                    }),
                );
            }
            for mark in ["\\u", "\\\\u"] {
                put(
                    forms,
                    Form::Escaped,
                    spelled(text.encode_utf16().map(u32::from), spares, |unit| {
                        if lower { format!("{mark}{unit:04x}") } else { format!("{mark}{unit:04X}") }
                    }),
                );
            }
            put(
                forms,
                Form::Entities,
                spelled(text.chars().map(u32::from), spares, |character| {
                    if lower { format!("&#x{character:x};") } else { format!("&#x{character:X};") }
                }),
            );
        }
        let decimal = spelled(text.chars().map(u32::from), spares, |character| format!("&#{character};"));
        put(forms, Form::Entities, decimal);
    }
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let wide: Vec<u8> = text.encode_utf16().flat_map(bytes).collect();
        // The zero bytes around belong to it in one of the two orders only.
        let from = wide.iter().position(|byte| *byte != 0).unwrap_or(0);
        let until = wide.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        forms.entry(wide[from..until].to_vec()).or_insert(Form::Utf16);
    }
}

/// A text with an escape for each of its units, or for those alone that are no letters or digits of ASCII.
fn spelled(units: impl Iterator<Item = u32>, spares: bool, escape: impl Fn(u32) -> String) -> String {
    let plain = |unit: u32| char::from_u32(unit).filter(|character| spares && character.is_ascii_alphanumeric());
    units.map(|unit| plain(unit).map_or_else(|| escape(unit), String::from)).collect()
}

/// The escapes of texts in source code: JSON, JSON that is safe in HTML, JSON in JSON (a source map holds source code as
/// text), debug output, JavaScript in single quotes and in back ticks.
fn escaped(text: &str) -> [String; 8] {
    let json = |text: &str| {
        let quoted = serde_json::Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let once = json(text);
    let in_html = once.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let debug = format!("{text:?}");
    let backslashes = text.replace('\\', "\\\\");
    [
        json(&once),
        in_ascii(&once),
        once.replace('/', "\\/"),
        once,
        in_html,
        debug[1..debug.len() - 1].to_owned(),
        backslashes.replace('\'', "\\'"),
        backslashes.replace('`', "\\`").replace("${", "\\${"),
    ]
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
