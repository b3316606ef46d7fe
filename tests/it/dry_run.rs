//! What the steps would run, shown before anybody runs them: in order, masked, and nothing is run for it.

use std::sync::Arc;

use golive::core::dry_run::{self, WouldRun};
use golive::core::state::State;
use golive::model::values::{Origin, Value, Values};
use golive::{check, plan};

use crate::kit;
use crate::kit::desk::Desk;
use crate::scenario::opened;

const SECRET: &str = "FAKE-value-that-is-secret";

fn state(text: &str) -> State {
    let text = format!("[service]\nname = \"shop\"\n{text}");
    let loaded = plan::load_text("p.toml", &text, std::path::Path::new("."), &check::specs());
    State::open(&opened(Arc::new(loaded.unwrap_or_else(|problems| panic!("{problems:?}")).plan))).unwrap()
}

fn values() -> Values {
    let mut values = Values::default();
    values.insert("token", Value::secret(SECRET.to_owned().into(), Origin::Plan));
    values.insert("version", Value::plain("2026.11.3", Origin::Plan));
    values
}

fn fact<'a>(step: &'a WouldRun, name: &str) -> Option<&'a str> {
    step.facts.iter().find(|(known, _)| *known == name).map(|(_, words)| words.as_str())
}

#[test]
fn steps_that_do_not_wait_for_each_other_have_the_same_turn() {
    let step = |id: &str, more: &str| format!("[[deployment]]\nid = \"{id}\"\nstep = {{ run = [\"./{id}\"] }}\n{more}");
    let text = [
        step("build", ""),
        step("front", "parallel = \"both\"\n"),
        step("back", "parallel = \"both\"\n"),
        step("switch", ""),
    ];
    let steps = dry_run::of_session(&state(&text.concat()), &Values::default());
    let turns: Vec<(&str, usize)> = steps.iter().map(|step| (step.id.as_str(), step.turn)).collect();
    assert_eq!(turns, [("build", 1), ("front", 2), ("back", 2), ("switch", 3)]);
}

#[test]
fn every_part_of_a_step_is_told_and_no_secret_is_in_it() {
    let state = state(
        "[[deployment]]\nid = \"release\"\nstep = { run = [\"./deploy.sh\", \"--to\", \"{{ version }}\", \"{{ no_such }}\", \"two words\"], \
         environment = { TOKEN = \"Bearer {{ token }}\" }, folder = \"ops\", writes = [\"dist\"], timeout = \"10m\", \
         undo = { run = [\"./undo.sh\"] } }\n\
         [[rollback_step]]\nid = \"purge\"\nrequest = { method = \"POST\", url = \"https://cdn.example/purge\", \
         headers = { authorization = \"{{ token }}\" } }\nbudget = \"30s\"\n",
    );
    let steps = dry_run::of_session(&state, &values());
    let release = &steps[0];
    assert_eq!(fact(release, "runs"), Some("./deploy.sh --to 2026.11.3 \"{{ no_such }}\" \"two words\""));
    assert_eq!((fact(release, "in"), fact(release, "with")), (Some("ops"), Some("TOKEN=••••")));
    assert_eq!((fact(release, "writes"), fact(release, "timeout")), (Some("dist"), Some("10m")));
    assert_eq!(fact(release, "undo"), Some("./undo.sh"));
    let purge = steps.iter().find(|step| step.id.as_str() == "purge").unwrap();
    assert_eq!(fact(purge, "asks"), Some("POST https://cdn.example/purge"));
    assert_eq!(fact(purge, "headers"), Some("authorization=••••"));
    assert_eq!(fact(purge, "rehearsed"), Some("never: it has no form for that"));
    assert!(!format!("{steps:?}").contains(SECRET));
}

#[test]
fn d_shows_what_the_phase_would_run_and_esc_leads_back() {
    let mut desk = Desk::at(kit::healthy());
    desk.size = (120, 36);
    desk.fly("2").sees("d dry run");
    desk.fly("d").sees("What would run: the deployment").sees("./deploy.sh").sees("timeout").sees("undo");
    desk.sees("nothing runs by looking");
    desk.fly("j?").sees("everywhere");
    desk.fly("<esc><esc>").sees("▌");
    assert!(!desk.screen().contains("What would run"));
    assert!(desk.asked.is_empty(), "nothing was decided, so nothing runs");
    assert!(desk.state.items().all(|(_, known)| known.step.is_none()), "and no step has begun");
}

#[test]
fn the_way_back_has_its_dry_run_on_its_own_screen() {
    let mut desk = Desk::at(kit::mid_rollback());
    desk.size = (120, 36);
    desk.fly("b j d").sees("What would run: the way back").sees("switch_back").sees("budget").sees("▌2 ");
    assert!(desk.asked.is_empty());
}

#[test]
fn a_phase_without_steps_says_so() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("d").sees("this phase runs no step");
}
