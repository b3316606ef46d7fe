//! What is served against what was built (K1): the index with and without the caches in between, at every address of
//! the name, and every asset that the index names.
#![expect(clippy::disallowed_methods, reason = "the build's files are read for their digests")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::LazyLock;

use http::Uri;
use regex::Regex;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::check::bundle::fetch::{Copy, Digest, Got, Line};
use crate::check::bundle::look::Asked;
use crate::check::exposed::{Gravity, Objection};
use crate::network::{Network, Trouble};

/// Addresses of a name that are asked, and assets that are followed.
const MOST_ADDRESSES: usize = 8;
const MOST_ASSETS: usize = 100;
const DEEPEST: usize = 8;
/// An index is short.
const LARGEST_INDEX: u64 = 4 << 20;
/// What a browser runs without the index naming it.
const WORKERS: &[&str] = &["sw.js", "service-worker.js", "registerSW.js"];

static REFERENCE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?i)\b(?:src|href)\s*=\s*["']?([^"'\s>]+)"#).expect("a constant pattern, tested"));

/// Where the site is.
pub(super) struct Site {
    uri: Uri,
    pub(super) shown: String,
}

/// The build's files with their digests: the index first, then what it names.
pub(super) struct Built {
    files: Vec<(String, Digest)>,
    /// Code of the version before.
    previous: Vec<String>,
}

/// What the comparison gave.
pub(super) struct Compared {
    pub(super) objections: Vec<Objection>,
    pub(super) facts: Vec<(&'static str, String)>,
}

impl Site {
    pub(super) fn of(address: &str) -> Result<Self, String> {
        let uri: Uri = address.parse().map_err(|_| format!("{address} is no address of a site"))?;
        match (uri.scheme_str(), uri.host()) {
            (Some("https" | "http"), Some(_)) => Ok(Self { shown: address.to_owned(), uri }),
            _ => Err(format!("{address} is no address of a site: it begins with https://")),
        }
    }

    /// The path of a file of the build.
    fn path(&self, file: &str) -> String {
        format!("{}/{file}", self.uri.path().trim_end_matches('/'))
    }

    /// How it is written in a sentence.
    fn named(&self, file: &str) -> String {
        format!("{}/{file}", self.shown.trim_end_matches('/'))
    }
}

/// The digests of the build's index, of what it names, and of its service workers.
pub(super) fn built(asked: &Asked) -> Result<Built, Objection> {
    let index = asked.folder.join("index.html");
    let unreadable = |name: &str, error: &io::Error| {
        let shown = asked.named(Path::new(name));
        if error.kind() == io::ErrorKind::NotFound {
            return Objection::fails(format!("{shown} does not exist: this is no build that could be served"));
        }
        Objection::new(Gravity::CannotTell, format!("{shown} cannot be read: {error}"))
    };
    let mut text = Vec::new();
    let read = File::open(&index).and_then(|file| file.take(LARGEST_INDEX).read_to_end(&mut text));
    read.map_err(|error| unreadable("index.html", &error))?;
    let text = String::from_utf8_lossy(&text);
    let named = REFERENCE.captures_iter(&text).map(|found| found[1].to_owned());
    let workers = WORKERS.iter().map(|name| (*name).to_owned());
    let files: BTreeSet<String> = named.filter_map(|reference| file_of(&reference, asked)).chain(workers).collect();
    let mut built = Vec::new();
    for file in std::iter::once("index.html".to_owned()).chain(files).filter(|file| asked.folder.join(file).is_file()) {
        let digest = digest(&asked.folder.join(&file)).map_err(|error| unreadable(&file, &error))?;
        built.push((file, digest));
    }
    built.truncate(MOST_ASSETS);
    let mut previous = Vec::new();
    if let Some(shown) = &asked.previous {
        let folder = asked.plan_folder.join(shown);
        let gone = |error| Objection::new(Gravity::CannotTell, format!("{shown} cannot be read: {error}"));
        code_below(&folder, "", 0, &mut previous).map_err(gone)?;
    }
    Ok(Built { files: built, previous })
}

/// The file of the build that a reference of the index means; none where it leads elsewhere.
fn file_of(reference: &str, asked: &Asked) -> Option<String> {
    let path = reference.split(['?', '#']).next().unwrap_or_default();
    let is_elsewhere = path.contains(':') || path.starts_with("//") || path.split('/').any(|part| part == "..");
    if path.is_empty() || is_elsewhere {
        return None;
    }
    // A site below a path names its assets from the root on: the longest end of the path that is a file is meant.
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let ends = (0..parts.len()).map(|from| parts[from..].join("/"));
    ends.into_iter().find(|end| asked.folder.join(end).is_file() && end != "index.html")
}

/// What an open page may still load from below a folder.
fn code_below(folder: &Path, shown: &str, depth: usize, code: &mut Vec<String>) -> io::Result<()> {
    let mut entries = folder.read_dir()?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, shown) = (entry.path(), format!("{shown}{}", entry.file_name().to_string_lossy()));
        let is_code =
            path.extension().is_some_and(|extension| ["js", "mjs", "css"].iter().any(|code| extension == *code));
        if path.is_dir() && depth < DEEPEST {
            code_below(&path, &format!("{shown}/"), depth + 1, code)?;
        } else if is_code && code.len() < MOST_ASSETS {
            code.push(shown);
        }
    }
    Ok(())
}

fn digest(path: &Path) -> io::Result<Digest> {
    let (mut file, mut hasher, mut block) = (File::open(path)?, Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hasher.finalize().into()),
            read => hasher.update(&block[..read]),
        }
    }
}

/// Fetches and compares.
pub(super) async fn compare(
    site: &Site,
    built: &Built,
    network: &Network,
    deadline: Instant,
) -> Result<Compared, Trouble> {
    let host = site.uri.host().unwrap_or_default();
    let usual = if site.uri.scheme_str() == Some("https") { 443 } else { 80 };
    let (addresses, overridden) = network.addresses(host, site.uri.port_u16().unwrap_or(usual), deadline).await?;
    let addresses: BTreeSet<_> = addresses.into_iter().collect();
    let mut compared = Compared { objections: Vec::new(), facts: vec![("served", site.shown.clone())] };
    for address in addresses.iter().take(MOST_ADDRESSES) {
        let mut line = Line::new(network, &site.uri, *address, deadline);
        let objections = at_address(site, built, &mut line).await?;
        let with_address = addresses.len() > 1;
        compared.objections.extend(objections.into_iter().map(|objection| match with_address {
            true => Objection { sentence: format!("at {address}: {}", objection.sentence), ..objection },
            false => objection,
        }));
        compared.facts.push(("address", address.to_string()));
    }
    if overridden {
        compared.facts.push(("resolve", "the plan's [network] resolve led there".to_owned()));
    }
    compared.facts.push(("compared", format!("{} files by SHA-256", built.files.len())));
    Ok(compared)
}

async fn at_address(site: &Site, built: &Built, line: &mut Line<'_>) -> Result<Vec<Objection>, Trouble> {
    let mut objections = Vec::new();
    for (position, (file, digest)) in built.files.iter().enumerate() {
        // The site's own address answers with the index; a server may send whoever asks for the file by name away.
        let name = if position == 0 { "" } else { file.as_str() };
        let usual = line.get(&site.path(name), Copy::Any).await?;
        let shown = site.named(name);
        if is_it(&usual, digest) {
            // An asset's name changes with its content; the index and a service worker keep theirs.
            if position == 0 && !is_it(&line.get(&site.path(name), Copy::Fresh).await?, digest) {
                let sentence = format!("{shown} is this build's only out of a cache: asked past it, another one comes");
                objections.push(Objection::fails(sentence));
            }
            continue;
        }
        let fresh = line.get(&site.path(name), Copy::Fresh).await?;
        objections.push(objection(&shown, &usual, is_it(&fresh, digest)));
    }
    for file in &built.previous {
        let got = line.get(&site.path(file), Copy::Any).await?;
        if got.status != 200 {
            let sentence = format!(
                "{} of the version before is answered {}: whoever has its page open cannot go on",
                site.named(file),
                got.status
            );
            objections
                .push(Objection::fails(sentence).remedy("keep the assets of the version before in place for a while"));
        }
    }
    Ok(objections)
}

fn is_it(got: &Got, digest: &Digest) -> bool {
    got.status == 200 && got.digest == *digest
}

fn objection(shown: &str, usual: &Got, fresh_is_it: bool) -> Objection {
    let sentence = match (usual.status, &usual.location, fresh_is_it) {
        (_, _, true) => {
            format!("{shown} comes out of a cache, and is of another build: asked past it, this build comes")
        }
        (200, ..) => format!("{shown} is not the file that was built: another build is served"),
        (status, Some(location), _) => format!("{shown} is answered {status} and leads to {location}"),
        (status, None, _) => format!("{shown} is answered {status}: it is not served"),
    };
    let remedy = match fresh_is_it {
        true => "purge the cache at the network's edge, and have the index served with no-cache",
        false => "deploy this build; if it is deployed, look at which folder the server serves",
    };
    Objection::fails(sentence).remedy(remedy)
}
