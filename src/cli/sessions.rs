//! `golive sessions`: what was flown before and what is open, and how other commands find a session by its id.

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::core::event::Purpose;
use crate::journal::sessions::{self, SessionSummary};

#[derive(Debug, Args)]
pub(super) struct SessionsArguments {
    /// How to list them.
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    format: ListFormat,
}

/// How lists are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// For people.
    Human,
    /// For programs.
    Json,
}

pub(super) fn run(arguments: &SessionsArguments, console: &Console) -> Result<Exit, Stop> {
    let (listed, unlisted) = sessions::sessions(&Machine::state_folder()?).map_err(|error| Stop::because(&error))?;
    for file in &unlisted {
        console.say(&Stop::because(&file.why).sentence);
    }
    match arguments.format {
        ListFormat::Human if listed.is_empty() => console.say("no sessions yet"),
        ListFormat::Human => console.result(&listed.iter().map(line).collect::<String>())?,
        ListFormat::Json => {
            let list: Vec<_> = listed.iter().map(object).collect();
            console.result(&format!("{:#}\n", serde_json::Value::Array(list)))?;
        }
    }
    Ok(Exit::Go)
}

fn status(session: &SessionSummary) -> &'static str {
    match (session.closed, &session.held_by, session.purpose) {
        (true, _, _) => "ended",
        (false, Some(_), _) => "open now",
        (false, None, Purpose::GoLive | Purpose::Triage | Purpose::Rotation) => "unfinished",
        // Nobody comes back to these: what they had to say, they said.
        (false, None, Purpose::Check | Purpose::Demo | Purpose::Rehearsal) => "ended",
    }
}

const fn purpose(session: &SessionSummary) -> &'static str {
    match session.purpose {
        Purpose::GoLive => "go_live",
        Purpose::Triage => "triage",
        Purpose::Check => "check",
        Purpose::Demo => "demo",
        Purpose::Rotation => "rotation",
        Purpose::Rehearsal => "rehearsal",
    }
}

fn line(session: &SessionSummary) -> String {
    let opened = session.opened_at.strftime("%F %T UTC");
    let version = session.version.as_ref().map(|version| format!(" › {version}")).unwrap_or_default();
    let holder = session.held_by.as_ref().map(|holder| format!(" by {holder}")).unwrap_or_default();
    let (id, purpose) = (&session.id, purpose(session).replace('_', "-"));
    let what = format!("{} › {}{version}", session.service, session.environment);
    format!("{id}  {opened}  {purpose:<9}  {:<10}  {what}  {} events{holder}\n", status(session), session.events)
}

fn object(session: &SessionSummary) -> serde_json::Value {
    json!({
        "id": session.id,
        "service": session.service,
        "environment": session.environment,
        "version": session.version,
        "purpose": purpose(session),
        "status": status(session).replace(' ', "_"),
        "opened_at": session.opened_at,
        "last_at": session.last_at,
        "events": session.events,
        "plan_sha256": session.plan,
        "held_by": session.held_by,
        "journal": session.path,
    })
}

/// The session with this id, or the only one whose id begins so.
pub(super) fn find(id: &str) -> Result<SessionSummary, Stop> {
    let (listed, unlisted) = sessions::sessions(&Machine::state_folder()?).map_err(|error| Stop::because(&error))?;
    let begins = |text: &str| !id.is_empty() && text.to_uppercase().starts_with(&id.to_uppercase());
    let mut found = listed.into_iter().filter(|session| begins(session.id.as_str()));
    match (found.next(), found.next()) {
        (Some(session), None) => Ok(session),
        (Some(_), Some(_)) => Err(Stop::wrong(format!("several sessions begin with {id}")).instead("write more of it")),
        (None, _) => {
            // A journal that cannot be listed may be the one that was meant: its own trouble is the better answer.
            let named = |path: &std::path::Path| path.file_stem().is_some_and(|stem| begins(&stem.to_string_lossy()));
            match unlisted.iter().find(|file| named(&file.path)) {
                Some(file) => Err(Stop::because(&file.why)),
                None => Err(Stop::wrong(format!("there is no session {id}")).instead("list them: golive sessions")),
            }
        }
    }
}

/// The journal of exactly this id, whatever its condition.
pub(super) fn named(id: &str) -> Result<Option<std::path::PathBuf>, Stop> {
    let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let path = crate::journal::file_of(&Machine::state_folder()?, &crate::model::id::SessionId::new(id));
    Ok((is_id && path.is_file()).then_some(path))
}
