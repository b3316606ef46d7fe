//! `findings`: a scanner's report, in the form in which the scanner really writes it, holds nothing at or above a level;
//! and it is a report of today about this commit, for yesterday's proves nothing.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::check::artefact::Descent;
use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::model::duration::{self, Span};
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::time::Now;
use crate::model::word::Category;

/// A report larger than this is not read.
const LARGEST: u64 = 64 << 20;
/// So many findings stand in the evidence.
const SHOWN: usize = 20;

/// The kind.
pub(super) struct Findings;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The report: `npm audit --json`, `cargo audit --json`, or SARIF of any scanner. Told apart by their content.
    report: Template,
    /// From this level on a finding fails; below it warns.
    #[serde(default = "high")]
    fail_at: Level,
    /// Written no longer ago than this.
    max_age: Option<Span>,
    /// Files that it must be younger than, such as the lock file.
    #[serde(default)]
    newer_than: Vec<String>,
    /// The commit that the report must be about; SARIF names one.
    commit: Option<Template>,
    /// A text that it must hold to count, such as the version; without it, it is of another build.
    carries: Option<Template>,
    /// To count it must be younger than this: a file, a moment, or seconds since 1970.
    younger_than: Option<Template>,
    /// Findings that are accepted, each with the reason: `{ GHSA-… = "not reachable: …" }`.
    #[serde(default)]
    accepted: BTreeMap<String, String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Level {
    Low,
    Moderate,
    High,
    Critical,
}

const fn high() -> Level {
    Level::High
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Moderate => "moderate",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// A scanner's word. One that is unknown counts as high: nobody has said that it is harmless.
    fn of(word: &str) -> Self {
        match word.to_lowercase().as_str() {
            "info" | "low" | "none" | "note" => Self::Low,
            "moderate" | "medium" | "warning" => Self::Moderate,
            "critical" => Self::Critical,
            _ => Self::High,
        }
    }

    /// A score from 0 to 10, as CVSS has it.
    fn of_score(score: f64) -> Self {
        match score {
            score if score >= 9.0 => Self::Critical,
            score if score >= 7.0 => Self::High,
            score if score >= 4.0 => Self::Moderate,
            _ => Self::Low,
        }
    }
}

/// One finding of a report.
struct Found {
    id: String,
    level: Level,
    what: String,
}

impl Kind for Findings {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "findings",
            doc: "A scanner's report of today holds nothing at or above a level.",
            category: Category::Security,
            example: "report = \"reports/npm-audit.json\"\nfail_at = \"high\"\nmax_age = \"1d\"\nnewer_than = [\"package-lock.json\"]\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |options| {
                let path = options.get("report").and_then(Json::as_str);
                path.map(|path| Touch::File(path.to_owned())).into_iter().collect()
            },
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let written = finding.fill(&keys.report, &surroundings.values)?;
        let commit = match &keys.commit {
            Some(commit) => Some(finding.fill(commit, &surroundings.values)?.expose().trim().to_owned()),
            None => None,
        };
        let descent = Descent::of(&finding, keys.carries.as_ref(), keys.younger_than.as_ref(), surroundings)?;
        let (folder, shown) = (surroundings.folder.clone(), written.shown().to_owned());
        let path = folder.join(written.expose());
        Ok(Box::new(Looker { finding, keys, path, folder, shown, commit, descent, clock: surroundings.clock }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if let Some((id, _)) = keys.accepted.iter().find(|(_, reason)| reason.trim().is_empty()) {
            problems.push(OptionProblem::at(&format!("accepted.{id}"), "a finding is accepted for a reason"));
        }
    })
}

#[derive(Clone)]
struct Looker {
    finding: Finding,
    keys: Keys,
    path: PathBuf,
    folder: PathBuf,
    shown: String,
    commit: Option<String>,
    descent: Descent,
    clock: fn() -> Now,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let looker = self.clone();
            let look = tokio::task::spawn_blocking(move || looker.look());
            match tokio::time::timeout(timeout, look).await {
                Ok(Ok(evidence)) => evidence,
                Ok(Err(_)) => self.finding.error("reading the report broke off"),
                Err(_) => self.finding.error(&format!("{} could not be read in time", self.shown)),
            }
        })
    }
}

impl Looker {
    fn look(&self) -> Evidence {
        let remedy = "run the scanner again and write its report there";
        match self.judged() {
            Ok(evidence) => evidence,
            Err(why) => self.finding.error(&why).remedy(remedy),
        }
    }

    /// `Err`: nothing is known of today's findings.
    fn judged(&self) -> Result<Evidence, String> {
        let shown = &self.shown;
        let changed = changed(&self.path).map_err(|error| format!("there is no report {shown}: {error}"))?;
        self.is_of_today(changed)?;
        let text = read(&self.path).map_err(|why| format!("{shown} {why}"))?;
        if let Some(why) = self.descent.objection(&text, jiff::Timestamp::try_from(changed).ok()) {
            return Err(format!("{shown} {why}"));
        }
        let json = serde_json::from_str(&text).map_err(|error| format!("{shown} is not JSON: {error}"))?;
        if let Some(commit) = &self.commit {
            is_about(&json, commit).map_err(|why| format!("{shown} {why}"))?;
        }
        let (scanner, all) = findings(&json).map_err(|why| format!("{shown} {why}"))?;
        let (accepted, open): (Vec<Found>, Vec<Found>) =
            all.into_iter().partition(|found| self.keys.accepted.contains_key(&found.id));
        Ok(self.evidence(scanner, open, &accepted))
    }

    fn is_of_today(&self, changed: SystemTime) -> Result<(), String> {
        let written =
            jiff::Timestamp::try_from(changed).map_err(|_| "nobody knows how old the report is".to_owned())?;
        let age = (self.clock)().at.duration_since(written);
        if let Some(most) = self.keys.max_age
            && !age.is_negative()
            && age.unsigned_abs() > most.0
        {
            let age = duration::written(Duration::from_secs(age.unsigned_abs().as_secs()));
            return Err(format!("{} is {age} old, at most {most}: it says nothing of today", self.shown));
        }
        for other in &self.keys.newer_than {
            let than =
                self::changed(&self.folder.join(other)).map_err(|error| format!("{other} is not there: {error}"))?;
            if changed < than {
                return Err(format!("{} is older than {other}: it is about something else", self.shown));
            }
        }
        Ok(())
    }

    fn evidence(&self, scanner: &str, mut open: Vec<Found>, accepted: &[Found]) -> Evidence {
        open.sort_by(|one, other| other.level.cmp(&one.level).then_with(|| one.id.cmp(&other.id)));
        let said = |found: &Found| format!("{}: {} ({})", found.level.word(), found.what, found.id);
        let more = if open.len() > 1 { format!(" (+{} more)", open.len() - 1) } else { String::new() };
        let mut evidence = match open.first() {
            None => Evidence::pass(&format!("{scanner} found nothing")),
            Some(worst) if worst.level >= self.keys.fail_at => {
                self.finding.fail(FailureClass::Body, &format!("{}{more}", said(worst)))
            }
            Some(worst) => Evidence::warn(&format!("{}{more}", said(worst))),
        };
        for found in open.iter().take(SHOWN) {
            evidence = evidence.material(found.level.word(), &format!("{} ({})", found.what, found.id));
        }
        for found in accepted.iter().take(SHOWN) {
            let reason = self.keys.accepted.get(&found.id).map(String::as_str).unwrap_or_default();
            evidence = evidence.fact("accepted", &format!("{}: {reason}", found.id));
        }
        evidence.fact("scanner", scanner).fact("report", &self.shown)
    }
}

fn changed(path: &Path) -> std::io::Result<SystemTime> {
    path.metadata()?.modified()
}

#[expect(clippy::disallowed_methods, reason = "reading a report is what this kind is for")]
fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    opened.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("is larger than {} MiB", LARGEST >> 20));
    }
    String::from_utf8(bytes).map_err(|_| "is not JSON: it is no text".to_owned())
}

/// Whether a SARIF report says that it is about this commit.
fn is_about(json: &Json, commit: &str) -> Result<(), String> {
    let runs = json["runs"].as_array().into_iter().flatten();
    let revisions: Vec<&str> = runs
        .flat_map(|run| run["versionControlProvenance"].as_array().into_iter().flatten())
        .filter_map(|provenance| provenance["revisionId"].as_str())
        .collect();
    if revisions.is_empty() {
        return Err("does not say which commit it is about".to_owned());
    }
    let begins = |one: &str, other: &str| one.starts_with(other) || other.starts_with(one);
    // Short ids are what people and `git describe` write; an empty one is none.
    let is_same = |revision: &&&str| revision.len() >= 7 && commit.len() >= 7 && begins(revision, commit);
    match revisions.iter().find(|revision| !is_same(revision)) {
        Some(other) => Err(format!("is about {other}, not {commit}")),
        None => Ok(()),
    }
}

/// The findings of a report, by what it looks like.
fn findings(json: &Json) -> Result<(&'static str, Vec<Found>), String> {
    if let Some(runs) = json["runs"].as_array() {
        return Ok(("the scanner", runs.iter().flat_map(of_sarif).collect()));
    }
    if let Some(list) = json["vulnerabilities"]["list"].as_array() {
        return Ok(("cargo audit", list.iter().map(of_cargo).collect()));
    }
    if let Some(error) = json.get("error") {
        return Err(format!(
            "holds no findings but an error of the scanner: {}",
            error["summary"].as_str().unwrap_or("?")
        ));
    }
    if let (Some(packages), Some(_)) = (json["vulnerabilities"].as_object(), json.get("auditReportVersion")) {
        return Ok(("npm audit", packages.iter().flat_map(|(name, package)| of_npm(name, package)).collect()));
    }
    if let Some(advisories) = json["advisories"].as_object() {
        return Ok(("npm audit", advisories.iter().map(|(id, advisory)| of_old_npm(id, advisory)).collect()));
    }
    Err("is no report of npm audit, cargo audit or in SARIF".to_owned())
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A package is listed for its own advisories, and again wherever another one brings it in; only its own count.
fn of_npm(name: &str, package: &Json) -> Vec<Found> {
    let own = package["via"].as_array().into_iter().flatten().filter(|via| via.is_object());
    own.map(|via| {
        let url = text(&via["url"]);
        let id = url.rsplit('/').next().filter(|id| !id.is_empty()).map(str::to_owned);
        let id = id.unwrap_or_else(|| via["source"].to_string());
        Found {
            id,
            level: Level::of(via["severity"].as_str().unwrap_or("?")),
            what: format!("{name}: {}", text(&via["title"])),
        }
    })
    .collect()
}

fn of_old_npm(id: &str, advisory: &Json) -> Found {
    let what = format!("{}: {}", text(&advisory["module_name"]), text(&advisory["title"]));
    Found { id: id.to_owned(), level: Level::of(advisory["severity"].as_str().unwrap_or("?")), what }
}

/// cargo audit gives a vector and no word; without a word it counts as high.
fn of_cargo(found: &Json) -> Found {
    let (advisory, package) = (&found["advisory"], &found["package"]);
    let what = format!("{} {}: {}", text(&package["name"]), text(&package["version"]), text(&advisory["title"]));
    let level = advisory["severity"].as_str().map_or(Level::High, Level::of);
    Found { id: text(&advisory["id"]), level, what }
}

fn of_sarif(run: &Json) -> Vec<Found> {
    let rules = run["tool"]["driver"]["rules"].as_array();
    let results = run["results"].as_array().into_iter().flatten();
    // A suppression that is under review or rejected is none.
    let is_suppressed = |result: &Json| {
        let suppressions = result["suppressions"].as_array();
        suppressions.is_some_and(|all| {
            !all.is_empty() && all.iter().all(|one| one["status"].as_str().is_none_or(|status| status == "accepted"))
        })
    };
    let found =
        results.filter(|result| !is_suppressed(result) && result["kind"].as_str().is_none_or(|kind| kind == "fail"));
    found
        .map(|result| {
            let id = text(&result["ruleId"]);
            let by_index = result["ruleIndex"].as_u64().and_then(|at| rules?.get(usize::try_from(at).ok()?));
            let rule = by_index.or_else(|| rules?.iter().find(|rule| rule["id"].as_str() == Some(id.as_str())));
            let score = rule.and_then(|rule| rule["properties"]["security-severity"].as_str()?.parse().ok());
            let usual = rule.and_then(|rule| rule["defaultConfiguration"]["level"].as_str());
            let level = score
                .map_or_else(|| Level::of(result["level"].as_str().or(usual).unwrap_or("warning")), Level::of_score);
            let place = text(&result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]);
            let place = if place.is_empty() { String::new() } else { format!(" in {place}") };
            Found { id, level, what: format!("{}{place}", text(&result["message"]["text"])) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test makes its own files")]

    use std::time::{Duration, SystemTime};

    use crate::check::kit;
    use crate::core::evidence::Evidence;
    use crate::model::word::Outcome;

    const NPM: &str = r#"{"auditReportVersion":2,"vulnerabilities":{
        "minimist":{"name":"minimist","severity":"critical","via":[{"source":1179,"name":"minimist","title":"Prototype Pollution in minimist","url":"https://github.com/advisories/GHSA-xvch-5gv4-984h","severity":"critical"}]},
        "mkdirp":{"name":"mkdirp","severity":"critical","via":["minimist"]}}}"#;
    const NPM_CLEAN: &str =
        r#"{"auditReportVersion":2,"vulnerabilities":{},"metadata":{"vulnerabilities":{"total":0}}}"#;
    const CARGO: &str = r#"{"database":{},"vulnerabilities":{"found":true,"count":1,"list":[{"advisory":{"id":"RUSTSEC-2020-0071","title":"Potential segfault in the time crate"},"package":{"name":"time","version":"0.1.43"}}]}}"#;
    const SARIF: &str = r#"{"version":"2.1.0","runs":[{"versionControlProvenance":[{"revisionId":"0123456789abcdef"}],
        "tool":{"driver":{"name":"x","rules":[{"id":"sql","properties":{"security-severity":"8.8"}},{"id":"style"}]}},
        "results":[{"ruleId":"sql","level":"warning","message":{"text":"SQL from a request"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"src/a.js"}}}]},
        {"ruleId":"style","level":"note","message":{"text":"a long line"}},
        {"ruleId":"sql","message":{"text":"accepted once"},"suppressions":[{"kind":"external","status":"accepted"}]}]}]}"#;

    /// A scanner that knows no commit and says so with an empty text.
    const SARIF_EMPTY: &str = r#"{"version":"2.1.0","runs":[{"versionControlProvenance":[{"revisionId":""}],
        "tool":{"driver":{"name":"x"}},"results":[]}]}"#;

    async fn look(report: &str, more: &str) -> Evidence {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("report.json"), report).unwrap();
        kit::run("findings", &format!("report = \"report.json\"\n{more}"), &kit::surroundings_in(folder.path())).await
    }

    #[tokio::test]
    async fn reports_are_read_in_the_form_in_which_the_scanners_write_them() {
        for (report, more, outcome, says) in [
            (NPM_CLEAN, "", Outcome::Pass, "npm audit found nothing"),
            (NPM, "", Outcome::Fail, "critical: minimist: Prototype Pollution in minimist (GHSA-xvch-5gv4-984h)"),
            (NPM, "accepted = { GHSA-xvch-5gv4-984h = \"only in the tests\" }", Outcome::Pass, "found nothing"),
            (CARGO, "", Outcome::Fail, "high: time 0.1.43"),
            (CARGO, "fail_at = \"critical\"", Outcome::Warn, "high: time 0.1.43"),
            (SARIF, "", Outcome::Fail, "high: SQL from a request in src/a.js (sql) (+1 more)"),
            (SARIF, "commit = \"0123456\"", Outcome::Fail, "high: SQL"),
            (SARIF, "commit = \"fedcba9\"", Outcome::Error, "is about 0123456789abcdef, not fedcba9"),
            (SARIF_EMPTY, "commit = \"0123456\"", Outcome::Error, "is about , not 0123456"),
            (SARIF, "carries = \"0123456789abcdef\"", Outcome::Fail, "high: SQL"),
            (SARIF, "carries = \"2026.11.3\"", Outcome::Error, "does not carry 2026.11.3"),
            (NPM_CLEAN, "younger_than = \"2100-01-01T00:00:00Z\"", Outcome::Error, "is older than"),
            (NPM_CLEAN, "younger_than = \"2020-01-01T00:00:00Z\"", Outcome::Pass, "found nothing"),
            (NPM_CLEAN, "commit = \"fedcba9\"", Outcome::Error, "does not say which commit"),
            ("{\"error\":{\"summary\":\"no lock file\"}}", "", Outcome::Error, "an error of the scanner: no lock file"),
            ("{}", "", Outcome::Error, "is no report"),
            ("", "", Outcome::Error, "is not JSON"),
        ] {
            let evidence = look(report, more).await;
            assert_eq!(evidence.outcome, outcome, "{more}: {}", evidence.summary);
            assert!(evidence.summary.as_str().contains(says), "{more}: {}", evidence.summary);
        }
    }

    #[tokio::test]
    async fn yesterdays_report_says_nothing_of_today() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report.json");
        std::fs::write(&report, NPM_CLEAN).unwrap();
        let surroundings = kit::surroundings_in(folder.path());
        let age = |path: &std::path::Path, hours: u64| {
            let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(3600 * hours)).unwrap();
        };
        std::fs::write(folder.path().join("lock"), "x").unwrap();
        age(&report, 30);
        let old = kit::run("findings", "report = \"report.json\"\nmax_age = \"1d\"", &surroundings).await;
        assert_eq!(old.outcome, Outcome::Error, "{}", old.summary);
        assert!(old.summary.as_str().contains("says nothing of today"), "{}", old.summary);
        let keys = "report = \"report.json\"\nnewer_than = [\"lock\"]";
        let other = kit::run("findings", keys, &surroundings).await;
        assert_eq!(other.outcome, Outcome::Error, "{}", other.summary);
        assert!(other.summary.as_str().contains("older than lock"), "{}", other.summary);
        age(&folder.path().join("lock"), 40);
        assert_eq!(kit::run("findings", keys, &surroundings).await.outcome, Outcome::Pass);
        let none = kit::run("findings", "report = \"gone.json\"", &surroundings).await;
        assert_eq!(none.outcome, Outcome::Error, "{}", none.summary);
    }
}
