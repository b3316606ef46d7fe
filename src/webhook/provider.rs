//! Whose hosts are a provider's own: nothing forged is ever sent there (DECISIONS 21).

/// The domains that each provider answers under itself, by scheme.
const DOMAINS: &[(&str, &[&str])] = &[
    ("ikhokha", &["ikhokha.com"]),
    ("stripe", &["stripe.com"]),
    ("github", &["github.com", "githubusercontent.com"]),
    ("slack", &["slack.com"]),
    ("shopify", &["shopify.com", "myshopify.com"]),
    ("square", &["squareup.com", "squareupsandbox.com"]),
    ("paystack", &["paystack.co", "paystack.com"]),
];

/// The provider, by its scheme, that answers under this host; whatever scheme a delivery is signed in.
#[must_use]
pub fn provider_of(host: &str) -> Option<&'static str> {
    let host = host.trim_end_matches('.');
    let owns = |(name, domains): &(&'static str, &[&str])| {
        domains.iter().any(|domain| is_below(host, domain)).then_some(*name)
    };
    DOMAINS.iter().find_map(owns)
}

/// Whether a host is a domain or lies below it; `api.ikhokha.com.evil.example` does not.
#[must_use]
pub fn is_below(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    host == domain || host.strip_suffix(&domain).is_some_and(|before| before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::SCHEMES;

    #[test]
    fn a_provider_is_known_by_its_domain_and_by_nothing_like_it() {
        assert_eq!(provider_of("api.ikhokha.com"), Some("ikhokha"));
        assert_eq!(provider_of("API.Stripe.com."), Some("stripe"));
        for other in ["academy.example", "ikhokha.com.evil.example", "notikhokha.com", "", "com"] {
            assert_eq!(provider_of(other), None, "{other}");
        }
        assert!(DOMAINS.iter().all(|(scheme, _)| SCHEMES.contains(scheme)));
    }
}
