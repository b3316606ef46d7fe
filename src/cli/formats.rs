//! `--format F[=FILE]`, as many as are wanted: each a format of the report, to standard output or to a file.

use std::path::{Path, PathBuf};

use crate::cli::console::Console;
use crate::cli::exit::Stop;
use crate::report::shape::Report;
use crate::report::{self, FORMATS, Format, Look};

/// One wanted form of the report.
#[derive(Clone)]
pub(super) struct Wanted {
    format: &'static Format,
    file: Option<PathBuf>,
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wanted").field("format", &self.format.name).field("file", &self.file).finish()
    }
}

/// Reads `json` or `json=report.json`.
pub(super) fn wanted(text: &str) -> Result<Wanted, String> {
    let (name, file) = match text.split_once('=') {
        Some((_, "")) => return Err("a file has to stand behind \"=\"".to_owned()),
        Some((name, file)) => (name, Some(PathBuf::from(file))),
        None => (text, None),
    };
    let names = || FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ");
    let format = report::format(name).ok_or_else(|| format!("there are: {}", names()))?;
    Ok(Wanted { format, file })
}

/// Help for `--format`.
pub(super) fn help() -> String {
    let formats = FORMATS.iter().map(|format| format!("{} ({})", format.name, format.doc)).collect::<Vec<_>>();
    format!("How to write the report, to a file where one is named; may be repeated. {}", formats.join(", "))
}

/// The files that reports are written to.
pub(super) fn files(wanted: &[Wanted]) -> Vec<&Path> {
    wanted.iter().filter_map(|wanted| wanted.file.as_deref()).collect()
}

/// Whether any of it goes to standard output.
pub(super) fn on_standard_output(wanted: &[Wanted]) -> bool {
    wanted.is_empty() || wanted.iter().any(|wanted| wanted.file.is_none())
}

/// Writes the report in every wanted form; in the one for people when none was named.
pub(super) fn write(wanted: &[Wanted], report: &Report, console: &Console) -> Result<(), Stop> {
    if wanted.is_empty() {
        return console.result(&(FORMATS[0].write)(report, console.look()));
    }
    for Wanted { format, file } in wanted {
        match file {
            Some(path) => console.result_to(path, &(format.write)(report, Look::PLAIN))?,
            None => console.result(&(format.write)(report, console.look()))?,
        }
    }
    Ok(())
}
