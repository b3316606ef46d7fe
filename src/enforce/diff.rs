//! A change as a unified diff that can be shown: values of variables that do not change are masked, so are comments that
//! look like assignments, and every secret that the redactor knows.

use similar::TextDiff;

use crate::enforce::Change;
use crate::envfile;
use crate::mask::Redactor;
use crate::model::text::SafeText;

const MASK: &str = "••••";
/// Lines of context around a change.
const CONTEXT: usize = 3;

pub(super) fn unified(change: &Change, is_secret: impl Fn(&str) -> bool, redactor: &Redactor) -> String {
    let name = change.path.display().to_string();
    let changes = |name: &str| change.variables.iter().any(|changed| changed == name);
    let shown = |text: &str, new: bool| {
        let text = masked(text, |name| changes(name) && !is_secret(name), |name| new && changes(name));
        redactor.redact(&text).into_owned()
    };
    let before = shown(change.before.as_deref().unwrap_or_default(), false);
    let after = shown(&change.after, true);
    let old = if change.before.is_some() { name.as_str() } else { "/dev/null" };
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let text = diff.unified_diff().context_radius(CONTEXT).header(old, &name).to_string();
    let lines = text.lines().map(|line| SafeText::from_foreign(line).to_string() + "\n");
    lines.collect()
}

/// The text with one kind of line break, and only those values in it that may be shown. `is_new` marks a masked value
/// that is not what it was, so that a change of a secret is seen to be one.
fn masked(text: &str, may_show: impl Fn(&str) -> bool, is_new: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for place in envfile::places(text) {
        out.push_str(&between(&text[from.min(place.whole.start)..place.whole.start]));
        if may_show(&place.name) {
            out.push_str(&text[place.whole.clone()]);
        } else {
            out.push_str(&text[place.whole.start..place.value.start]);
            let mark = if is_new(&place.name) { "•••• (new)" } else { MASK };
            // As many lines as there were: the numbers beside the diff stay those of the file.
            let lines = text[place.value.clone()].replace("\r\n", "\n").replace('\r', "\n");
            let shown: Vec<&str> = lines.split('\n').map(|_| mark).collect();
            out.push_str(&shown.join("\n"));
            if text[place.value.end..place.whole.end].contains('#') {
                out.push_str(" # …");
            }
        }
        from = place.whole.end;
    }
    out.push_str(&between(&text[from..]));
    out.replace("\r\n", "\n").replace('\r', "\n")
}

/// What stands between assignments: blank lines and comments; a comment that looks like an assignment is cut, and so is
/// what the build does not understand.
fn between(text: &str) -> String {
    let line = |line: &str| {
        let (words, ending) = line.split_at(line.trim_end_matches(['\n', '\r']).len());
        let shown = match words.trim_start_matches('\u{feff}').trim() {
            "" => words.to_owned(),
            comment if comment.starts_with('#') => match words.find(['=', ':']) {
                Some(at) => format!("{}…", &words[..=at]),
                None => words.to_owned(),
            },
            "export" => words.to_owned(),
            _ => "…".to_owned(),
        };
        shown + ending
    };
    text.split_inclusive('\n').map(line).collect()
}
