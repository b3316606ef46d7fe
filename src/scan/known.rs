//! Keys of known providers: found by their prefix with the vector search, judged by their whole form.
//!
//! What a provider means to be public (Stripe's `pk_live_`, Supabase's `sb_publishable_` and anonymous key) is not here:
//! a false alarm is a defect too.

use std::ops::Range;

use aho_corasick::{AhoCorasick, Input};
use regex::bytes::Regex;

use crate::scan::scanner::{Weight, automaton};
use crate::scan::token;

/// So many bytes from a key's beginning are looked at.
pub(super) const WINDOW: usize = 2048;

/// A kind of key: what it is, what it begins with, its whole form behind `^`, what it weighs.
struct Key(&'static str, &'static [&'static str], &'static str, Weight);

use Weight::{Secret, Suspect};

const KEYS: &[Key] = &[
    Key("an AWS access key", &["AKIA", "ASIA"], "A[KS]IA[0-9A-Z]{16}", Secret),
    Key("a Stripe live key", &["sk_live_", "rk_live_"], "[sr]k_live_[0-9A-Za-z]{16,}", Secret),
    Key("a Stripe webhook secret", &["whsec_"], "whsec_[0-9A-Za-z+/=]{24,}", Secret),
    Key("a GitHub token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], "gh[pousr]_[0-9A-Za-z]{36,}", Secret),
    Key("a GitHub token", &["github_pat_"], "github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}", Secret),
    Key("a GitLab token", &["glpat-"], "glpat-[0-9A-Za-z_-]{20,}", Secret),
    Key("a Google OAuth client secret", &["GOCSPX-"], "GOCSPX-[0-9A-Za-z_-]{28}", Secret),
    // Browsers carry them for maps and Firebase: whether it is restricted to this site, only its owner can say.
    Key("a Google API key", &["AIza"], "AIza[0-9A-Za-z_-]{35}", Suspect),
    Key(
        "a Slack token",
        &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"],
        "xox[bpars]-[0-9]{6,}-[0-9A-Za-z-]{16,}",
        Secret,
    ),
    Key("a Slack app token", &["xapp-"], "xapp-[0-9]-[0-9A-Z]{8,}-[0-9]{8,}-[0-9a-f]{32,}", Secret),
    Key(
        "a Slack webhook address",
        &["hooks.slack.com/services/"],
        "hooks\\.slack\\.com/services/T[0-9A-Z]{6,}/B[0-9A-Z]{6,}/[0-9A-Za-z]{20,}",
        Secret,
    ),
    Key("an npm token", &["npm_"], "npm_[0-9A-Za-z]{36}", Secret),
    Key("a SendGrid key", &["SG."], "SG\\.[0-9A-Za-z_-]{22}\\.[0-9A-Za-z_-]{43}", Secret),
    Key("a Supabase secret key", &["sb_secret_"], "sb_secret_[0-9A-Za-z_-]{20,}", Secret),
    Key("a Supabase access token", &["sbp_"], "sbp_[0-9a-f]{40}", Secret),
    Key("an OpenAI key", &["sk-proj-"], "sk-proj-[0-9A-Za-z_-]{40,}", Secret),
    Key("an Anthropic key", &["sk-ant-"], "sk-ant-[0-9A-Za-z_-]{40,}", Secret),
    Key("a Shopify token", &["shpat_", "shpss_"], "shp(?:at|ss)_[0-9a-fA-F]{32}", Secret),
    Key("a DigitalOcean token", &["dop_v1_"], "dop_v1_[0-9a-f]{64}", Secret),
    // The line alone stands in every library that reads such keys: the key itself has to follow.
    Key(
        "a private key",
        &["-----BEGIN "],
        "-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\\s|\\\\[rn])*(?:[A-Za-z-]+: [^\\n\\\\]*(?:\\s|\\\\[rn])+)*[0-9A-Za-z+/]{40}",
        Secret,
    ),
    // What its header begins with: alg, typ, kid, cty or x5t. The bare `eyJ` stands in any JSON in base64.
    Key(
        "a signed token",
        &["eyJhbGciOi", "eyJ0eXAiOi", "eyJraWQiOi", "eyJjdHkiOi", "eyJ4NXQiOi"],
        "eyJ[0-9A-Za-z_-]{8,}\\.eyJ[0-9A-Za-z_-]{8,}\\.[0-9A-Za-z_-]{16,}",
        Suspect,
    ),
];

/// All of them, ready to be looked for.
pub(super) struct Known {
    automaton: AhoCorasick,
    /// For each prefix which key it begins.
    keys: Vec<usize>,
    forms: Vec<Regex>,
}

impl Known {
    pub(super) fn new() -> Self {
        let prefixes = KEYS.iter().enumerate().flat_map(|(at, key)| key.1.iter().map(move |prefix| (at, *prefix)));
        let (keys, prefixes): (Vec<_>, Vec<_>) = prefixes.unzip();
        let form = |key: &Key| Regex::new(&format!("^(?:{})", key.2)).expect("the forms are constant, and tested");
        Self { automaton: automaton(&prefixes), keys, forms: KEYS.iter().map(form).collect() }
    }

    pub(super) fn search(
        &self,
        bytes: &[u8],
        starts: Range<usize>,
        tell: &mut dyn FnMut(&'static str, Weight, usize, usize),
    ) {
        let mut at = starts.start;
        while let Some(found) = self.automaton.find(Input::new(bytes).range(at..)) {
            let start = found.start();
            if start >= starts.end {
                break;
            }
            at = start + 1;
            if bytes[start].is_ascii_alphanumeric() && is_inside_word(&bytes[..start]) {
                continue;
            }
            let key = self.keys[found.pattern().as_usize()];
            let window = &bytes[start..(start + WINDOW).min(bytes.len())];
            let Some(whole) = self.forms[key].find(window) else { continue };
            // A documented example opens nothing.
            if whole.as_bytes().ends_with(b"EXAMPLE") || is_monotonous(whole.as_bytes()) {
                continue;
            }
            let Key(what, _, _, weight) = &KEYS[key];
            let judged = match what {
                &"a signed token" => token::judge(whole.as_bytes()),
                _ => Some((*what, *weight)),
            };
            if let Some((what, weight)) = judged {
                tell(what, weight, start, whole.len());
                at = start + whole.len().max(1);
            }
        }
    }
}

/// Whether what stands before would make the find the rest of a longer word. The letter of an escape (`\n`) does not.
fn is_inside_word(before: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b'r' | b't'] => false,
        [.., last] => last.is_ascii_alphanumeric() || matches!(last, b'_' | b'+'),
        [] => false,
    }
}

/// `sk_live_xxxxxxxxxxxxxxxxxxxxxxxx`: a placeholder, behind its prefix of one or two characters only.
fn is_monotonous(key: &[u8]) -> bool {
    let tail = &key[key.len().saturating_sub(16)..];
    let mut seen: Vec<u8> = tail.to_vec();
    seen.sort_unstable();
    seen.dedup();
    seen.len() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made at run time: no scanner of repositories has to take this file for a leak.
    fn made(prefix: &str, alphabet: &[u8], length: usize) -> String {
        let tail = (0..length).map(|at| char::from(alphabet[(at * 7 + at / 5) % alphabet.len()]));
        prefix.chars().chain(tail).collect()
    }

    fn found(text: &str) -> Vec<&'static str> {
        let mut found = Vec::new();
        Known::new().search(text.as_bytes(), 0..text.len(), &mut |what, _, _, _| found.push(what));
        found
    }

    const ALL: &[u8] = b"aB3cD4eF5gH6iJ7kL8mN9pQ";
    const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ234567";
    const HEX: &[u8] = b"0123456789abcdef";

    #[test]
    fn keys_of_known_providers_are_found_by_their_whole_form() {
        for (what, key) in [
            ("an AWS access key", made("AKIA", UPPER, 16)),
            ("a Stripe live key", made("sk_live_", ALL, 24)),
            ("a GitHub token", made("ghp_", ALL, 36)),
            ("a GitHub token", format!("{}_{}", made("github_pat_", ALL, 22), made("", ALL, 59))),
            ("a Google API key", made("AIza", ALL, 35)),
            ("a Slack token", format!("{}-{}", made("xoxb-", b"1234567890", 12), made("", ALL, 24))),
            ("a SendGrid key", format!("{}.{}", made("SG.", ALL, 22), made("", ALL, 43))),
            ("a Supabase secret key", made("sb_secret_", ALL, 31)),
            ("a Shopify token", made("shpat_", HEX, 32)),
            ("a private key", format!("-----BEGIN RSA PRIVATE KEY-----\\n{}", made("", ALL, 64))),
            ("a private key", format!("-----BEGIN {}PRIVATE KEY-----\n{}", "", made("", ALL, 64))),
        ] {
            assert_eq!(found(&format!("const key=\"{key}\";")), [what], "{key}");
            assert_eq!(found(&format!("x{key}")).len(), usize::from(key.starts_with('-')), "in the middle of a word");
            assert_eq!(found(&format!("first\\n{key}")), [what], "{key} behind an escaped line break");
        }
    }

    #[test]
    fn what_only_looks_like_a_key_is_none() {
        for text in [
            made("AKIA", UPPER, 9),
            "AKIAIOSFODNN7EXAMPLE".to_owned(),
            made("pk_live_", ALL, 24),
            made("sb_publishable_", ALL, 31),
            format!("sk_live_{}", "x".repeat(24)),
            "const label=\"-----BEGIN PRIVATE KEY-----\",end=\"-----END PRIVATE KEY-----\"".to_owned(),
            "sk_live_ and ghp_ are prefixes of keys, eyJ of tokens".to_owned(),
        ] {
            assert!(found(&text).is_empty(), "{text}: {:?}", found(&text));
        }
    }
}
