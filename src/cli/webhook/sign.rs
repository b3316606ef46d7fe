//! `golive webhook sign`: the headers to send with a body, by the same rules by which deliveries are verified.

use std::path::PathBuf;

use clap::Args;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::sessions::ListFormat;
use crate::cli::webhook::scheme::{self, MessageArguments, SchemeArguments};
use crate::webhook::{self, Message, Stamped};

#[derive(Debug, Args)]
pub(super) struct SignArguments {
    #[command(flatten)]
    scheme: SchemeArguments,
    #[command(flatten)]
    message: MessageArguments,
    /// The body to sign, byte for byte; - reads standard input.
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// How to print the headers.
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    format: ListFormat,
}

pub(super) fn run(arguments: &SignArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let profile = arguments.scheme.profile()?;
    let secrets = arguments.scheme.secrets(machine)?;
    let path = arguments.message.path(&profile)?;
    let url = arguments.message.url(&profile)?;
    let body = scheme::body_to_send(&arguments.body)?;
    let headers = arguments.message.headers()?;
    let given = |name: Option<&str>| {
        let lines = headers.iter();
        let mut named = lines.filter(|(known, _)| name.is_some_and(|name| known.eq_ignore_ascii_case(name)));
        named.next().map(|(_, value)| value.clone())
    };
    let fresh = || profile.signs_id().then(|| format!("msg_{}", ulid::Ulid::generate()));
    let id = given(profile.id_header()).or_else(fresh);
    let timestamp = match given(profile.timestamp_header()) {
        Some(timestamp) => timestamp,
        None => arguments.message.now()?.as_second().to_string(),
    };
    let message = Message { headers: &[], path: &path, url, body: &body };
    let stamped = Stamped { id: id.as_deref(), timestamp: &timestamp };
    let signed = webhook::sign(&profile, &secrets, stamped, &message)
        .map_err(|error| Stop::wrong(format!("this cannot be signed: {error}")))?;
    // iKhokha wants the application's id beside the signature; it is not signed, so it goes through as it was given.
    let beside = (profile.name() == "ikhokha").then(|| given(Some(webhook::IKHOKHA_APPLICATION))).flatten();
    let beside = beside.map(|application| ("IK-APPID".to_owned(), application));
    let headers: Vec<(String, String)> = beside.into_iter().chain(signed).collect();
    match arguments.format {
        ListFormat::Human => {
            console.result(&headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<String>())?;
        }
        ListFormat::Json => {
            let object: serde_json::Map<String, serde_json::Value> =
                headers.into_iter().map(|(name, value)| (name, value.into())).collect();
            console.result(&format!("{:#}\n", serde_json::Value::Object(object)))?;
        }
    }
    Ok(Exit::Go)
}
