//! `http`: a service lists what was hurt, as JSON.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::check::asking::{self, Place, keys};
use crate::check::hurt::{Asked, Asking, Kind, counted};
use crate::check::options;
use crate::model::kind::KindSpec;
use crate::model::word::Category;

/// More entries are not read one by one.
const MOST: usize = 10_000;

pub(super) struct Http;

#[derive(Deserialize, JsonSchema)]
struct Keys {
    #[serde(flatten)]
    place: Place,
    /// The path to the list: each entry is one that is hurt. Empty: the answer itself.
    #[serde(default)]
    list: String,
    /// The path to an entry's id.
    #[serde(default = "id")]
    id: String,
    /// The path to its amount.
    #[serde(default = "amount")]
    amount: String,
}

fn id() -> String {
    "id".to_owned()
}

fn amount() -> String {
    "amount".to_owned()
}

impl Kind for Http {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "http",
            doc: "A service lists what was hurt since `{{ since }}`, each entry with its id and, where there is one, its amount.",
            category: Category::Payment,
            example: "title = \"payments failed\"\ncurrency = \"R\"\nurl = \"https://academy.example/api/payments?status=failed&since={{ since }}\"\nlist = \"payments\"\nid = \"reference\"\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| options::problems::<Keys>(options, |keys, problems| keys.place.problems(problems)),
            touches: asking::touches,
        }
    }

    fn ask<'a>(&self, asked: &'a Asked<'_>) -> Asking<'a> {
        Box::pin(async move {
            let keys: Keys = keys(asked.options)?;
            let json = keys.place.json(&asked.values, &asked.surroundings.network, asked.deadline).await?;
            let list = asking::at(&json, &keys.list).and_then(Json::as_array);
            let list = list.ok_or_else(|| format!("the answer has no list at \"{}\"", keys.list))?;
            counted(&list[..list.len().min(MOST)], (&keys.id, &keys.amount), list.len() > MOST)
        })
    }
}
