//! `golive replay SESSION`: a past session in the cockpit, at any of its moments. Reads the journal and changes nothing.

mod player;

use clap::Args;

use crate::cli::cockpit;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::moment;
use crate::cli::replay::player::Player;
use crate::cli::report;
use crate::core::replay::Replay;
use crate::tui;
use crate::tui::cockpit::Cockpit as _;
use crate::tui::ui::ScreenName;

#[derive(Debug, Args)]
pub(super) struct ReplayArguments {
    /// The session's id, or the beginning of it.
    session: String,
    /// Begin at this moment: 14:05, 14:05:30, or a whole date and time.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How many times faster than it was.
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if player::SPEEDS.contains(&speed) => Ok(speed),
        _ => Err(format!("a number from {} to {}", player::SPEEDS.start(), player::SPEEDS.end())),
    }
}

pub(super) fn run(arguments: &ReplayArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    cockpit::needs_terminal(&format!("golive report {}", arguments.session))?;
    let events = report::events(&arguments.session, console)?;
    let mut replay = Replay::new(events).map_err(|error| Stop::because(&error))?;
    if let Some(at) = &arguments.at {
        let at = moment::of(at, replay.moment().at).map_err(Stop::wrong)?;
        replay.go_to_time(at);
    }
    let session = replay.state().session().id.clone();
    let player = Player::begin(replay, arguments.speed)?;
    let left = tui::run::run(&player, cockpit::options(console, machine, ScreenName::Checklist));
    let at = player.now().at;
    let exit = cockpit::left(left, || Exit::Go)?;
    console.say(&format!("the report of this moment: golive report {session} --at {}", at.strftime("%FT%TZ")));
    Ok(exit)
}
