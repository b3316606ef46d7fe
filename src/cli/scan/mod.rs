//! `golive scan`: the plan's credentials and keys of known providers in files, folders, archives and git history, for
//! pipelines. What it says is which credential stands where, never the value.

mod telling;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Args, ValueEnum};

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::{lint, opening};
use crate::mask::Redactor;
use crate::model::text::SafeText;
use crate::model::values::Values;
use crate::scan::{self, Located, Repository, Scanner, Secret, Sought, Survey, Unsearched};
use crate::{plan, source};

#[derive(Debug, Args)]
pub(super) struct ScanArguments {
    /// Files, folders, archives (gzip, brotli, tar, zip) and repositories: where a folder is one, its history too.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The plan whose credentials are looked for; golive.toml here or in a folder above when absent, known keys alone
    /// where there is none.
    #[arg(long, value_name = "P")]
    plan: Option<PathBuf>,
    /// How to list what was found.
    #[arg(long, value_enum, default_value_t = ScanFormat::Human)]
    format: ScanFormat,
}

/// How what was found is listed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScanFormat {
    /// For people.
    Human,
    /// For programs.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
}

/// What is looked for.
struct Sources {
    secrets: Vec<Arc<Secret>>,
    unsearched: Vec<Unsearched>,
    /// The folder that the plan's files are named from.
    folder: PathBuf,
    /// A file's own name may hold a secret.
    redactor: Redactor,
}

pub(super) fn run(arguments: &ScanArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    if let Some(missing) = arguments.paths.iter().find(|path| path.symlink_metadata().is_err()) {
        return Err(Stop::wrong(format!("there is nothing at {}", missing.display())));
    }
    let Some(sources) = sources(arguments, console, machine)? else { return Ok(Exit::Wrong) };
    let scanner = Scanner::new(&sources.secrets, &[], true);
    let stop = AtomicBool::new(false);
    let mut survey = Survey::new(&scanner, &stop);
    let mut notes: Vec<String> =
        sources.unsearched.iter().map(|one| format!("{} {}, and was not looked for", one.id, one.why)).collect();
    let mut incomplete = sources.unsearched.iter().any(|one| one.failed);
    for path in &arguments.paths {
        scan::survey_path(&mut survey, path, &path.display().to_string(), &|_| true);
        if let Some(note) = history(&mut survey, path) {
            notes.push(note);
            incomplete = true;
        }
    }
    let at_home = set_aside(&mut survey, &sources.folder);
    notes.extend(at_home.iter().map(|(id, file)| format!("{id} stands in {file}: that is where the plan has it from")));
    incomplete |= !survey.unread.is_empty();
    let told = match arguments.format {
        ScanFormat::Human => telling::listed(&survey),
        ScanFormat::Json => format!("{:#}\n", telling::object(&survey, &notes)),
        ScanFormat::Sarif => format!("{:#}\n", telling::sarif(&survey, &notes, incomplete)),
    };
    console.result(&sources.redactor.redact(&told))?;
    if matches!(arguments.format, ScanFormat::Human) {
        let unread = survey.unread.iter().map(|unread| format!("{} could not be read: {}", unread.place, unread.why));
        for note in notes.iter().cloned().chain(unread) {
            console.say(SafeText::from_foreign(&sources.redactor.redact(&note)).as_str());
        }
        console.result(&format!("{}\n", telling::summary(&survey, sources.secrets.len())))?;
    }
    Ok(match (survey.hits.is_empty(), incomplete) {
        (false, _) => Exit::Differs,
        // Nothing is claimed of what could not be looked at.
        (true, true) => Exit::Own,
        (true, false) => Exit::Go,
    })
}

/// The credentials of the plan that was named, or of the one for this folder; `None` when it is wrong, which was said.
fn sources(arguments: &ScanArguments, console: &Console, machine: &Machine) -> Result<Option<Sources>, Stop> {
    let here = std::env::current_dir()
        .map_err(|error| Stop::own(format!("the folder that golive was started in is gone: {error}")))?;
    let Some(path) = arguments.plan.clone().or_else(|| plan::find(&here)) else {
        console.say("no plan here: looking for keys of known providers alone");
        return Ok(Some(Sources {
            secrets: Vec::new(),
            unsearched: Vec::new(),
            folder: here,
            redactor: Redactor::default(),
        }));
    };
    let Some(loaded) = lint::load(&path, console) else { return Ok(None) };
    let trusted = opening::is_trusted(&loaded.plan.digest)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    let values: Values = runtime.block_on(source::load(&loaded.plan, trusted, &machine.environment));
    let (secrets, unsearched) = scan::of_values(&values);
    let redactor = Redactor::new(values.secrets());
    Ok(Some(Sources { secrets, unsearched, folder: loaded.plan.folder, redactor }))
}

/// Looks into the history of a repository that begins at this path; says what is wrong with it.
fn history(survey: &mut Survey<'_>, path: &Path) -> Option<String> {
    let is_bare = path.join("objects").is_dir() && path.join("HEAD").is_file();
    let repository = match (path.join(".git").symlink_metadata().is_ok(), is_bare) {
        (true, _) => Repository::at(&path.join(".git"), Some(path)),
        (false, true) => Repository::at(path, None),
        (false, false) => return None,
    };
    match repository {
        Ok(repository) => {
            repository.survey(survey);
            repository.incomplete.map(|why| format!("{why}: what is not in it was not looked at"))
        }
        Err(error) => Some(error.to_string()),
    }
}

/// Takes out what stands in the very file that the plan has it from, also where its form is that of a known key, and
/// gives credential and file of each.
fn set_aside(survey: &mut Survey<'_>, folder: &Path) -> Vec<(String, String)> {
    let (mut at_home, mut ranges) = (Vec::new(), Vec::new());
    survey.hits.retain(|located| {
        let Sought::Credential { secret, .. } = &located.hit.sought else { return true };
        let origin = secret.origin.file().and_then(|file| folder.join(file).canonicalize().ok());
        let is_home = !located.in_name && origin.is_some() && Path::new(&*located.place).canonicalize().ok() == origin;
        if is_home {
            at_home.push((secret.id.clone(), located.place.to_string()));
            ranges.push((Arc::clone(&located.place), extent(located)));
        }
        !is_home
    });
    survey.hits.retain(|located| {
        let found = extent(located);
        let is_within = |(place, range): &(Arc<str>, Range<u64>)| {
            *place == located.place && range.start <= found.start && found.end <= range.end
        };
        let is_known = matches!(located.hit.sought, Sought::Known { .. }) && !located.in_name;
        !(is_known && ranges.iter().any(is_within))
    });
    at_home.sort();
    at_home.dedup();
    at_home
}

/// The bytes that a find takes.
fn extent(located: &Located) -> Range<u64> {
    located.hit.offset..located.hit.offset + located.hit.length as u64
}
