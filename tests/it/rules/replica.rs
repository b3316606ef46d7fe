//! The other side: the same rules and series as files for `promtool test rules`, which has to find each rule standing
//! where golive has it, at every step.

use std::fmt::Write as _;
use std::path::Path;

use golive::core::evidence::Evidence;
use golive::model::failure::{Failure, FailureClass, Recovery};
use golive::model::text::SafeText;
use golive::model::word::{Category, Severity};

use super::forms::{Case, Sample};
use super::{Command, STEP, STEPS, Stands};

/// What a check would say of a sample.
pub(super) fn evidence(sample: Sample) -> Evidence {
    let failure = || Failure {
        class: FailureClass::Condition,
        category: Category::System,
        severity: Severity::Warning,
        impact: SafeText::from_foreign("none: a test"),
        recovery: Recovery::Retry,
    };
    match sample {
        Sample::Number(_) | Sample::Pass => Evidence::pass("as it is"),
        Sample::Fail => Evidence::fail(failure(), "as it is"),
        Sample::Error => Evidence::error(failure(), "as it is"),
    }
}

/// A series as promtool writes it.
pub(super) fn values(samples: &[Option<f64>]) -> String {
    let shown = samples.iter().map(|sample| sample.map_or_else(|| "_".to_owned(), |number| number.to_string()));
    shown.collect::<Vec<_>>().join(" ")
}

/// Whether Prometheus has each rule where golive has it; else what it said.
pub(super) fn prometheus_agrees(promtool: &Path, cases: &[Case], stands: &[Vec<Stands>]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.yml"), rules(cases)).unwrap();
    std::fs::write(folder.path().join("test.yml"), test(cases, stands)).unwrap();
    let output =
        Command::new(promtool).args(["test", "rules", "test.yml"]).current_dir(folder.path()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(()) } else { Err(said) }
}

fn rules(cases: &[Case]) -> String {
    let mut text = format!("groups:\n- name: golive\n  interval: {}s\n  rules:\n", STEP.as_secs());
    for case in cases {
        let _ = write!(text, "  - alert: {}\n    expr: {}\n", case.name, case.expression());
        let _ = write!(text, "    for: {}s\n    keep_firing_for: {}s\n", case.hold, case.keep);
    }
    text
}

fn test(cases: &[Case], stands: &[Vec<Stands>]) -> String {
    let step = STEP.as_secs();
    let mut text = format!(
        "rule_files: [rules.yml]\nevaluation_interval: {step}s\ntests:\n- interval: {step}s\n  input_series:\n"
    );
    for (name, samples) in cases.iter().flat_map(Case::series) {
        let _ = write!(text, "  - series: {name}\n    values: '{}'\n", values(&samples));
    }
    text.push_str("  promql_expr_test:\n");
    for at in 0..STEPS {
        let seconds = at as u64 * step;
        let _ = write!(text, "  - expr: ALERTS\n    eval_time: {seconds}s\n    exp_samples:\n");
        for (case, stands) in cases.iter().zip(stands) {
            let word = match stands[at] {
                Stands::Inactive => continue,
                Stands::Pending => "pending",
                Stands::Firing => "firing",
            };
            let labels = format!("ALERTS{{alertname=\"{}\", alertstate=\"{word}\"}}", case.name);
            let _ = write!(text, "    - labels: '{labels}'\n      value: 1\n");
        }
    }
    text
}
