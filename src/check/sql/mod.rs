//! `sql`: a database lets in who should be let in, and its answer to one query is as it should be.
//!
//! One connection, one statement, in a transaction that only reads. Rows and bytes are bounded; the password comes from
//! the sources; a host that is not this machine is asked over verified TLS unless the plan says otherwise.

mod mysql;
mod place;
mod postgres;
mod rows;
mod sqlite;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::judging::{filled, judged};
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::{Evidence, Timings};
use crate::expr::{Condition, Fact, FactNames, FactType, Facts};
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::time::Now;
use crate::model::values::Values;
use crate::model::word::{Category, Outcome};
use crate::network::{self, Network, Trouble, within};

use place::{Engine, Place};
use rows::Rows;

/// The kind.
pub(super) struct Sql;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    /// `postgres://user@host:5432/database`, `mysql://user@host:3306/database` or `sqlite:data/shop.db`.
    pub(super) url: Template,
    /// The password, from a credential; one in a `url` that a source gives counts too.
    password: Option<Template>,
    /// One statement. What comes from outside belongs into `with`.
    query: Template,
    /// What stands for `$1`, `$2` … (PostgreSQL) or each `?` (MySQL, SQLite) of the query.
    #[serde(default)]
    with: Vec<Template>,
    /// A condition over rows, row (the first), value (its first column), count, latency and now (golive's clock, in
    /// seconds since 1970). Default: it is answered. `{{ names }}` in its texts are filled in.
    pub(super) expect: Option<String>,
    /// Whether TLS is demanded and verified; unless said otherwise, of every host that is not this machine.
    tls: Option<Tls>,
    /// Rows that are read; more are left out.
    #[serde(default = "hundred")]
    max_rows: usize,
    /// Whether the statement may change something. Only the hops of a flow may.
    #[serde(default)]
    pub(super) writes: bool,
}

/// Whether the way to the database is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Tls {
    /// TLS, certificate and name verified.
    Verify,
    /// None.
    Off,
}

const fn hundred() -> usize {
    100
}

/// More rows are no check.
const MOST_ROWS: usize = 10_000;

pub(super) fn fact_names() -> FactNames {
    FactNames::new(&[
        ("rows", FactType::List),
        ("row", FactType::Json),
        ("value", FactType::Json),
        ("count", FactType::Number),
        ("latency", FactType::Duration),
        ("now", FactType::Number),
    ])
}

impl Kind for Sql {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "sql",
            doc: "A database takes the login and answers a query as it should: PostgreSQL, MySQL, MariaDB, SQLite.",
            category: Category::System,
            example: "url = \"postgres://app@db.example:5432/shop\"\npassword = \"{{ credentials.db_password }}\"\nquery = \"SELECT count(*) AS waiting FROM orders WHERE state = 'stuck'\"\nexpect = 'row.waiting == 0'\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                options::problems::<Keys>(options, |keys, problems| {
                    keys.problems(problems);
                    if keys.writes {
                        problems.push(
                            OptionProblem::at("writes", "a check only reads")
                                .help("a hop of a flow may write, and cleans up"),
                        );
                    }
                })
            },
            touches: |options| touches(options).into_iter().collect(),
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let question = Question::of(&keys, &finding, &surroundings.values, surroundings)?;
        let source = filled(keys.expect.as_deref().unwrap_or("count >= 0"), &finding, &surroundings.values)?;
        let condition = Condition::compile(&source, &fact_names())
            .map_err(|error| Box::new(finding.error(&format!("the condition is wrong: {error}"))))?;
        Ok(Box::new(Looker { finding, question, condition, surroundings: Arc::clone(surroundings) }))
    }
}

impl Keys {
    /// Every text in which names stand.
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        [&self.url, &self.query].into_iter().chain(&self.password).chain(&self.with)
    }

    /// Whether a name that begins so stands in the statement itself.
    pub(super) fn query_wants(&self, start: &str) -> bool {
        self.query.names().any(|name| name.starts_with(start))
    }

    /// Whether a transaction's id, `{id}`, is among what is asked with.
    pub(super) fn names_transaction(&self) -> bool {
        self.with.iter().any(|one| one.as_written().contains("{id}"))
    }

    /// What is wrong with them, wherever they stand.
    pub(super) fn problems(&self, problems: &mut Vec<OptionProblem>) {
        let url = self.url.as_written();
        // A password in it is the plan's judge's to tell: no line with it is shown.
        if !url.starts_with("{{") && !url.contains('@') && Engine::of(url).is_none() {
            problems.push(OptionProblem::at("url", "a URL begins with postgres://, mysql:// or sqlite:"));
        }
        if self.query.as_written().trim().is_empty() {
            problems.push(OptionProblem::at("query", "there is no query"));
        }
        if self.max_rows == 0 || self.max_rows > MOST_ROWS {
            problems.push(OptionProblem::at("max_rows", format!("between 1 and {MOST_ROWS} rows are read")));
        }
        problems.extend(self.expect.as_ref().and_then(|e| options::condition_problem("expect", e, &fact_names())));
    }
}

pub(super) fn touches(options: &Options) -> Option<Touch> {
    let url = options.get("url").and_then(serde_json::Value::as_str)?;
    match url.strip_prefix("sqlite:") {
        Some(path) => Some(Touch::File(path.to_owned())),
        None => options::host_of(url).map(Touch::Host),
    }
}

/// A question that is ready to be asked.
#[derive(Clone)]
pub(super) struct Question {
    place: Place,
    query: String,
    with: Vec<String>,
    tls: bool,
    max_rows: usize,
    writes: bool,
    folder: PathBuf,
    clock: fn() -> Now,
}

/// What a database answered.
pub(super) struct Answered {
    rows: Rows,
    address: Option<SocketAddr>,
    tls: bool,
    timings: Timings,
    /// When, by golive's clock.
    at: Timestamp,
}

impl Question {
    pub(super) fn of(
        keys: &Keys,
        finding: &Finding,
        values: &Values,
        surroundings: &Surroundings,
    ) -> Result<Self, Box<Evidence>> {
        let url = finding.fill(&keys.url, values)?;
        let password = keys.password.as_ref().map(|password| finding.fill(password, values)).transpose()?;
        let place = Place::read(url.expose(), password.as_ref())
            .map_err(|why| Box::new(finding.fail(crate::model::failure::FailureClass::Value, &why)))?;
        let query = finding.fill(&keys.query, values)?.expose().to_owned();
        let with = keys.with.iter().map(|one| finding.fill(one, values).map(|filled| filled.expose().to_owned()));
        let with = with.collect::<Result<_, _>>()?;
        let tls = keys.tls.map_or_else(|| place.wants_tls(), |tls| tls == Tls::Verify);
        let (folder, clock) = (surroundings.folder.clone(), surroundings.clock);
        Ok(Self { place, query, with, tls, max_rows: keys.max_rows, writes: keys.writes, folder, clock })
    }

    /// The same question about one transaction: its id stands for `{id}`.
    pub(super) fn about(&self, id: &str) -> Self {
        let with = self.with.iter().map(|one| one.replace("{id}", id)).collect();
        Self { with, ..self.clone() }
    }

    /// Where it is asked, as a person knows it.
    pub(super) fn shown(&self) -> String {
        self.place.shown()
    }

    /// Asks once.
    pub(super) async fn ask(&self, network: &Network, deadline: Instant) -> Result<Answered, Trouble> {
        let began = Instant::now();
        let asking = async {
            match self.place.engine {
                Engine::Postgres => postgres::ask(self, network, deadline).await,
                Engine::Mysql => mysql::ask(self, network, deadline).await,
                Engine::Sqlite => sqlite::ask(self, deadline).await,
            }
        };
        let mut answered = within(deadline, &format!("an answer of {}", self.place.shown()), asking).await??;
        answered.timings.total = Some(began.elapsed());
        Ok(answered)
    }
}

impl Answered {
    /// What a condition may ask for.
    pub(super) fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        facts.insert("now", Fact::Whole(self.at.as_second()));
        facts.insert("count", Fact::Whole(i64::try_from(self.rows.rows.len()).unwrap_or(i64::MAX)));
        facts.insert("latency", Fact::Duration(self.timings.total.unwrap_or_default()));
        if let Some(row) = self.rows.rows.first() {
            facts.insert("row", Fact::Json(row.clone()));
            let value = row.as_object().and_then(|row| row.values().next());
            facts.insert("value", Fact::Json(value.cloned().unwrap_or_default()));
        }
        facts.insert("rows", Fact::Json(self.rows.rows.clone().into()));
        facts
    }

    /// In a few words.
    pub(super) fn summary(&self) -> String {
        let count = self.rows.rows.len();
        format!("{count} {} in {} ms", if count == 1 { "row" } else { "rows" }, self.took().as_millis())
    }

    /// Whether there were more rows than were read.
    pub(super) fn is_cut(&self) -> bool {
        self.rows.cut
    }

    /// How many rows there were.
    pub(super) fn count(&self) -> usize {
        self.rows.rows.len()
    }

    /// How long it took.
    pub(super) fn took(&self) -> Duration {
        self.timings.total.unwrap_or_default()
    }

    /// What a hop behind this one may take of it.
    pub(super) fn seen(&self) -> serde_json::Value {
        let row = self.rows.rows.first().cloned().unwrap_or_default();
        let value = row.as_object().and_then(|row| row.values().next()).cloned().unwrap_or_default();
        serde_json::json!({ "row": row, "value": value, "rows": self.rows.rows, "count": self.rows.rows.len() })
    }

    /// The first row as text, for evidence.
    pub(super) fn first_row(&self) -> Option<String> {
        self.rows.rows.first().map(ToString::to_string)
    }
}

struct Looker {
    finding: Finding,
    question: Question,
    condition: Condition,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let (began, deadline) = (Instant::now(), network::deadline(timeout));
            match self.question.ask(&self.surroundings.network, deadline).await {
                Ok(answered) => self.judge(&answered),
                Err(trouble) => {
                    let timings = Timings { total: Some(began.elapsed()), ..Timings::default() };
                    self.finding.of_trouble(&trouble).fact("database", &self.question.shown()).timed(timings)
                }
            }
        })
    }
}

impl Looker {
    fn judge(&self, answered: &Answered) -> Evidence {
        let passed = format!("{} answers: {}", self.question.shown(), answered.summary());
        let mut evidence = judged(&self.finding, &self.condition, &answered.facts(), &passed, "the answer");
        evidence = evidence.fact("database", &self.question.shown());
        if let Some(address) = answered.address {
            evidence = evidence.fact("address", &address.to_string());
            evidence = evidence.fact("tls", if answered.tls { "verified" } else { "none" });
        }
        if answered.rows.cut {
            evidence = evidence.fact("rows", &format!("only the first {} were read", answered.rows.rows.len()));
        }
        if evidence.outcome != Outcome::Pass
            && let Some(row) = answered.first_row()
        {
            evidence = evidence.fact("first row", &row);
        }
        evidence.timed(answered.timings)
    }
}

#[cfg(test)]
mod tests;
