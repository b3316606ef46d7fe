//! `prometheus`: a metric counts what was hurt, and another one may say how much.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::asking::{self, Place, encoded, keys};
use crate::check::hurt::{Asked, Asking, Kind};
use crate::check::options;
use crate::core::inquiry::Counted;
use crate::model::kind::{KindSpec, OptionProblem};
use crate::model::template::Template;
use crate::model::text::SafeText;
use crate::model::word::Category;

pub(super) struct Prometheus;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// Where Prometheus is.
    url: Template,
    /// Headers to send.
    #[serde(default)]
    headers: BTreeMap<String, Template>,
    /// An instant query that counts; `RANGE` in it is the time since all was well: `increase(failed_total[RANGE])`.
    query: Template,
    /// One that gives the amount.
    amount: Option<Template>,
}

impl Kind for Prometheus {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "prometheus",
            doc: "A metric counts what was hurt; it knows no ids.",
            category: Category::Payment,
            example: "title = \"payments failed\"\nurl = \"https://prometheus.example\"\nquery = 'sum(increase(payments_failed_total[RANGE]))'\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                options::problems::<Keys>(options, |keys, problems| {
                    if keys.query.as_written().trim().is_empty() {
                        problems.push(OptionProblem::at("query", "there is no query"));
                    }
                })
            },
            touches: asking::touches,
        }
    }

    fn ask<'a>(&self, asked: &'a Asked<'_>) -> Asking<'a> {
        Box::pin(async move {
            let keys: Keys = keys(asked.options)?;
            let count = number(&keys, &keys.query, asked).await?;
            let amount = match &keys.amount {
                Some(query) => Some(SafeText::from_foreign(&format!("{:.2}", number(&keys, query, asked).await?))),
                None => None,
            };
            // Prometheus extrapolates: what it counts is a number between two.
            let count = count.round().clamp(0.0, 1e15);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped a line above")]
            Ok(Counted { count: count as u64, amount, ids: Vec::new(), more: false })
        })
    }
}

async fn number(keys: &Keys, query: &Template, asked: &Asked<'_>) -> Result<f64, String> {
    let now = (asked.surroundings.clock)().at;
    let range = now.duration_since(asked.since).unsigned_abs().as_secs().max(1);
    let query = query.fill(&asked.values).map_err(|error| error.to_string())?;
    let query = query.expose().replace("RANGE", &format!("{range}s"));
    let url = format!("{}/api/v1/query?query={}", keys.url.as_written().trim_end_matches('/'), encoded(&query));
    let place = Place { url: Template::new(&url), headers: keys.headers.clone() };
    let json = place.json(&asked.values, &asked.surroundings.network, asked.deadline).await?;
    let result = &json["data"]["result"];
    let sample = match json["data"]["resultType"].as_str() {
        Some("vector") => &result[0]["value"][1],
        Some("scalar") => &result[1],
        _ => return Err("what answers there is no Prometheus".to_owned()),
    };
    // An empty answer is no zero: nobody knows (DECISIONS 4).
    let sample = sample.as_str().ok_or("the query has no sample")?;
    sample.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| format!("{sample} is no number"))
}
