//! A waiver has an end, and nobody is surprised by it: a quarter of an hour before, the cockpit says so; at the end what it
//! covered counts again by itself.

use std::sync::Arc;
use std::time::Duration;

use golive::core::event::Subject;
use golive::core::state::State;
use golive::core::verdict::Answer;
use golive::core::{status, verdict};
use golive::model::id::CheckId;

use crate::kit::Moment;
use crate::kit::desk::Desk;
use crate::scenario::{Story, plan_of, words};

/// A critical check fails and is waived for an hour.
fn waived() -> Story {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let plan = plan_of(&lines(&["console_logs critical"]), &lines(&["pre_deployment quiet: checks console_logs"]));
    let mut story = Story::begin(Arc::clone(&plan));
    words::happen(&mut story, "console_logs fails").unwrap();
    words::happen(&mut story, "thandi waives check console_logs for 1h").unwrap();
    story
}

/// So much later, the check having failed again just before.
fn after(story: &mut Story, minutes: u64) {
    story.wait(Duration::from_secs(60 * minutes));
    words::happen(story, "console_logs fails").unwrap();
}

fn desk(state: &State, story: &Story) -> Desk {
    let mut desk = Desk::at(Moment { state: Arc::new(state.clone()), now: story.now });
    desk.size = (120, 36);
    desk
}

#[test]
fn its_end_is_warned_of_a_quarter_of_an_hour_before() {
    let mut story = waived();
    after(&mut story, 44);
    assert!(status::ending_waivers(&story.state, story.now).is_empty());
    assert!(!desk(&story.state, &story).screen().contains("the waiver of"));
    after(&mut story, 1);
    let ending = status::ending_waivers(&story.state, story.now);
    assert_eq!(ending[0].0, Subject::Check(CheckId::new("console_logs")));
    desk(&story.state, &story).sees("the waiver of console_logs ends in 15 min").sees("w renews it");
    // Renewed, it is far away again.
    words::happen(&mut story, "thandi waives check console_logs for 2h").unwrap();
    assert!(status::ending_waivers(&story.state, story.now).is_empty());
}

#[test]
fn at_its_end_what_it_covered_counts_again_by_itself() {
    let mut story = waived();
    after(&mut story, 59);
    assert_eq!(verdict::of_session(&story.state, story.now).answer(), Answer::GoWithWarnings);
    let wake = verdict::next_change(&story.state, story.now).unwrap();
    assert!(wake <= story.now.at + Duration::from_secs(60), "golive wakes for it");
    after(&mut story, 1);
    assert_eq!(verdict::of_session(&story.state, story.now).answer(), Answer::NoGo);
    assert!(status::ending_waivers(&story.state, story.now).is_empty());
}
