//! A visit to a site: its front page, an invented path to compare with, then what must not be there.

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN};
use http::{HeaderMap, HeaderValue, Method, Uri};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::http::{Answer, Exchange, Kept};
use crate::check::site::keys::Keys;
use crate::check::site::page;
use crate::core::evidence::Evidence;
use crate::model::failure::FailureClass;
use crate::network::{Network, Trouble};

/// What no site should serve.
const NEVER: &[&str] = &[
    "/.env",
    "/.env.local",
    "/.env.production",
    "/.env.production.local",
    "/.git/config",
    "/.git/HEAD",
    "/debug",
    "/test",
    "/__debug__",
    "/api/debug",
    "/api/test",
    "/phpinfo.php",
    "/server-status",
];
/// A foreign origin that nobody has allowed on purpose.
const FOREIGN: &str = "https://golive-foreign-origin.invalid";

/// A site, and what is asked of it.
pub(super) struct Visit {
    pub(super) finding: Finding,
    pub(super) keys: Keys,
    pub(super) url: Uri,
}

/// Something that was found. A leak fails, a want of protection warns.
enum Found {
    Leak(&'static str, String),
    Want(&'static str, String),
}

/// A visit under way; the connection is kept from one question to the next.
struct Visitor<'a> {
    visit: &'a Visit,
    network: &'a Network,
    deadline: Instant,
    kept: Mutex<Option<Kept>>,
}

/// What an invented path is answered with.
struct Invented {
    path: String,
    status: u16,
    body: Bytes,
}

impl Visit {
    pub(super) async fn evidence(&self, network: &Network, deadline: Instant) -> Evidence {
        let visitor = Visitor { visit: self, network, deadline, kept: Mutex::new(None) };
        match visitor.look().await {
            Ok((found, asked)) => self.judged(&found, asked),
            Err(trouble) if trouble.is_the_targets() => self.finding.fail(trouble.class(), &trouble.to_string()),
            Err(trouble) => self.finding.error(&trouble.to_string()),
        }
    }

    fn judged(&self, found: &[Found], asked: usize) -> Evidence {
        let leaks = found.iter().filter(|found| matches!(found, Found::Leak(..))).count();
        let said = |found: &Found| match found {
            Found::Leak(_, what) | Found::Want(_, what) => what.clone(),
        };
        let more = if found.len() > 1 { format!(" (+{} more)", found.len() - 1) } else { String::new() };
        let worst = found.iter().find(|found| leaks == 0 || matches!(found, Found::Leak(..)));
        let mut evidence = match worst {
            None => Evidence::pass(&format!("nothing found on {} at {asked} places", self.url)),
            Some(worst) if leaks > 0 => self.finding.fail(FailureClass::Body, &format!("{}{more}", said(worst))),
            Some(worst) => Evidence::warn(&format!("{}{more}", said(worst))),
        };
        for one in found {
            let (Found::Leak(name, what) | Found::Want(name, what)) = one;
            evidence = evidence.material(name, what);
        }
        evidence.fact("url", &self.url.to_string())
    }
}

impl Visitor<'_> {
    async fn look(&self) -> Result<(Vec<Found>, usize), Trouble> {
        let front = self.ask(self.visit.url.clone(), false).await?;
        if !(200..300).contains(&front.status) {
            return Err(Trouble::Protocol(format!("{} answers {}", self.visit.url, front.status)));
        }
        let mut found = self.front_page(&front);
        let path = format!("/golive-{}", ulid::Ulid::generate());
        let invented = self.ask(self.at(&path), false).await?;
        let invented = Invented { path, status: invented.status, body: invented.body };
        let paths: Vec<&str> = NEVER.iter().copied().chain(self.visit.keys.paths.iter().map(String::as_str)).collect();
        for path in &paths {
            let answer = self.ask(self.at(path), false).await?;
            if is_served(path, &answer, &invented, &front) {
                found.push(Found::Leak("served", format!("{path} is served to everybody")));
            }
        }
        if !self.visit.keys.source_maps {
            found.extend(self.source_maps(&front).await?);
        }
        let origins: Vec<Uri> = std::iter::once(self.visit.url.clone())
            .chain(self.visit.keys.cross_origin.iter().map(|path| self.at(path)))
            .collect();
        for url in &origins {
            let answer = self.ask(url.clone(), true).await?;
            if is_open(&answer.headers) {
                let what = format!("{} lets any origin read it with the visitor's credentials", url.path());
                found.push(Found::Leak("cross_origin", what));
            }
        }
        Ok((found, paths.len() + origins.len() + 2))
    }

    fn front_page(&self, front: &Answer) -> Vec<Found> {
        let secure = self.visit.url.scheme_str() == Some("https");
        let missing = page::missing(&self.visit.keys.headers, &front.headers).into_iter();
        let mut found: Vec<Found> =
            missing.map(|name| Found::Want("header", format!("the front page lacks the header {name}"))).collect();
        found.extend(
            page::cookies(&front.headers, secure)
                .into_iter()
                .map(|(name, lacks)| Found::Want("cookie", format!("the cookie {name} lacks {lacks}"))),
        );
        let html = String::from_utf8_lossy(&front.body);
        if secure && let Some(loaded) = page::insecure(&html) {
            found.push(Found::Leak("mixed", format!("the page loads {loaded} without TLS")));
        }
        found
    }

    /// Maps that the scripts name, and those that lie beside them unnamed.
    async fn source_maps(&self, front: &Answer) -> Result<Vec<Found>, Trouble> {
        let mut found = Vec::new();
        let host = self.visit.url.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        for script in page::scripts(&String::from_utf8_lossy(&front.body), host) {
            let answer = self.ask(self.at(&script), false).await?;
            let named = page::source_map(&String::from_utf8_lossy(&answer.body));
            if named.as_ref().is_some_and(|named| named.starts_with("data:")) {
                found.push(Found::Leak("source_map", format!("{script} carries its source map in itself")));
                continue;
            }
            let map = format!("{script}.map");
            let answer = self.ask(self.at(&map), false).await?;
            let body = String::from_utf8_lossy(&answer.body);
            if answer.status == 200 && page::looks_like(&map, &body) == Some(true) {
                found.push(Found::Leak("source_map", format!("{map} is served to everybody")));
            }
        }
        Ok(found)
    }

    /// Another path of the same site.
    fn at(&self, path: &str) -> Uri {
        let mut parts = self.visit.url.clone().into_parts();
        parts.path_and_query = path.parse().ok();
        Uri::from_parts(parts).unwrap_or_else(|_| self.visit.url.clone())
    }

    async fn ask(&self, url: Uri, foreign: bool) -> Result<Answer, Trouble> {
        let mut headers = HeaderMap::new();
        if foreign {
            headers.insert(ORIGIN, HeaderValue::from_static(FOREIGN));
        }
        let exchange = Exchange::of_bytes(Method::GET, url, headers, Bytes::new());
        exchange
            .make(self.network, self.deadline, Some(&mut *self.kept.lock().await))
            .await
            .map_err(|(trouble, _)| trouble)
    }
}

/// Whether what was answered is really that thing, and not the page that every path is answered with.
fn is_served(path: &str, answer: &Answer, invented: &Invented, front: &Answer) -> bool {
    if !(200..300).contains(&answer.status) {
        return false;
    }
    match page::looks_like(path, &String::from_utf8_lossy(&answer.body)) {
        Some(looks) => looks,
        None if (200..300).contains(&invented.status) => {
            let seen = (path, &answer.body[..]);
            !is_alike(seen, (&invented.path, &invented.body)) && !is_alike(seen, ("/", &front.body))
        }
        None => true,
    }
}

/// The same page but for what changes with each answer: the path that was asked for, a nonce, a time. As many words,
/// and nearly all of them equal.
fn is_alike((path, one): (&str, &[u8]), (other_path, other): (&str, &[u8])) -> bool {
    let words = |path: &str, body: &[u8]| -> Vec<String> {
        let (text, own) = (String::from_utf8_lossy(body), path.trim_start_matches('/'));
        let text = if own.is_empty() { text.into_owned() } else { text.replace(own, "") };
        text.split_whitespace().map(str::to_owned).collect()
    };
    let (one, other) = (words(path, one), words(other_path, other));
    let differing = one.iter().zip(&other).filter(|(word, same)| word != same).count();
    one.len() == other.len() && differing <= 2.max(one.len() / 20)
}

/// Whether an answer lets the foreign origin, or any, read it together with the visitor's credentials.
fn is_open(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let with_credentials = text(ACCESS_CONTROL_ALLOW_CREDENTIALS).eq_ignore_ascii_case("true");
    with_credentials && matches!(text(ACCESS_CONTROL_ALLOW_ORIGIN), FOREIGN | "*" | "null")
}
