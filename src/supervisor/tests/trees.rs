//! Trees of processes that do not want to end, and outputs that nobody asked for: ended in their time, no process left,
//! bounded.

use std::fs::OpenOptions;

use super::*;

#[tokio::test]
async fn a_daemon_that_holds_the_output_open_and_hears_no_signal_is_ended() {
    // Forked twice, in a session of its own, deaf to the polite signals, with the step's outputs in its hands.
    let script = "(setsid sh -c 'trap \"\" TERM HUP INT; echo $$ > daemon; while :; do sleep 600; done' &)
        while ! test -s daemon; do sleep 0.01; done
        echo done; exit 0";
    let place = Place::new();
    let whole = place.run(&place.shell(script)).await;
    assert_eq!(whole.end, End::Exited(0));
    assert!(whole.texts().iter().any(|line| line.contains("left running behind it")), "{:?}", whole.texts());
    assert!(!runs(place.pid("daemon")));
}

#[tokio::test]
async fn who_was_put_to_sleep_is_woken_to_be_ended() {
    let script = "sleep 600 & echo $! > asleep; kill -STOP $!; echo up; while :; do sleep 600; done";
    let place = Place::new();
    let mut watch = place.launch(&place.shell(script)).await;
    until_line(&mut watch, "up").await;
    watch.control().stop().await.unwrap();
    assert_eq!(whole(&mut watch).await.end, End::Stopped);
    assert!(!runs(place.pid("asleep")));
}

#[tokio::test]
async fn a_stranger_who_holds_the_output_keeps_nobody_waiting() {
    let place = Place::new();
    rustix::fs::mkfifoat(rustix::fs::CWD, place.work().join("gate"), rustix::fs::Mode::RWXU).unwrap();
    let mut watch = place.launch(&place.shell("echo $$ > pid; echo up; read go < gate; echo $go; exit 0")).await;
    until_line(&mut watch, "up").await;
    // This very process takes the other end of the step's pipe, and is no child of it.
    let output = format!("/proc/{}/fd/1", place.pid("pid").as_raw_nonzero());
    let held = OpenOptions::new().write(true).open(output).unwrap();
    fs::write(place.work().join("gate"), "after\n").unwrap();
    let whole = whole(&mut watch).await;
    assert_eq!((whole.texts(), &whole.end), (vec!["after"], &End::Exited(0)));
    drop(held);
}

#[tokio::test]
async fn an_output_without_an_end_is_ended_in_its_time_and_bounded() {
    for terminal in [false, true] {
        let place = Place::new();
        let mut order = place.shell("echo $$ > pid; trap '' TERM; while :; do yes 'no end of it'; done");
        order.terminal = terminal;
        order.timeout = Duration::from_millis(500);
        assert_eq!(place.run(&order).await.end, End::TimedOut, "terminal: {terminal}");
        assert!(!runs(place.pid("pid")), "terminal: {terminal}");
        assert!(fs::metadata(place.step().join("spool")).unwrap().len() < 6 << 20, "terminal: {terminal}");
    }
}

#[tokio::test]
async fn a_gigabyte_is_taken_in_and_its_beginning_and_end_are_kept() {
    let place = Place::new();
    let mut order = place.shell("echo first; head -c 1073741824 /dev/zero | tr '\\0' 'x'; echo; echo last");
    // As much as it takes on a machine that does other things as well.
    order.timeout = CEILING * 5;
    let mut watch = place.launch(&order).await;
    let mut texts = Vec::new();
    let end = loop {
        match tokio::time::timeout(CEILING * 5, watch.next()).await.unwrap() {
            Seen::Lines(lines) => texts.extend(lines.into_iter().map(|line| line.text.to_string())),
            Seen::Ended { end, .. } => break end,
            Seen::Started(_) | Seen::Waits(_) => {}
        }
    };
    assert_eq!(end, End::Exited(0));
    assert_eq!((texts.first().map(String::as_str), texts.last().map(String::as_str)), (Some("first"), Some("last")));
    assert!(texts.iter().any(|line| line.ends_with("lines left out")), "what is missing is said");
    assert!(fs::metadata(place.step().join("spool")).unwrap().len() < 8 << 20);
}

#[tokio::test]
async fn half_a_character_is_shown_as_one_that_is_missing_and_a_whole_one_in_two_pieces_as_itself() {
    let place = Place::new();
    let whole =
        place.run(&place.shell("printf 'caf\\303'; sleep 0.2; printf '\\251\\nna\\303\\nend \\342\\202'")).await;
    assert_eq!(whole.texts(), ["café", "na\u{fffd}", "end \u{fffd}"]);
    assert_eq!(whole.end, End::Exited(0));
}

#[tokio::test]
async fn who_asks_for_input_is_told_at_once_that_there_is_none() {
    let place = Place::new();
    let whole = place.run(&place.shell("printf 'Go on? '; read answer || { echo nobody; exit 5; }")).await;
    assert_eq!((whole.texts(), &whole.end), (vec!["Go on? nobody"], &End::Exited(5)));
}

#[tokio::test]
async fn who_asks_on_a_terminal_and_is_not_answered_is_ended_in_its_time() {
    let place = Place::new();
    let mut order = place.shell("echo $$ > pid; printf 'Go on? '; read answer");
    order.terminal = true;
    order.timeout = Duration::from_secs(3);
    let mut watch = place.launch(&order).await;
    until_it_waits(&mut watch).await;
    assert_eq!(whole(&mut watch).await.end, End::TimedOut);
    assert!(!runs(place.pid("pid")));
}
