//! `pipeline`: the runs of a build server, as its API lists them.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::check::asking::{self, Place, keys};
use crate::check::changes::{Asked, Kind, Looking};
use crate::check::options;
use crate::core::inquiry::{Look, Sighting};
use crate::model::kind::KindSpec;
use crate::model::text::SafeText;
use crate::model::word::Category;

pub(super) struct Pipeline;

/// Keys as GitHub's list of workflow runs has them.
#[derive(Deserialize, JsonSchema)]
struct Keys {
    #[serde(flatten)]
    place: Place,
    /// The path to the list of runs; the answer itself is the list where this is empty.
    #[serde(default = "runs")]
    list: String,
    /// The path to a run's id.
    #[serde(default = "id")]
    id: String,
    /// The path to its name.
    #[serde(default = "name")]
    name: String,
    /// Paths to its status; the first that is there counts.
    #[serde(default = "status")]
    status: Vec<String>,
    /// The path to when that was last changed.
    #[serde(default = "time")]
    time: String,
    /// The path to who started it.
    #[serde(default = "by")]
    by: String,
}

fn runs() -> String {
    "workflow_runs".to_owned()
}

fn id() -> String {
    "id".to_owned()
}

fn name() -> String {
    "name".to_owned()
}

fn status() -> Vec<String> {
    ["conclusion", "status"].map(str::to_owned).to_vec()
}

fn time() -> String {
    "updated_at".to_owned()
}

fn by() -> String {
    "actor.login".to_owned()
}

impl Kind for Pipeline {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "pipeline",
            doc: "Runs of a build server: begun, ended, and how. The paths fit GitHub unless they are said.",
            category: Category::System,
            example: "url = \"https://api.github.com/repos/academy/checkout/actions/runs?per_page=30\"\nheaders = { Authorization = \"Bearer {{ credentials.ci_token }}\" }\n",
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
            let list = asking::at(&json, &keys.list).and_then(Json::as_array);
            let list = list.ok_or_else(|| format!("the answer has no list of runs at \"{}\"", keys.list))?;
            let runs: Option<Vec<Sighting>> = list.iter().map(|run| sighting(&keys, run)).collect();
            let sightings = runs.ok_or_else(|| format!("a run has no id at \"{}\"", keys.id))?;
            Ok(Look { sightings, whole: false })
        })
    }
}

fn sighting(keys: &Keys, run: &Json) -> Option<Sighting> {
    let id = asking::text(run, &keys.id)?;
    let name = asking::text(run, &keys.name).unwrap_or_default();
    let status = keys.status.iter().find_map(|path| asking::text(run, path)).unwrap_or_else(|| "listed".to_owned());
    let mut sighting = Sighting::new(&format!("run {id}"), &status, &format!("run {id} {name}: {status}"));
    sighting.at = asking::moment(run, &keys.time);
    sighting.by = asking::text(run, &keys.by).map(|by| SafeText::bounded(&by, 80));
    Some(sighting)
}
