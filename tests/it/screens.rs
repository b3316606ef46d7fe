//! Every screen at three sizes, frozen, from the kit of states; and no size or theme at which a paint breaks.

use std::sync::Arc;
use std::time::Duration;

use golive::tui::app::App;
use golive::tui::frame;
use golive::tui::standing::Standing;
use golive::tui::theme::{Colours, theme_names};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::kit::desk::{Desk, setting, text};
use crate::kit::{self, Moment};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 60)];

/// The keys that lead to each screen.
const SCREENS: [(&str, &str); 8] = [
    ("checklist", ""),
    ("verdict", "v"),
    ("triage", "t"),
    ("checks", "C"),
    ("flow", "P"),
    ("credentials", "c"),
    ("timeline", "T"),
    ("help", "?"),
];

fn shot(name: &str, moment: &Moment, keys: &str, (width, height): (u16, u16)) {
    let mut desk = Desk::at(moment.clone());
    desk.size = (width, height);
    desk.fly(keys);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(format!("{name}-{width}x{height}"), desk.screen()));
}

#[test]
fn every_screen_with_a_blocker() {
    for (name, keys) in SCREENS {
        for size in SIZES {
            shot(&format!("blocked-{name}"), &kit::one_blocker(), keys, size);
        }
    }
}

#[test]
fn the_checklist_in_every_state() {
    for (name, moment) in kit::all() {
        let keys = if name == "deploying" { "2" } else { "" };
        for size in SIZES {
            shot(&format!("{name}-checklist"), &moment, keys, size);
        }
    }
}

#[test]
fn dialogs_and_doors() {
    for (name, moment, keys) in [
        ("sign", kit::healthy(), "jjjj s"),
        ("waive", kit::one_blocker(), "jj<enter>w"),
        ("step-door", kit::healthy(), "2x"),
        ("quit-while-a-step-runs", kit::mid_deployment(), "q"),
        ("rollback-door", kit::mid_rollback(), "R"),
        ("poll", kit::mid_rollback(), "p"),
    ] {
        for size in [SIZES[0], SIZES[1]] {
            shot(&format!("dialog-{name}"), &moment, keys, size);
        }
    }
}

#[test]
fn a_search_and_a_dry_run_at_every_size() {
    for size in SIZES {
        shot("output-searched", &kit::mid_deployment(), "2<enter>/bundle<enter>", size);
        shot("dry-run", &kit::healthy(), "2d", size);
        shot("dry-run-rollback", &kit::mid_rollback(), "bd", size);
    }
}

#[test]
fn the_way_back_at_every_size() {
    for size in SIZES {
        shot("rollback", &kit::mid_rollback(), "b", size);
    }
}

#[test]
fn a_payment_hop_by_hop_at_every_size() {
    for size in [(80, 23), SIZES[1], SIZES[2]] {
        shot("flow-paid", &kit::paid(), "P", size);
        shot("flow-stopped", &kit::paid_for_nothing(), "Pjjj", size);
        shot("flow-planned", &kit::before_the_flow(), "P", size);
    }
}

fn draw(moment: &Moment, keys: &str, theme: &str, colours: Colours, (width, height): (u16, u16)) -> Buffer {
    let mut desk = Desk::at(moment.clone());
    desk.app = App::new(setting(theme, colours));
    desk.fly(keys);
    let state = Arc::clone(&moment.state);
    let standing = Arc::new(Standing::of(&state, moment.now));
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    frame::draw(&mut buffer, area, &desk.app.scene((&state, &standing), moment.now));
    buffer
}

#[test]
fn every_theme_draws_every_screen_and_without_colour_the_words_are_the_same() {
    let moment = kit::one_blocker();
    for (_, keys) in SCREENS {
        let words = text(&draw(&moment, keys, "dark", Colours::True, (120, 36)));
        for theme in theme_names() {
            for colours in [Colours::True, Colours::Sixteen, Colours::None] {
                let buffer = draw(&moment, keys, theme, colours, (120, 36));
                assert_eq!(text(&buffer), words, "{theme} {colours:?} says something else on {keys:?}");
                let coloured = buffer.content().iter().any(|cell| {
                    let colours = [cell.fg, cell.bg];
                    colours.iter().any(|colour| *colour != ratatui::style::Color::Reset)
                });
                assert!(colours != Colours::None || !coloured, "colour without colours");
            }
        }
    }
}

#[test]
fn what_has_just_changed_is_marked_and_then_rests() {
    let marked = |moment: &Moment| {
        let buffer = draw(moment, "", "mono", Colours::None, (80, 23));
        let underlined = |cell: &ratatui::buffer::Cell| cell.modifier.contains(ratatui::style::Modifier::UNDERLINED);
        let row = text(&buffer).lines().position(|line| line.contains("What we stand on answers")).unwrap();
        buffer.content()[row * 80..(row + 1) * 80].iter().any(underlined)
    };
    let later = kit::one_blocker();
    assert!(!marked(&later), "25 s after the database went down");
    let mut soon = later.clone();
    soon.now.at -= Duration::from_secs(22);
    soon.now.up -= Duration::from_secs(22);
    assert!(marked(&soon), "3 s after it");
}

#[test]
fn production_has_a_frame_of_its_own() {
    let screen = text(&draw(&kit::healthy(), "", "mono", Colours::None, (80, 23)));
    assert!(screen.lines().nth(1).unwrap().chars().all(|c| c == '═'), "{screen}");
}

#[test]
fn the_verdict_stands_on_every_screen_in_the_same_place() {
    for (_, keys) in SCREENS.iter().filter(|(name, _)| *name != "help") {
        let screen = text(&draw(&kit::one_blocker(), keys, "dark", Colours::True, (80, 23)));
        let line = screen.lines().nth(21).unwrap();
        assert!(line.contains("NO-GO to deploy"), "{keys:?}: {line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn no_size_breaks_a_paint(width in 1u16..240, height in 1u16..70, screen in 0usize..8, state in 0usize..6, over in 0usize..7) {
        let (_, moment) = &kit::all()[state];
        let keys = format!("{}{}", SCREENS[screen].1, ["", "<enter>", "G<enter>", "x", "w", "d", "2<enter>/e<enter>n"][over]);
        draw(moment, &keys, "dark", Colours::True, (width, height));
    }

    #[test]
    fn no_size_breaks_a_flow(width in 1u16..240, height in 1u16..70, state in 0usize..3, down in 0usize..9) {
        let moment = [kit::paid(), kit::paid_for_nothing(), kit::before_the_flow()][state].clone();
        draw(&moment, &format!("P{}", "j".repeat(down)), "dark", Colours::True, (width, height));
    }

    #[test]
    fn small_sizes_are_small(width in 1u16..12, height in 1u16..6, state in 0usize..6) {
        let (_, moment) = &kit::all()[state];
        draw(moment, "q", "dark", Colours::True, (width, height));
    }
}
