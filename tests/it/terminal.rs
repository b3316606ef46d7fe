//! The real binary in a pseudo-terminal: keys in, a screen out, as a person would meet it.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// The longest that anything may take to appear. Generous: it is a ceiling for a test, not a figure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// As long as a person reads before answering: a door that nobody can have read yet stays closed.
const READING: Duration = Duration::from_millis(500);

/// A program in a terminal.
pub(crate) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    parser: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Runs golive with these arguments, in a home of its own and a cleared environment.
    pub(crate) fn golive(arguments: &[&str], home: &Path, (columns, rows): (u16, u16)) -> Self {
        Self::golive_with(arguments, home, (columns, rows), &[])
    }

    /// The same, with variables added to its environment.
    pub(crate) fn golive_with(
        arguments: &[&str],
        home: &Path,
        (columns, rows): (u16, u16),
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_golive"));
        command.env_clear();
        command.env("HOME", home);
        command.env("XDG_STATE_HOME", home.join("state"));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("USER", "thandi");
        for (name, value) in environment {
            command.env(name, value);
        }
        command.args(arguments);
        command.cwd(home);
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        // Else the reader below never sees the end.
        drop(pair.slave);
        let parser = Arc::new(Mutex::new(vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (screen, bytes) = (Arc::clone(&parser), Arc::clone(&raw));
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 {
                    break;
                }
                screen.lock().unwrap().process(&buffer[..count]);
                bytes.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Self { master: pair.master, writer, child, parser, raw }
    }

    /// What the screen shows now.
    pub(crate) fn screen(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    /// Every byte that was printed so far.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.raw.lock().unwrap().clone()
    }

    /// Presses keys, one after the other: words such as `enter`, `esc`, `tab`, `down`, `ctrl-c`, or characters.
    pub(crate) fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            let bytes: Vec<u8> = match key {
                "enter" => b"\r".to_vec(),
                "esc" => b"\x1b".to_vec(),
                "tab" => b"\t".to_vec(),
                "space" => b" ".to_vec(),
                "backspace" => b"\x7f".to_vec(),
                "up" => b"\x1b[A".to_vec(),
                "down" => b"\x1b[B".to_vec(),
                "ctrl-c" => vec![3],
                "ctrl-z" => vec![26],
                other => other.as_bytes().to_vec(),
            };
            self.send(&bytes);
            // A person's pace: what comes faster is taken for a burst, and that is another test.
            std::thread::sleep(Duration::from_millis(60));
        }
    }

    /// Types a text, character by character, as a person does.
    pub(crate) fn type_text(&mut self, text: &str) {
        for character in text.chars() {
            self.send(character.to_string().as_bytes());
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    /// Answers the dialog or door of this title as a person does: reads it, types what it asks for, and presses the key
    /// that confirms. Where the program says that it came too fast (a slow machine bunches keys), the key is pressed again.
    pub(crate) fn confirm(&mut self, title: &str, typed: &str, key: &str) {
        self.wait_for(title);
        self.type_text(typed);
        let until = Instant::now() + PATIENCE;
        while self.screen().contains(title) {
            assert!(Instant::now() < until, "{title:?} was not confirmed; the screen shows:\n{}", self.screen());
            std::thread::sleep(READING);
            self.keys(key);
            let pressed = Instant::now();
            while self.screen().contains(title) && pressed.elapsed() < READING * 4 {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }

    /// Answers the door that stands open: with its word where it wants one, else with `y`.
    pub(crate) fn through_the_door(&mut self, title: &str, word: &str) {
        self.wait_until(title, |screen| screen.contains(title) && screen.contains("[Leave]"));
        match self.screen().contains(&format!("Type  {word}")) {
            true => self.confirm("[Leave]", word, "enter"),
            false => self.confirm("[Leave]", "", "y"),
        }
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits until the screen holds a text.
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait_until(&format!("\"{text}\""), |screen| screen.contains(text));
    }

    /// Waits until the screen no longer holds a text.
    pub(crate) fn wait_gone(&self, text: &str) {
        self.wait_until(&format!("\"{text}\" gone"), |screen| !screen.contains(text));
    }

    /// Waits until the screen is as it should be.
    pub(crate) fn wait_until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let until = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if holds(&screen) {
                return;
            }
            assert!(Instant::now() < until, "{what} never came; the screen shows:\n{screen}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Makes the terminal another size.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.parser.lock().unwrap().screen_mut().set_size(rows.try_into().unwrap(), columns.try_into().unwrap());
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// The process.
    pub(crate) fn process(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_raw(self.child.process_id().unwrap().try_into().unwrap()).unwrap()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.process(), signal).unwrap();
    }

    /// Waits for the end and gives the exit code.
    pub(crate) fn exit_code(&mut self) -> u32 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What was printed last may still be on its way.
                std::thread::sleep(Duration::from_millis(50));
                return status.exit_code();
            }
            assert!(Instant::now() < until, "it never ended; the screen shows:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether the terminal was given back: main screen, cursor shown, no bracketed paste, no mouse.
    pub(crate) fn is_given_back(&self) -> bool {
        let parser = self.parser.lock().unwrap();
        let screen = parser.screen();
        !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    }

    /// The screen as an SVG picture, for the README.
    pub(crate) fn picture(&self) -> String {
        picture(self.parser.lock().unwrap().screen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const CELL: (u32, u32) = (9, 19);

/// A terminal's screen as SVG: one text element a run of cells that look alike.
fn picture(screen: &vt100::Screen) -> String {
    let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
    let (width, height) = (u32::from(columns) * CELL.0 + 20, u32::from(rows) * CELL.1 + 20);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"15\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#16181a\"/>\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let Some(cell) = screen.cell(row, column) else { break };
            let look = look_of(cell);
            let start = column;
            let mut text = String::new();
            while column < columns
                && let Some(next) = screen.cell(row, column)
                && look_of(next) == look
            {
                text.push_str(if next.has_contents() { next.contents() } else { " " });
                column += 1;
            }
            svg.push_str(&run(&text, (start, row), column - start, &look));
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn look_of(cell: &vt100::Cell) -> (vt100::Color, vt100::Color, bool, bool) {
    (cell.fgcolor(), cell.bgcolor(), cell.bold(), cell.inverse())
}

fn run(text: &str, (column, row): (u16, u16), cells: u16, look: &(vt100::Color, vt100::Color, bool, bool)) -> String {
    let (mut front, mut back) = (colour(look.0, "#d0d3d4"), colour(look.1, "#16181a"));
    if look.3 {
        std::mem::swap(&mut front, &mut back);
    }
    let (x, y) = (u32::from(column) * CELL.0 + 10, u32::from(row) * CELL.1 + 10);
    let mut svg = String::new();
    let width = u32::from(cells) * CELL.0;
    if back != "#16181a" {
        svg.push_str(&format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\" fill=\"{back}\"/>\n", CELL.1));
    }
    if !text.trim().is_empty() {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let weight = if look.2 { " font-weight=\"bold\"" } else { "" };
        let baseline = y + 14;
        svg.push_str(&format!(
            "<text x=\"{x}\" y=\"{baseline}\" fill=\"{front}\"{weight} textLength=\"{width}\" xml:space=\"preserve\">{escaped}</text>\n"
        ));
    }
    svg
}

fn colour(colour: vt100::Color, default: &str) -> String {
    const BASIC: [&str; 16] = [
        "#1d1f21", "#cc6666", "#8fbf6a", "#e0b050", "#6f9fd8", "#b294bb", "#70c0b8", "#c5c8c6", "#6a6e72", "#e88080",
        "#b0e08a", "#f5d070", "#92c0f5", "#d0b0dd", "#95e0d8", "#ffffff",
    ];
    match colour {
        vt100::Color::Default => default.to_owned(),
        vt100::Color::Idx(index) if index < 16 => BASIC[usize::from(index)].to_owned(),
        vt100::Color::Idx(index) if index >= 232 => {
            let grey = 8 + 10 * u32::from(index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
        vt100::Color::Idx(index) => {
            let part = |value: u8| if value == 0 { 0 } else { 55 + 40 * u32::from(value) };
            let cube = index - 16;
            format!("#{:02x}{:02x}{:02x}", part(cube / 36), part(cube / 6 % 6), part(cube % 6))
        }
        vt100::Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}
