//! `dns`: the addresses that names lead to. An address that was not there before is a change; names whose answers take
//! turns are none.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::asking::keys;
use crate::check::changes::{Asked, Kind, Looking};
use crate::check::options;
use crate::core::inquiry::{Look, Sighting};
use crate::model::kind::{KindSpec, OptionProblem, Touch};
use crate::model::template::Template;
use crate::model::word::Category;
use crate::network::host_and_port;

pub(super) struct Dns;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The names; with a port where `[network] resolve` has one.
    names: Vec<Template>,
}

impl Kind for Dns {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "dns",
            doc: "Names that lead to an address to which they did not lead before.",
            category: Category::System,
            example: "names = [\"academy.example\", \"api.ikhokha.com\"]\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                options::problems::<Keys>(options, |keys, problems| {
                    if keys.names.is_empty() {
                        problems.push(OptionProblem::at("names", "no name is watched").help("[\"academy.example\"]"));
                    }
                })
            },
            touches: |options| {
                let names = options.get("names").and_then(serde_json::Value::as_array).into_iter().flatten();
                names.filter_map(serde_json::Value::as_str).map(|name| Touch::Host(name.to_owned())).collect()
            },
        }
    }

    fn look<'a>(&self, asked: Asked<'a>) -> Looking<'a> {
        Box::pin(async move {
            let keys: Keys = keys(asked.options)?;
            let mut look = Look::default();
            for template in &keys.names {
                let name = template.fill(&asked.surroundings.values).map_err(|error| error.to_string())?;
                let (host, port) =
                    host_and_port(name.expose(), 443).ok_or_else(|| format!("{} is no name", name.shown()))?;
                let found = asked.surroundings.network.addresses(&host, port, asked.deadline).await;
                let (addresses, _) = found.map_err(|trouble| trouble.to_string())?;
                for address in addresses {
                    let key = format!("{host} at {}", address.ip());
                    look.sightings.push(Sighting::new(&key, "answered", &format!("{host} leads to {}", address.ip())));
                }
            }
            Ok(look)
        })
    }
}
