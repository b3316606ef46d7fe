//! Reports of folded states: every promised field, the booleans by name, and how each format looks.

use std::sync::Arc;

use golive::core::decide::{Command, decide};
use golive::core::event::{Body, CredentialSeen, SessionEvent};
use golive::core::verdict::{Answer, Inquiry, Scope};
use golive::model::duration::Span;
use golive::model::id::{CheckId, CredentialId, ItemId};
use golive::model::operator::{Actor, Operator, Provenance};
use golive::model::plan::{Credential, Plan, ValueSource};
use golive::model::text::SafeText;
use golive::model::word::{Outcome, Phase, Question, Severity};
use golive::report::build::{Circumstances, report};
use golive::report::shape::Report;
use golive::report::{FORMATS, Look, format};
use serde_json::Value;

use crate::scenario::words::finished;
use crate::scenario::{Story, plan_of};

fn texts(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// A go-live with one of everything that a report has to tell.
fn story() -> Story {
    let checks = texts(&[
        "api_key_valid critical",
        "test_mode_disabled critical must-hold",
        "payment_tls warning",
        "payment_api critical on test_mode_disabled",
        "application_healthy critical",
        "https_enforced critical",
    ]);
    let items = texts(&[
        "pre_deployment credentials_validated: checks api_key_valid",
        "pre_deployment security_measures_enabled: checks test_mode_disabled payment_tls",
        "pre_deployment backup_procedures_ready: 2 signatures",
        "deployment build_successful: step",
        "post_deployment application_healthy: checks application_healthy",
        "rollback rollback_plan_ready: 1 signature",
        "rollback rollback_tested: rehearsal",
    ]);
    let mut plan: Plan = (*plan_of(&checks, &items)).clone();
    plan.digest = "0f".repeat(32);
    plan.credentials.insert(
        CredentialId::new("api_key"),
        Credential {
            from: ValueSource::Env("APP_KEY".into()),
            check: CheckId::new("api_key_valid"),
            variable: None,
            rotate_every: Some(Span::seconds(90 * 86_400)),
            timeout: Span::seconds(10),
            rotation: Default::default(),
        },
    );
    let mut story = Story::begin(Arc::new(plan));
    let seen = CredentialSeen {
        id: CredentialId::new("api_key"),
        masked: Some(SafeText::from_foreign("••••7Q2M")),
        length: 32,
        fingerprint: Some(SafeText::from_foreign("a1b2c3d4")),
        source: SafeText::from_foreign(".env.production:4"),
        problem: None,
        changed: Some("2026-11-12T14:00:00Z".parse().unwrap()),
    };
    story.happens(Actor::Golive, Body::Session(SessionEvent::CredentialSeen(Box::new(seen))));
    for (check, outcome) in [
        ("api_key_valid", Outcome::Pass),
        ("test_mode_disabled", Outcome::Fail),
        ("payment_tls", Outcome::Warn),
        ("https_enforced", Outcome::Error),
    ] {
        let body = finished(&story, check, outcome, "32 characters");
        story.happens(Actor::Golive, body);
    }
    for (who, item, note) in
        [("thandi", "backup_procedures_ready", Some("restore seen at 13:40")), ("sipho", "rollback_plan_ready", None)]
    {
        let command = Command::Sign { item: ItemId::new(item), note: note.map(str::to_owned) };
        decides(&mut story, who, &command);
    }
    story
}

fn decides(story: &mut Story, who: &str, command: &Command) {
    let by = Operator::new(who, Provenance::Os);
    for body in decide(&story.state, command, &by, story.now).unwrap() {
        story.happens(Actor::Operator(by.clone()), body);
    }
}

fn report_of(story: &Story, scope: Scope) -> Report {
    let inquiry = Inquiry { question: Question::Deploy, scope };
    let circumstances = Circumstances {
        operator: SafeText::from_foreign("thandi"),
        plan: Some("golive.toml".to_owned()),
        journal: None,
    };
    report(&story.state, &inquiry, &circumstances, story.now)
}

fn written(report: &Report, name: &str) -> String {
    (format(name).unwrap().write)(report, Look::PLAIN)
}

fn json_of(story: &Story, scope: Scope) -> Value {
    serde_json::from_str(&written(&report_of(story, scope), "json")).unwrap()
}

/// Whether a value is of a type.
type IsOf = fn(&Value) -> bool;

#[test]
fn every_promised_field_is_there_and_of_its_type() {
    let json = json_of(&story(), Scope::All);
    let kinds: &[(&str, IsOf)] = &[
        ("number", Value::is_number),
        ("text", Value::is_string),
        ("boolean", Value::is_boolean),
        ("list", Value::is_array),
        ("object", Value::is_object),
        ("absent or null", Value::is_null),
    ];
    let promised = "
        /schema number, /service text, /environment text, /version text, /session text, /question text, /scope text,
        /verdict text, /would_be text, /is_valid boolean, /is_production_ready boolean, /reasons list,
        /reasons/0/subject text, /reasons/0/severity text, /reasons/0/message text, /critical_errors list,
        /warnings list, /recommendations list, /waiting list, /waiting/0/subject text, /waiting/0/whose text,
        /waiting/0/since text, /phases list, /phases/0/id text, /phases/0/status text, /phases/0/settled number,
        /phases/0/total number, /phases/0/items list, /phases/0/items/0/id text, /phases/0/items/0/title text,
        /phases/0/items/0/status text, /phases/0/items/0/settled_by list, /phases/0/items/0/severity text,
        /phases/0/items/0/checks list, /phases/0/items/2/signed_by list, /phases/0/items/2/note text,
        /phases/0/procedure absent or null, /phases/3/procedure/status text, /phases/3/procedure/steps list,
        /phases/3/procedure/verified boolean, /session_outcome absent or null, /checks list, /checks/0/id text,
        /checks/0/kind text, /checks/0/category text, /checks/0/severity text, /checks/0/outcome text,
        /checks/0/summary text, /checks/0/at text, /checks/0/latency_ms number, /checks/0/attempts number,
        /checks/0/evidence list, /checks/1/failure/category text, /checks/1/failure/severity text,
        /checks/1/failure/impact text, /checks/1/failure/recovery text, /checks/3/blocked_by list, /credentials list,
        /credentials/0/id text, /credentials/0/masked text, /credentials/0/length number,
        /credentials/0/fingerprint text, /credentials/0/source text, /credentials/0/age_days number,
        /credentials/0/rotate_in_days number, /credentials/0/problems list, /alerts list, /rehearsals list,
        /credential_validation object, /environment_validation object, /security_validation object,
        /configuration_validation object, /validation_timestamp text, /validation_version text,
        /environment_info/host text, /environment_info/os text, /environment_info/operator text,
        /environment_info/plan text, /environment_info/plan_sha256 text";
    for promise in promised.split(',').map(str::trim) {
        let (path, kind) = promise.split_once(' ').unwrap();
        let (_, is_of_kind) = kinds.iter().find(|(name, _)| *name == kind).unwrap();
        assert!(is_of_kind(json.pointer(path).unwrap_or(&Value::Null)), "{path} is no {kind}");
    }
}

#[test]
fn the_booleans_by_name_are_those_that_were_asked_for() {
    let json = json_of(&story(), Scope::All);
    let names = |group: &str| json[group].as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        names("credential_validation"),
        "api_key_valid api_secret_valid credentials_secure no_development_credentials webhook_secret_valid"
    );
    assert_eq!(
        names("environment_validation"),
        "node_env_production production_endpoints required_variables_set test_mode_disabled variable_values_valid"
    );
    assert_eq!(
        names("security_validation"),
        "certificates_valid https_enforced no_security_vulnerabilities security_logging_enabled \
         webhook_validation_enabled"
    );
    assert_eq!(
        names("configuration_validation"),
        "deployment_ready error_tracking_enabled fallback_credentials_disabled monitoring_enabled \
         production_settings_enforced"
    );
}

#[test]
fn a_boolean_is_true_on_a_fresh_pass_alone_and_says_why_it_is_false() {
    let mut story = story();
    let json = json_of(&story, Scope::All);
    assert_eq!(json["credential_validation"]["api_key_valid"], true);
    for (group, name) in [
        ("environment_validation", "test_mode_disabled"),
        ("security_validation", "https_enforced"),
        ("configuration_validation", "deployment_ready"),
    ] {
        assert_eq!(json[group][name], false, "{name}");
        let told = json["reasons"].as_array().unwrap().iter().any(|reason| reason["subject"] == name);
        assert!(told, "no reason speaks of {name}");
    }
    story.wait(std::time::Duration::from_secs(600));
    let later = json_of(&story, Scope::All);
    assert_eq!(later["credential_validation"]["api_key_valid"], false, "a stale pass is no pass");
    let told = later["reasons"].as_array().unwrap().iter().any(|reason| reason["subject"] == "api_key_valid");
    assert!(told);
}

#[test]
fn the_three_lists_hold_every_reason_once_by_how_it_weighs() {
    for scope in [Scope::All, Scope::Machines] {
        let report = report_of(&story(), scope);
        let lists = [report.critical_errors, report.warnings, report.recommendations];
        for (list, severity) in lists.iter().zip([Severity::Critical, Severity::Warning, Severity::Advice]) {
            assert!(!list.is_empty() && list.iter().all(|reason| reason.severity == severity), "{list:?}");
        }
        assert_eq!(lists.concat(), report.reasons, "the worst first");
        assert_eq!(report.is_valid, lists[0].is_empty());
    }
}

#[test]
fn nothing_checked_yet_is_neither_valid_nor_ready() {
    let story = Story::begin(plan_of(&texts(&["a critical"]), &texts(&["pre_deployment x: checks a"])));
    let json = json_of(&story, Scope::Machines);
    assert_eq!(
        (&json["verdict"], &json["is_valid"], &json["is_production_ready"]),
        (&"hold".into(), &false.into(), &false.into())
    );
}

#[test]
fn what_waits_for_people_does_not_make_a_plan_invalid() {
    let mut story = Story::begin(plan_of(
        &texts(&["a critical"]),
        &texts(&["pre_deployment x: checks a", "pre_deployment backup: 1 signature"]),
    ));
    let body = finished(&story, "a", Outcome::Pass, "");
    story.happens(Actor::Golive, body);
    let (machines, all) = (report_of(&story, Scope::Machines), report_of(&story, Scope::All));
    assert!(machines.is_valid && machines.is_production_ready, "machines do not wait for people");
    assert_eq!(machines.waiting.len(), 1);
    assert!(all.is_valid && !all.is_production_ready);
    assert_eq!(all.warnings[0].subject, "backup");
}

#[test]
fn a_selection_tells_of_what_was_selected_alone() {
    let checks = [CheckId::new("payment_tls")].into();
    let json = json_of(&story(), Scope::Selection { checks, phases: vec![Phase::PreDeployment] });
    assert_eq!((&json["scope"], &json["verdict"]), (&"selection".into(), &"go_with_warnings".into()));
    assert_eq!(json["checks"].as_array().unwrap().len(), 1);
    assert_eq!(json["phases"].as_array().unwrap().len(), 1);
}

#[test]
fn every_format_is_looked_up_by_its_name_and_ends_its_last_line() {
    let report = report_of(&story(), Scope::All);
    for known in FORMATS {
        assert!(written(&report, known.name).ends_with('\n'), "{}", known.name);
    }
    assert!(format("yaml").is_none());
}

#[test]
fn without_colour_no_format_writes_an_escape() {
    let report = report_of(&story(), Scope::All);
    for known in FORMATS {
        assert!(!written(&report, known.name).contains('\x1b'), "{}", known.name);
    }
}

#[test]
fn markup_in_foreign_text_stays_text() {
    let mut story = story();
    let hostile = "%0A::stop-commands::x </failure><script>\"&' `|*_[x](y) @all";
    let body = finished(&story, "test_mode_disabled", Outcome::Fail, hostile);
    story.happens(Actor::Golive, body);
    let note = Command::Object { item: ItemId::new("rollback_plan_ready"), reason: hostile.to_owned() };
    decides(&mut story, "lerato", &note);
    let report = report_of(&story, Scope::All);
    let (xml, markdown) = (written(&report, "junit"), written(&report, "markdown"));
    assert!(!xml.contains("<script>") && xml.contains("&lt;script&gt;"));
    let annotations = written(&report, "github");
    let begins = |line: &str| ["error", "warning", "notice"].iter().any(|l| line.starts_with(&format!("::{l} title=")));
    assert!(annotations.lines().all(begins) && annotations.contains("%250A"), "{annotations}");
    assert!(!markdown.contains("<script>") && !markdown.contains("[x](y)") && !markdown.contains("@all"));
    for name in ["html", "handover", "post-mortem", "triage"] {
        assert!(!written(&report, name).contains("<script>"), "{name}");
    }
    crate::junit_schema::holds(&xml);
    let _: Value = serde_json::from_str(&written(&report, "sarif")).unwrap();
}

#[test]
fn the_report_for_people_reads_calmly() {
    insta::assert_snapshot!(written(&report_of(&story(), Scope::All), "human"));
}

#[test]
fn the_report_fits_a_narrow_terminal() {
    let report = report_of(&story(), Scope::All);
    insta::assert_snapshot!((format("human").unwrap().write)(&report, Look { colour: false, width: 60 }));
}

#[test]
fn the_report_for_tickets() {
    insta::assert_snapshot!(written(&report_of(&story(), Scope::All), "markdown"));
}

#[test]
fn the_report_for_build_servers() {
    let xml = written(&report_of(&story(), Scope::All), "junit");
    crate::junit_schema::holds(&xml);
    insta::assert_snapshot!(xml);
}

#[test]
fn a_build_is_as_red_as_the_verdict_also_where_no_check_is_the_reason() {
    let mut report = report_of(&story(), Scope::All);
    report.checks.retain(|check| check.outcome == "pass");
    report.critical_errors.retain(|reason| reason.subject == "rollback_plan_ready");
    report.warnings.truncate(1);
    let waits = report.warnings[0].clone();
    for (verdict, element, says) in [
        (Answer::Go, None, ""),
        (Answer::GoWithWarnings, None, ""),
        (Answer::Hold, Some("error"), "<error type=\"hold\" message=\"HOLD to deploy\">"),
        (Answer::NoGo, Some("failure"), "<failure type=\"no_go\" message=\"NO-GO to deploy\">"),
    ] {
        report.verdict = verdict;
        let xml = written(&report, "junit");
        crate::junit_schema::holds(&xml);
        assert!(xml.contains("<testcase classname=\"verdict\" name=\"verdict\""), "{xml}");
        for red in ["error", "failure"] {
            assert_eq!(xml.contains(&format!("<{red} ")), element == Some(red), "{verdict:?}: {xml}");
        }
        let told = xml.contains(says) && xml.contains(&waits.subject);
        assert_eq!(told, element.is_some(), "{verdict:?}: {xml}");
    }
}

#[test]
fn the_report_for_workflow_runs() {
    insta::assert_snapshot!(written(&report_of(&story(), Scope::All), "github"));
}

#[test]
fn the_report_for_programs() {
    insta::assert_snapshot!(written(&report_of(&story(), Scope::All), "json"));
}

#[test]
fn the_report_for_code_scanning() {
    insta::assert_snapshot!(written(&report_of(&story(), Scope::All), "sarif"));
}

#[test]
fn the_page_for_the_next_shift() {
    insta::assert_snapshot!(written(&report_of(&story(), Scope::All), "handover"));
}

#[test]
fn the_draft_of_a_post_mortem() {
    insta::assert_snapshot!(written(&report_of(&story(), Scope::All), "post-mortem"));
}

#[test]
fn the_page_for_a_browser_is_one_file_that_asks_for_nothing_else() {
    let page = written(&report_of(&story(), Scope::All), "html");
    for foreign in ["<script", "<link", "src=", "url(", "@import", "href="] {
        assert!(!page.contains(foreign), "{foreign} in the page");
    }
    for told in [
        "Who decided what",
        "signed off: restore seen at 13:40",
        "NO-GO to deploy",
        "test_mode_disabled",
        "restore seen at 13:40",
        "signed by thandi",
        "••••7Q2M",
    ] {
        assert!(page.contains(told), "{told} is not in the page");
    }
}

#[test]
fn a_waived_check_is_suppressed_with_its_reason_and_never_a_plain_pass() {
    let mut story = story();
    let until = story.now.after(std::time::Duration::from_secs(3_600)).at;
    let subject = golive::core::event::Subject::Check(CheckId::new("https_enforced"));
    decides(&mut story, "thandi", &Command::Waive { subject, reason: "known, ticket 48113".to_owned(), until });
    let log: Value = serde_json::from_str(&written(&report_of(&story, Scope::All), "sarif")).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let result = results.iter().find(|result| result["ruleId"] == "https_enforced").unwrap();
    let suppression = &result["suppressions"][0];
    assert!(suppression["justification"].as_str().unwrap().starts_with("known, ticket 48113 (thandi"), "{result}");
    assert!(results.iter().all(|result| result["ruleId"] != "api_key_valid"), "what is fine has no result");
}
