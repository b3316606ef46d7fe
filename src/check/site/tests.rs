//! `site` against sites on loopback, each with one thing wrong.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::check::kit;
use crate::core::evidence::Evidence;
use crate::model::word::Outcome;

const PROTECTED: &str = "content-security-policy: default-src 'self'; frame-ancestors 'none'\r\n\
                         x-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n";
const PAGE: &str = "<!doctype html><title>Shop</title><script src=\"/assets/app.js\"></script><p>Welcome to the shop";

/// A site of one function: path and whole head to status, headers, body.
fn site(answer: impl Fn(&str, &str) -> (u16, String, String) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0; 1];
            while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.split(' ').nth(1).unwrap_or("/");
            let (status, headers, body) = answer(path, &head);
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}");
        }
    });
    port
}

async fn look(port: u16, more: &str) -> Evidence {
    let keys = format!("url = \"http://127.0.0.1:{port}/\"\n{more}");
    kit::run("site", &keys, &kit::surroundings(&[])).await
}

/// A sound site, but for what `other` answers.
fn sound_but(other: impl Fn(&str, &str) -> Option<(u16, String, String)> + Send + 'static) -> u16 {
    site(move |path, head| {
        other(path, head).unwrap_or_else(|| match path {
            "/" => (200, PROTECTED.into(), PAGE.into()),
            "/assets/app.js" => (200, String::new(), "console.log(1)".into()),
            _ => (404, String::new(), "nothing here".into()),
        })
    })
}

#[tokio::test]
async fn a_sound_site_passes_and_so_does_one_that_answers_every_path_with_its_page() {
    let sound = look(sound_but(|_, _| None), "").await;
    assert_eq!(sound.outcome, Outcome::Pass, "{}", sound.summary);
    let single_page = site(|path, _| {
        // With a nonce and the path in it, as frameworks do.
        let page = format!("{PAGE} <script nonce=\"{}\"></script> {path}", ulid::Ulid::generate());
        (200, PROTECTED.into(), page)
    });
    let single_page = look(single_page, "paths = [\"/admin\"]").await;
    assert_eq!(single_page.outcome, Outcome::Pass, "{} {:?}", single_page.summary, single_page.facts);
}

#[tokio::test]
async fn what_is_served_and_should_not_be_is_found_by_itself() {
    let leaks: [(&str, &str, &str); 6] = [
        ("/.env", "API=1\nKEY=2\n", "/.env is served"),
        ("/.git/config", "[core]\n", "/.git/config is served"),
        ("/.git/HEAD", "ref: refs/heads/main\n", "/.git/HEAD is served"),
        ("/debug", "{\"routes\":[\"/a\"]}", "/debug is served"),
        ("/assets/app.js.map", "{\"version\":3,\"mappings\":\"A\"}", "/assets/app.js.map is served"),
        ("/admin/raw", "rows", "/admin/raw is served"),
    ];
    for (leak, body, says) in leaks {
        let port = sound_but(move |path, _| (path == leak).then(|| (200, String::new(), body.to_owned())));
        let evidence = look(port, "paths = [\"/admin/raw\"]").await;
        assert_eq!(evidence.outcome, Outcome::Fail, "{leak}: {}", evidence.summary);
        assert!(evidence.summary.as_str().starts_with(says), "{leak}: {}", evidence.summary);
        assert!(!evidence.summary.as_str().contains("more"), "{leak}: {}", evidence.summary);
    }
    let port =
        sound_but(|path, _| (path == "/assets/app.js.map").then(|| (200, String::new(), "{\"mappings\":\"\"}".into())));
    assert_eq!(look(port, "source_maps = true").await.outcome, Outcome::Pass);
}

#[tokio::test]
async fn a_want_of_protection_is_a_warning() {
    let bare = look(sound_but(|path, _| (path == "/").then(|| (200, String::new(), PAGE.into()))), "").await;
    assert_eq!(bare.outcome, Outcome::Warn, "{}", bare.summary);
    assert!(bare.summary.as_str().contains("content-security-policy (+3 more)"), "{}", bare.summary);
    let cookie = sound_but(|path, _| {
        (path == "/").then(|| (200, format!("{PROTECTED}set-cookie: sid=1; HttpOnly\r\n"), PAGE.into()))
    });
    let cookie = look(cookie, "").await;
    assert_eq!(cookie.outcome, Outcome::Warn, "{}", cookie.summary);
    assert!(cookie.summary.as_str().contains("the cookie sid lacks SameSite"), "{}", cookie.summary);
}

#[tokio::test]
async fn a_foreign_origin_may_not_read_with_credentials() {
    let reflecting = |path: &'static str| {
        sound_but(move |asked, head| {
            let origin = head.lines().find_map(|line| line.strip_prefix("origin: "))?.to_owned();
            let allow = format!("access-control-allow-origin: {origin}\r\naccess-control-allow-credentials: true\r\n");
            (asked == path).then(|| (200, format!("{PROTECTED}{allow}"), PAGE.into()))
        })
    };
    let evidence = look(reflecting("/api/me"), "cross_origin = [\"/api/me\"]").await;
    assert_eq!(evidence.outcome, Outcome::Fail, "{}", evidence.summary);
    assert!(evidence.summary.as_str().contains("/api/me lets any origin read it"), "{}", evidence.summary);
    let public = sound_but(|path, _| {
        (path == "/").then(|| (200, format!("{PROTECTED}access-control-allow-origin: *\r\n"), PAGE.into()))
    });
    assert_eq!(look(public, "").await.outcome, Outcome::Pass, "what is public may be read by all");
}

#[tokio::test]
async fn a_site_that_is_down_is_no_sound_site() {
    let down = look(site(|_, _| (503, String::new(), String::new())), "").await;
    assert_eq!(down.outcome, Outcome::Fail, "{}", down.summary);
}
