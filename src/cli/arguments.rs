//! The command line's grammar: what may be typed. Each subcommand brings its own arguments; here they are put together.

use std::path::{Path, PathBuf};

use clap::{ColorChoice, CommandFactory as _, Parser, Subcommand};

#[cfg(feature = "otlp")]
use crate::cli::traces;
use crate::cli::{
    check, completions, credentials, demo, enforce, env, events, exec, init, lint, rehearse, replay, report, rotate,
    scan, sessions, triage, trust, verify, webhook,
};

/// A deployment cockpit in the terminal: live checks, people's decisions, and a verdict that can be explained.
#[derive(Debug, Parser)]
#[command(name = "golive", version, args_conflicts_with_subcommands = true)]
#[command(after_help = "Exit codes: 0 GO, 1 NO-GO, 2 wrong command line or plan, 3 HOLD, 4 golive itself failed.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// The plan to open the cockpit on; golive.toml here or in a folder above when absent.
    pub(super) plan: Option<PathBuf>,
    /// Go on with the unfinished session without asking.
    #[arg(long, conflicts_with = "new")]
    pub(super) resume: bool,
    /// Begin a new session without asking.
    #[arg(long)]
    pub(super) new: bool,
    /// Whether to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub(super) color: ColorChoice,
}

/// Every subcommand, in the order in which help lists them.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Fly a complete go-live over an embedded target.
    Demo(demo::DemoArguments),
    /// Run the validators and print the report.
    Check(check::CheckArguments),
    /// Rehearse the rollback against the clock.
    Rehearse(rehearse::RehearseArguments),
    /// Judge the plan alone, touching nothing it names.
    Lint(lint::LintArguments),
    /// Write a first plan from what a folder holds.
    Init(init::InitArguments),
    /// Print the JSON Schema of the plan.
    Schema,
    /// Show the credentials, masked.
    Credentials(credentials::CredentialsArguments),
    /// Show the variables as the build would see them, masked.
    Env(env::EnvArguments),
    /// Show what must change in the configuration, as a diff; write it when told.
    Enforce(enforce::EnforceArguments),
    /// Run a command with the validated credentials and settings, if the verdict permits.
    Exec(exec::ExecArguments),
    /// Sign and verify webhooks by hand, in both directions.
    Webhook(Box<webhook::WebhookArguments>),
    /// Walk one credential's rotation.
    Rotate(rotate::RotateArguments),
    /// Look for the plan's credentials and known keys in files, archives and git history.
    Scan(scan::ScanArguments),
    /// Allow the plan's commands to run, once per content.
    Trust(trust::TrustArguments),
    /// List past and open sessions.
    Sessions(sessions::SessionsArguments),
    /// Print the report of a past session.
    Report(report::ReportArguments),
    /// List every event of a session, chosen by words, family and time.
    Events(events::EventsArguments),
    /// Watch a past session again, at any of its moments.
    Replay(replay::ReplayArguments),
    /// Open the cockpit on what is failing now.
    Triage(triage::TriageArguments),
    /// A session as an OTLP trace, for a collector.
    #[cfg(feature = "otlp")]
    Traces(traces::TracesArguments),
    /// Prove that a session's journal is as golive wrote it.
    Verify(verify::VerifyArguments),
    /// Say what golive finds here, ready to be pasted into a ticket.
    Doctor {
        /// The plan whose notifiers are tried; golive.toml here or in a folder above when absent.
        plan: Option<PathBuf>,
    },
    /// Print the completions for a shell.
    Completions(completions::CompletionsArguments),
    /// Print the manual page.
    Man,
    /// Run a step outside the terminal's session; golive starts this itself.
    #[command(hide = true)]
    Supervise,
}

/// The command that was meant by a word that stands where a plan may stand.
pub(super) fn nearly_a_command(typed: &Path) -> Option<String> {
    let typed = typed.to_str()?;
    let grammar = Arguments::command();
    let names = grammar.get_subcommands().filter(|known| !known.is_hide_set()).map(clap::Command::get_name);
    let near = names.min_by_key(|name| strsim::damerau_levenshtein(name, typed))?;
    (strsim::damerau_levenshtein(near, typed) <= 2).then(|| near.to_owned())
}
