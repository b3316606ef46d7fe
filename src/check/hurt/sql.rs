//! `sql`: a database lists what was hurt; each row is one, with its `id` and, where there is one, its `amount`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::finding::Finding;
use crate::check::hurt::{Asked, Asking, Kind, counted};
use crate::check::options;
use crate::check::sql::{self, Question};
use crate::model::kind::{KindSpec, OptionProblem, Options};
use crate::model::template::Template;
use crate::model::word::Category;

/// Rows that are read: what is beyond them is counted as "more".
const MOST: u64 = 10_000;

pub(super) struct Sql;

/// Where it is asked and what, as the check's keys.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read again as the check's own keys; here for the schema and the sentences")]
struct Keys {
    /// As the check's: `postgres://…`, `mysql://…`, `sqlite:…`.
    url: Template,
    /// The password, from a credential.
    password: Option<Template>,
    /// One statement that reads: a row for each that is hurt, with `id` and `amount`.
    query: Template,
    /// What stands for its places, `{{ since }}` among it: the last moment at which all was well, RFC 3339 in UTC.
    #[serde(default)]
    with: Vec<Template>,
    /// Whether TLS is demanded and verified, `verify` or `off`; unless said otherwise, of every host that is not this
    /// machine.
    tls: Option<String>,
}

impl Kind for Sql {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "sql",
            doc: "A database lists what was hurt since `{{ since }}`: each row is one, with its `id` and its `amount`.",
            category: Category::Payment,
            example: "title = \"payments failed\"\ncurrency = \"R\"\nurl = \"postgres://ops@db.example:5432/shop\"\npassword = \"{{ credentials.db_password }}\"\nquery = \"SELECT id, amount FROM payments WHERE status = 'failed' AND at >= $1\"\nwith = [\"{{ since }}\"]\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                options::problems::<sql::Keys>(&of_check(options), |keys, problems| {
                    keys.problems(problems);
                    if keys.query_wants("since") {
                        let problem = OptionProblem::at("query", "what comes from outside belongs into `with`");
                        problems.push(problem.help("with = [\"{{ since }}\"], and $1 or ? in the query"));
                    }
                })
            },
            touches: |options| sql::touches(options).into_iter().collect(),
        }
    }

    fn ask<'a>(&self, asked: &'a Asked<'_>) -> Asking<'a> {
        Box::pin(async move {
            let keys: sql::Keys = options::read(&of_check(asked.options)).map_err(|problem| problem.message)?;
            let question = Question::of(&keys, &Finding::of_nobody(), &asked.values, asked.surroundings);
            let question = question.map_err(|evidence| evidence.summary.to_string())?;
            let answered = question.ask(&asked.surroundings.network, asked.deadline).await;
            let answered = answered.map_err(|trouble| trouble.to_string())?;
            let seen = answered.seen();
            let rows = seen["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
            if rows.first().is_some_and(|row| row.get("id").is_none()) {
                return Err("the query's rows have no column \"id\"".to_owned());
            }
            counted(rows, ("id", "amount"), answered.is_cut())
        })
    }
}

/// The keys as the check of this kind has them.
fn of_check(options: &Options) -> Options {
    let mut options = options.clone();
    options.insert("max_rows".into(), MOST.into());
    options
}
