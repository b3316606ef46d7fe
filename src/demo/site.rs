//! The world's files beside its configuration: a built front end, releases with a `current` link, scripts that really
//! build and deploy, a runbook, and the plan.
#![expect(clippy::disallowed_methods, reason = "the world writes its own files")]

use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::demo::application::Application;

/// The version that runs when the world starts.
pub(super) const OLD: &str = "2026.11.2";
/// The version that the demo deploys.
pub(super) const NEW: &str = "2026.11.3";

/// The version before, of which a copy still lies at the network's edge.
const OLDER: &str = "2026.11.1";
/// A line of code that takes a secret to the browser.
const LEAK: &str = "const signature = { secret: import.meta.env.VITE_IKHOKHA_API_SECRET };\n";

/// Writes sources, scripts and documents.
pub(super) fn write(folder: &Path) -> io::Result<()> {
    for inner in
        ["ops", "docs", "web", "data", "db", "releases", "edge", "logs", "reports", ".git/objects", ".git/refs/heads"]
    {
        std::fs::create_dir_all(folder.join(inner))?;
    }
    // A repository as `git init` leaves it: nothing is in it, and the env files will not be.
    std::fs::write(folder.join(".git/HEAD"), "ref: refs/heads/main\n")?;
    std::fs::write(folder.join(".git/config"), "[core]\n\trepositoryformatversion = 0\n\tbare = false\n")?;
    std::fs::write(folder.join(".gitignore"), ".env*\ndata/\ndist/\n")?;
    std::fs::write(folder.join("VERSION"), format!("{NEW}\n"))?;
    std::fs::write(folder.join("web/index.html"), include_str!("site/index.html"))?;
    std::fs::write(folder.join("ops/compile.sed"), include_str!("site/compile.sed"))?;
    std::fs::write(folder.join("db/migration_head"), format!("{}\n", Application::newest_migration()))?;
    write_audit(folder, false)?;
    std::fs::write(folder.join("docs/rollback.md"), include_str!("site/rollback.md"))?;
    std::fs::write(folder.join("docs/payment-provider.md"), include_str!("site/payment-provider.md"))?;
    std::fs::write(folder.join("docs/database.md"), include_str!("site/database.md"))?;
    for (name, text) in [
        ("build.sh", include_str!("site/build.sh")),
        ("test.sh", include_str!("site/test.sh")),
        ("benchmark.sh", include_str!("site/benchmark.sh")),
        ("scan.sh", include_str!("site/scan.sh")),
        ("notice.sh", include_str!("site/notice.sh")),
        ("marker.sh", include_str!("site/marker.sh")),
        ("deploy.sh", include_str!("site/deploy.sh")),
        ("rollback.sh", include_str!("site/rollback.sh")),
        ("clear.sh", include_str!("site/clear.sh")),
    ] {
        let path = folder.join("ops").join(name);
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    }
    write_code(folder, false)?;
    stage(folder)
}

/// The staging copy: a link of its own that stands on what is to be taken back, as far as a rehearsal is concerned.
fn stage(folder: &Path) -> io::Result<()> {
    let staging = folder.join("staging");
    if staging.symlink_metadata().is_err() {
        std::fs::create_dir_all(folder.join("releases/staged"))?;
        std::fs::write(folder.join("releases/staged/VERSION"), format!("{NEW}\n"))?;
        symlink("releases/staged", staging)?;
    }
    Ok(())
}

/// The report of the dependency audit: with a vulnerability or without one, as npm writes it.
pub(super) fn write_audit(folder: &Path, vulnerable: bool) -> io::Result<()> {
    let (clean, found) = (include_str!("site/npm-audit.json"), include_str!("site/npm-audit-found.json"));
    std::fs::write(folder.join("reports/npm-audit.json"), if vulnerable { found } else { clean })
}

/// The env file, as a server gives it out that should not.
pub(super) fn env_file(folder: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(folder.join(".env"))
}

/// The front end's code, with a line that leaks a secret or without it.
pub(super) fn write_code(folder: &Path, leaks: bool) -> io::Result<()> {
    let leak = if leaks { LEAK } else { "" };
    std::fs::write(folder.join("web/main.js"), format!("{}{leak}", include_str!("site/main.js")))
}

/// Builds the version that runs, and puts it in place; a copy of the one before lies at the edge. The env files have to
/// be there already.
pub(super) fn release(folder: &Path) -> io::Result<()> {
    build(folder, OLDER)?;
    put(folder, &folder.join("edge"))?;
    build(folder, OLD)?;
    put(folder, &folder.join("releases").join(OLD))?;
    let current = folder.join("current");
    if current.symlink_metadata().is_err() {
        symlink(Path::new("releases").join(OLD), current)?;
    }
    Ok(())
}

/// Builds anew what was built and what is in place, because code or variables have changed.
pub(super) fn rebuild(folder: &Path) -> io::Result<()> {
    let version = |folder: &Path| std::fs::read_to_string(folder.join("VERSION")).map(|text| text.trim().to_owned());
    let (built, live) = (version(&folder.join("dist"))?, version(&folder.join("current"))?);
    build(folder, &live)?;
    put(folder, &folder.join("current"))?;
    if built == live { Ok(()) } else { build(folder, &built) }
}

/// Runs the build script, as the plan's step does.
fn build(folder: &Path, version: &str) -> io::Result<()> {
    let mut command = std::process::Command::new(folder.join("ops/build.sh"));
    let output = command.env("BUILD_VERSION", version).env("BUILD_PAUSE", "0").output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("the build failed: {}", String::from_utf8_lossy(&output.stderr).trim())))
}

/// Puts the build in place, as the deployment script does.
fn put(folder: &Path, place: &Path) -> io::Result<()> {
    std::fs::create_dir_all(place.join("assets"))?;
    for file in ["index.html", "assets/index.js", "VERSION"] {
        std::fs::copy(folder.join("dist").join(file), place.join(file))?;
    }
    Ok(())
}

/// Whether customers are shown that something is being changed.
pub(super) fn shows_notice(folder: &Path) -> bool {
    folder.join("notice").exists()
}

/// The version that is served now; `None` while nothing is in place.
pub(super) fn version(folder: &Path) -> Option<String> {
    std::fs::read_to_string(folder.join("current/VERSION")).ok().map(|text| text.trim().to_owned())
}

/// The releases that lie there: name, when it was put there, and whether it is whole.
pub(super) fn releases(folder: &Path) -> Vec<(String, Option<std::time::SystemTime>, bool)> {
    let entries = std::fs::read_dir(folder.join("releases")).into_iter().flatten().flatten();
    let release = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok().filter(|name| name.starts_with("20"))?;
        let place = entry.path();
        let modified = std::fs::metadata(&place).and_then(|metadata| metadata.modified()).ok();
        Some((name, modified, place.join("VERSION").exists()))
    };
    let mut releases: Vec<_> = entries.filter_map(release).collect();
    releases.sort();
    releases
}

/// Whether the version that the demo deploys is the one that is served.
pub(super) fn is_new_version(folder: &Path) -> bool {
    version(folder).is_some_and(|version| version == NEW)
}

/// A file of the version that is served now, or of the older copy at the edge. Only names without a way out of it.
pub(super) fn served(folder: &Path, path: &str, from_edge: bool) -> Option<Vec<u8>> {
    let name = if path == "/" { "index.html" } else { path.trim_start_matches('/') };
    let inside = name.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    let place = folder.join(if from_edge { "edge" } else { "current" });
    inside.then(|| std::fs::read(place.join(name)).ok())?
}

/// Leaves or takes away the stone that the deployment script stumbles over.
pub(super) fn set_stumbling_stone(folder: &Path, there: bool) -> io::Result<()> {
    let path = folder.join("ops/.disk-full");
    match there {
        true => std::fs::write(path, "no space left\n"),
        false => match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    }
}

/// Writes the plan with this world's ports and files.
pub(super) fn write_plan(folder: &Path, [https, replica]: [u16; 2], http: u16, smtp: u16) -> io::Result<()> {
    let plan = include_str!("plan.toml")
        .replace("@HTTPS@", &https.to_string())
        .replace("@REPLICA@", &replica.to_string())
        .replace("@HTTP@", &http.to_string())
        .replace("@SMTP@", &smtp.to_string())
        .replace("@CA@", "ca.pem");
    std::fs::write(folder.join("golive.toml"), plan)
}
