//! Signed tokens (JWT) judged by what they say: Supabase's anonymous key is made for browsers, its `service_role` key
//! goes past every row's security (K7).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;

use crate::scan::scanner::Weight;

/// Roles that a browser may have.
const PUBLIC: &[&str] = &["anon", "publishable"];

/// Whether this is a token that was made to be public.
pub(super) fn is_public(text: &str) -> bool {
    let claims = text.split('.').nth(1).and_then(|part| decoded(part.as_bytes()));
    let role = claims.as_ref().and_then(|claims| claims.get("role")).and_then(Json::as_str);
    role.is_some_and(|role| PUBLIC.contains(&role))
}

/// What a token is and weighs; nothing where it is no token, or one that may be public.
pub(super) fn judge(token: &[u8]) -> Option<(&'static str, Weight)> {
    let mut parts = token.split(|byte| *byte == b'.');
    let (header, claims) = (decoded(parts.next()?)?, decoded(parts.next()?)?);
    header.get("alg")?;
    match claims.get("role").and_then(Json::as_str) {
        Some(role) if PUBLIC.contains(&role) => None,
        Some("service_role" | "supabase_admin" | "postgres") => Some(("a Supabase service_role key", Weight::Secret)),
        Some(_) | None => Some(("a signed token", Weight::Suspect)),
    }
}

fn decoded(part: &[u8]) -> Option<Json> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> Vec<u8> {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part(header), part(claims), part("FAKE-signature-of-a-test")).into_bytes()
    }

    #[test]
    fn a_token_is_judged_by_its_role() {
        let header = r#"{"alg":"HS256","typ":"JWT"}"#;
        let of_role = |role: &str| judge(&token(header, &format!(r#"{{"iss":"supabase","role":"{role}"}}"#)));
        assert_eq!(of_role("anon"), None);
        assert_eq!(of_role("service_role"), Some(("a Supabase service_role key", Weight::Secret)));
        assert_eq!(of_role("authenticated"), Some(("a signed token", Weight::Suspect)));
        assert_eq!(judge(&token(header, r#"{"sub":"1"}"#)), Some(("a signed token", Weight::Suspect)));
        assert_eq!(judge(&token(r#"{"typ":"none"}"#, r#"{"role":"service_role"}"#)), None, "no signature is named");
        let text = |role: &str| String::from_utf8(token(header, &format!(r#"{{"role":"{role}"}}"#))).unwrap();
        assert!(is_public(&text("anon")) && !is_public(&text("service_role")) && !is_public("FAKE.a.b"));
        assert_eq!(judge(b"eyJhb.eyJyb.xyz"), None);
    }
}
