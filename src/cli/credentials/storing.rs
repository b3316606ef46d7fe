//! Putting a value away and taking it back. It is read from a pipe, or asked for without echo, and never an argument.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::seen;
use crate::mask;
use crate::model::id::CredentialId;
use crate::model::plan::{Plan, ValueSource};
use crate::source::storing::{self, StoringError};

/// What is longer is no credential.
const LARGEST: usize = 64 << 10;

pub(super) fn store(plan: &Plan, name: &str, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let source = source(plan, name)?;
    let value = value(&format!("The value of {name}"), console)?;
    runtime()?
        .block_on(storing::store(source, &plan.folder, &machine.environment, &value))
        .map_err(|error| stop(name, &error))?;
    let key = seen::key(Machine::state_folder().ok().as_deref());
    let length = value.expose_secret().chars().count();
    let fingerprint = mask::fingerprint(&key, &value);
    console.say(&format!("{name} is put away: {}  {length} ch  fingerprint {fingerprint}", mask::shown(&value)));
    Ok(Exit::Go)
}

pub(super) fn forget(plan: &Plan, name: &str, console: &Console) -> Result<Exit, Stop> {
    let source = source(plan, name)?;
    runtime()?.block_on(storing::forget(source, &plan.folder)).map_err(|error| stop(name, &error))?;
    console.say(&format!("{name} is forgotten"));
    Ok(Exit::Go)
}

fn source<'a>(plan: &'a Plan, name: &str) -> Result<&'a ValueSource, Stop> {
    let credential = plan.credentials.get(&CredentialId::new(name));
    credential.map(|credential| &credential.from).ok_or_else(|| {
        let known: Vec<&str> = plan.credentials.keys().map(CredentialId::as_str).collect();
        Stop::wrong(format!("the plan has no credential `{name}`")).instead(format!("it has: {}", known.join(", ")))
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, Stop> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))
}

fn stop(name: &str, error: &StoringError) -> Stop {
    match error {
        StoringError::OnlyRead(_) => Stop::wrong(format!("{name} cannot be put away: {error}")).instead(
            "let it come from { keyring = \"…\" } or { sealed = { age = \"…\", identity = \"…\" } } in the plan",
        ),
        StoringError::Failed(why) => Stop::own(why.clone()),
    }
}

/// The value from a pipe, or asked for without echo, without its last line break.
pub(in crate::cli) fn value(name: &str, console: &Console) -> Result<SecretString, Stop> {
    let unreadable = |error: io::Error| Stop::own(format!("no value could be read: {error}"));
    let mut text = Zeroizing::new(String::new());
    if console.can_ask() {
        console.say(&format!("{name}, please (it is not shown):"));
        let _silence = Silence::begin();
        io::stdin().lock().read_line(&mut text).map_err(unreadable)?;
    } else if io::stdin().is_terminal() {
        return Err(Stop::wrong("there is nobody to ask for the value").instead("give it on standard input"));
    } else {
        return piped();
    }
    whole(&text)
}

/// What stands on standard input, whole or not at all: a value that was cut opens nothing.
fn piped() -> Result<SecretString, Stop> {
    // One byte more tells that there is more, whatever line break ends the value.
    let most = LARGEST + "\r\n".len() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(most));
    let read = io::stdin().lock().take(most as u64).read_to_end(&mut bytes);
    read.map_err(|error| Stop::own(format!("no value could be read: {error}")))?;
    if bytes.len() == most {
        return Err(too_long());
    }
    whole(std::str::from_utf8(&bytes).map_err(|_| Stop::wrong("the value is not UTF-8: nothing was changed"))?)
}

fn too_long() -> Stop {
    Stop::wrong(format!("the value is longer than {LARGEST} bytes: nothing was changed"))
        .instead("is it the file that was meant?")
}

/// The value without its last line break.
fn whole(text: &str) -> Result<SecretString, Stop> {
    let value = text.trim_end_matches(['\r', '\n']);
    if value.len() > LARGEST {
        return Err(too_long());
    }
    if value.is_empty() {
        return Err(Stop::wrong("an empty value was given: nothing was changed"));
    }
    Ok(SecretString::from(value.to_owned()))
}

/// While it lives, the terminal shows nothing of what is typed.
struct Silence(Option<rustix::termios::Termios>);

impl Silence {
    fn begin() -> Self {
        let Ok(before) = tcgetattr(io::stdin()) else { return Self(None) };
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO;
        let is_quiet = tcsetattr(io::stdin(), OptionalActions::Flush, &quiet).is_ok();
        Self(is_quiet.then_some(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // The terminal is gone when this fails, and with it what was to be put right.
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, before);
        }
    }
}
