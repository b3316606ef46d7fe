//! The house holds its own plan: who may import whom, no circles, heads, lengths, registries.
//!
//! The table below is the picture in docs/ARCHITECTURE.md as data. A wrong arrow fails with the rule and the way out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Room, what it may import, and what to do instead of importing anything else.
const ROOMS: &[(&str, &[&str], &str)] = &[
    ("model", &[], "model is the words: move what it needs into model, or the caller outward"),
    ("expr", &["model"], "a condition knows facts by name; hand it values"),
    ("clock", &["model"], "the clock only reads the time"),
    ("mask", &["model"], "the redactor gets its secrets handed over"),
    ("envfile", &["model"], "env files are text in, variables out"),
    ("webhook", &["model"], "signatures are bytes in, bytes out"),
    ("trust", &["model"], "trust keeps digests; the plan makes them"),
    ("network", &["core::evidence", "model"], "the network reaches names; what is said over it is its caller's"),
    (
        "notify",
        &["core::evidence", "core::notice", "model", "network", "webhook"],
        "a notifier sends a notice once and says whether it was taken",
    ),
    ("plan", &["model", "expr", "mask", "envfile"], "the plan gets what it needs of kinds as KindSpec"),
    ("core", &["model", "expr"], "the core does no I/O: let the engine do it and answer with an event"),
    ("scan", &["model", "mask"], "the search gets its secrets handed over and gives back finds"),
    ("source", &["model", "mask", "envfile", "clock"], "a source gives values; the engine passes them on"),
    (
        "check",
        &[
            "core::evidence",
            "core::inquiry",
            "expr",
            "model",
            "mask",
            "envfile",
            "clock",
            "scan",
            "webhook",
            "network",
            "notify",
            "core::notice",
        ],
        "a check returns Evidence and knows nothing else",
    ),
    (
        "enforce",
        &["model", "mask", "envfile"],
        "enforcement is texts and wishes in, texts out; the kinds bring the wishes",
    ),
    ("supervisor", &["model", "mask", "clock"], "the supervisor is told everything in its order"),
    ("journal", &["core", "model"], "the journal stores events and knows no meaning"),
    (
        "engine",
        &[
            "core",
            "check",
            "enforce",
            "network",
            "notify",
            "source",
            "supervisor",
            "journal",
            "plan",
            "expr",
            "model",
            "mask",
            "clock",
            "trust",
        ],
        "the engine answers with events; screens and reports read state",
    ),
    ("report", &["core", "model"], "a report is a function of state and now"),
    (
        "tui",
        &["core", "model", "clock", "engine::handle", "report"],
        "a screen reads state and sends commands through the handle",
    ),
    ("demo", &["core", "plan", "model", "mask", "clock", "webhook"], "the demo is a world; the cli flies it"),
    (
        "cli",
        &[
            "check",
            "clock",
            "core",
            "demo",
            "enforce",
            "engine",
            "envfile",
            "expr",
            "journal",
            "mask",
            "model",
            "network",
            "notify",
            "plan",
            "report",
            "scan",
            "source",
            "supervisor",
            "trust",
            "tui",
            "webhook",
        ],
        "the cli may import everything",
    ),
];

/// Files over 500 lines, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn relative(path: &Path) -> String {
    path.strip_prefix(source()).unwrap().to_string_lossy().into_owned()
}

fn room_of(path: &Path) -> String {
    let relative = relative(path);
    relative.split(['/', '.']).next().unwrap().to_owned()
}

/// Lines without comments, up to the unit tests at the file's foot.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .enumerate()
        .map(|(number, line)| (number + 1, line.split("//").next().unwrap_or("")))
}

/// Every `crate::room::sub` in the code of a file, with its line.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in code(text) {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            for path in first_names(rest) {
                found.push((number, path));
            }
        }
    }
    found
}

/// `core::state::{…}` gives `core::state`; `{a, b::c}` is looked into as well.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| {
        let path: Vec<&str> = text
            .trim()
            .split("::")
            .map(|part| part.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(""))
            .take(2)
            .collect();
        path.join("::").trim_end_matches("::").to_owned()
    };
    if let Some(list) = rest.strip_prefix('{') {
        return list.split(',').map(name).filter(|name| !name.is_empty()).collect();
    }
    if let Some((room, list)) = rest.split_once("::{")
        && room.chars().all(|c| c.is_alphanumeric() || c == '_')
    {
        let list = list.split('}').next().unwrap_or("");
        return list.split(',').map(|sub| name(&format!("{room}::{}", sub.trim()))).collect();
    }
    vec![name(rest)]
}

fn allows(allowed: &[&str], path: &str) -> bool {
    allowed.iter().any(|rule| path == *rule || path.starts_with(&format!("{rule}::")))
}

#[test]
fn every_arrow_between_rooms_points_inward() {
    let mut wrong = Vec::new();
    for path in rust_files(&source()) {
        let room = room_of(&path);
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let Some((_, allowed, way_out)) = ROOMS.iter().find(|(name, _, _)| *name == room) else {
            wrong.push(format!("{}: room `{room}` is not in the table of rooms", relative(&path)));
            continue;
        };
        for (line, import) in imports(&fs::read_to_string(&path).unwrap()) {
            let target = import.split("::").next().unwrap();
            let is_room = ROOMS.iter().any(|(name, _, _)| *name == target);
            if is_room && target != room && !allows(allowed, &import) {
                wrong.push(format!("{}:{line}: {room} may not enter {import}: {way_out}", relative(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn there_is_no_circle_between_rooms() {
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in rust_files(&source()) {
        let room = room_of(&path);
        for (_, import) in imports(&fs::read_to_string(&path).unwrap()) {
            let target = import.split("::").next().unwrap().to_owned();
            if target != room && ROOMS.iter().any(|(name, _, _)| *name == target) {
                arrows.entry(room.clone()).or_default().insert(target);
            }
        }
    }
    // Rooms that nothing left points out of are taken away until none is left or only circles are.
    loop {
        let free: Vec<String> = arrows
            .iter()
            .filter(|(_, targets)| !targets.iter().any(|target| arrows.contains_key(target)))
            .map(|(room, _)| room.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        for room in free {
            arrows.remove(&room);
        }
    }
    assert!(arrows.is_empty(), "a circle among: {arrows:?}");
}

#[test]
fn paths_between_rooms_start_at_the_root() {
    let wrong: Vec<String> = rust_files(&source())
        .iter()
        .flat_map(|path| {
            let text = fs::read_to_string(path).unwrap();
            let name = relative(path);
            code(&text)
                .filter(|(_, line)| line.contains("super::super"))
                .map(|(number, _)| format!("{name}:{number}"))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "write crate::room:: instead of super::super: {wrong:?}");
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let missing: Vec<String> = rust_files(&source())
        .iter()
        .filter(|path| !fs::read_to_string(path).unwrap().starts_with("//! "))
        .map(|path| relative(path))
        .collect();
    assert!(missing.is_empty(), "no `//!` head: {missing:?}");
}

#[test]
fn no_file_is_long_without_a_reason() {
    let mut wrong = Vec::new();
    for path in rust_files(&source()) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        let name = relative(&path);
        let excused = LONG_FILES.iter().any(|(file, _)| *file == name);
        if lines > 800 || (lines > 500 && !excused) {
            wrong.push(format!("{name}: {lines} lines; what second thing has it become?"));
        }
        if lines <= 500 && excused {
            wrong.push(format!("{name} is short again: take it off the list"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Files of a room that its registry (`mod.rs`) has to name: one file, one line.
#[test]
fn every_kind_screen_format_and_subcommand_is_in_its_registry() {
    for folder in ["check", "notify", "cli", "report", "tui/screen"] {
        let folder = source().join(folder);
        let registry = fs::read_to_string(folder.join("mod.rs")).unwrap();
        for path in rust_files(&folder) {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.parent() == Some(folder.as_path()) && name != "mod" {
                assert!(registry.contains(&format!("mod {name};")), "{} is in no registry", relative(&path));
            }
        }
    }
}

#[test]
fn lib_re_exports_nothing() {
    let text = fs::read_to_string(source().join("lib.rs")).unwrap();
    assert!(!text.contains("pub use"), "a re-export at the root hides an arrow from this file");
}

#[test]
fn no_lint_is_silenced_without_a_reason() {
    for path in rust_files(&source()) {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in code(&text) {
            assert!(!line.contains("[allow("), "{}:{number}: use #[expect(…, reason = …)]", relative(&path));
        }
    }
}
