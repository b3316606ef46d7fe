//! The terminal: exec to a whole first frame, key to paint, idle. Floor: a list of 200 rows in ratatui, in the same
//! pseudo-terminal, minutes apart.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::measure::{cpu_of, median_and_p99, ms, print, resident_of, wakeups_of};

const SIZE: PtySize = PtySize { rows: 36, cols: 120, pixel_width: 0, pixel_height: 0 };

/// The floor: a list that moves its selection on `j` and `k`, and ends on `q`.
pub(crate) fn hello() {
    use crossterm::event::{Event, KeyCode, read};
    use ratatui::style::{Modifier, Style};
    use ratatui::widgets::{List, ListState};
    let mut terminal = ratatui::init();
    let rows: Vec<String> =
        (0..200).map(|row| format!("row {row} of two hundred, as wide as a row of a list may be")).collect();
    let mut state = ListState::default().with_selected(Some(0));
    loop {
        let list =
            List::new(rows.iter().map(String::as_str)).highlight_style(Style::new().add_modifier(Modifier::REVERSED));
        terminal.draw(|frame| frame.render_stateful_widget(&list, frame.area(), &mut state)).expect("drawn");
        if let Ok(Event::Key(key)) = read() {
            match key.code {
                KeyCode::Char('j') => state.select_next(),
                KeyCode::Char('k') => state.select_previous(),
                _ => break,
            }
        }
    }
    ratatui::restore();
}

/// Bytes with the moment at which the last of them came.
struct Seen {
    bytes: usize,
    last: Instant,
}

struct Program {
    _master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Seen>>,
    began: Instant,
}

impl Program {
    fn start(mut command: CommandBuilder, home: &Path) -> Self {
        command.env("TERM", "xterm-256color");
        command.env("HOME", home);
        command.env("XDG_STATE_HOME", home.join("state"));
        let pair = native_pty_system().openpty(SIZE).expect("a terminal");
        let began = Instant::now();
        let child = pair.slave.spawn_command(command).expect("a program");
        drop(pair.slave);
        let seen = Arc::new(Mutex::new(Seen { bytes: 0, last: began }));
        let shared = Arc::clone(&seen);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 {
                    break;
                }
                let mut seen = shared.lock().expect("no panic holds it");
                (seen.bytes, seen.last) = (seen.bytes + count, Instant::now());
            }
        });
        let writer = pair.master.take_writer().expect("a writer");
        Self { _master: pair.master, writer, child, seen, began }
    }

    /// Waits until nothing came for so long; gives the bytes and the moment of the last one.
    fn silence(&self, length: Duration, from: usize) -> (usize, Instant) {
        let until = Instant::now() + Duration::from_secs(5);
        loop {
            {
                let seen = self.seen.lock().expect("no panic holds it");
                let quiet = seen.bytes > from && seen.last.elapsed() >= length;
                if quiet || Instant::now() > until {
                    return (seen.bytes, seen.last);
                }
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn press(&mut self, key: u8) -> Duration {
        let from = self.seen.lock().expect("no panic holds it").bytes;
        let began = Instant::now();
        self.writer.write_all(&[key]).expect("written");
        let (_, last) = self.silence(Duration::from_millis(8), from);
        last.duration_since(began)
    }

    fn end(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(program: &str, arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command
}

/// A plan of a hundred checks of which none is due again while the bench lasts.
fn plan(home: &Path) -> String {
    let mut plan = String::from("[service]\nname = \"bench\"\n");
    for number in 0..100 {
        plan.push_str(&format!(
            "[settings.V{number}]\nmust_be = \"x\"\ndefault = \"x\"\nevery = \"1h\"\nfresh_for = \"3h\"\n"
        ));
    }
    for number in 0..60 {
        plan.push_str(&format!("[[pre_deployment]]\nid = \"item_{number}\"\nchecks = [\"v{number}\"]\n"));
    }
    let path = home.join("golive.toml");
    fs::write(&path, plan).expect("a plan");
    path.to_string_lossy().into_owned()
}

pub(crate) fn run() {
    let own = std::env::current_exe().expect("this program").to_string_lossy().into_owned();
    let golive = env!("CARGO_BIN_EXE_golive");
    let (mut first_own, mut first_floor, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..20 {
        let home = tempfile::tempdir().expect("a folder");
        let program = Program::start(command(golive, &[&plan(home.path())]), home.path());
        // The first results are painted soon after; what is measured ends with the first pause.
        let (count, last) = program.silence(Duration::from_millis(8), 0);
        first_own.push(last.duration_since(program.began));
        bytes = count;
        program.end();
        let program = Program::start(command(&own, &["hello"]), home.path());
        let (_, last) = program.silence(Duration::from_millis(8), 0);
        first_floor.push(last.duration_since(program.began));
        program.end();
    }
    let (own_first, floor_first) = (median_and_p99(first_own).0, median_and_p99(first_floor).0);
    print("exec to whole first frame, 100 checks", ms(own_first), ms(floor_first), "ms", "<= 2.5 and <= 10 ms");
    println!("{:<52} {bytes} bytes   goal <= 8192", "first frame");

    let home = tempfile::tempdir().expect("a folder");
    let mut program = Program::start(command(golive, &[&plan(home.path())]), home.path());
    let mut hello = Program::start(command(&own, &["hello"]), home.path());
    for program in [&program, &hello] {
        program.silence(Duration::from_millis(300), 0);
    }
    let keys = |program: &mut Program| {
        let presses = (0..200).map(|press| program.press(if press % 100 < 50 { b'j' } else { b'k' }));
        median_and_p99(presses.collect())
    };
    let (own_keys, floor_keys) = (keys(&mut program), keys(&mut hello));
    print("key to paint, median", ms(own_keys.0), ms(floor_keys.0), "ms", "<= 3 and <= 1 ms");
    print("key to paint, p99", ms(own_keys.1), ms(floor_keys.1), "ms", "<= 3 ms");
    hello.end();
    idle(&program);
    program.end();
}

/// Ten seconds with nothing due but the clock.
fn idle(program: &Program) {
    const LENGTH: Duration = Duration::from_secs(10);
    let process = program.child.process_id().unwrap_or(0);
    let (wakeups, cpu) = (wakeups_of(process), cpu_of(process));
    let bytes = program.seen.lock().expect("no panic holds it").bytes;
    std::thread::sleep(LENGTH);
    let seconds = LENGTH.as_secs_f64();
    let woken = (wakeups_of(process) - wakeups) as f64 / seconds;
    let share = (cpu_of(process) - cpu).as_secs_f64() / seconds * 100.0;
    let printed = (program.seen.lock().expect("no panic holds it").bytes - bytes) as f64 / seconds;
    println!("{:<52} {woken:.1} wake-ups/s   goal <= 2 with the clock", "idle");
    println!("{:<52} {share:.3} % CPU   goal <= 0.1 %", "idle");
    println!("{:<52} {printed:.0} bytes/s   goal <= 60 with the clock", "idle");
    println!("{:<52} {:.1} MB   goal <= 20", "memory", resident_of(process) as f64 / 1024.0);
}
