//! What can be wrong with a chain of certificates: one closed list of words, each with what to do about it.

/// What is wrong with a chain, or worth a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Expired,
    NotYetValid,
    WrongHost,
    NoSan,
    SelfSigned,
    UntrustedRoot,
    IncompleteChain,
    BadSignature,
    WeakSignature,
    WeakKey,
    NameConstraints,
    NotACa,
    WrongUsage,
    PathLength,
    Unreadable,
    Revoked,
    Refused,
    ChainOrder,
    ExtraCertificate,
    EndsSoon,
}

impl Reason {
    /// The word as it stands in evidence.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongHost => "wrong_host",
            Self::NoSan => "no_san",
            Self::SelfSigned => "self_signed",
            Self::UntrustedRoot => "untrusted_root",
            Self::IncompleteChain => "incomplete_chain",
            Self::BadSignature => "bad_signature",
            Self::WeakSignature => "weak_signature",
            Self::WeakKey => "weak_key",
            Self::NameConstraints => "name_constraints",
            Self::NotACa => "not_a_ca",
            Self::WrongUsage => "wrong_usage",
            Self::PathLength => "path_length",
            Self::Unreadable => "unreadable",
            Self::Revoked => "revoked",
            Self::Refused => "refused",
            Self::ChainOrder => "chain_order",
            Self::ExtraCertificate => "extra_certificate",
            Self::EndsSoon => "ends_soon",
        }
    }

    /// Whether clients take the chain all the same.
    pub(super) const fn is_a_remark(self) -> bool {
        matches!(self, Self::ChainOrder | Self::ExtraCertificate | Self::EndsSoon)
    }

    /// What to do about it.
    pub(super) const fn remedy(self) -> &'static str {
        match self {
            Self::Expired | Self::EndsSoon => {
                "renew the certificate where TLS ends, and see why that did not happen by itself"
            }
            Self::NotYetValid => "look at the clocks of both machines; otherwise wait, or have it issued anew",
            Self::WrongHost | Self::NoSan => {
                "have a certificate issued that names this host as a subject alternative name"
            }
            Self::SelfSigned | Self::UntrustedRoot => {
                "use a certificate of a public authority, or name the root that is yours under [network] ca"
            }
            Self::IncompleteChain => "let the server send the intermediate certificates too (the full chain file)",
            Self::BadSignature | Self::Unreadable => "put the certificate files in place anew: one of them is damaged",
            Self::WeakSignature => "have it issued anew with SHA-256 or better",
            Self::WeakKey => "have it issued anew for an RSA key of 2048 bits or an EC key of 256",
            Self::NameConstraints | Self::NotACa | Self::WrongUsage | Self::PathLength => {
                "have it issued anew: this chain may not vouch for a server of this name"
            }
            Self::Revoked => "it was revoked: find out why before another one is issued",
            Self::Refused => "look at the whole chain with openssl s_client -showcerts",
            Self::ChainOrder => "send the chain in order: the server's own first, each one's issuer behind it",
            Self::ExtraCertificate => "take the certificate that belongs to nothing out of the chain file",
        }
    }
}
