//! `golive webhook`: signatures by hand, in both directions: sign a message, verify one, listen for some, probe an
//! endpoint.

mod alarm;
mod listen;
mod probe;
mod recall;
mod receiver;
mod scheme;
mod shown;
mod sign;
mod verify;

use clap::{Args, Subcommand};

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;

#[derive(Debug, Args)]
pub(super) struct WebhookArguments {
    #[command(subcommand)]
    act: Act,
}

/// What can be done with a webhook.
#[derive(Debug, Subcommand)]
enum Act {
    /// Sign a message and print the headers to send with it.
    Sign(sign::SignArguments),
    /// Verify one message: 0 genuine, 1 refused, 2 wrong call.
    Verify(verify::VerifyArguments),
    /// Receive deliveries on loopback, verify each and show it.
    Listen(listen::ListenArguments),
    /// Send an endpoint genuine and forged deliveries, and say which it took.
    Probe(probe::ProbeArguments),
}

pub(super) fn run(arguments: &WebhookArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    match &arguments.act {
        Act::Sign(arguments) => sign::run(arguments, console, machine),
        Act::Verify(arguments) => verify::run(arguments, console, machine),
        Act::Listen(arguments) => listen::run(arguments, console, machine),
        Act::Probe(arguments) => probe::run(arguments, console, machine),
    }
}
