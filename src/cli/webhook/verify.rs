//! `golive webhook verify`: one message, genuine or refused.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::sessions::ListFormat;
use crate::cli::webhook::recall::Recall;
use crate::cli::webhook::scheme::{self, MessageArguments, SchemeArguments};
use crate::model::text::SafeText;
use crate::webhook::{self, Genuine, Message, Reason};

#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    #[command(flatten)]
    scheme: SchemeArguments,
    #[command(flatten)]
    message: MessageArguments,
    /// The body as it came, byte for byte; - reads standard input.
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// Where to keep what was taken, so that a replay is refused by the next call too.
    #[arg(long, value_name = "FILE")]
    seen: Option<PathBuf>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    format: ListFormat,
}

/// The answer as scripts see it.
#[derive(Serialize)]
struct Answer<'a> {
    genuine: bool,
    reason: Option<&'static str>,
    scheme: &'a str,
    id: Option<SafeText>,
}

pub(super) fn run(arguments: &VerifyArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let profile = arguments.scheme.profile()?;
    let secrets = arguments.scheme.secrets(machine)?;
    let now = arguments.message.now()?;
    let path = arguments.message.path(&profile)?;
    let url = arguments.message.url(&profile)?;
    let body = scheme::body(&arguments.body)?;
    let tolerance = arguments.scheme.tolerance();
    let headers = arguments.message.headers()?;
    let mut judged = body.and_then(|body| {
        let message = Message { headers: &headers, path: &path, url, body: &body };
        webhook::verify(&profile, &secrets, &message, now, tolerance)
    });
    if let (Ok(genuine), Some(seen)) = (&judged, &arguments.seen) {
        let keep = profile.remembered_for(tolerance);
        if !Recall::in_file(seen).is_new(&genuine.fingerprint, now, keep)? {
            judged = Err(Reason::Replay);
        }
    }
    answer(arguments.format, profile.name(), &judged, console)?;
    Ok(if judged.is_ok() { Exit::Go } else { Exit::Differs })
}

fn answer(format: ListFormat, scheme: &str, judged: &Result<Genuine, Reason>, console: &Console) -> Result<(), Stop> {
    let id = judged.as_ref().ok().and_then(|genuine| genuine.id.as_deref()).map(|id| SafeText::bounded(id, 200));
    let reason = judged.as_ref().err().copied();
    match (format, reason) {
        (ListFormat::Json, _) => {
            let answer = Answer { genuine: reason.is_none(), reason: reason.map(Reason::word), scheme, id };
            let json = serde_json::to_string(&answer).map_err(|error| Stop::because(&error))?;
            console.result(&format!("{json}\n"))
        }
        (ListFormat::Human, None) => {
            let id = id.map(|id| format!("  id {id}")).unwrap_or_default();
            console.result(&format!("genuine  {scheme}{id}\n"))
        }
        (ListFormat::Human, Some(reason)) => {
            console.result(&format!("refused  {scheme}  {reason}: {}\n", reason.sentence()))
        }
    }
}
