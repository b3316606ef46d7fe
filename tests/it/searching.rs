//! What a step printed is gone through by line and searched by words, while it still prints.

use golive::core::event::{Body, OutputLine, StepEvent};
use golive::model::id::ItemId;
use golive::model::operator::Actor;
use golive::model::text::SafeText;

use crate::kit;
use crate::kit::desk::Desk;
use crate::scenario::event;

/// The release prints these.
fn prints(desk: &mut Desk, lines: &[String]) {
    let item = ItemId::new("release");
    let effect = desk.state.item(&item).unwrap().1.step.as_ref().unwrap().effect;
    let line = |text: &String| OutputLine { at: desk.now.at, error: false, text: SafeText::from_foreign(text) };
    let body = Body::Step(StepEvent::Output { item, effect, lines: lines.iter().map(line).collect() });
    desk.state.apply(&event(desk.now, Actor::Golive, body));
}

/// A release that printed a hundred lines more, every twenty-fifth of them a refused server.
fn desk() -> Desk {
    let mut desk = Desk::at(kit::mid_deployment());
    desk.size = (120, 30);
    let line = |number: usize| match number % 25 {
        0 => format!("server {number}: Connection REFUSED"),
        _ => format!("server {number}: switched"),
    };
    let lines: Vec<String> = (1..=100).map(line).collect();
    prints(&mut desk, &lines);
    desk.fly("2 <enter>");
    desk
}

#[test]
fn words_are_looked_for_from_the_newest_line_back_and_n_goes_from_match_to_match() {
    let mut desk = desk();
    desk.fly("/").sees("Look for");
    desk.fly("refused <enter>").sees("\"refused\" 4 of 4 lines").sees("server 100: Connection REFUSED");
    desk.fly("N").sees("3 of 4 lines").sees("server 75: Connection REFUSED");
    desk.fly("NN").sees("1 of 4 lines").sees("server 25: Connection REFUSED");
    desk.fly("N").sees("4 of 4 lines");
    desk.fly("n").sees("1 of 4 lines");
    desk.fly("n").sees("2 of 4 lines").sees("server 50: Connection REFUSED");
    desk.fly("<esc>").sees("server 50: Connection REFUSED");
    assert!(!desk.screen().contains("of 4 lines"), "esc ends the search where it stands");
    desk.fly("<esc>").sees("▌");
    assert_eq!(desk.asked.len(), 0);
}

#[test]
fn what_is_found_stays_where_it_is_while_more_is_printed_and_the_count_grows() {
    let mut desk = desk();
    desk.fly("/refused<enter> NN").sees("2 of 4 lines").sees("server 50: Connection REFUSED");
    let more: Vec<String> = (0..40).map(|number| format!("late {number}: refused")).collect();
    prints(&mut desk, &more);
    desk.sees("2 of 44 lines").sees("server 50: Connection REFUSED");
    desk.fly("nnn").sees("5 of 44 lines").sees("late 0: refused");
    // Far more than can be scrolled back through: the line is gone, and it is said how much there is.
    let flood: Vec<String> = (0..700).map(|number| format!("flood {number}")).collect();
    prints(&mut desk, &flood);
    desk.sees("in no line, the last 500 of 843");
    desk.fly("n");
    assert!(desk.left.is_none());
}

#[test]
fn a_word_that_nobody_printed_yet_is_found_when_it_comes() {
    let mut desk = desk();
    desk.fly("/rolled back<enter>").sees("\"rolled back\" in no line").sees("server 100");
    prints(&mut desk, &["server 3: Rolled Back".to_owned()]);
    desk.sees("1 of 1 line");
}

#[test]
fn what_was_found_stands_out() {
    let mut desk = desk();
    desk.fly("/refused<enter>");
    let row = desk.screen().lines().position(|line| line.contains("server 100: Connection REFUSED")).unwrap();
    let buffer = desk.buffer();
    let cells = &buffer.content()[row * 120..(row + 1) * 120];
    let found = desk.app.setting.theme.style(golive::tui::theme::Role::Found);
    let marked: String = cells.iter().filter(|cell| Some(cell.bg) == found.bg).map(|cell| cell.symbol()).collect();
    assert_eq!(marked, "REFUSED");
}

#[test]
fn a_line_that_is_too_long_is_whole_where_the_eyes_are() {
    let mut desk = desk();
    let long = format!("{} the-end-of-it", "word ".repeat(40));
    prints(&mut desk, &[long, "after".to_owned()]);
    assert!(!desk.screen().contains("the-end-of-it"), "{}", desk.screen());
    desk.fly("/the-end-of-it<enter>").sees("the-end-of-it").sees("1 of 1 line");
}

#[test]
fn lines_are_gone_through_by_hand_and_the_newest_is_followed_again_at_the_end() {
    let mut desk = desk();
    desk.sees("server 100:");
    desk.fly("<pgup><pgup><pgup>").sees("server 70: switched");
    assert!(!desk.screen().contains("server 100:"), "{}", desk.screen());
    prints(&mut desk, &["one more".to_owned()]);
    assert!(!desk.screen().contains("one more"), "what is read stays");
    desk.fly("g").sees("uploading 214 files");
    desk.fly("G").sees("one more");
    prints(&mut desk, &["and one".to_owned()]);
    desk.sees("and one");
}

#[test]
fn where_nothing_was_printed_the_key_says_so() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("/").sees("where a step has printed something");
    desk.size = (120, 60);
    desk.fly("?").sees("Look for words in what the step printed").sees("where a step has printed something");
}

#[test]
fn a_step_that_prints_offers_the_search() {
    let mut desk = desk();
    desk.size = (160, 30);
    desk.sees("/ search");
}
