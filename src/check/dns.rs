//! `dns`: a name has the records that it should have.

use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::RecordType;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::judging::judged;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::{Evidence, Timings};
use crate::expr::{Condition, Fact, FactNames, FactType, Facts};
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::word::Category;
use crate::network::{self, Trouble, within};

/// The kind.
pub(super) struct Dns;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The name.
    name: Template,
    /// Which records.
    #[serde(default)]
    record: Record,
    /// A condition over records (a list of texts) and ttl (the shortest). Default: there is at least one.
    expect: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Record {
    /// IPv4 addresses.
    #[default]
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Another name.
    Cname,
    /// Mail servers.
    Mx,
    /// Texts.
    Txt,
    /// Name servers.
    Ns,
}

impl From<Record> for RecordType {
    fn from(record: Record) -> Self {
        match record {
            Record::A => Self::A,
            Record::Aaaa => Self::AAAA,
            Record::Cname => Self::CNAME,
            Record::Mx => Self::MX,
            Record::Txt => Self::TXT,
            Record::Ns => Self::NS,
        }
    }
}

fn fact_names() -> FactNames {
    FactNames::new(&[("records", FactType::List), ("ttl", FactType::Duration)])
}

impl Kind for Dns {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "dns",
            doc: "A name has the records that it should have.",
            category: Category::System,
            example: "name = \"www.example\"\nrecord = \"A\"\nexpect = 'size(records) >= 2'\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |options| {
                let name = options.get("name").and_then(serde_json::Value::as_str);
                name.map(|name| Touch::Host(name.to_owned())).into_iter().collect()
            },
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let name = finding.fill(&keys.name, &surroundings.values)?.expose().to_owned();
        let source = keys.expect.as_deref().unwrap_or("size(records) > 0");
        let condition = Condition::compile(source, &fact_names())
            .map_err(|error| Box::new(finding.error(&format!("the condition is wrong: {error}"))))?;
        let surroundings = Arc::clone(surroundings);
        Ok(Box::new(Looker { finding, name, record: keys.record.into(), condition, surroundings }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        problems.extend(keys.expect.as_ref().and_then(|e| options::condition_problem("expect", e, &fact_names())));
    })
}

struct Looker {
    finding: Finding,
    name: String,
    record: RecordType,
    condition: Condition,
    surroundings: Arc<Surroundings>,
}

/// What a name has: records as texts, and the shortest time they may be kept.
type Found = (Vec<String>, Duration);

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let (deadline, began) = (network::deadline(timeout), Instant::now());
            let override_of = [443, 80].iter().find_map(|port| self.surroundings.network.overridden(&self.name, *port));
            let found = match override_of {
                Some(addresses) => {
                    Ok((addresses.iter().map(|address| address.ip().to_string()).collect(), Duration::ZERO))
                }
                None => self.look_up(deadline).await,
            };
            let timings = Timings { dns: Some(began.elapsed()), total: Some(began.elapsed()), ..Timings::default() };
            match found {
                Ok(found) => self.judge(&found, override_of.is_some()).timed(timings),
                Err(trouble) => self.finding.of_trouble(&trouble).timed(timings),
            }
        })
    }
}

impl Looker {
    fn judge(&self, (records, ttl): &Found, overridden: bool) -> Evidence {
        let mut facts = Facts::default();
        facts.insert("records", Fact::Json(records.clone().into()));
        facts.insert("ttl", Fact::Duration(*ttl));
        let passed =
            format!("{} has {} {}", self.name, records.len(), if records.len() == 1 { "record" } else { "records" });
        let mut evidence = judged(&self.finding, &self.condition, &facts, &passed, "the answer");
        let mut sorted = records.clone();
        sorted.sort();
        for record in &sorted {
            evidence = evidence.material("record", record);
        }
        if overridden {
            evidence = evidence.fact("resolve", "the plan's [network] resolve answered, nobody was asked");
        }
        evidence
    }

    async fn look_up(&self, deadline: Instant) -> Result<Found, Trouble> {
        let no_resolver = |error: &dyn std::fmt::Display| Trouble::NoResolver(format!("no resolver here: {error}"));
        let resolver =
            TokioResolver::builder_tokio().and_then(|builder| builder.build()).map_err(|e| no_resolver(&e))?;
        let answer =
            within(deadline, "an answer of the resolver", resolver.lookup(self.name.as_str(), self.record)).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(_) => return Err(Trouble::NoResolver("no resolver answered in time".into())),
        };
        match answer {
            Ok(lookup) => {
                let records = lookup.answers().iter().filter(|record| record.record_type() == self.record);
                let ttl = records.clone().map(|record| record.ttl).min().unwrap_or(0);
                let texts = records.map(|record| record.data.to_string()).collect();
                Ok((texts, Duration::from_secs(u64::from(ttl))))
            }
            Err(NetError::Dns(error)) => match error.to_string() {
                text if text.contains("no records") || text.contains("NXDomain") => {
                    Err(Trouble::NoSuchName(self.name.clone()))
                }
                text => Err(Trouble::NoResolver(text)),
            },
            Err(error) => Err(no_resolver(&error)),
        }
    }
}
