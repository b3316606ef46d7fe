//! Keys in, screens and decisions out.

use std::sync::Arc;
use std::time::Duration;

use golive::core::decide::Command;
use golive::core::event::{Body, CheckEvent, Finished, Subject};
use golive::model::id::{CheckId, ItemId};
use golive::model::operator::{Actor, Provenance};
use golive::model::word::Outcome;
use golive::tui::app::Leaving;
use golive::tui::practising::PracticeFault;

use crate::kit::desk::Desk;
use crate::kit::{self};
use crate::scenario::{Story, event, plan_of, with_rollback, words};

#[test]
fn a_signature_takes_s_and_enter_and_is_shown_when_it_is_made() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("jjjj s");
    desk.sees("Restore of last night's backup seen working?");
    desk.fly("<enter>");
    let item = ItemId::new("backup_procedures_ready");
    assert_eq!(desk.asked[0].0, Command::Sign { item, note: None });
    desk.sees("backup_procedures_ready signed by thandi").sees("1 of 2 signatures");
}

#[test]
fn another_name_at_this_keyboard_is_a_claim() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("jjjj s <tab> <ctrl-u> sipho <enter>");
    let by = &desk.asked[0].1;
    assert_eq!((by.id.as_str(), by.from), ("sipho", Provenance::Typed));
    desk.sees("sipho (claimed)");
}

#[test]
fn a_refusal_stays_in_the_dialog_with_what_to_do_instead() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("jjjj s<enter> s<enter>").sees("thandi has signed Backup procedures ready already");
    desk.sees("another person has to");
}

#[test]
fn a_waiver_needs_a_reason_and_an_end() {
    let mut desk = Desk::at(kit::one_blocker());
    desk.fly("jjj w <enter>").sees("why is missing");
    desk.fly("known <enter>");
    let Some((Command::Waive { subject, reason, until }, _)) = desk.asked.first() else { panic!("{:?}", desk.asked) };
    assert_eq!(*subject, Subject::Check(CheckId::new("database_connection")));
    assert_eq!(reason, "known");
    assert!(*until > desk.now.at);
}

#[test]
fn a_door_opens_only_to_its_word() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("2x").sees("Start: Release").sees("./deploy.sh");
    desk.fly("academy <enter>").sees("type academy-checkout to go on");
    assert!(desk.asked.is_empty());
    desk.fly("-checkout <enter>");
    assert_eq!(desk.asked[0].0, Command::StartStep { item: ItemId::new("release") });
    desk.sees("needs GO on \"deploy\"");
}

#[test]
fn enter_alone_leaves_a_door() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("2x<enter>");
    assert!(desk.asked.is_empty() && !desk.screen().contains("Start: Release"));
}

#[test]
fn an_enter_in_one_burst_with_its_word_opens_no_door() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("2x").burst("academy-checkout<enter>").sees("that enter came in one burst");
    assert!(desk.asked.is_empty());
    desk.fly("<enter>");
    assert_eq!(desk.asked.len(), 1, "a press of its own counts");
}

#[test]
fn an_enter_right_after_its_word_opens_no_door() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("2x").fly("academy-checkout");
    let enter = crossterm::event::Event::Key(crossterm::event::KeyCode::Enter.into());
    desk.wait(5).batch_now(&[enter]);
    assert!(desk.asked.is_empty());
    desk.sees("too fast");
}

#[test]
fn a_door_that_nobody_can_have_read_yet_stays_closed() {
    let mut desk = Desk::at(kit::mid_deployment());
    desk.fly("2x").sees("Stop: Release");
    let yes = crossterm::event::Event::Key(crossterm::event::KeyCode::Char('y').into());
    desk.wait(200).batch_now(std::slice::from_ref(&yes));
    assert!(desk.asked.is_empty(), "200 ms after it was drawn");
    desk.wait(200).batch_now(&[yes]);
    assert_eq!(desk.asked[0].0, Command::StopStep { item: ItemId::new("release") });
}

#[test]
fn pasted_text_answers_no_door_and_runs_no_key() {
    let mut desk = Desk::at(kit::healthy());
    desk.paste("q").sees("pasted text was discarded");
    assert_eq!(desk.left, None);
    desk.fly("2x").paste("academy-checkout").sees("pasted text never answers a door");
}

#[test]
fn a_burst_of_keys_decides_nothing() {
    let mut desk = Desk::at(kit::one_blocker());
    desk.burst("rrrrrrrrrrrrq").sees("a burst of keys decides nothing");
    assert!(desk.asked.is_empty() && desk.left.is_none());
}

#[test]
fn q_leaves_at_once_when_nothing_runs_and_asks_when_a_step_does() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("q");
    assert_eq!(desk.left, Some(Leaving::Quit));
    let mut desk = Desk::at(kit::mid_deployment());
    desk.fly("q").sees("goes on").sees("Release");
    assert_eq!(desk.left, None);
    desk.fly("<enter>");
    assert_eq!(desk.left, None, "enter is no yes");
    desk.fly("qy");
    assert_eq!(desk.left, Some(Leaving::Quit));
}

#[test]
fn ctrl_c_cancels_then_asks_and_twice_leaves() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("m<ctrl-c>");
    assert_eq!(desk.left, None);
    desk.wait(3_000).fly("<ctrl-c>").sees("Leave golive?");
    desk.fly("<ctrl-c>");
    assert_eq!(desk.left, Some(Leaving::Interrupted));
}

#[test]
fn ctrl_z_sleeps() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("<ctrl-z>m<ctrl-z>");
    assert_eq!(desk.slept, 2);
}

#[test]
fn a_reason_leads_to_its_evidence_and_esc_leads_back() {
    let mut desk = Desk::at(kit::one_blocker());
    desk.fly("v <enter>").sees("webhook_secret is the same value as api_secret").sees("class");
    desk.fly("<esc>").sees("BLOCKERS");
}

#[test]
fn n_goes_to_the_next_failure_over_all_phases() {
    let mut desk = Desk::at(kit::one_blocker());
    desk.fly("4n").sees("▌ ✗ Credentials validated");
}

#[test]
fn the_selection_follows_its_row_when_rows_are_sorted_anew() {
    let mut desk = Desk::at(kit::one_blocker());
    desk.size = (120, 36);
    desk.fly("Cj").sees("▌ ✗ database_connection");
    desk.fly(",,").sees("▌ ✗ database_connection");
}

#[test]
fn held_rows_stay_while_the_verdict_lives() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("z");
    desk.state = (*kit::one_blocker().state).clone();
    desk.sees("held").sees("NO-GO to deploy").sees("✓ Credentials validated");
    desk.fly("z").sees("✗ Credentials validated");
}

#[test]
fn a_sentence_of_success_gives_way_to_what_went_wrong_since() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("jjjj s<enter>").sees("✓ backup_procedures_ready signed by thandi");
    desk.wait(1_000);
    let finished = Finished {
        check: CheckId::new("database_connection"),
        effect: desk.state.next_effect(),
        lateness: Duration::ZERO,
        took: Duration::from_millis(20),
        evidence: words::evidence(Outcome::Fail, "refused"),
    };
    desk.state.apply(&event(desk.now, Actor::Golive, Body::Check(CheckEvent::Finished(Box::new(finished)))));
    desk.wait(1_000);
    assert!(!desk.screen().contains("signed by thandi"), "{}", desk.screen());
    desk.sees("✗ database_connection");
}

#[test]
fn a_question_mark_in_a_field_is_a_letter_and_f1_is_help() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("m really?").sees("really?");
    desk.fly("<f1>").sees("everywhere");
    desk.fly("<esc>").sees("really?");
}

/// Question, keys, and what answers it. At 80x23; two keys at most.
#[test]
fn the_questions_are_answered_in_two_keys() {
    for (question, keys, answer) in [
        ("may we go?", "", "NO-GO to deploy"),
        ("why not?", "v", "BLOCKERS"),
        ("what exactly failed, with what evidence?", "n<enter>", "webhook_secret is the same value"),
        ("what do I do about it?", "t", "have a separate webhook secret issued"),
        ("since when, and what changed just before?", "t", "WHAT CHANGED BEFORE"),
        ("what is only a consequence?", "t", "enrolments_table"),
        ("whose move is it?", "v", "a person's signature"),
        ("which secret is where, how old?", "c", ".env.production:4"),
        ("can we go back?", "4", "Triggers defined"),
        ("what did we know?", "T", "signed off"),
        ("what would make it GO?", "v", "would be HOLD if the blockers were mended"),
    ] {
        let mut desk = Desk::at(kit::one_blocker());
        desk.fly(keys);
        let screen = desk.screen();
        assert!(screen.contains(answer), "{question} {keys:?} does not show {answer:?}:\n{screen}");
    }
}

#[test]
fn nothing_hostile_reaches_a_cell() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("m").paste("\u{1b}[2Jgone\u{7}");
    let screen = desk.screen();
    assert!(!screen.chars().any(|c| c.is_control() && c != '\n'), "{screen:?}");
}

#[test]
fn the_way_back_has_a_door_that_says_what_will_run_and_what_it_means() {
    let mut desk = Desk::at(kit::mid_rollback());
    desk.size = (120, 36);
    desk.fly("R").sees("Roll back academy-checkout in PRODUCTION").sees("never rehearsed as they stand now");
    desk.sees("switch_back ./deploy.sh").sees("1 check verifies the old version");
    desk.fly("<enter>");
    assert!(desk.asked.is_empty(), "Enter alone leaves");
    desk.fly("R academy-checkout <enter>");
    assert_eq!(desk.asked[0].0, Command::RollBack { reason: None });
    desk.sees("NO-GO to open").sees("rolling back");
    desk.fly("b").sees("could we go back");
    desk.fly("R").sees("Stop the rollback");
    desk.fly("y");
    assert_eq!(desk.asked[1].0, Command::StopRollback);
}

#[test]
fn without_a_way_back_the_key_says_so() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("R").sees("the plan has no rollback procedure");
}

#[test]
fn a_role_speaks_and_a_hold_holds() {
    let mut desk = Desk::at(kit::mid_rollback());
    desk.fly("p").sees("payments");
    desk.fly("<enter>");
    let Some((Command::SayInPoll { role, .. }, _)) = desk.asked.first() else { panic!("{:?}", desk.asked) };
    assert_eq!(role, "release");
    desk.fly("H what is that? <enter>").sees("held by thandi");
    desk.fly("H").sees("Let the go-live go on");
    desk.fly("y");
    assert_eq!(desk.asked.last().unwrap().0, Command::LiftHold);
}

/// What enforcement would write, as the engine shows it.
fn proposal() -> golive::model::mend::ShownProposal {
    let line = golive::model::text::SafeText::from_foreign;
    golive::model::mend::ShownProposal {
        diff: vec![line("--- .env"), line("+++ .env"), line("-VITE_TEST_MODE=true"), line("+VITE_TEST_MODE=false")],
        files: vec![".env".into()],
        variables: vec!["VITE_TEST_MODE".to_owned()],
        left: Vec::new(),
        digest: line("0123456789abcdef"),
    }
}

#[test]
fn a_fix_shows_its_diff_behind_a_door_and_is_put_back_behind_another() {
    use golive::core::event::{Body, EnforcementEvent, WrittenFile};
    use golive::model::operator::Actor;
    use golive::model::text::SafeText;
    let mut desk = Desk::at(kit::one_blocker());
    desk.size = (120, 36);
    desk.fly("j f").sees("no setting of the configuration would mend this");
    assert!(desk.asked.is_empty());
    desk.proposal = Ok(proposal());
    desk.fly("f").sees("Put right: VITE_TEST_MODE").sees("+VITE_TEST_MODE=false").sees("have to be run again");
    desk.fly("<enter>");
    assert!(desk.asked.is_empty(), "Enter alone leaves");
    desk.fly("f y");
    let Some((Command::Enforce { checks, digest, .. }, _)) = desk.asked.first() else { panic!("{:?}", desk.asked) };
    assert_eq!((checks[0].as_str(), digest.as_str()), ("credentials_distinct", "0123456789abcdef"));
    let effect = desk.state.enforcements()[0].effect;
    let file = WrittenFile { path: SafeText::from_foreign(".env"), backup: None, digest: SafeText::empty() };
    let written = EnforcementEvent::Written { effect, files: vec![file] };
    desk.state.apply(&crate::scenario::event(desk.now, Actor::Golive, Body::Enforcement(written)));
    desk.fly("u").sees("Put back: VITE_TEST_MODE");
    desk.fly("y");
    assert!(matches!(desk.asked.last().unwrap().0, Command::UndoEnforcement { .. }), "{:?}", desk.asked);
}

/// Moves down until the row of a check is the selected one.
fn select(desk: &mut Desk, check: &str) {
    let is_there = |desk: &Desk| desk.screen().lines().any(|line| line.contains('▌') && line.contains(check));
    for _ in 0..40 {
        if is_there(desk) {
            return;
        }
        desk.fly("j");
    }
    panic!("{check} is on no row:\n{}", desk.screen());
}

#[test]
fn the_environment_is_never_cut_whatever_stands_beside_it() {
    let mut desk = Desk::at(kit::healthy());
    let fault = |name| PracticeFault { name, sentence: "something is wrong", on: true };
    desk.app.ui.practice = Some(vec![fault("redirecting-callback"), fault("slow-api")]);
    for width in 60..=130 {
        desk.size = (width, 23);
        let screen = desk.screen();
        assert!(screen.lines().next().unwrap().contains("PRODUCTION"), "at {width} columns:\n{screen}");
    }
}

#[test]
fn faults_are_the_demos_alone() {
    let mut desk = Desk::at(kit::healthy());
    desk.fly("D").sees("in the demo only");
    let fault = |name, on| PracticeFault { name, sentence: "something is wrong", on };
    desk.app.ui.practice = Some(vec![fault("test-mode", false), fault("slow-api", false)]);
    desk.size = (120, 30);
    desk.fly("D j").sees("Practise: faults of this demo's world");
    desk.fly("<enter>").sees("▲ fault slow-api");
    desk.fly("<esc>").sees("▲ fault slow-api");
    assert!(desk.asked.is_empty(), "a fault is no decision of the go-live");
    desk.fly("D <enter> <esc>").sees("▲ fault test-mode +1");
}

#[test]
fn the_rollbacks_door_says_what_has_happened_since_the_deployment() {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let plan = plan_of(&lines(&["payments_ok critical metric"]), &lines(&["deployment release: step undo"]));
    let mut story = Story::begin(with_rollback(&plan, &lines(&["switch"]), &lines(&["since payments_ok"])));
    let mut happens = |lines: &[&str]| {
        for line in lines {
            words::happen(&mut story, line).unwrap();
            story.wait(Duration::from_secs(10));
        }
    };
    // What was paid before stays out of it.
    happens(&["payments_ok measures 900", "payments_ok measures 1000", "thandi starts release", "release runs"]);
    happens(&["release succeeds", "payments_ok measures 1012", "payments_ok measures 1037"]);
    let mut desk = Desk::at(kit::Moment { state: Arc::new(story.state), now: story.now });
    desk.size = (120, 36);
    desk.fly("R").sees("payments_ok: +37").sees("ran: release").sees("undo_release");
}

#[test]
fn a_flow_is_opened_hop_by_hop_from_its_check_and_esc_comes_back() {
    let mut desk = Desk::at(kit::paid_for_nothing());
    desk.fly("C").sees("payment_flow");
    // The checks that fail stand first: the flow among them.
    select(&mut desk, "payment_flow");
    desk.fly("<enter>").sees("hop 4 of 6, see the enrolment");
    desk.fly("<enter>").sees("refused, as they must be:").sees("create payment link");
    desk.fly("<esc>").sees("hop 4 of 6, see the enrolment");
    desk.fly("<esc> P").sees("not reached");
    // Every hop stands for its check: it can be run again from here.
    desk.fly("jj r");
    let asked = desk.asked.last().map(|(command, _)| command.clone());
    assert_eq!(asked, Some(Command::RunAgain { checks: vec![CheckId::new("payment_flow")] }));
    desk.fly("?").sees("did a payment really go through");
    desk.size = (120, 60);
    desk.fly("<esc> v ?").sees("Did a payment really go through? Hop by hop, and who vouches for each");
}

#[test]
fn a_task_is_taken_with_i_and_said_to_be_done_with_x() {
    let mut desk = Desk::at(kit::one_blocker());
    // Item two rests on the credentials: its worst check asks for a person.
    desk.fly("j <enter>").sees("credentials_distinct").sees("i takes it on you, x says that it is done");
    desk.fly("i").sees("thandi is on it since");
    desk.fly("x").sees("Done: credentials_distinct").sees("have a separate webhook secret issued");
    desk.fly("asked<space>the<space>provider <enter>");
    let check = CheckId::new("credentials_distinct");
    let note = Some("asked the provider".to_owned());
    assert_eq!(desk.asked.last().unwrap().0, Command::TaskDone { check, note });
    desk.sees("said to be done by thandi").sees("the check decides");
    assert!(desk.screen().contains("NO-GO"), "a person's word mends nothing");
}

#[test]
fn a_degradation_names_its_flags_before_it_is_confirmed() {
    let mut desk = Desk::at(kit::one_to_go_without());
    desk.fly("C");
    select(&mut desk, "database_connection");
    desk.fly("<enter>").sees("degrade  turn VITE_LIVE, VITE_SYNC off, then w: it goes on without live");
    desk.fly("w").sees("Go on without live updates").sees("turn VITE_LIVE, VITE_SYNC off");
}
