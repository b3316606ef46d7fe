//! `flags`: what a flag service says is switched on.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::check::asking::{self, Place, keys};
use crate::check::changes::{Asked, Kind, Looking};
use crate::check::options;
use crate::core::inquiry::{Look, Sighting};
use crate::model::kind::KindSpec;
use crate::model::word::Category;

/// Where a flag's value stands, in flags that are more than a value.
const VALUES: [&str; 5] = ["enabled", "on", "value", "state", "default"];
/// Where its name stands, in lists.
const NAMES: [&str; 3] = ["key", "name", "id"];

pub(super) struct Flags;

#[derive(Deserialize, JsonSchema)]
struct Keys {
    #[serde(flatten)]
    place: Place,
    /// The path to the flags: a table of names, or a list of flags with `key`, `name` or `id`. Empty: the answer itself.
    #[serde(default)]
    flags: String,
    /// The path to a flag's value, where it is neither of `enabled`, `on`, `value`, `state`, `default`.
    value: Option<String>,
}

impl Kind for Flags {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "flags",
            doc: "Flags that were switched, added or removed.",
            category: Category::Configuration,
            example: "url = \"https://flags.academy.example/api/flags\"\nflags = \"flags\"\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| options::problems::<Keys>(options, |keys, problems| keys.place.problems(problems)),
            touches: asking::touches,
        }
    }

    fn look<'a>(&self, asked: Asked<'a>) -> Looking<'a> {
        Box::pin(async move {
            let keys: Keys = keys(asked.options)?;
            let (values, network) = (&asked.surroundings.values, &asked.surroundings.network);
            let json = keys.place.json(values, network, asked.deadline).await?;
            let flags = match asking::at(&json, &keys.flags) {
                Some(Json::Object(table)) => {
                    table.iter().map(|(name, flag)| sighting(name, flag, keys.value.as_deref())).collect()
                }
                Some(Json::Array(list)) => {
                    let named = |flag: &Json| {
                        let name = NAMES.iter().find_map(|key| asking::text(flag, key))?;
                        Some(sighting(&name, flag, keys.value.as_deref()))
                    };
                    let all: Option<Vec<Sighting>> = list.iter().map(named).collect();
                    all.ok_or("a flag of the list has neither key, name nor id")?
                }
                _ => return Err(format!("the answer has no flags at \"{}\"", keys.flags)),
            };
            Ok(Look { sightings: flags, whole: true })
        })
    }
}

fn sighting(name: &str, flag: &Json, path: Option<&str>) -> Sighting {
    let value = match (flag, path) {
        (flag, Some(path)) => asking::at(flag, path),
        (Json::Object(_), None) => VALUES.iter().find_map(|key| flag.get(key)),
        (flag, None) => Some(flag),
    };
    let value = match value.unwrap_or(flag) {
        Json::Bool(true) => "on".to_owned(),
        Json::Bool(false) => "off".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    Sighting::new(&format!("flag {name}"), &value, &format!("flag {name} is {value}"))
}
