//! Whether a URL is one that customers may meet: its scheme, and a host that is neither this machine, nor a private
//! address, nor one of a test environment.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// Parts of a name below its domain that say "not for customers".
const TEST_PARTS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "staging",
    "stage",
    "stg",
    "dev",
    "development",
    "sandbox",
    "uat",
    "qa",
    "preprod",
    "preview",
    "local",
    "mock",
];

/// Names that only mean something inside a network, or nothing anywhere (RFC 6761, 6762, 8375, 9476).
const NOWHERE: &[&str] = &["localhost", "local", "internal", "test", "invalid", "lan", "home", "arpa", "localdomain"];

/// Services that lend a public name to somebody's own machine.
const TUNNELS: &[&str] = &["ngrok.io", "ngrok.app", "ngrok-free.app", "loca.lt", "trycloudflare.com", "serveo.net"];

/// What is wrong with this text as a URL for production; `schemes` are those that it may have.
pub(in crate::check) fn objection(text: &str, schemes: &[&str]) -> Option<String> {
    let Ok(url) = Url::parse(text) else { return Some("is no URL".to_owned()) };
    let Some(host) = url.host_str() else { return Some("has no host".to_owned()) };
    if !url.username().is_empty() || url.password().is_some() {
        return Some("carries a user name or password".to_owned());
    }
    if let Some(why) = not_public(host) {
        return Some(format!("leads to {host}, {why}"));
    }
    (!schemes.contains(&url.scheme())).then(|| format!("is not {}", schemes.join(" or ")))
}

/// The host, in small letters and without a dot at its end.
pub(in crate::check) fn host_of(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    Some(url.host_str()?.trim_end_matches('.').to_lowercase())
}

/// Whether a host is this one, or below it.
pub(in crate::check) fn is_at(host: &str, allowed: &str) -> bool {
    let allowed = allowed.trim_end_matches('.').to_lowercase();
    host == allowed || host.strip_suffix(&allowed).is_some_and(|below| below.ends_with('.') && below.len() > 1)
}

/// The text with `https` for `http`, or `wss` for `ws`.
pub(in crate::check) fn secured(text: &str) -> Option<String> {
    let lower = text.get(..7).map(str::to_lowercase).unwrap_or_default();
    if lower == "http://" {
        return Some(format!("https://{}", &text[7..]));
    }
    lower.starts_with("ws://").then(|| format!("wss://{}", &text[5..]))
}

/// Why a host is none for customers.
fn not_public(host: &str) -> Option<&'static str> {
    let bare = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_lowercase();
    if let Ok(address) = bare.parse::<IpAddr>() {
        return not_public_address(address);
    }
    let labels: Vec<&str> = bare.split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    if last == "localhost" {
        return Some("which is this machine");
    }
    if labels.len() < 2 || NOWHERE.contains(&last) {
        return Some("a name that only a private network knows");
    }
    if TUNNELS.iter().any(|tunnel| is_at(&bare, tunnel)) {
        return Some("a tunnel to somebody's machine");
    }
    // The last two labels are the domain itself: dev.to is a site, dev.shop.example is not one for customers.
    let below = &labels[..labels.len() - 2];
    let is_test =
        |label: &&str| label.split('-').any(|part| TEST_PARTS.contains(&part.trim_end_matches(char::is_numeric)));
    below.iter().any(|label| is_test(&label)).then_some("a test host")
}

fn not_public_address(address: IpAddr) -> Option<&'static str> {
    let address = match address {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(IpAddr::V6(six), IpAddr::V4),
        four @ IpAddr::V4(_) => four,
    };
    if address.is_loopback() || address.is_unspecified() {
        return Some("which is this machine");
    }
    let private = match address {
        IpAddr::V4(four) => is_private_v4(four),
        IpAddr::V6(six) => is_private_v6(six),
    };
    private.then_some("a private address")
}

const fn is_private_v4(four: Ipv4Addr) -> bool {
    let [first, second, ..] = four.octets();
    // Shared address space of providers (RFC 6598) is reached from outside no more than a private one.
    four.is_private() || four.is_link_local() || (first == 100 && second & 0xc0 == 64) || first == 0
}

const fn is_private_v6(six: Ipv6Addr) -> bool {
    let first = six.segments()[0];
    first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_customers_can_reach_by_https_is_for_production() {
        for (text, says) in [
            ("https://localhost/x", "this machine"),
            ("https://127.1/", "this machine"),
            ("https://2130706433/", "this machine"),
            ("https://[::1]:3000/", "this machine"),
            ("https://[::ffff:10.0.0.7]/", "private address"),
            ("https://192.168.1.4/", "private address"),
            ("https://100.64.0.1/", "private address"),
            ("https://[fd00::1]/", "private address"),
            ("https://shop/", "private network"),
            ("https://shop.internal/", "private network"),
            ("https://staging.shop.example/", "a test host"),
            ("https://api-test2.shop.example/", "a test host"),
            ("https://SANDBOX.ikhokha.com/", "a test host"),
            ("https://a1b2.ngrok-free.app/", "a tunnel"),
            ("https://me:word@shop.example/", "a user name or password"),
            ("http://shop.example/", "is not https"),
            ("shop.example", "is no URL"),
        ] {
            let said = objection(text, &["https"]).unwrap_or_default();
            assert!(said.contains(says), "{text}: {said:?}");
        }
        for text in
            ["https://shop.example/", "https://api.ikhokha.com:443/v1", "https://contest.example", "https://dev.to"]
        {
            assert_eq!(objection(text, &["https"]), None, "{text}");
        }
    }

    #[test]
    fn a_host_is_compared_whole() {
        assert!(is_at("api.ikhokha.com", "api.ikhokha.com") && is_at("v2.api.ikhokha.com", "API.ikhokha.com."));
        for host in ["api.ikhokha.com.evil.example", "xapi.ikhokha.com", "ikhokha.com", ".api.ikhokha.com"] {
            assert!(!is_at(host, "api.ikhokha.com"), "{host}");
        }
        assert_eq!(host_of("https://api.ikhokha.com@evil.example/").as_deref(), Some("evil.example"));
    }
}
