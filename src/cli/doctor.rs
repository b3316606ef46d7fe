//! `golive doctor`: what golive finds here, ready to be pasted into a ticket. No value of any variable but those that
//! describe a terminal, no name of a person; the home folder is written `~`.

mod notifiers;

use std::io::IsTerminal as _;
use std::path::Path;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::clock;
use crate::journal::sessions;
use crate::model::plan;
use crate::network::Network;

/// One line: what was looked at, whether it is as it should be, what was found.
struct Finding {
    name: &'static str,
    sound: bool,
    found: String,
}

pub(super) fn run(plan: Option<&Path>, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let state_folder = Machine::state_folder()?;
    let mut findings = vec![version(), terminal(machine, console), language(machine), clocks(), tls()];
    findings.push(writable(&state_folder));
    findings.push(journals(&state_folder));
    findings.extend(notifiers::reach(plan, machine)?);
    let home = machine.environment.get("HOME").filter(|home| home.len() > 1);
    for finding in &findings {
        let glyph = if finding.sound { "✓ ok   " } else { "✗ wrong" };
        let found = home.map_or_else(|| finding.found.clone(), |home| finding.found.replace(home.as_str(), "~"));
        console.result(&format!("{glyph}  {:<9} {found}\n", finding.name))?;
    }
    Ok(if findings.iter().all(|finding| finding.sound) { Exit::Go } else { Exit::Own })
}

fn version() -> Finding {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    Finding { name: "golive", sound: true, found: format!("{} on {os} {arch}", env!("CARGO_PKG_VERSION")) }
}

fn terminal(machine: &Machine, console: &Console) -> Finding {
    let is = |yes: bool| if yes { "a terminal" } else { "no terminal" };
    let (input, output) = (std::io::stdin().is_terminal(), std::io::stdout().is_terminal());
    let named = ["TERM", "COLORTERM", "TERM_PROGRAM"].iter();
    let named = named.filter_map(|name| Some(format!("{name}={}", plainly(machine.environment.get(*name)?))));
    let inside = ["TMUX", "STY", "SSH_CONNECTION", "NO_COLOR", "CI"].iter();
    let inside = inside.filter(|name| machine.has(name)).map(|name| format!("{name} is set"));
    let about: Vec<String> = named.chain(inside).collect();
    let colour = if console.look().colour { "colour" } else { "no colour" };
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    let size = size.map(|size| format!(", {}x{}", size.ws_col, size.ws_row)).unwrap_or_default();
    let found = format!("input {}, output {}{size}, {colour}; {}", is(input), is(output), about.join(", "));
    Finding { name: "terminal", sound: true, found }
}

/// What stands in the environment may be anything.
fn plainly(text: &str) -> String {
    crate::model::text::SafeText::bounded(text, 40).to_string()
}

fn language(machine: &Machine) -> Finding {
    let variable = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| machine.environment.get(*name));
    let found = variable.map_or_else(|| "no locale is set".to_owned(), |locale| plainly(locale));
    let speaks = found.to_uppercase().replace('-', "").contains("UTF8");
    let advice = if speaks { "" } else { "; if glyphs look wrong, set LANG to a UTF-8 locale" };
    Finding { name: "locale", sound: true, found: format!("{found}{advice}") }
}

fn clocks() -> Finding {
    let now = clock::now();
    let found = format!("{} by the wall, {} s since boot", now.at.strftime("%F %T UTC"), now.up.as_secs());
    Finding { name: "clock", sound: true, found }
}

fn tls() -> Finding {
    match Network::new(&plan::Network::default(), Path::new(".")) {
        Ok(_) => Finding { name: "tls", sound: true, found: "the system's roots can be read".to_owned() },
        Err(error) => Finding { name: "tls", sound: false, found: Stop::because(&error).sentence },
    }
}

fn writable(folder: &Path) -> Finding {
    let made = std::fs::DirBuilder::new().recursive(true).create(folder);
    let tried = made.and_then(|()| tempfile::tempfile_in(folder).map(drop));
    let (sound, what) = match tried {
        Ok(()) => (true, "can be written to".to_owned()),
        Err(error) => (false, format!("cannot be written to: {error}")),
    };
    Finding { name: "state", sound, found: format!("{} {what}", folder.display()) }
}

fn journals(folder: &Path) -> Finding {
    let name = "journal";
    match sessions::sessions(folder) {
        Ok((listed, unlisted)) => {
            let open = listed.iter().filter(|session| session.held_by.is_some()).count();
            let unread: Vec<_> = unlisted.iter().map(|file| Stop::because(&file.why).sentence).collect();
            let unread_text = if unread.is_empty() { String::new() } else { format!("; {}", unread.join("; ")) };
            let found = format!("{} sessions, {open} open now{unread_text}", listed.len());
            Finding { name, sound: unread.is_empty(), found }
        }
        Err(error) => Finding { name, sound: false, found: Stop::because(&error).sentence },
    }
}
