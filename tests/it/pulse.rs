//! The notifiers at whose other end nobody reads a message: the heartbeat, whose silence says that golive is gone, and
//! the bell of the terminal that the cockpit runs in. By the real binary.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::cli_kit::Home;
use crate::terminal::Terminal;

/// A monitor that expects pings, and how many came.
fn monitor() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let came = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&came);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 2048]);
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (port, came)
}

#[test]
fn a_session_in_flight_pings_until_it_is_gone_and_an_alert_rings_once() {
    let home = Home::new();
    let (port, came) = monitor();
    home.put("there", "as it should be");
    home.put("pulse_url", format!("http://127.0.0.1:{port}/ping"));
    home.put(
        "golive.toml",
        "[service]\nname = \"shop\"\nenvironment = \"staging\"\n\
             [notifiers.pulse]\nkind = \"heartbeat\"\nurl = \"{{ credentials.pulse_url }}\"\nevery = \"1s\"\n\
             [credentials.pulse_url]\nfrom = { file = \"pulse_url\" }\nseverity = \"advice\"\n\
             [notifiers.bell]\nkind = \"terminal\"\nnotification = true\n\
             [checks.there]\nkind = \"file\"\npath = \"there\"\nevery = \"200ms\"\nseverity = \"advice\"\n\
             [alerts.gone]\ntitle = \"The file is gone\"\nlevel = \"warning\"\nwhen = 'failures(\"there\", duration(\"1m\")) >= 1'\nnotify = [\"bell\"]\n\
             [[pre_deployment]]\nid = \"a\"\nchecks = [\"there\"]\n",
    );
    let mut terminal = Terminal::golive(&["--new", "golive.toml"], home.path(), (120, 36));
    terminal.wait_for("GO to deploy");
    terminal.wait_until("three pings", |_| came.load(Ordering::SeqCst) >= 3);
    let rung = |terminal: &Terminal| {
        let raw = terminal.raw();
        raw.windows(4).filter(|bytes| bytes == b"\x1b]9;").count()
    };
    assert_eq!((rung(&terminal), terminal.raw().contains(&7)), (0, false), "nothing rings while nothing is wrong");
    std::fs::remove_file(home.path().join("there")).unwrap();
    terminal.wait_for("warning  gone");
    terminal.wait_until("it is shown", |_| rung(&terminal) == 1);
    assert!(terminal.raw().contains(&7), "the bell");
    // It rings once, whatever else happens on the screen.
    terminal.keys("A C T v");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(rung(&terminal), 1);
    terminal.signal(Signal::KILL);
    terminal.exit_code();
    // What was on its way has arrived by then; after that there is silence, which is what the monitor tells of.
    std::thread::sleep(Duration::from_millis(500));
    let last = came.load(Ordering::SeqCst);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(came.load(Ordering::SeqCst), last);
}
