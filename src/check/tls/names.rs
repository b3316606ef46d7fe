//! Names of certificates: whether one stands for a host, by its alternative names alone, and whether an authority's
//! constraints let it.

use std::net::IpAddr;

use x509_parser::prelude::{GeneralName, X509Certificate};

/// The host without the brackets of an address.
pub(super) fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.')
}

/// The subject alternative names; empty if there are none that can be read.
pub(super) fn alternative<'a>(certificate: &'a X509Certificate<'_>) -> &'a [GeneralName<'a>] {
    let names = certificate.subject_alternative_name().ok().flatten();
    names.map_or(&[], |extension| &extension.value.general_names)
}

/// Whether a certificate stands for a host. The common name is not asked: no client takes it any more.
pub(super) fn stands_for(certificate: &X509Certificate<'_>, host: &str) -> bool {
    let host = bare(host);
    match host.parse::<IpAddr>() {
        Ok(address) => alternative(certificate).iter().any(|name| is_address(name, address)),
        Err(_) => alternative(certificate).iter().any(|name| match name {
            GeneralName::DNSName(pattern) => matches(pattern, host),
            _ => false,
        }),
    }
}

fn is_address(name: &GeneralName<'_>, address: IpAddr) -> bool {
    let GeneralName::IPAddress(bytes) = name else { return false };
    match address {
        IpAddr::V4(address) => **bytes == address.octets(),
        IpAddr::V6(address) => **bytes == address.octets(),
    }
}

/// A star stands for one whole label, the first one.
fn matches(pattern: &str, host: &str) -> bool {
    if pattern.parse::<IpAddr>().is_ok() {
        return false;
    }
    match pattern.strip_prefix("*.") {
        Some(rest) => {
            let under = host.split_once('.').filter(|(label, _)| !label.is_empty());
            rest.contains('.') && under.is_some_and(|(_, behind)| behind.eq_ignore_ascii_case(rest))
        }
        None => !pattern.contains('*') && pattern.eq_ignore_ascii_case(host),
    }
}

/// The name of a certificate that its issuer's constraints do not let it have.
pub(super) fn outside(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> Option<String> {
    let constraints = issuer.name_constraints().ok().flatten()?.value;
    let subtrees = |list: &Option<Vec<x509_parser::prelude::GeneralSubtree<'_>>>| -> Vec<String> {
        let names = list.iter().flatten().filter_map(|subtree| match &subtree.base {
            GeneralName::DNSName(name) => Some((*name).trim_start_matches('.').to_owned()),
            _ => None,
        });
        names.collect()
    };
    let (permitted, excluded) = (subtrees(&constraints.permitted_subtrees), subtrees(&constraints.excluded_subtrees));
    let dns = alternative(certificate).iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    let is_below = |name: &str, tree: &String| {
        let (name, tree) = (name.trim_start_matches("*.").to_lowercase(), tree.to_lowercase());
        tree.is_empty() || name == tree || name.ends_with(&format!(".{tree}"))
    };
    let is_outside = |name: &&str| {
        let unlisted = !permitted.is_empty() && !permitted.iter().any(|tree| is_below(name, tree));
        unlisted || excluded.iter().any(|tree| is_below(name, tree))
    };
    dns.into_iter().find(is_outside).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_one_whole_first_label() {
        for (pattern, host, stands) in [
            ("pay.example", "PAY.Example", true),
            ("*.example.test", "pay.example.test", true),
            ("*.example.test", "a.pay.example.test", false),
            ("*.example.test", "example.test", false),
            ("p*.example.test", "pay.example.test", false),
            ("a.*.example.test", "a.b.example.test", false),
            ("*.test", "example.test", false),
            ("127.0.0.1", "127.0.0.1", false),
        ] {
            assert_eq!(matches(pattern, host), stands, "{pattern} for {host}");
        }
    }
}
