//! `golive schema`: the JSON Schema of the plan, from the same source that judges plans.

use crate::check;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::plan;

pub(super) fn run(console: &Console) -> Result<Exit, Stop> {
    let schema = plan::schema(&check::specs());
    let text = serde_json::to_string_pretty(&schema).map_err(|error| Stop::because(&error))?;
    console.result(&format!("{text}\n"))?;
    Ok(Exit::Go)
}
