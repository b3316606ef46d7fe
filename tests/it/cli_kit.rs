//! The real binary with a home of its own: how it is started, and what of it is looked at.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A home of its own for each test: what one keeps no other sees.
pub(crate) struct Home(pub(crate) tempfile::TempDir);

/// A small plan with one item for machines and one for people.
pub(crate) const PLAN: &str = r#"
[service]
name = "shop"
environment = "staging"

[sources]
env_files = [".env"]

[checks.shop_url_set]
kind = "variable"
names = ["SHOP_URL"]

[checks.notes_there]
kind = "file"
path = "notes.md"
severity = "warning"

[[pre_deployment]]
id = "environment_set"
title = "Environment set"
checks = ["shop_url_set"]

[[pre_deployment]]
id = "backup_ready"
title = "Backup ready"
manual = { prompt = "Restore seen working?" }
"#;

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.put("golive.toml", PLAN);
        home.put(".env", "SHOP_URL=https://shop.example\n");
        home.put("notes.md", "what changes\n");
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn put(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_golive"));
        let home = self.0.path();
        command.args(arguments).env_clear().current_dir(home).stdin(Stdio::null());
        command.env("HOME", home).env("GOLIVE_OPERATOR", "thandi").env("USER", "thandi").env("PATH", "/usr/bin:/bin");
        for name in ["STATE", "CONFIG", "CACHE", "DATA"] {
            command.env(format!("XDG_{name}_HOME"), home.join(name.to_lowercase()));
        }
        command
    }

    pub(crate) fn golive(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// The state folder's files, for tests about what is kept.
    pub(crate) fn sessions(&self) -> Vec<PathBuf> {
        let folder = self.0.path().join("state/golive/sessions");
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "golive")).collect()
    }
}

/// How the program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Ended with this code, said this on standard error, and nothing on standard output.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, sentence: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.err.contains(sentence), "{self:?}");
        assert!(self.out.is_empty(), "{self:?}");
        assert!(!self.err.contains('\x1b') && !self.err.contains("panicked"), "{self:?}");
    }
}
