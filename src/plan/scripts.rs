//! Which files a command line runs, of those inside the plan's folder: what trust pins, and what a rehearsal was one of.
//!
//! A changed script has to be another plan; a file that a step writes must not be. So the program itself always counts.
//! Behind a program of the machine every named file counts (it may be an interpreter that nobody here knows), but for
//! what follows an output's switch. Behind a script of the plan's own, which is pinned itself, only what looks like code
//! counts. What the plan says a step `writes` never does, unless it is the program.
#![expect(clippy::disallowed_methods, reason = "a script is a file, and its content is what is pinned")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::model::step::Action;

/// A command line of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CommandLine {
    /// Program and arguments, as written.
    pub(super) words: Vec<String>,
    /// Its working folder, relative to the plan's.
    pub(super) folder: Option<String>,
    /// Files that it writes.
    pub(super) writes: Vec<String>,
}

/// A file that is run.
pub(super) struct Script {
    /// As the plan names it.
    pub(super) name: String,
    /// What is in it.
    pub(super) content: Vec<u8>,
}

/// Programs that run what they are given: behind them an output's switch means nothing.
const INTERPRETERS: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "fish",
    "busybox",
    "env",
    "sudo",
    "doas",
    "nohup",
    "nice",
    "timeout",
    "time",
    "xargs",
    "python",
    "pypy",
    "node",
    "deno",
    "bun",
    "npx",
    "tsx",
    "ruby",
    "perl",
    "php",
    "lua",
    "tclsh",
    "rscript",
    "pwsh",
    "java",
    "awk",
    "gawk",
    "sed",
    "make",
    "just",
    "psql",
    "mysql",
    "mariadb",
    "sqlite",
    "docker",
    "podman",
    "kubectl",
    "helm",
    "terraform",
    "tofu",
    "ansible-playbook",
    "ssh",
];

/// Switches behind which a program names what it writes.
const OUTPUTS: &[&str] = &[
    "-o",
    "--out",
    "--output",
    "--outfile",
    "--out-file",
    "--output-file",
    "--report",
    "--report-file",
    "--junit-xml",
];

/// Endings of files that are code, whatever their mode.
const CODE: &[&str] = &[
    "sh", "bash", "zsh", "ksh", "fish", "py", "pl", "rb", "js", "mjs", "cjs", "ts", "mts", "cts", "lua", "php", "awk",
    "sed", "sql", "ps1", "r", "jl", "exs", "groovy", "gradle", "mk", "tcl",
];

/// The command line of a step, where it has one.
pub(super) fn of_action(action: &Action) -> Option<CommandLine> {
    let Action::Command { run, folder, writes, .. } = action else { return None };
    let words = run.iter().map(|word| word.as_written().to_owned()).collect();
    Some(CommandLine { words, folder: folder.clone(), writes: writes.clone() })
}

/// The scripts that a command line runs.
pub(super) fn of(plan: &Path, line: &CommandLine) -> Vec<Script> {
    let Some(program) = line.words.first() else { return Vec::new() };
    let found = |word: &str| {
        // A relative name means its working folder; the plan's own is looked into too, for what hands names on.
        let inner = line.folder.as_ref().and_then(|folder| inside(plan, &Path::new(folder).join(word)));
        inner.or_else(|| inside(plan, Path::new(word)))
    };
    let is_own = program.contains('/') && found(program).is_some();
    let interprets = is_interpreter(program);
    let mut scripts = Vec::new();
    for (at, word) in line.words.iter().enumerate() {
        let Some(path) = found(word) else { continue };
        let Ok(content) = std::fs::read(&path) else { continue };
        let before = at.checked_sub(1).and_then(|before| line.words.get(before)).map(String::as_str);
        let is_output = !interprets && before.is_some_and(|before| OUTPUTS.contains(&before));
        let counts = match at {
            0 => true,
            _ if line.writes.iter().any(|written| written == word) => false,
            _ if is_own => looks_like_code(&path, &content),
            _ => !is_output,
        };
        if counts {
            scripts.push(Script { name: word.clone(), content });
        }
    }
    scripts
}

/// A file inside the plan's folder; `None` for what stands elsewhere or is no file.
fn inside(plan: &Path, name: &Path) -> Option<PathBuf> {
    let path = plan.join(name).canonicalize().ok()?;
    let folder = plan.canonicalize().ok()?;
    (path.starts_with(folder) && path.is_file()).then_some(path)
}

/// `/usr/bin/python3.12` is python.
fn is_interpreter(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program).to_ascii_lowercase();
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    INTERPRETERS.contains(&bare)
}

fn looks_like_code(path: &Path, content: &[u8]) -> bool {
    let may_run = path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0);
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    may_run || content.starts_with(b"#!") || ending.is_some_and(|ending| CODE.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files; a name that ends in `*` may be run.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name.trim_end_matches('*'));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, content).unwrap();
            if name.ends_with('*') {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        folder
    }

    fn names(folder: &Path, line: &CommandLine) -> Vec<String> {
        of(folder, line).into_iter().map(|script| script.name).collect()
    }

    fn line(words: &[&str]) -> CommandLine {
        CommandLine { words: words.iter().map(|word| (*word).to_owned()).collect(), ..CommandLine::default() }
    }

    #[test]
    fn what_a_step_writes_is_no_script_and_what_it_runs_is() {
        let folder = folder(&[
            ("ops/deploy.sh*", "#!/bin/sh\n"),
            ("ops/more.sh", "echo more\n"),
            ("ops/tool", "#!/usr/bin/env python3\n"),
            ("out/report.json", "{}"),
            ("release", "2026.11.3"),
            ("steps.txt", "one"),
        ]);
        let at = folder.path();
        for (words, expected) in [
            (&["./ops/deploy.sh", "out/report.json", "release"][..], &["./ops/deploy.sh"][..]),
            (&["./ops/deploy.sh", "ops/more.sh", "ops/tool"], &["./ops/deploy.sh", "ops/more.sh", "ops/tool"]),
            (&["bash", "steps.txt"], &["steps.txt"]),
            (&["/usr/bin/python3.12", "-o", "steps.txt"], &["steps.txt"]),
            (&["some-runner", "steps.txt"], &["steps.txt"]),
            (&["some-scanner", "--output", "out/report.json"], &[]),
            (&["some-scanner", "-o", "ops/more.sh"], &[]),
            (&["deploy", "../../etc/passwd"], &[]),
            (&["ls", "ops"], &[]),
        ] {
            assert_eq!(names(at, &line(words)), expected, "{words:?}");
        }
    }

    #[test]
    fn a_plan_says_what_a_step_writes_but_never_that_it_writes_its_own_program() {
        let folder = folder(&[("backup.sql", "…"), ("run.sh*", "#!/bin/sh\n")]);
        let writes = vec!["backup.sql".to_owned(), "./run.sh".to_owned()];
        let dump = CommandLine { writes: writes.clone(), ..line(&["pg_dump", "-f", "backup.sql"]) };
        assert_eq!(names(folder.path(), &dump), [""; 0]);
        let own = CommandLine { writes, ..line(&["./run.sh", "backup.sql"]) };
        assert_eq!(names(folder.path(), &own), ["./run.sh"]);
    }

    #[test]
    fn a_script_in_its_working_folder_is_found_there() {
        let folder = folder(&[("ops/deploy.sh*", "#!/bin/sh\n")]);
        let line = CommandLine { folder: Some("ops".to_owned()), ..line(&["./deploy.sh"]) };
        let scripts = of(folder.path(), &line);
        assert_eq!(scripts.len(), 1);
        assert_eq!(scripts[0].content, b"#!/bin/sh\n");
    }
}
