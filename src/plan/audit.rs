//! All that a plan may touch: hosts with how often, files, commands. For `lint --audit`, for trust, for requests an hour.

use std::collections::BTreeMap;

use crate::model::baseline::BaselineSource;
use crate::model::duration::Span;
use crate::model::id::KindName;
use crate::model::kind::{KindSpec, Kinds, Options, Touch};
use crate::model::notifier::Notifier;
use crate::model::plan::{Plan, Run, ValueSource};
use crate::model::step::Action;
use crate::model::template::Template;
use crate::plan::scripts::{self, CommandLine};

/// What a plan may touch.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Hosts, with the requests an hour that its checks make of each.
    pub hosts: BTreeMap<String, u64>,
    /// Files and folders that are read.
    pub files: Vec<Touched>,
    /// Commands that are run.
    pub commands: Vec<Touched>,
    /// Names that are reached elsewhere than the name says.
    pub overrides: BTreeMap<String, String>,
}

/// Something that is touched, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// What, as the plan writes it.
    pub what: String,
    /// By which check, item or table.
    pub by: String,
}

pub(super) fn audit(plan: &Plan, kinds: &Kinds) -> Audit {
    let mut audit = Audit { overrides: plan.network.resolve.clone(), ..Audit::default() };
    for file in &plan.sources.env_files {
        audit.files.push(Touched { what: file.display().to_string(), by: "sources".into() });
    }
    if let Some(ca) = &plan.network.ca {
        audit.files.push(Touched { what: ca.display().to_string(), by: "network".into() });
    }
    for (by, source) in sources(plan) {
        let (file, identity) = match source {
            ValueSource::File(path) => (Some(path), None),
            ValueSource::Sealed(sealed) => (Some(&sealed.age), sealed.identity.as_ref()),
            ValueSource::Env(_) | ValueSource::Command(_) | ValueSource::Keyring(_) | ValueSource::Value(_) => continue,
        };
        for path in file.into_iter().chain(identity) {
            audit.files.push(Touched { what: path.display().to_string(), by: by.clone() });
        }
    }
    for check in &plan.checks {
        let touches =
            kinds.iter().find(|kind| kind.name == check.kind.as_str()).map(|kind| (kind.touches)(&check.options));
        for touch in touches.unwrap_or_default() {
            match touch {
                Touch::Host(host) => {
                    let hourly = match check.run {
                        Run::Scheduled => hourly(check.every),
                        Run::OnDemand | Run::AfterRollback => 0,
                    };
                    *audit.hosts.entry(host).or_default() += hourly;
                }
                Touch::File(file) => audit.files.push(Touched { what: file, by: check.id.to_string() }),
                Touch::Command(words) => {
                    audit.commands.push(Touched { what: words.join(" "), by: check.id.to_string() })
                }
            }
        }
    }
    for (by, touch, hourly) in of_triage(plan, kinds) {
        match touch {
            Touch::Host(host) => *audit.hosts.entry(host).or_default() += hourly,
            Touch::File(file) => audit.files.push(Touched { what: file, by }),
            Touch::Command(words) => audit.commands.push(Touched { what: words.join(" "), by }),
        }
    }
    for (check, runbook) in &plan.triage.runbooks {
        if let Some(file) = &runbook.file {
            audit.files.push(Touched { what: file.display().to_string(), by: check.to_string() });
        }
    }
    for baseline in &plan.baselines {
        if let BaselineSource::Prometheus { url, .. } = &baseline.from {
            // Once, at a session's start.
            let after = url.as_written().split_once("://").map_or(url.as_written(), |(_, rest)| rest);
            audit.hosts.entry(after.split('/').next().unwrap_or_default().to_owned()).or_default();
        }
    }
    for (notifier, touch) in of_notifiers(plan, kinds) {
        match touch {
            // How often depends on what happens.
            Touch::Host(host) => {
                audit.hosts.entry(host).or_default();
            }
            Touch::File(file) => audit.files.push(Touched { what: file, by: notifier }),
            Touch::Command(words) => audit.commands.push(Touched { what: words.join(" "), by: notifier }),
        }
    }
    for (by, action) in actions(plan) {
        match action {
            Action::Command { run, writes, .. } => {
                let words: Vec<&str> = run.iter().map(|word| word.as_written()).collect();
                let files = writes.iter().map(|file| Touched { what: file.clone(), by: format!("{by} (written)") });
                audit.files.extend(files);
                audit.commands.push(Touched { what: words.join(" "), by });
            }
            Action::Request { url, .. } => {
                audit.hosts.entry(host_of(url)).or_default();
            }
            Action::Pipeline(pipeline) => {
                for (_, call) in pipeline.calls() {
                    audit.hosts.entry(host_of(&call.url)).or_default();
                }
            }
        }
    }
    for (by, source) in sources(plan) {
        if let ValueSource::Command(words) = source {
            audit.commands.push(Touched { what: words.join(" "), by });
        }
    }
    for (by, words) in rotations(plan) {
        audit.commands.push(Touched { what: words.join(" "), by });
    }
    for (id, credential) in &plan.credentials {
        if let Some(file) = &credential.rotation.env_file {
            let by = format!("credentials.{id}.rotation (written)");
            audit.files.push(Touched { what: file.display().to_string(), by });
        }
    }
    audit
}

/// How often in an hour.
fn hourly(every: Span) -> u64 {
    3_600_000 / u64::try_from(every.0.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// What sources of changes touch and how often in an hour; queries ask only while something is broken.
fn of_triage(plan: &Plan, kinds: &Kinds) -> Vec<(String, Touch, u64)> {
    let touches = |specs: &[KindSpec], kind: &KindName, options: &Options| {
        let spec = specs.iter().find(|spec| spec.name == kind.as_str());
        spec.map(|spec| (spec.touches)(options)).unwrap_or_default()
    };
    let mut all = Vec::new();
    for source in &plan.triage.changes {
        let found = touches(&kinds.changes, &source.kind, &source.options);
        all.extend(found.into_iter().map(|touch| (format!("changes.{}", source.id), touch, hourly(source.every))));
    }
    for hurt in &plan.triage.hurt {
        let found = touches(&kinds.hurt, &hurt.kind, &hurt.options);
        all.extend(found.into_iter().map(|touch| (format!("hurt.{}", hurt.id), touch, 0)));
    }
    all
}

fn sources(plan: &Plan) -> Vec<(String, &ValueSource)> {
    let variables = plan.variables.iter().map(|(name, source)| (format!("variables.{name}"), source));
    let credentials = plan.credentials.iter().map(|(id, credential)| (format!("credentials.{id}"), &credential.from));
    let version = plan.service.version.iter().map(|source| ("service.version".to_owned(), source));
    let before = plan.service.previous_version.iter().map(|source| ("service.previous_version".to_owned(), source));
    variables.chain(credentials).chain(version).chain(before).collect()
}

fn rotations(plan: &Plan) -> impl Iterator<Item = (String, &Vec<String>)> {
    plan.credentials.iter().flat_map(|(id, credential)| {
        let commands = credential.rotation.commands();
        commands.map(move |(what, words)| (format!("credentials.{id}.rotation.{what}"), words))
    })
}

fn of_notifiers(plan: &Plan, kinds: &Kinds) -> Vec<(String, Touch)> {
    let of = |notifier: &Notifier| {
        let spec = kinds.notifiers.iter().find(|spec| spec.name == notifier.kind.as_str());
        let touches = spec.map(|spec| (spec.touches)(&notifier.options)).unwrap_or_default();
        let by = format!("notifiers.{}", notifier.id);
        touches.into_iter().map(move |touch| (by.clone(), touch)).collect::<Vec<_>>()
    };
    plan.notifiers.iter().flat_map(of).collect()
}

fn host_of(url: &Template) -> String {
    let after = url.as_written().split_once("://").map_or(url.as_written(), |(_, rest)| rest);
    after.split('/').next().unwrap_or_default().to_owned()
}

fn actions(plan: &Plan) -> Vec<(String, &Action)> {
    let items = plan.items.iter().filter_map(|item| Some((item.id.to_string(), &item.step.as_ref()?.action)));
    let undone = plan.items.iter().filter_map(|item| item.step.as_ref()?.undo.as_ref()).map(|undo| &undo.step);
    let measured = plan.rollback.rehearsal_steps.iter().map(|measured| &measured.step);
    let back = plan.procedure.iter().chain(undone).chain(measured);
    let back = back.flat_map(|step| {
        let form = step.rehearse.as_ref().map(|form| (format!("{} (rehearsal)", step.id), &form.action));
        std::iter::once((step.id.to_string(), &step.action)).chain(form)
    });
    items.chain(back).collect()
}

/// Every command line of a plan, word by word.
pub(super) fn commands(plan: &Plan, kinds: &Kinds) -> Vec<CommandLine> {
    let plain = |words: Vec<String>| CommandLine { words, ..CommandLine::default() };
    let mut commands = Vec::new();
    for check in &plan.checks {
        let spec = kinds.iter().find(|kind| kind.name == check.kind.as_str());
        let folder = check.options.get("folder").and_then(serde_json::Value::as_str).map(str::to_owned);
        for touch in spec.map(|spec| (spec.touches)(&check.options)).unwrap_or_default() {
            if let Touch::Command(words) = touch {
                commands.push(CommandLine { words, folder: folder.clone(), writes: Vec::new() });
            }
        }
    }
    for (_, touch) in of_notifiers(plan, kinds) {
        if let Touch::Command(words) = touch {
            commands.push(plain(words));
        }
    }
    for (_, touch, _) in of_triage(plan, kinds) {
        if let Touch::Command(words) = touch {
            commands.push(plain(words));
        }
    }
    commands.extend(actions(plan).into_iter().filter_map(|(_, action)| scripts::of_action(action)));
    for (_, source) in sources(plan) {
        if let ValueSource::Command(words) = source {
            commands.push(plain(words.clone()));
        }
    }
    commands.extend(rotations(plan).map(|(_, words)| plain(words.clone())));
    commands
}
