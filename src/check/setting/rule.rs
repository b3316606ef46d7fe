//! What one variable has to be, how it is judged, and what would mend it. `setting` has one rule, `settings` many.

use regex::Regex;
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use crate::check::options;
use crate::check::setting::host;
use crate::model::kind::OptionProblem;
use crate::model::mend::Wanted;
use crate::model::values::{Lookup, Origin, Values};

/// What one variable has to be.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::check) struct Rule {
    /// The variable.
    pub(in crate::check) name: String,
    /// Exactly this text.
    must_be: Option<String>,
    /// One of these texts.
    #[serde(default)]
    one_of: Vec<String>,
    /// A regular expression that the whole text must match.
    pattern: Option<String>,
    /// A number within these bounds.
    range: Option<Range>,
    /// A URL for production: `{}`, or `{ hosts = ["shop.example"] }`.
    url: Option<UrlRule>,
    /// It must not be set at all.
    #[serde(default)]
    absent: bool,
    /// What the application takes when the variable is missing; used, and said so.
    pub(in crate::check) default: Option<String>,
    /// It may be missing, and then nothing is asked of it.
    #[serde(default)]
    optional: bool,
    /// What `golive enforce` writes where it does not hold; worked out from the other keys unless said.
    enforce: Option<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Range {
    /// Not below.
    min: Option<f64>,
    /// Not above.
    max: Option<f64>,
    /// Whether it must be a whole number.
    #[serde(default)]
    whole: bool,
}

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UrlRule {
    /// Its host is one of these, or below one; any that is not local, private or of a test environment unless named.
    #[serde(default)]
    hosts: Vec<String>,
    /// The schemes that it may have.
    #[serde(default = "https")]
    schemes: Vec<String>,
}

fn https() -> Vec<String> {
    vec!["https".to_owned()]
}

/// What a variable is, and what is wrong with it.
pub(in crate::check) struct Seen {
    /// The value as it may be shown; empty when it is missing.
    pub(in crate::check) shown: String,
    /// Where it came from.
    pub(in crate::check) origin: String,
    /// What it would have to be.
    pub(in crate::check) needed: Option<String>,
    /// Whether nothing sets it, and the default counts.
    pub(in crate::check) by_default: bool,
    /// Whether nothing sets it at all.
    pub(in crate::check) missing: bool,
}

impl Rule {
    /// What is wrong with the rule itself.
    pub(in crate::check) fn problems(&self) -> Vec<OptionProblem> {
        let mut problems = Vec::new();
        let asks = self.must_be.is_some()
            || !self.one_of.is_empty()
            || self.pattern.is_some()
            || self.range.is_some()
            || self.url.is_some();
        if !asks && !self.absent {
            problems.push(
                OptionProblem::whole("this setting asserts nothing").help("add must_be, one_of, pattern, range or url"),
            );
        }
        if self.absent && (asks || self.default.is_some() || self.enforce.is_some()) {
            problems.push(OptionProblem::at("absent", "what must not be set has no value to ask for"));
        }
        problems.extend(self.pattern.as_ref().and_then(|pattern| options::pattern_problem("pattern", pattern)));
        if let Some(range) = self.range {
            match (range.min, range.max) {
                (None, None) => problems.push(OptionProblem::at("range", "the range has no bound").help("{ min = 1 }")),
                (Some(min), Some(max)) if min > max => {
                    problems.push(OptionProblem::at("range", "nothing lies in this range"));
                }
                _ => {}
            }
        }
        if let Some(needed) = self.enforce.as_deref().and_then(|enforce| self.objection(enforce)) {
            problems.push(OptionProblem::at("enforce", format!("this would not hold: it must be {needed}")));
        }
        problems
    }

    /// Looks the variable up and judges it.
    ///
    /// # Errors
    /// Why its source could not be read.
    pub(in crate::check) fn look(&self, values: &Values) -> Result<Seen, String> {
        let name = &self.name;
        let seen = |shown: String, origin: String, needed: Option<String>| Seen {
            shown,
            origin,
            needed,
            by_default: false,
            missing: false,
        };
        match values.get(&format!("env.{name}")) {
            Lookup::Found(value) => {
                let text = value.text.expose_secret();
                let shown = if value.secret { "••••".to_owned() } else { shown(text) };
                Ok(seen(shown, value.origin.to_string(), self.objection(text)))
            }
            Lookup::Failed(why) => Err(format!("{name}: {why}")),
            Lookup::Missing => Ok(match &self.default {
                Some(default) => {
                    Seen { by_default: true, ..seen(shown(default), "the default".to_owned(), self.objection(default)) }
                }
                None => {
                    let needed = (!self.optional && !self.absent).then(|| self.asked());
                    Seen { missing: true, ..seen(String::new(), String::new(), needed) }
                }
            }),
        }
    }

    /// What the text would have to be, if it is not.
    fn objection(&self, text: &str) -> Option<String> {
        if self.absent {
            return Some("absent".to_owned());
        }
        if let Some(must_be) = &self.must_be
            && text != must_be
        {
            return Some(format!("\"{must_be}\""));
        }
        if !self.one_of.is_empty() && !self.one_of.iter().any(|one| one == text) {
            return Some(format!("one of {}", self.one_of.join(", ")));
        }
        if let Some(pattern) = &self.pattern
            && Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| !pattern.is_match(text))
        {
            return Some(format!("of the form {pattern}"));
        }
        self.range
            .and_then(|range| outside(range, text))
            .or_else(|| self.url.as_ref().and_then(|url| url.objection(text)))
    }

    /// What is asked, in words, where nothing is there.
    fn asked(&self) -> String {
        let range = || self.range.and_then(|range| outside(range, ""));
        let url = || self.url.as_ref().map(UrlRule::asked);
        let one_of = || (!self.one_of.is_empty()).then(|| format!("one of {}", self.one_of.join(", ")));
        let must_be = self.must_be.as_ref().map(|must_be| format!("\"{must_be}\""));
        let words = must_be.or_else(one_of).or_else(range).or_else(url);
        words.unwrap_or_else(|| format!("of the form {}", self.pattern.as_deref().unwrap_or_default()))
    }

    /// What would mend it; nothing where it holds or cannot be judged.
    pub(in crate::check) fn wanted(&self, values: &Values) -> Option<Wanted> {
        let needed = self.look(values).ok()?.needed?;
        if self.absent {
            return Some(Wanted::Absent);
        }
        let current = match values.get(&format!("env.{}", self.name)) {
            Lookup::Found(value) => Some(value.text.expose_secret().to_owned()),
            Lookup::Missing | Lookup::Failed(_) => None,
        };
        let candidates = [
            self.enforce.clone(),
            self.must_be.clone(),
            current.as_deref().and_then(host::secured),
            self.default.clone(),
            current.as_deref().and_then(|current| self.range.and_then(|range| nearest(range, current))),
            self.one_of.first().cloned(),
        ];
        let found = candidates.into_iter().flatten().find(|candidate| self.objection(candidate).is_none());
        Some(found.map_or_else(
            || Wanted::Person(format!("it must be {needed}, and the plan has no one value for that")),
            Wanted::Value,
        ))
    }
}

impl UrlRule {
    fn objection(&self, text: &str) -> Option<String> {
        let schemes: Vec<&str> = self.schemes.iter().map(String::as_str).collect();
        let host = host::host_of(text);
        // A host that the plan names is the right one, whatever it is called.
        let named = host.as_ref().is_some_and(|host| self.hosts.iter().any(|allowed| host::is_at(host, allowed)));
        match host::objection(text, &schemes) {
            Some(why) if !named || why.starts_with("is ") || why.starts_with("carries") => {
                return Some(format!("{} (it {why})", self.asked()));
            }
            Some(_) | None => {}
        }
        (!named && !self.hosts.is_empty()).then(|| self.asked())
    }

    fn asked(&self) -> String {
        let schemes = self.schemes.join(" or ");
        let article = if schemes.starts_with('h') { "an" } else { "a" };
        match self.hosts.as_slice() {
            [] => format!("{article} {schemes} URL for production"),
            hosts => format!("{article} {schemes} URL on {}", hosts.join(" or ")),
        }
    }
}

/// A value as it may be shown: what stands before an `@` in a URL is nobody's business.
fn shown(text: &str) -> String {
    match (text.find("://"), text.find('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("\"{}://••••{}\"", &text[..scheme], &text[at..]),
        _ => format!("\"{text}\""),
    }
}

fn outside(range: Range, text: &str) -> Option<String> {
    let number = if range.whole { "a whole number" } else { "a number" };
    let needed = match (range.min, range.max) {
        (Some(min), Some(max)) => format!("{number} from {min} to {max}"),
        (Some(min), None) => format!("{number} of at least {min}"),
        (None, Some(max)) => format!("{number} of at most {max}"),
        (None, None) => return None,
    };
    let inside = number_of(text).is_some_and(|number| {
        let whole = !range.whole || number.fract() == 0.0;
        whole && range.min.is_none_or(|min| number >= min) && range.max.is_none_or(|max| number <= max)
    });
    (!inside).then_some(needed)
}

/// A plain decimal number; what other languages also take for one (`1e3`, `0x10`, ` 5 `) is a surprise somewhere.
fn number_of(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { text.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
}

/// The bound that a number lies beyond.
fn nearest(range: Range, text: &str) -> Option<String> {
    let number = number_of(text)?;
    let bound = range.min.filter(|min| number < *min).or(range.max.filter(|max| number > *max))?;
    Some(bound.to_string())
}

/// Whether a variable came from an env file: what the process alone has is nobody's configuration.
pub(in crate::check) const fn is_of_a_file(origin: &Origin) -> bool {
    matches!(origin, Origin::Line { .. })
}
