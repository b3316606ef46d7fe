//! One file per subcommand; where the pieces are put together.
//!
//! Adding a subcommand is one file, one `mod` line here, and one line each in `arguments::Command` and in
//! `dispatch`. What a command says goes through `console`, how it ends through `exit`.

mod arguments;
mod arriving;
mod baselines;
mod check;
mod cockpit;
mod completions;
mod console;
mod credentials;
mod demo;
mod doctor;
mod enforce;
mod env;
mod events;
mod exec;
mod exit;
mod formats;
mod init;
mod lint;
mod machine;
mod man;
mod metrics;
mod moment;
mod opening;
pub mod panicking;
mod rehearse;
mod replay;
mod report;
mod resuming;
mod rotate;
mod scan;
mod schema;
mod seen;
mod sessions;
mod signals;
mod signing;
#[cfg(feature = "otlp")]
mod traces;
mod triage;
mod trust;
mod verify;
mod webhook;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::arguments::{Arguments, Command};
use crate::cli::cockpit::Purposed;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::resuming::Wish;
use crate::supervisor;

/// Reads the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    // One TLS implementation for the whole process; a second installation is refused, and that is no harm.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let machine = Machine::here();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error, &machine),
    };
    if matches!(arguments.command, Some(Command::Supervise)) {
        // Its standard streams are pipes to golive and the step's records: nothing here may write to them.
        return supervisor::run();
    }
    let console = console(arguments.color, &machine);
    match dispatch(arguments, &console, &machine) {
        Ok(exit) => exit.into(),
        Err(stop) => {
            console.stop(&stop);
            stop.exit.into()
        }
    }
}

fn console(colour: clap::ColorChoice, machine: &Machine) -> Console {
    let dumb = machine.environment.get("TERM").is_some_and(|term| term == "dumb");
    Console::new(colour, machine.has("NO_COLOR"), dumb)
}

/// What clap has to say: help and version are results, anything else is a wrong command line.
fn refused(error: &clap::Error, machine: &Machine) -> ExitCode {
    let console = console(clap::ColorChoice::Auto, machine);
    let text = error.render();
    if error.use_stderr() {
        let text = if console.colours_errors() { text.ansi().to_string() } else { text.to_string() };
        console.say(&text);
        return Exit::Wrong.into();
    }
    let text = if console.look().colour { text.ansi().to_string() } else { text.to_string() };
    match console.result(&text) {
        Ok(()) => Exit::Go.into(),
        Err(stop) => stop.exit.into(),
    }
}

fn dispatch(arguments: Arguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let Some(command) = arguments.command else {
        let wish = match (arguments.resume, arguments.new) {
            (true, _) => Wish::Resume,
            (false, true) => Wish::New,
            (false, false) => Wish::Ask,
        };
        return cockpit::run(arguments.plan.as_deref(), wish, Purposed::GO_LIVE, (console, machine));
    };
    match command {
        Command::Check(arguments) => check::run(&arguments, console, machine),
        Command::Demo(arguments) => demo::run(&arguments, console, machine),
        Command::Doctor { plan } => doctor::run(plan.as_deref(), console, machine),
        Command::Rehearse(arguments) => rehearse::run(&arguments, console, machine),
        Command::Lint(arguments) => lint::run(&arguments, console),
        Command::Init(arguments) => init::run(&arguments, console),
        Command::Schema => schema::run(console),
        Command::Credentials(arguments) => credentials::run(&arguments, console, machine),
        Command::Enforce(arguments) => enforce::run(&arguments, console, machine),
        Command::Exec(arguments) => exec::run(&arguments, console, machine),
        Command::Env(arguments) => env::run(&arguments, console, machine),
        Command::Rotate(arguments) => rotate::run(&arguments, console, machine),
        Command::Scan(arguments) => scan::run(&arguments, console, machine),
        Command::Trust(arguments) => trust::run(&arguments, console),
        Command::Sessions(arguments) => sessions::run(&arguments, console),
        Command::Report(arguments) => report::run(&arguments, console, machine),
        Command::Events(arguments) => events::run(&arguments, console),
        Command::Replay(arguments) => replay::run(&arguments, console, machine),
        Command::Triage(arguments) => triage::run(&arguments, console, machine),
        #[cfg(feature = "otlp")]
        Command::Traces(arguments) => traces::run(&arguments, console),
        Command::Verify(arguments) => verify::run(&arguments, console),
        Command::Webhook(arguments) => webhook::run(&arguments, console, machine),
        Command::Completions(arguments) => completions::run(&arguments, console),
        Command::Man => man::run(console),
        Command::Supervise => Err(Stop::wrong("golive supervise is started by golive itself")),
    }
}
