//! The search for secrets: 20 of them in all their encodings, in 200 MB of generated JavaScript. Floor: the bare
//! automaton over blocks with the same patterns in the same groups, turn by turn; `rg -F -f` beside it where it is.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use aho_corasick::{AhoCorasick, MatchKind};
use golive::mask::forms;
use golive::model::values::Origin;
use golive::scan::{Scanner, Secret, Survey, survey_path};

use crate::measure::{cpu_of, median_and_p99};

const SIZE: usize = 200 << 20;
const SECRETS: usize = 20;
const ROUNDS: usize = 7;
const BLOCK: usize = 256 << 10;
const GROUP: usize = 60;

/// A generator of its own, so that each run sees the same text.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(alphabet[self.next() % alphabet.len()])).collect()
    }
}

fn secrets(random: &mut Random) -> Vec<String> {
    const ALL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_\"&'<$~";
    (0..SECRETS).map(|at| random.text(ALL, 24 + at)).collect()
}

/// Minified code: names, operators, texts, now and then base64; the forms of the secrets strewn in. Gives how many.
fn write_code(path: &Path, secrets: &[String], random: &mut Random) -> usize {
    const WORDS: &[&str] = &[
        "function",
        "return",
        "const",
        "this.",
        "prototype",
        "Object.",
        "length",
        "=>{",
        "&&",
        "||",
        "void 0",
        "null",
        ".push(",
        "(0,",
        ".default",
        "e.t",
        "n=",
        "!0",
        "!1",
        "\"use strict\";",
        "typeof ",
        "===",
        "Symbol.iterator",
    ];
    let mut file = std::io::BufWriter::new(File::create(path).expect("a file"));
    let forms: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| forms::of(secret).into_keys()).collect();
    let (mut written, mut planted) = (0, 0);
    let mut line = String::new();
    while written < SIZE {
        line.clear();
        for _ in 0..2000 {
            match random.next() % 16 {
                0 => line.push_str(&random.text(b"abcdefghijklmnopqrstuvwxyz$_", 1 + random.0 as usize % 9)),
                1 => write!(line, "{}", random.next() % 100_000).expect("a String"),
                2 => line.push_str("(){};,=.[]"),
                3 => line.push_str(" \"some text for people, with words in it\" "),
                word => line.push_str(WORDS[(word * 7 + random.next()) % WORDS.len()]),
            }
        }
        if random.next().is_multiple_of(64) {
            line.push_str(&random.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 400));
        }
        file.write_all(line.as_bytes()).expect("written");
        written += line.len();
        if random.next().is_multiple_of(64) {
            let form = &forms[random.next() % forms.len()];
            file.write_all(form).expect("written");
            (written, planted) = (written + form.len(), planted + 1);
        }
    }
    planted
}

/// The bare automaton, in groups, over blocks: nothing is told, only counted.
fn floor(path: &Path, patterns: &[Vec<u8>]) -> usize {
    let longest = patterns.iter().map(Vec::len).max().unwrap_or(1);
    let groups: Vec<AhoCorasick> = patterns
        .chunks(GROUP)
        .map(|group| AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(group).expect("an automaton"))
        .collect();
    let mut file = File::open(path).expect("the code");
    let mut buffer = vec![0; BLOCK + longest];
    let (mut kept, mut found) = (0, 0);
    loop {
        let read = file.read(&mut buffer[kept..kept + BLOCK]).expect("read");
        if read == 0 {
            return found;
        }
        let filled = kept + read;
        for group in &groups {
            found += group.find_iter(&buffer[..filled]).filter(|hit| hit.end() > kept).count();
        }
        let carried = (longest - 1).min(filled);
        buffer.copy_within(filled - carried..filled, 0);
        kept = carried;
    }
}

/// One file in a process of its own, for its memory alone.
pub(crate) fn alone(path: &str, known: bool) {
    let mut random = Random(42);
    let scanner = scanner(&secrets(&mut random), known);
    println!("{}", hits(&scanner, Path::new(path)));
    println!("{}", peak());
}

/// The most memory that this process ever had, in kilobytes.
fn peak() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn scanner(secrets: &[String], known: bool) -> Scanner {
    let secret = |(at, value): (usize, &String)| {
        let value = value.clone().into();
        Arc::new(Secret { id: format!("s{at}"), variables: Vec::new(), origin: Origin::Plan, value })
    };
    let secrets: Vec<_> = secrets.iter().enumerate().map(secret).collect();
    Scanner::new(&secrets, &[], known)
}

fn hits(scanner: &Scanner, path: &Path) -> usize {
    let stop = AtomicBool::new(false);
    let mut survey = Survey::new(scanner, &stop);
    survey_path(&mut survey, path, "code.js", &|_| true);
    assert!(survey.unread.is_empty(), "{:?}", survey.unread);
    survey.hits.len()
}

/// CPU of this process while something is done.
fn spent<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let before = cpu_of(std::process::id());
    let given = work();
    (cpu_of(std::process::id()) - before, given)
}

/// The lines of the pattern file, and what ripgrep makes of it: CPU, occurrences.
fn ripgrep(folder: &Path, path: &Path, patterns: &[Vec<u8>]) -> Option<(Duration, usize)> {
    let list = folder.join("patterns");
    let mut file = File::create(&list).expect("a file");
    for pattern in patterns {
        file.write_all(pattern).and_then(|()| file.write_all(b"\n")).expect("written");
    }
    let mut command = Command::new("rg");
    command.args(["-F", "-a", "-o", "--no-filename", "-j1", "-f"]).arg(&list).arg(path).stdout(Stdio::piped());
    let before = children();
    let output = command.output().ok()?;
    let spent = children() - before;
    Some((spent, output.stdout.iter().filter(|byte| **byte == b'\n').count()))
}

/// CPU of all children that have ended.
fn children() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn rate(spent: Duration) -> f64 {
    SIZE as f64 / 1e6 / spent.as_secs_f64()
}

pub(crate) fn run() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk");
    let path = folder.path().join("code.js");
    let mut random = Random(42);
    let values = secrets(&mut random);
    let planted = write_code(&path, &values, &mut random);
    for (what, values, goal) in [
        ("20 patterns", &values[..], ">= 0.8, >= 5 x rg"),
        ("20 secrets in every form", &values[..], ">= 0.8, >= 1.5 x rg"),
    ] {
        let is_plain = what == "20 patterns";
        let patterns: Vec<Vec<u8>> = match is_plain {
            true => values.iter().map(|value| value.as_bytes().to_vec()).collect(),
            false => values.iter().flat_map(|value| forms::of(value).into_keys()).collect(),
        };
        let scanner = match is_plain {
            true => Scanner::new(&[], &values.iter().map(|value| Arc::from(value.as_str())).collect::<Vec<_>>(), false),
            false => scanner(values, false),
        };
        let (mut own, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            own.push(spent(|| hits(&scanner, &path)).0);
            bare.push(spent(|| floor(&path, &patterns)).0);
        }
        let (own, bare) = (rate(median_and_p99(own).0), rate(median_and_p99(bare).0));
        println!(
            "{:<52} golive {own:>9.0} MB/s floor {bare:>7.0} MB/s ratio {:>5.2}   goal {goal}",
            format!("scan, {what} ({} patterns), a CPU second", patterns.len()),
            own / bare
        );
        if let Some((spent, count)) = ripgrep(folder.path(), &path, &patterns) {
            let of_rg = rate(spent);
            println!(
                "{:<52} golive {own:>9.0} MB/s rg    {of_rg:>7.0} MB/s ratio {:>5.2}",
                "  the same, beside rg -F -f",
                own / of_rg
            );
            println!("{:<52} rg {count}", "  lines of rg -o");
        }
    }
    let began = Instant::now();
    let full = scanner(&values, true);
    let (took, found) = spent(|| hits(&full, &path));
    println!("{:<52} golive {:>9.0} MB/s", "scan, every form and known keys, a CPU second", rate(took));
    println!("{:<52} {found} found, {planted} planted, {:.2} s", "  hits", began.elapsed().as_secs_f64());
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args(["scan-alone", path.to_str().expect("a path")]).output().expect("it runs");
    let memory = String::from_utf8_lossy(&output.stdout).lines().nth(1).and_then(|kb| kb.parse::<f64>().ok());
    println!(
        "{:<52} golive {:>9.1} MB   goal <= 16",
        "scan, memory of the whole process",
        memory.unwrap_or(0.0) / 1024.0
    );
}
