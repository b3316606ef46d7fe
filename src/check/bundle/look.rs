//! The part that reads the disk: the search of the built files, the count of console calls, the digests to compare with
//! what is served.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::check::bundle::served::{self, Built};
use crate::check::bundle::{Keys, age};
use crate::check::exposed::{self, Gravity, Objection};
use crate::model::time::Now;
use crate::model::values::Values;
use crate::scan::{self, Scanner, Sought, Survey, Unsearched};

/// What writes to the browser's console without being a warning or an error.
const CONSOLE: &[&str] =
    &["console.log(", "console.debug(", "console.info(", "console.trace(", "console.table(", "console.dir("];
/// Files that browsers run.
const CODE: &[&str] = &["js", "mjs", "cjs", "html", "htm"];

const REMEDY: &str =
    "whoever loaded the site has it: have it issued anew, keep it on the server, build again without it";

/// What is looked for, made once a session.
pub(super) struct Search {
    secrets: Option<Scanner>,
    unsearched: Vec<Unsearched>,
    texts: Option<Scanner>,
}

/// What one run looks at.
pub(super) struct Asked {
    pub(super) folder: PathBuf,
    /// The folder as a person knows it.
    pub(super) shown: String,
    pub(super) plan_folder: PathBuf,
    pub(super) keys: Keys,
    pub(super) holds: Option<String>,
    pub(super) previous: Option<String>,
    pub(super) now: Now,
}

/// What one run saw.
pub(super) struct Looked {
    pub(super) objections: Vec<Objection>,
    /// What holds, for when there are none.
    pub(super) passed: Vec<String>,
    pub(super) built: Option<Built>,
}

impl Search {
    pub(super) fn of(keys: &Keys, values: &Values) -> Self {
        let (mut secrets, unsearched) = if keys.no_secrets { scan::of_values(values) } else { Default::default() };
        secrets.retain(|secret| !keys.may_be_public(secret));
        let console = if keys.console_logs.is_some() { CONSOLE } else { &[] };
        let texts: Vec<Arc<str>> =
            keys.lacks.iter().map(String::as_str).chain(console.iter().copied()).map(Arc::from).collect();
        Self {
            secrets: keys.no_secrets.then(|| Scanner::new(&secrets, &[], true)),
            unsearched,
            texts: (!texts.is_empty()).then(|| Scanner::new(&[], &texts, false)),
        }
    }
}

impl Asked {
    /// A file of the folder as a person knows it.
    pub(super) fn named(&self, file: &Path) -> String {
        format!("{}/{}", self.shown.trim_end_matches('/'), file.display())
    }
}

/// Looks at the folder; the error is that it is not there.
pub(super) fn look(asked: &Asked, search: &Search, stop: &AtomicBool) -> Result<Looked, String> {
    let shown = &asked.shown;
    if !asked.folder.is_dir() {
        let what = if asked.folder.exists() { "is no folder" } else { "does not exist" };
        return Err(format!("{shown} {what}: there is no build to look at"));
    }
    let mut objections = Vec::new();
    let mut passed = Vec::new();
    if let Some(scanner) = &search.secrets {
        let mut survey = Survey::new(scanner, stop);
        scan::survey_path(&mut survey, &asked.folder, shown, &|_| true);
        survey.hits.retain(|located| !is_meant(&asked.keys, &located.hit.sought));
        objections.extend(exposed::of_survey(&survey, REMEDY));
        objections.extend(exposed::of_unsearched(&search.unsearched));
        if survey.places == 0 {
            objections.push(Objection::fails(format!("{shown} is empty: there is no build to look at")));
        }
        passed.push(format!("no secret in {} of {shown}, {} bytes", files(survey.places), survey.bytes));
    }
    if let Some(scanner) = &search.texts {
        let mut survey = Survey::new(scanner, stop);
        scan::survey_path(&mut survey, &asked.folder, shown, &is_code);
        if survey.places == 0 {
            objections.push(Objection::fails(format!("{shown} holds no code: there is no build to look at")));
        }
        objections.extend(of_texts(&asked.keys, &survey));
        if !asked.keys.lacks.is_empty() {
            passed.push(format!("none of {} texts in {} of {shown}", asked.keys.lacks.len(), files(survey.places)));
        }
        if let Some(most) = asked.keys.console_logs {
            passed.push(format!("{}, at most {most}", written_to_console(console_calls(&survey))));
        }
    }
    objections.extend(age::objections(asked));
    let built = asked.keys.served.is_some().then(|| served::built(asked));
    let built = match built.transpose() {
        Ok(built) => built,
        Err(objection) => {
            objections.push(objection);
            None
        }
    };
    Ok(Looked { objections, passed, built })
}

/// Whether a known key is meant to be public.
fn is_meant(keys: &Keys, sought: &Sought) -> bool {
    matches!(sought, Sought::Known { what, .. } if keys.meant_public.iter().any(|meant| meant == what))
}

fn is_code(shown: &str) -> bool {
    Path::new(shown).extension().is_some_and(|extension| CODE.iter().any(|code| extension.eq_ignore_ascii_case(code)))
}

/// `1 file`, `2 files`.
pub(super) fn files(count: u64) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

fn written_to_console(calls: u64) -> String {
    let calls = if calls == 1 { "1 call writes".to_owned() } else { format!("{calls} calls write") };
    format!("{calls} to the browser's console")
}

fn console_calls(survey: &Survey<'_>) -> u64 {
    CONSOLE.iter().filter_map(|call| survey.texts.get(*call)).sum()
}

/// Texts that must not be there, and the console's bound.
fn of_texts(keys: &Keys, survey: &Survey<'_>) -> Vec<Objection> {
    let mut objections = Vec::new();
    for unread in &survey.unread {
        let sentence = format!("{} could not be read: {}", unread.place, unread.why);
        objections.push(Objection::new(Gravity::CannotTell, sentence));
    }
    for text in &keys.lacks {
        if let Some(located) = survey.first.get(text.as_str()) {
            let (place, offset) = (&located.place, located.hit.offset);
            objections.push(Objection::fails(format!("\"{text}\" is compiled into {place}, at byte {offset}")));
        }
    }
    if let Some(most) = keys.console_logs {
        let calls = console_calls(survey);
        if calls > most {
            let first = CONSOLE.iter().filter_map(|call| survey.first.get(*call)).next();
            let first = first.map(|located| format!(", one in {} at byte {}", located.place, located.hit.offset));
            let sentence = format!("{}, at most {most}{}", written_to_console(calls), first.unwrap_or_default());
            let remedy = "have the build drop them: esbuild: { drop: [\"console\"] } in vite.config";
            objections.push(Objection::fails(sentence).remedy(remedy));
        }
    }
    objections
}
