//! `golive events SESSION`: every event of a session, one a line, those too that no screen shows; chosen by words, family,
//! time. 1 where the journal was changed from outside.

use clap::Args;
use serde_json::json;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::sessions::ListFormat;
use crate::cli::{moment, report};
use crate::core::event::Event;
use crate::journal;
use crate::model::operator::Actor;
use crate::model::text::SafeText;

#[derive(Debug, Args)]
pub(super) struct EventsArguments {
    /// The session's id, or the beginning of it.
    session: String,
    /// Only events of this family: session, check, item, step, alert, triage …; may be repeated.
    #[arg(long = "family", value_name = "F")]
    families: Vec<String>,
    /// Only events that hold this text, in any letters; may be repeated: all have to be there.
    #[arg(long = "with", value_name = "TEXT")]
    with: Vec<String>,
    /// Only from this moment on: 14:05, 14:05:30, or a whole date and time.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only up to this moment.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// How to list them; json is one object a line, as it is stored.
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    format: ListFormat,
}

/// So much of an event stands on a line for people.
const LONGEST: usize = 400;

pub(super) fn run(arguments: &EventsArguments, console: &Console) -> Result<Exit, Stop> {
    let read = report::whole(&arguments.session, console)?;
    let day = read.events.first().map(|first| first.at);
    let bound = |text: &Option<String>| {
        text.as_ref().zip(day).map(|(text, day)| moment::of(text, day)).transpose().map_err(Stop::wrong)
    };
    let (from, to) = (bound(&arguments.from)?, bound(&arguments.to)?);
    let words: Vec<String> = arguments.with.iter().map(|word| word.to_lowercase()).collect();
    let mut out = String::new();
    for (seq, event) in (1_u64..).zip(&read.events) {
        let (family, kind) = journal::name_of(event);
        let in_time = from.is_none_or(|from| event.at >= from) && to.is_none_or(|to| event.at <= to);
        let of_family = arguments.families.is_empty() || arguments.families.iter().any(|wanted| wanted == family);
        if !in_time || !of_family {
            continue;
        }
        let stored = serde_json::to_value(event).map_err(|error| Stop::because(&error))?;
        let text = format!("{family} {kind} {} {stored}", who(event));
        let small = text.to_lowercase();
        if !words.iter().all(|word| small.contains(word)) {
            continue;
        }
        out.push_str(&match arguments.format {
            ListFormat::Human => line(seq, event, (family, kind), &stored["body"][family]),
            ListFormat::Json => {
                format!("{}\n", json!({ "seq": seq, "family": family, "kind": kind, "event": stored }))
            }
        });
    }
    console.result(&out)?;
    Ok(if read.broken.is_some() { Exit::Differs } else { Exit::Go })
}

fn line(seq: u64, event: &Event, (family, kind): (&str, &str), body: &serde_json::Value) -> String {
    let name = format!("{family}.{kind}");
    let inner = body.get(kind).unwrap_or(body);
    let facts = SafeText::bounded(&inner.to_string(), LONGEST);
    format!("{seq:>6}  {}  {name:<24} {:<10} {facts}\n", event.at.strftime("%F %T%.3f UTC"), who(event))
}

fn who(event: &Event) -> String {
    match &event.actor {
        Actor::Golive => "golive".to_owned(),
        Actor::Operator(by) => by.to_string(),
    }
}
