//! `golive webhook probe`: the check kind `webhook`, run once by hand, each delivery told with what became of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::check::{self, Surroundings};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::sessions::ListFormat;
use crate::cli::webhook::scheme::{self, SchemeArguments};
use crate::clock;
use crate::core::evidence::Evidence;
use crate::mask::Redactor;
use crate::model::duration::Span;
use crate::model::id::{CheckId, KindName};
use crate::model::item::Waivable;
use crate::model::kind::Options;
use crate::model::plan::{self, Check, Retry, Run};
use crate::model::values::{Origin, Value, Values};
use crate::model::word::{Category, Outcome, Severity};
use crate::network::Network;
use crate::notify::Roster;

/// The deliveries that are sent unless some are named: all that need nothing but the endpoint.
const USUAL: &[&str] = &[
    "genuine",
    "unsigned",
    "wrong_signature",
    "changed_body",
    "stale",
    "future",
    "replay",
    "at_once",
    "oversized",
    "unknown_source",
];

#[derive(Debug, Args)]
pub(super) struct ProbeArguments {
    #[command(flatten)]
    scheme: SchemeArguments,
    /// The endpoint. Only send forged deliveries to one that is yours.
    #[arg(long)]
    url: String,
    /// A delivery to send; may repeat. All when absent.
    #[arg(long = "case", value_name = "CASE", value_parser = clap::builder::PossibleValuesParser::new(USUAL))]
    cases: Vec<String>,
    /// A further header, `Name: value`; may repeat.
    #[arg(long = "header", value_name = "LINE")]
    headers: Vec<String>,
    /// The user agent that the provider sends.
    #[arg(long, value_name = "TEXT", default_value = "")]
    user_agent: String,
    /// The body to send, JSON as a rule; - reads standard input. {} when absent.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The body's field that names the transaction: every delivery gets one of its own there.
    #[arg(long, value_name = "FIELD")]
    id_field: Option<String>,
    /// A URL with {id} in it that answers JSON with the number of a transaction's effects.
    #[arg(long, value_name = "URL", requires = "effect_field")]
    effect_url: Option<String>,
    /// The field of that answer.
    #[arg(long, value_name = "FIELD", requires = "effect_url")]
    effect_field: Option<String>,
    /// Trust the roots in this file instead of the system's.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Reach a name elsewhere, `name:port=address:port`; may repeat.
    #[arg(long, value_name = "NAME=ADDRESS", value_parser = resolved)]
    resolve: Vec<(String, String)>,
    /// How to tell it.
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    format: ListFormat,
}

fn resolved(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').map(|(name, address)| (name.to_owned(), address.to_owned()));
    parts.ok_or_else(|| "write shop.example:443=127.0.0.1:8443".to_owned())
}

pub(super) fn run(arguments: &ProbeArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let secrets = arguments.scheme.secrets(machine)?;
    let Some(secret) = secrets.first() else { return Err(Stop::wrong("no secret is named")) };
    let mut values = Values::default();
    values.insert("credentials.webhook", Value::secret(secret.clone(), Origin::Process));
    let roots = arguments.ca.as_deref().map(std::path::absolute).transpose();
    let roots = roots.map_err(|error| Stop::wrong(format!("--ca names no file: {error}")))?;
    let resolve: BTreeMap<String, String> = arguments.resolve.iter().cloned().collect();
    let network = Network::new(&plan::Network { resolve, ca: roots }, Path::new("."))
        .map_err(|error| Stop::wrong(error.to_string()))?;
    let check = check(arguments)?;
    let folder = PathBuf::from(".");
    let around = Arc::new(Surroundings {
        values,
        folder,
        trusted: false,
        clock: clock::now,
        network,
        notifiers: Roster::default(),
    });
    let kind = check::kind("webhook").ok_or_else(|| Stop::own("the kind webhook is gone"))?;
    if let Some(problem) = (kind.spec().problems)(&check.options).into_iter().next() {
        return Err(Stop::wrong(problem.message).instead(problem.help.unwrap_or_default()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    let evidence = runtime.block_on(async {
        match kind.build(&check, &around) {
            Ok(probe) => probe.run(Duration::from_secs(120)).await,
            Err(evidence) => *evidence,
        }
    });
    let redactor = Redactor::new(around.values.secrets());
    let evidence = evidence.rewritten(&|text| redactor.redact(text).into_owned());
    told(&evidence, arguments.format, console)?;
    Ok(match evidence.outcome {
        Outcome::Pass | Outcome::Warn => Exit::Go,
        Outcome::Fail => Exit::NoGo,
        Outcome::Error => Exit::Hold,
    })
}

/// The check that a plan would have.
fn check(arguments: &ProbeArguments) -> Result<Check, Stop> {
    let body = match &arguments.body {
        Some(file) => {
            String::from_utf8(scheme::body_to_send(file)?).map_err(|_| Stop::wrong("the body is not text"))?
        }
        None => "{}".to_owned(),
    };
    let cases: Vec<&str> = match arguments.cases.is_empty() {
        true => USUAL.to_vec(),
        false => arguments.cases.iter().map(String::as_str).collect(),
    };
    let headers: BTreeMap<String, String> = scheme::headers(&arguments.headers)?.into_iter().collect();
    let mut keys = json!({
        "url": arguments.url, "cases": cases, "scheme": arguments.scheme.scheme, "headers": headers, "body": body,
        "secret": "{{ credentials.webhook }}", "user_agent": arguments.user_agent,
        "tolerance": format!("{}s", arguments.scheme.tolerance),
    });
    if let Some(custom) = arguments.scheme.custom_keys()? {
        keys["custom"] = custom;
    }
    if let Some(field) = &arguments.id_field {
        keys["id_field"] = field.as_str().into();
    }
    if let (Some(url), Some(field)) = (&arguments.effect_url, &arguments.effect_field) {
        keys["effect"] = json!({ "url": url, "field": field });
    }
    let options: Options = keys.as_object().cloned().unwrap_or_default();
    Ok(Check {
        recovery: None,
        degradation: None,
        id: CheckId::new("webhook_probe"),
        kind: KindName::new("webhook"),
        title: None,
        category: Category::Security,
        severity: Severity::Critical,
        every: Span::seconds(60),
        timeout: Span::seconds(120),
        fresh_for: Span::seconds(60),
        retry: Retry::NONE,
        depends_on: Vec::new(),
        run: Run::OnDemand,
        allow_in_production: true,
        waivable: Waivable::default(),
        impact: None,
        remedy: None,
        phase: None,
        options,
    })
}

fn told(evidence: &Evidence, format: ListFormat, console: &Console) -> Result<(), Stop> {
    let beside = ["url", "marked"];
    let deliveries = || evidence.facts.iter().filter(|fact| !beside.contains(&fact.name.as_str()));
    match format {
        ListFormat::Json => {
            let list: Vec<Json> = deliveries()
                .map(|fact| json!({ "case": fact.name, "came": fact.value, "right": !fact.material }))
                .collect();
            let object = json!({
                "outcome": evidence.outcome, "summary": evidence.summary, "deliveries": list, "remedy": evidence.remedy,
            });
            console.result(&format!("{object:#}\n"))
        }
        ListFormat::Human => {
            let width = deliveries().map(|fact| fact.name.as_str().chars().count()).max().unwrap_or(0);
            let mark = |material: bool| if material { '✗' } else { '·' };
            let mut text: String = deliveries()
                .map(|fact| format!("{} {:<width$}  {}\n", mark(fact.material), fact.name, fact.value))
                .collect();
            text.push_str(&format!("{}: {}\n", evidence.outcome, evidence.summary));
            if let Some(remedy) = &evidence.remedy {
                text.push_str(&format!("{remedy}\n"));
            }
            console.result(&text)
        }
    }
}
