//! The world's files beside its configuration: a built front end, releases with a `current` link, scripts that really
//! build and deploy, a runbook, and the plan.
#![expect(clippy::disallowed_methods, reason = "the world writes its own files")]

use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// The version that runs when the world starts.
pub(super) const OLD: &str = "2026.11.2";
/// The version that the demo deploys.
pub(super) const NEW: &str = "2026.11.3";

/// Writes them all.
pub(super) fn write(folder: &Path) -> io::Result<()> {
    for inner in ["ops", "docs", "web", "data", "releases", "logs", "reports"] {
        std::fs::create_dir_all(folder.join(inner))?;
    }
    std::fs::write(folder.join("VERSION"), format!("{NEW}\n"))?;
    std::fs::write(folder.join("web/index.html"), include_str!("site/index.html"))?;
    std::fs::write(folder.join("web/main.js"), include_str!("site/main.js"))?;
    std::fs::write(folder.join("reports/npm-audit.json"), include_str!("site/npm-audit.json"))?;
    std::fs::write(folder.join("docs/rollback.md"), include_str!("site/rollback.md"))?;
    for (name, text) in [
        ("build.sh", include_str!("site/build.sh")),
        ("deploy.sh", include_str!("site/deploy.sh")),
        ("rollback.sh", include_str!("site/rollback.sh")),
    ] {
        let path = folder.join("ops").join(name);
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    }
    release(folder, OLD)
}

/// Puts a version in place, as the deployment script does.
fn release(folder: &Path, version: &str) -> io::Result<()> {
    let release = folder.join("releases").join(version);
    std::fs::create_dir_all(release.join("assets"))?;
    std::fs::copy(folder.join("web/index.html"), release.join("index.html"))?;
    std::fs::copy(folder.join("web/main.js"), release.join("assets/index.js"))?;
    std::fs::write(release.join("VERSION"), format!("{version}\n"))?;
    let current = folder.join("current");
    if current.symlink_metadata().is_err() {
        symlink(Path::new("releases").join(version), current)?;
    }
    Ok(())
}

/// The version that is served now; `None` while nothing is in place.
pub(super) fn version(folder: &Path) -> Option<String> {
    std::fs::read_to_string(folder.join("current/VERSION")).ok().map(|text| text.trim().to_owned())
}

/// A file of the version that is served now. Only names without a way out of it.
pub(super) fn served(folder: &Path, path: &str) -> Option<Vec<u8>> {
    let name = if path == "/" { "index.html" } else { path.trim_start_matches('/') };
    let inside = name.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    inside.then(|| std::fs::read(folder.join("current").join(name)).ok())?
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
pub(super) fn write_plan(folder: &Path, https: u16, http: u16) -> io::Result<()> {
    let plan = include_str!("plan.toml")
        .replace("@HTTPS@", &https.to_string())
        .replace("@HTTP@", &http.to_string())
        .replace("@CA@", "ca.pem");
    std::fs::write(folder.join("golive.toml"), plan)
}
