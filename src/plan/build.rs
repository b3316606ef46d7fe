//! From the document to the plan: defaults put in, globs resolved, credentials and settings made into checks, phases
//! worked out.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;
use sha2::{Digest as _, Sha256};

use crate::model::alert::{Escalation, Rule};
use crate::model::baseline::{Baseline, BaselineSource};
use crate::model::degradation::Degradation;
use crate::model::duration::Span;
use crate::model::failure::Recovery;
use crate::model::id::{AlertId, CheckId, CredentialId, ItemId, KindName, NotifierId};
use crate::model::item::{Item, Manual, Rehearsal, Soak, Waivable};
use crate::model::kind::{KindSpec, Kinds, ON_DEMAND, Options, Touch};
use crate::model::notifier::Notifier;
use crate::model::plan::{
    Check, Credential, Gate, Limits, Metrics, Network, Plan, Retry, Run, Service, Sources, ValueSource,
};
use crate::model::rotation::{Rotation, VerifyWithin};
use crate::model::word::{Category, Phase, Severity};
use crate::plan::acting;
use crate::plan::document::{
    AlertDocument, BaselineDocument, CheckDocument, CommonKeys, CredentialDocument, Document, GateDocument,
    ItemDocument, LimitsDocument, NotifierDocument, RotationDocument, RunDocument, SettingDocument,
};
use crate::plan::judge::{notifiers, selection, setting_id};
use crate::plan::order;
use crate::plan::problem::Problem;
use crate::plan::procedure;
use crate::plan::scripts;
use crate::plan::tree::Node;
use crate::plan::triage;

const OFTEN: Span = Span::seconds(30);
const SPARINGLY: Span = Span::seconds(60);
/// The credential and setting checks are about this machine and cost nothing.
const DAY: Span = Span::seconds(86_400);

/// The plan, and what turned out to be wrong only while it was put together.
pub(super) fn plan(mut document: Document, tree: &Node, folder: &Path, kinds: &Kinds) -> (Plan, Vec<Problem>) {
    let (no_return, ceremony) = (procedure::no_return(&document), procedure::ceremony(&document));
    let files = document.procedure.files.clone();
    let silent = order::silent(&document);
    let told: Vec<String> = notifiers::names(&document).into_iter().map(str::to_owned).collect();
    let (triage, no_runbooks) = triage::of(&mut document, tree, folder);
    let service = document.service.map(|service| Service {
        name: service.name,
        environment: service.environment,
        version: service.version.map(ValueSource::from),
        previous_version: service.previous_version.map(ValueSource::from),
        hosts: service.hosts,
    });
    let service = service.unwrap_or_else(|| Service {
        name: String::new(),
        environment: String::new(),
        version: None,
        previous_version: None,
        hosts: Vec::new(),
    });
    let (mut checks, mut credentials) =
        checks_of((document.credentials, document.settings, document.checks), &service, kinds);
    resolve_dependencies(&mut checks);
    order::stand_on_each_other(&mut checks, &silent, kinds);
    resolve_verification(&mut credentials, &checks);
    let phases = [
        (Phase::PreDeployment, document.pre_deployment),
        (Phase::Deployment, document.deployment),
        (Phase::PostDeployment, document.post_deployment),
        (Phase::Rollback, document.rollback),
    ];
    let items: Vec<Item> = phases.into_iter().flat_map(|(phase, items)| items_of(phase, items, &checks)).collect();
    let steps: Vec<_> = document.rollback_step.into_iter().map(acting::rollback_step).collect();
    let mut rollback = procedure::rollback(document.procedure, &checks, no_return);
    rollback.rehearsal_steps = document.rehearsal_step.into_iter().map(acting::rehearsal_step).collect();
    procedure::ask_only_of_the_old_version(&mut checks, &items, &rollback);
    set_phases(&mut checks, &items);
    let gate = gate(document.gate, &checks);
    rollback.fingerprint = procedure::fingerprint(&steps, &items, &rollback, &files, &checks, folder);
    let mut plan = Plan {
        service,
        network: Network { resolve: document.network.resolve, ca: document.network.ca },
        sources: Sources { env_files: document.sources.env_files, process_env: document.sources.process_env },
        variables: document.variables.into_iter().map(|(name, value)| (name, value.into())).collect(),
        credentials,
        checks,
        items,
        gate,
        alerts: document.alerts.into_iter().map(|(id, alert)| rule(&id, alert, &told)).collect(),
        baselines: document.baselines.into_iter().filter_map(baseline).collect(),
        notifiers: document.notifiers.into_iter().map(notifier).collect(),
        metrics: document.metrics.map(|metrics| Metrics { listen: metrics.listen }),
        procedure: steps,
        rollback,
        ceremony,
        triage,
        limits: limits(&document.limits),
        folder: folder.to_path_buf(),
        digest: String::new(),
    };
    plan.digest = digest(&plan, tree, kinds);
    (plan, no_runbooks)
}

fn limits(document: &LimitsDocument) -> Limits {
    let usual = Limits::default();
    Limits { concurrency: document.concurrency.max(1), claims: document.claims.unwrap_or(usual.claims) }
}

fn notifier((id, document): (String, NotifierDocument)) -> Notifier {
    let common = document.common;
    Notifier {
        id: NotifierId::new(&id),
        kind: KindName::new(&document.kind),
        timeout: common.timeout.unwrap_or(Span::seconds(10)),
        retry_delay: common.retry_delay.unwrap_or(Span::seconds(1)),
        give_up_after: common.give_up_after.unwrap_or(DAY),
        rate: common.rate.unwrap_or_default(),
        options: document.options,
    }
}

/// All checks: those that credentials and settings bring first, then the plan's own.
fn checks_of(
    (of_credentials, of_settings, own): (
        IndexMap<String, CredentialDocument>,
        IndexMap<String, SettingDocument>,
        IndexMap<String, CheckDocument>,
    ),
    service: &Service,
    kinds: &[KindSpec],
) -> (Vec<Check>, BTreeMap<CredentialId, Credential>) {
    let mut checks = Vec::new();
    let mut credentials = BTreeMap::new();
    for (id, credential) in of_credentials {
        let check = CheckId::new(&format!("{id}_valid"));
        let mut options = credential.options;
        options.insert("credential".into(), id.clone().into());
        let timeout = credential.common.timeout.unwrap_or(Span::seconds(10));
        let (from, rotate_every, rotation) = (credential.from, credential.rotate_every, rotation(credential.rotation));
        let variable = credential.r#as;
        let made_of = Credential { from, check: check.clone(), variable, rotate_every, timeout, rotation };
        credentials.insert(CredentialId::new(&id), made_of);
        checks.push(made(&check, "credential", credential.common, options, service, kinds));
    }
    for (name, setting) in of_settings {
        let id = CheckId::new(&setting_id(setting.id.as_deref(), &name));
        let mut options = setting.options;
        options.insert("name".into(), name.into());
        checks.push(made(&id, "setting", setting.common, options, service, kinds));
    }
    for (id, check) in own {
        checks.push(made(&CheckId::new(&id), &check.kind, check.common, check.options, service, kinds));
    }
    (checks, credentials)
}

fn made(
    id: &CheckId,
    kind: &str,
    common: CommonKeys,
    mut options: Options,
    service: &Service,
    kinds: &[KindSpec],
) -> Check {
    let spec = kinds.iter().find(|spec| spec.name == kind);
    let run = match common.run {
        Some(RunDocument::When(run)) => run,
        Some(RunDocument::Command(words)) => {
            options.insert("run".into(), words.into());
            Run::Scheduled
        }
        None => Run::Scheduled,
    };
    let run = if common.on_demand || ON_DEMAND.contains(&kind) { Run::OnDemand } else { run };
    let touches = spec.map(|spec| (spec.touches)(&options)).unwrap_or_default();
    let every = common.every.unwrap_or_else(|| if touches_others(&touches, service) { SPARINGLY } else { OFTEN });
    let usual = Span((every.0 * 3).max(Duration::from_secs(30)));
    let fresh_for = common.fresh_for.unwrap_or(if run == Run::OnDemand { DAY } else { usual });
    let retry = common.retry.map_or(Retry::NONE, |retry| Retry {
        attempts: retry.attempts.max(1),
        delay: retry.delay,
        backoff: retry.backoff,
    });
    Check {
        id: id.clone(),
        kind: KindName::new(kind),
        title: common.title,
        category: common.category.or_else(|| spec.map(|spec| spec.category)).unwrap_or(Category::System),
        severity: common.severity.unwrap_or(Severity::Critical),
        every,
        timeout: common.timeout.unwrap_or(Span::seconds(10)),
        fresh_for,
        retry,
        depends_on: common.depends_on.iter().flatten().map(|pattern| CheckId::new(pattern)).collect(),
        run,
        allow_in_production: common.allow_in_production,
        waivable: waivable(common.waivable, common.waiver_people),
        impact: common.impact,
        remedy: common.remedy,
        recovery: common.recovery.or_else(|| common.degrade.as_ref().map(|_| Recovery::GracefulDegradation)),
        degradation: common.degrade.map(|degrade| Degradation { without: degrade.without, flags: degrade.flags }),
        phase: None,
        options,
    }
}

fn waivable(may: Option<bool>, people: Option<u8>) -> Waivable {
    match may {
        Some(false) => Waivable::Never,
        Some(true) | None => Waivable::By(people.unwrap_or(1).max(1)),
    }
}

/// Whether a check asks a host that is not ours.
fn touches_others(touches: &[Touch], service: &Service) -> bool {
    touches.iter().any(|touch| match touch {
        Touch::Host(host) => {
            let bare = host.split(':').next().unwrap_or(host);
            let local = bare == "localhost" || bare.starts_with("127.") || host.contains("{{");
            !local && !service.hosts.iter().any(|own| own.eq_ignore_ascii_case(bare))
        }
        Touch::File(_) | Touch::Command(_) => false,
    })
}

/// Globs in `depends_on` become ids; the judge has made sure that each names something.
fn resolve_dependencies(checks: &mut [Check]) {
    let known: Vec<(CheckId, Category)> = checks.iter().map(|check| (check.id.clone(), check.category)).collect();
    for check in checks {
        let patterns: Vec<CheckId> = std::mem::take(&mut check.depends_on);
        for pattern in patterns {
            for id in selection(pattern.as_str(), known.iter().map(|(id, category)| (id.as_str(), *category))) {
                let id = CheckId::new(id);
                if id != check.id && !check.depends_on.contains(&id) {
                    check.depends_on.push(id);
                }
            }
        }
    }
}

fn rotation(document: RotationDocument) -> Rotation {
    Rotation {
        generate: document.generate,
        obtain: document.obtain,
        env_file: document.env_file,
        distribute: document.distribute,
        verify: document.verify.iter().map(|pattern| CheckId::new(pattern)).collect(),
        verify_within: document.verify_within.map(VerifyWithin).unwrap_or_default(),
        retire: document.retire,
    }
}

/// Globs in `verify` become ids, as those in `depends_on` do.
fn resolve_verification(credentials: &mut BTreeMap<CredentialId, Credential>, checks: &[Check]) {
    for credential in credentials.values_mut() {
        for pattern in std::mem::take(&mut credential.rotation.verify) {
            let known = checks.iter().map(|check| (check.id.as_str(), check.category));
            for id in selection(pattern.as_str(), known).into_iter().map(CheckId::new) {
                if !credential.rotation.verify.contains(&id) {
                    credential.rotation.verify.push(id);
                }
            }
        }
    }
}

fn items_of(phase: Phase, documents: Vec<ItemDocument>, checks: &[Check]) -> Vec<Item> {
    let mut steps_before: Vec<(ItemId, Option<String>)> = Vec::new();
    let mut items = Vec::new();
    for document in documents {
        let id = ItemId::new(&document.id);
        let mut selected: Vec<CheckId> = Vec::new();
        for pattern in &document.checks {
            for found in selection(pattern, checks.iter().map(|check| (check.id.as_str(), check.category))) {
                if !selected.iter().any(|known| known.as_str() == found) {
                    selected.push(CheckId::new(found));
                }
            }
        }
        let has_step = document.step.is_some();
        let needs = match document.needs {
            Some(needs) => needs.iter().map(|need| ItemId::new(need)).collect(),
            None if has_step => {
                let beside = |group: &Option<String>| group.is_some() && *group == document.parallel;
                steps_before.iter().filter(|(_, group)| !beside(group)).map(|(id, _)| id.clone()).collect()
            }
            None => Vec::new(),
        };
        if has_step {
            steps_before.push((id.clone(), document.parallel.clone()));
        }
        let title = document.title.unwrap_or_else(|| in_words(&document.id));
        items.push(Item {
            step: document.step.map(|step| acting::step(step, &id, &title)),
            title,
            id,
            phase,
            severity: document.severity.unwrap_or(Severity::Critical),
            waivable: waivable(document.waivable, document.waiver_people),
            checks: selected,
            manual: document.manual.map(|manual| Manual {
                prompt: manual.prompt,
                approvals: manual.approvals.max(1),
                not_by: manual.not_by,
            }),
            soak: document.soak.map(|soak| Soak { length: soak.length, no_alert_above: soak.no_alert_above }),
            rehearsal: document.rehearsal.map(|needed| Rehearsal {
                within: needed.within,
                budget: needed.budget,
                grade: needed.grade,
            }),
            needs,
            remedy: document.remedy,
        });
    }
    items
}

/// `backup_procedures_ready` → `Backup procedures ready`.
pub(super) fn in_words(id: &str) -> String {
    let words = id.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn gate(document: GateDocument, checks: &[Check]) -> Gate {
    let known = || checks.iter().map(|check| (check.id.as_str(), check.category));
    let closes_on = document.closes_on.iter().flat_map(|pattern| selection(pattern, known()));
    let mut closes_on: Vec<CheckId> = closes_on.map(CheckId::new).collect();
    closes_on.sort_unstable();
    closes_on.dedup();
    // The judge has made sure that it is an address.
    let listen = document.listen.and_then(|address| address.parse().ok());
    Gate { file: document.file, listen, opens: document.opens, closes_on }
}

/// A check runs from the opening of the first phase that uses it, directly or through what depends on it (DECISIONS 1).
fn set_phases(checks: &mut [Check], items: &[Item]) {
    let earlier = |one: Option<Phase>, other: Phase| match one {
        Some(one) if one.first_question() <= other.first_question() => Some(one),
        _ => Some(other),
    };
    for check in checks.iter_mut() {
        for item in items.iter().filter(|item| item.checks.contains(&check.id)) {
            check.phase = earlier(check.phase, item.phase);
        }
    }
    // A check that others stand on is needed as early as they are: handed down until nothing moves any more.
    let position: std::collections::HashMap<CheckId, usize> =
        checks.iter().enumerate().map(|(at, check)| (check.id.clone(), at)).collect();
    let mut moved = true;
    while moved {
        moved = false;
        for at in 0..checks.len() {
            if checks[at].run == Run::AfterRollback {
                continue;
            }
            let phase = checks[at].phase;
            for dependency in checks[at].depends_on.clone() {
                let Some(below) = position.get(&dependency).copied() else { continue };
                let wanted = match (phase, checks[below].phase) {
                    (_, None) => None,
                    (None, Some(_)) => None,
                    (Some(phase), known) => earlier(known, phase),
                };
                // `None` means "from the start" and is the earliest there is.
                let earlier_than_known = match (wanted, checks[below].phase) {
                    (None, known) => known.is_some() && phase.is_none(),
                    (Some(wanted), Some(known)) => wanted.first_question() < known.first_question(),
                    (Some(_), None) => false,
                };
                if earlier_than_known {
                    checks[below].phase = wanted;
                    moved = true;
                }
            }
        }
    }
}

/// A rule tells those whom the plan has; lint has said who was left out.
fn rule(id: &str, alert: AlertDocument, told: &[String]) -> Rule {
    let known = |names: Vec<String>| names.into_iter().filter(|name| told.contains(name)).collect();
    Rule {
        id: AlertId::new(id),
        title: alert.title,
        level: alert.level,
        when: alert.when,
        hold: alert.hold.unwrap_or(Span::seconds(0)),
        keep_firing: alert.keep_firing_for.unwrap_or(Span::seconds(0)),
        notify: known(alert.notify),
        escalate: alert.escalate.map(|e| Escalation { after: e.after, to: known(e.to) }),
        min_samples: alert.min_samples.unwrap_or(1),
        during_lull: alert.during_lull,
        examples: alert.examples,
        impact: alert.impact,
        remedy: alert.remedy,
    }
}

/// The judge has refused one without a source.
fn baseline((series, document): (String, BaselineDocument)) -> Option<Baseline> {
    let from = match (document.session_within, document.prometheus, document.query) {
        (Some(within), _, _) => BaselineSource::Session { within },
        (None, Some(url), Some(query)) => {
            let (headers, ago) = (document.headers, document.ago.unwrap_or(DAY));
            BaselineSource::Prometheus { url, headers, query, ago }
        }
        (None, ..) => return None,
    };
    Some(Baseline { series: CheckId::new(&series), from })
}

/// What trust pins: the plan after `extends` and before any value, and the scripts it names inside its folder.
fn digest(plan: &Plan, tree: &Node, kinds: &Kinds) -> String {
    let mut hasher = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    part(tree.to_sorted_json().as_bytes());
    for line in super::audit::commands(plan, kinds) {
        for script in scripts::of(&plan.folder, &line) {
            part(script.name.as_bytes());
            part(&script.content);
        }
    }
    hex::encode(hasher.finalize())
}
