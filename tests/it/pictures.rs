//! The README's pictures, made from the real program: `BLESS=1 cargo test pictures` draws them anew.

use std::fs;
use std::path::Path;

use crate::terminal::Terminal;

/// Flies the demo with one fault, presses keys, and gives the picture of what it shows.
fn drawn(scenario: &str, keys: &str, wait_for: &str, size: (u16, u16)) -> String {
    let home = tempfile::tempdir().unwrap();
    let environment = [("COLORTERM", "truecolor"), ("GOLIVE_OPERATOR", "thandi")];
    let mut terminal = Terminal::golive_with(&["demo", "--scenario", scenario], home.path(), size, &environment);
    terminal.wait_for("PRE-DEPLOYMENT");
    terminal.wait_until("everything seen", |screen| screen.contains("NO-GO to deploy") && screen.contains("4 ok"));
    terminal.keys(keys);
    terminal.wait_for(wait_for);
    let picture = terminal.picture();
    assert!(picture.contains("<text"), "an empty picture");
    picture
}

#[test]
fn the_readmes_pictures_are_drawn_from_the_real_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    let pictures = [
        ("checklist.svg", drawn("shared-secret", "j", "credentials_distinct", (118, 32))),
        ("verdict.svg", drawn("shared-secret", "v", "BLOCKERS", (118, 32))),
    ];
    for (name, picture) in pictures {
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), picture).unwrap();
        }
        // Times and ports differ from run to run: that it is there, and that it can be drawn, is what is held.
        assert!(folder.join(name).is_file(), "docs/pictures/{name} is missing; BLESS=1 cargo test pictures draws it");
    }
}
