//! What can be read off a page: its scripts, what it loads without TLS, the flags of its cookies, its headers; and what
//! a body gives away by its look.

use std::sync::LazyLock;

use http::HeaderMap;
use regex::Regex;

static SCRIPT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?i)<script[^>]*\ssrc\s*=\s*["']?([^"'\s>]+)"#).expect("a sound pattern"));
static INSECURE: LazyLock<Regex> = LazyLock::new(|| {
    let loads = r#"(?i)<(?:script|img|iframe|audio|video|source|embed|object|input|form|link)[^>]*\s(?:src|href|data|action)\s*=\s*["']?(http://[^"'\s>]+)"#;
    Regex::new(loads).expect("a sound pattern")
});
static SETTING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=").expect("a sound pattern"));
static MAPPED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"//[#@]\s*sourceMappingURL=([^\s'\x22]+)\s*$").expect("a sound pattern"));
static COMMIT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[0-9a-f]{40}\s*$").expect("a sound pattern"));

/// At most so many scripts are followed.
const MOST_SCRIPTS: usize = 8;

/// The scripts of a page that are the site's own, as paths.
pub(super) fn scripts(html: &str, host: &str) -> Vec<String> {
    let mut found: Vec<String> = SCRIPT
        .captures_iter(html)
        .filter_map(|script| own_path(&script[1], host))
        .map(|path| path.split(['?', '#']).next().unwrap_or_default().to_owned())
        .collect();
    found.dedup();
    found.truncate(MOST_SCRIPTS);
    found
}

fn own_path(source: &str, host: &str) -> Option<String> {
    if source.starts_with("data:") || source.starts_with("blob:") {
        return None;
    }
    let behind = source.strip_prefix("https:").or_else(|| source.strip_prefix("http:")).unwrap_or(source);
    match behind.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_once('/')?;
            authority.eq_ignore_ascii_case(host).then(|| format!("/{path}"))
        }
        None if source.starts_with('/') => Some(source.to_owned()),
        None => Some(format!("/{}", source.trim_start_matches("./"))),
    }
}

/// What a page that came over TLS loads or sends without it.
pub(super) fn insecure(html: &str) -> Option<String> {
    INSECURE.captures(html).map(|found| found[1].to_owned())
}

/// Where a script says that its source map is; inlined ones are told as `data:`.
pub(super) fn source_map(script: &str) -> Option<String> {
    let end = script.trim_end().lines().last()?;
    MAPPED.captures(end).map(|found| found[1].to_owned())
}

/// The headers that a front page lacks. A policy that names `frame-ancestors` stands for `x-frame-options`.
pub(super) fn missing(wanted: &[String], headers: &HeaderMap) -> Vec<String> {
    let policy = headers.get("content-security-policy").and_then(|policy| policy.to_str().ok()).unwrap_or_default();
    let is_there = |name: &str| {
        let framed = name.eq_ignore_ascii_case("x-frame-options") && policy.contains("frame-ancestors");
        framed || headers.get(name).is_some_and(|value| !value.is_empty())
    };
    wanted.iter().filter(|name| !is_there(name)).cloned().collect()
}

/// What a cookie lacks: its name and the flags.
pub(super) fn cookies(headers: &HeaderMap, secure: bool) -> Vec<(String, String)> {
    let cookies = headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let judged = cookies.filter_map(|cookie| {
        let (pair, flags) = cookie.split_once(';').unwrap_or((cookie, ""));
        let name = pair.split('=').next().unwrap_or_default().trim().to_owned();
        let flags: Vec<String> =
            flags.split(';').map(|flag| flag.split('=').next().unwrap_or_default().trim().to_lowercase()).collect();
        let wanted = [("secure", "Secure"), ("httponly", "HttpOnly"), ("samesite", "SameSite")];
        let lacks: Vec<&str> = wanted
            .iter()
            .filter(|(flag, _)| (*flag != "secure" || secure) && !flags.iter().any(|known| known == flag))
            .map(|(_, shown)| *shown)
            .collect();
        (!lacks.is_empty()).then(|| (name, lacks.join(", ")))
    });
    judged.collect()
}

/// Whether a body looks like what its path says: an environment file, a repository. `None` where the path says nothing.
pub(super) fn looks_like(path: &str, body: &str) -> Option<bool> {
    let is_page = body.trim_start().to_lowercase().starts_with('<');
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.starts_with(".env") {
        return Some(!is_page && SETTING.is_match(body));
    }
    match path {
        "/.git/config" => Some(body.contains("[core]") || body.contains("repositoryformatversion")),
        "/.git/HEAD" => Some(body.starts_with("ref: refs/") || COMMIT.is_match(body)),
        _ if name.ends_with(".map") => Some(!is_page && body.contains("\"mappings\"")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pages_own_scripts_are_found_however_they_are_written() {
        let html = "<script type=module src='/assets/a.js?v=1'></script><SCRIPT SRC=\"b.js\"></SCRIPT>\
                    <script src=//shop.example/c.js></script><script src=https://cdn.example/d.js></script>";
        assert_eq!(scripts(html, "shop.example"), ["/assets/a.js", "/b.js", "/c.js"]);
    }

    #[test]
    fn cookies_tell_what_they_lack() {
        let mut headers = HeaderMap::new();
        headers.append("set-cookie", "sid=1; Path=/; Secure; HttpOnly; SameSite=Lax".parse().unwrap());
        headers.append("set-cookie", "lang=en; path=/".parse().unwrap());
        assert_eq!(cookies(&headers, true), [("lang".to_owned(), "Secure, HttpOnly, SameSite".to_owned())]);
    }

    #[test]
    fn a_body_is_known_by_its_look() {
        for (path, body, looks) in [
            ("/.env", "A=1\nB=2\n", Some(true)),
            ("/.env", "<!doctype html><script>a=1</script>", Some(false)),
            ("/.git/config", "[core]\n\tbare = false\n", Some(true)),
            ("/.git/HEAD", "ref: refs/heads/main\n", Some(true)),
            ("/.git/HEAD", "<html>", Some(false)),
            ("/a.js.map", "{\"version\":3,\"mappings\":\"AAAA\"}", Some(true)),
            ("/debug", "anything", None),
        ] {
            assert_eq!(looks_like(path, body), looks, "{path} {body}");
        }
        assert_eq!(source_map("var a;\n//# sourceMappingURL=a.js.map\n").as_deref(), Some("a.js.map"));
        assert_eq!(source_map("var a = '//# sourceMappingURL=a.js.map'; b()"), None);
        assert_eq!(insecure("<a href='http://x.example'>x</a>"), None, "a link is no load");
        assert!(insecure("<img src=http://x.example/i.png>").is_some());
    }
}
