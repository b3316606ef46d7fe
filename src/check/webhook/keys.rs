//! The keys of a `webhook` check, and what can be wrong with them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::finding::Finding;
use crate::check::webhook::case::Case;
use crate::check::{options, sql};
use crate::core::evidence::Evidence;
use crate::model::duration::Span;
use crate::model::kind::{OptionProblem, Options, Touch};
use crate::model::template::{Filled, Template};
use crate::model::values::Values;
use crate::webhook::{self, Algorithm, Custom, Encoding, Profile, SCHEMES};

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    /// The endpoint, https or http. No redirect is followed: providers follow none.
    pub(super) url: Template,
    /// What is sent: `genuine`, `unsigned`, `wrong_signature`, `changed_body`, `stale`, `future`, `replay`, `at_once` (twenty, one effect), `oversized`, `unknown_source`, `audited`.
    pub(super) cases: Vec<Case>,
    /// Whose way of signing: `ikhokha`, `standard-webhooks`, `stripe`, `github`, `slack`, `shopify`, `square`, `paystack`, `custom`.
    pub(super) scheme: String,
    /// The secret that the provider signs with, as `{{ credentials.… }}`.
    pub(super) secret: Template,
    /// How the scheme `custom` signs.
    pub(super) custom: Option<CustomKeys>,
    /// The header that the receiver's own layer reads a timestamp from, where the provider signs none.
    pub(super) timestamp_header: Option<Template>,
    /// The path that is signed, where a proxy changes it on the way.
    pub(super) signed_path: Option<Template>,
    /// Further headers.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Template>,
    /// The user agent that the provider sends; `unknown_source` sends another one.
    pub(super) user_agent: Option<Template>,
    /// An address of this machine that the endpoint must not take deliveries from, for `unknown_source`.
    pub(super) other_address: Option<Template>,
    /// The body, JSON as a rule.
    #[serde(default = "empty_object")]
    pub(super) body: Template,
    /// The field of the body that names the transaction: every delivery gets one of its own there.
    pub(super) id_field: Option<String>,
    /// Hosts that are the provider's own, beside those that are known by scheme: nothing forged is ever sent there.
    #[serde(default)]
    pub(super) provider_hosts: Vec<Template>,
    /// How many effects a transaction had: counted by a query, or by a URL with `{id}` in it that answers a number.
    pub(super) effect: Option<EffectKeys>,
    /// Where a refused delivery leaves its event: a file that grows, or a URL whose number rises.
    pub(super) audit: Option<AuditKeys>,
    /// How far a timestamp may lie away.
    #[serde(default = "five_minutes")]
    pub(super) tolerance: Span,
    /// How long effects and events may take to be seen.
    #[serde(default = "one_second")]
    pub(super) settle: Span,
    /// Bytes of the body that is too large.
    #[serde(default = "eight_mebibyte")]
    pub(super) oversized: usize,
    /// The header by which the target can tell these deliveries from the provider's.
    #[serde(default = "marker")]
    pub(super) marker: String,
}

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomKeys {
    /// The header that the signature stands in.
    header: String,
    /// What stands before the signature.
    #[serde(default)]
    prefix: String,
    /// `hex` or `base64`.
    #[serde(default)]
    encoding: Written,
    /// `sha256` or `sha512`.
    #[serde(default)]
    algorithm: Hash,
    /// What is signed, of `{id}`, `{timestamp}`, `{path}`, `{url}`, `{body}` and text between them.
    #[serde(default = "body_alone")]
    template: String,
    /// The header that the timestamp stands in.
    timestamp_header: Option<String>,
    /// The header that the id stands in.
    id_header: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Written {
    #[default]
    Hex,
    Base64,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Hash {
    #[default]
    Sha256,
    Sha512,
}

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EffectKeys {
    /// Where to ask, with `{id}` for the transaction. Empty: nowhere, or by `sql`.
    #[serde(default)]
    pub(super) url: Option<Template>,
    /// The field of the answer that holds the number.
    pub(super) field: Option<String>,
    /// A query, with the keys of the kind `sql` and `{id}` in its `with`: the number is that of its rows. Asked where
    /// `url` is empty.
    pub(super) sql: Option<sql::Keys>,
    /// Headers to send.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Template>,
}

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditKeys {
    /// A file that grows, relative to the plan's folder. Empty: none.
    pub(super) file: Option<Template>,
    /// A URL that answers JSON. Empty: none.
    pub(super) url: Option<Template>,
    /// The field of that answer whose number rises.
    pub(super) field: Option<String>,
}

fn empty_object() -> Template {
    Template::new("{}")
}

fn body_alone() -> String {
    "{body}".to_owned()
}

const fn five_minutes() -> Span {
    Span::seconds(300)
}

const fn one_second() -> Span {
    Span::seconds(1)
}

const fn eight_mebibyte() -> usize {
    8 << 20
}

fn marker() -> String {
    "x-golive-probe".to_owned()
}

/// No probe sends more than this.
const LARGEST: usize = 64 << 20;

impl Keys {
    /// The profile of the scheme.
    pub(super) fn profile(&self) -> Result<Profile, String> {
        if let Some(profile) = Profile::named(&self.scheme) {
            return Ok(profile);
        }
        if self.scheme != "custom" {
            return Err(format!("there is no scheme {}", self.scheme));
        }
        let keys = self.custom.as_ref().ok_or_else(|| "the scheme custom is described under `custom`".to_owned())?;
        let custom = Custom {
            header: keys.header.clone(),
            prefix: keys.prefix.clone(),
            encoding: match keys.encoding {
                Written::Hex => Encoding::Hex,
                Written::Base64 => Encoding::Base64,
            },
            algorithm: match keys.algorithm {
                Hash::Sha256 => Algorithm::Sha256,
                Hash::Sha512 => Algorithm::Sha512,
            },
            template: keys.template.clone(),
            timestamp_header: keys.timestamp_header.clone(),
            id_header: keys.id_header.clone(),
        };
        custom.check().map_err(|problem| problem.to_string())?;
        Ok(Profile::custom(&custom))
    }
}

/// A text that a plan may leave empty to say that there is none.
pub(super) fn filled(
    template: Option<&Template>,
    finding: &Finding,
    values: &Values,
) -> Result<Option<String>, Box<Evidence>> {
    let Some(template) = template else { return Ok(None) };
    let filled = finding.fill(template, values)?;
    Ok(Some(filled.expose().trim().to_owned()).filter(|text| !text.is_empty()))
}

/// The same where it may be a secret.
pub(super) fn kept(template: &Template, finding: &Finding, values: &Values) -> Result<Filled, Box<Evidence>> {
    finding.fill(template, values)
}

pub(super) fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if keys.cases.is_empty() {
            problems.push(OptionProblem::at("cases", "this check sends nothing").help("cases = [\"genuine\"]"));
        }
        let is_placeholder = keys.scheme.starts_with("{{");
        if !is_placeholder && !SCHEMES.contains(&keys.scheme.as_str()) {
            let help = format!("there are: {}", SCHEMES.join(", "));
            problems.push(OptionProblem::at("scheme", format!("there is no scheme {}", keys.scheme)).help(help));
        } else if !is_placeholder && let Err(problem) = keys.profile() {
            problems.push(OptionProblem::at("custom", problem));
        }
        if keys.secret.names().next().is_none() {
            problems.push(
                OptionProblem::at("secret", "a secret is never written in a plan")
                    .help("secret = \"{{ credentials.webhook_secret }}\""),
            );
        }
        if http::HeaderName::from_bytes(keys.marker.as_bytes()).is_err() {
            problems.push(OptionProblem::at("marker", "this is no header's name"));
        }
        for name in keys.headers.keys() {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                problems.push(OptionProblem::at(&format!("headers.{name}"), "this is no header's name"));
            }
        }
        if keys.oversized == 0 || keys.oversized > LARGEST {
            problems.push(OptionProblem::at("oversized", "a body that is too large has between 1 byte and 64 MiB"));
        }
        problems.extend(at_provider(keys));
        if let Some(effect) = &keys.effect {
            of_effect(effect, problems);
        }
        if keys.cases.contains(&Case::Audited) && keys.audit.is_none() {
            problems.push(
                OptionProblem::at("cases", "nobody knows where the audit trail is")
                    .help("audit = { file = \"logs/audit.log\" }"),
            );
        }
        if let Some(audit) = &keys.audit
            && audit.url.is_some() != audit.field.is_some()
        {
            problems.push(OptionProblem::at("audit", "url and field belong together"));
        }
    })
}

/// The host of a URL, without its port and without who logs in.
fn host_of(url: &str) -> Option<String> {
    let host = options::host_of(url)?;
    let bare = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    Some(bare.map_or(host.as_str(), |(host, _)| host).to_owned())
}

/// Whether a host is a provider's own, by its domain or by the plan's word; the words to refuse it with.
pub(super) fn refusal(host: &str, own: &[String], cases: &[Case]) -> Option<String> {
    let forged = cases.iter().find(|case| case.is_forged())?;
    let known = webhook::provider_of(host).is_some() || own.iter().any(|own| webhook::is_below(host, own));
    known.then(|| {
        format!("{host} is the payment provider's own: it is never sent a forged delivery ({})", forged.shown())
    })
}

fn at_provider(keys: &Keys) -> Option<OptionProblem> {
    let own: Vec<String> = keys.provider_hosts.iter().map(|host| host.as_written().to_owned()).collect();
    let problem = OptionProblem::at("url", refusal(&host_of(keys.url.as_written())?, &own, &keys.cases)?);
    Some(problem.help("name your own endpoint, the one that takes the provider's callbacks"))
}

fn of_effect(effect: &EffectKeys, problems: &mut Vec<OptionProblem>) {
    if effect.url.is_none() && effect.sql.is_none() {
        problems
            .push(OptionProblem::at("effect", "nobody knows where effects are counted").help("url and field, or sql"));
    }
    if effect.url.is_some() && effect.field.is_none() {
        problems.push(OptionProblem::at("effect", "url and field belong together"));
    }
    let Some(sql) = &effect.sql else { return };
    let mut inner = Vec::new();
    sql.problems(&mut inner);
    if sql.writes {
        inner.push(OptionProblem::at("writes", "counting changes nothing"));
    }
    if !sql.names_transaction() {
        inner.push(OptionProblem::at("with", "the query asks for no transaction").help("with = [\"{id}\"]"));
    }
    let within = |problem: OptionProblem| OptionProblem {
        key: Some(problem.key.map_or_else(|| "effect.sql".to_owned(), |key| format!("effect.sql.{key}"))),
        ..problem
    };
    problems.extend(inner.into_iter().map(within));
}

pub(super) fn touches(options: &Options) -> Vec<Touch> {
    let text = |value: Option<&serde_json::Value>| value.and_then(serde_json::Value::as_str).map(str::to_owned);
    let effect = options.get("effect");
    let urls = [text(options.get("url")), text(effect.and_then(|effect| effect.get("url")))];
    let hosts = urls.iter().flatten().filter_map(|url| options::host_of(url)).map(Touch::Host);
    let counted = effect.and_then(|effect| effect.get("sql")).and_then(serde_json::Value::as_object);
    let file = text(options.get("audit").and_then(|audit| audit.get("file"))).filter(|file| !file.is_empty());
    let mut touches: Vec<Touch> = hosts.chain(counted.and_then(sql::touches)).chain(file.map(Touch::File)).collect();
    touches.dedup();
    touches
}
