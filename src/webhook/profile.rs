//! The schemes as data. Source: the providers' documentation and libraries; held against vectors that those made.

use std::time::Duration;

use crate::webhook::custom::Custom;
use crate::webhook::reason::Reason;

/// The hash under the HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-SHA256.
    Sha256,
    /// HMAC-SHA512.
    Sha512,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Canonical base64, with padding.
    Base64,
}

/// How a secret becomes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyForm {
    /// Its bytes.
    Raw,
    /// Its bytes without blanks at both ends.
    Trimmed,
    /// Base64 behind an optional `whsec_`.
    Whsec,
}

/// How the signature header is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The signature behind a prefix, and nothing else.
    Whole(String),
    /// `v1,SIGNATURE`, several separated by blanks; other versions are passed over.
    List,
    /// `t=TIMESTAMP,v1=SIGNATURE`, several `v1`; other fields are passed over.
    Fields,
}

/// Where the timestamp stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// The scheme has none: what was captured once can be sent for ever.
    None,
    /// In a header of its own; an empty one is refused for this reason.
    Header(String, Reason),
    /// Among the fields of the signature header.
    InSignature,
}

/// A piece of what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Id,
    Timestamp,
    Path,
    Url,
    Body,
    Text(String),
}

/// How one provider signs.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(super) name: &'static str,
    pub(super) algorithm: Algorithm,
    pub(super) encoding: Encoding,
    pub(super) key: KeyForm,
    pub(super) header: String,
    pub(super) form: Form,
    pub(super) stamp: Stamp,
    /// Whether the provider's readers sign the timestamp's number and not its text, which differ by zeros before it.
    pub(super) signs_number: bool,
    /// The header with the message's id. It decides something only where the id is signed.
    pub(super) id: Option<String>,
    pub(super) signed: Vec<Part>,
    /// Whether quotes and backslashes of what is signed get a backslash before them.
    pub(super) escape: bool,
}

/// The names of all schemes.
pub const SCHEMES: &[&str] =
    &["ikhokha", "standard-webhooks", "stripe", "github", "slack", "shopify", "square", "paystack", "custom"];

/// Without a timestamp nothing ends by itself: what was taken is remembered this long.
const UNDATED: Duration = Duration::from_secs(30 * 86_400);

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

impl Profile {
    fn plain(name: &'static str, header: &str, encoding: Encoding, signed: Vec<Part>) -> Self {
        Self {
            name,
            algorithm: Algorithm::Sha256,
            encoding,
            key: KeyForm::Raw,
            header: header.to_owned(),
            form: Form::Whole(String::new()),
            stamp: Stamp::None,
            signs_number: false,
            id: None,
            signed,
            escape: false,
        }
    }

    /// The profile of this name; `custom` is described by its own settings, see [`Profile::custom`].
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        use Encoding::{Base64, Hex};
        let profile = match name {
            "ikhokha" => Self {
                key: KeyForm::Trimmed,
                escape: true,
                ..Self::plain("ikhokha", "IK-SIGN", Hex, vec![Part::Path, Part::Body])
            },
            "standard-webhooks" => {
                let signed = vec![Part::Id, text("."), Part::Timestamp, text("."), Part::Body];
                Self {
                    key: KeyForm::Whsec,
                    form: Form::List,
                    stamp: Stamp::Header("webhook-timestamp".into(), Reason::MissingHeader),
                    signs_number: true,
                    id: Some("webhook-id".into()),
                    ..Self::plain("standard-webhooks", "webhook-signature", Base64, signed)
                }
            }
            "stripe" => Self {
                form: Form::Fields,
                stamp: Stamp::InSignature,
                signs_number: true,
                ..Self::plain("stripe", "Stripe-Signature", Hex, vec![Part::Timestamp, text("."), Part::Body])
            },
            "github" => Self {
                form: Form::Whole("sha256=".into()),
                id: Some("X-GitHub-Delivery".into()),
                ..Self::plain("github", "X-Hub-Signature-256", Hex, vec![Part::Body])
            },
            "slack" => Self {
                form: Form::Whole("v0=".into()),
                stamp: Stamp::Header("X-Slack-Request-Timestamp".into(), Reason::MalformedTimestamp),
                ..Self::plain(
                    "slack",
                    "X-Slack-Signature",
                    Hex,
                    vec![text("v0:"), Part::Timestamp, text(":"), Part::Body],
                )
            },
            "shopify" => Self {
                id: Some("X-Shopify-Webhook-Id".into()),
                ..Self::plain("shopify", "X-Shopify-Hmac-Sha256", Base64, vec![Part::Body])
            },
            "square" => Self::plain("square", "x-square-hmacsha256-signature", Base64, vec![Part::Url, Part::Body]),
            "paystack" => Self {
                algorithm: Algorithm::Sha512,
                ..Self::plain("paystack", "x-paystack-signature", Hex, vec![Part::Body])
            },
            _ => return None,
        };
        Some(profile)
    }

    /// A scheme of one's own.
    #[must_use]
    pub fn custom(custom: &Custom) -> Self {
        let stamp = custom.timestamp_header.clone();
        Self {
            algorithm: custom.algorithm,
            form: Form::Whole(custom.prefix.clone()),
            stamp: stamp.map_or(Stamp::None, |name| Stamp::Header(name, Reason::MissingHeader)),
            id: custom.id_header.clone(),
            ..Self::plain("custom", &custom.header, custom.encoding, custom.parts())
        }
    }

    /// The same with a timestamp in a header of the receiver's own layer, which the provider does not sign: it shuts
    /// out what was only delayed, not a forger.
    #[must_use]
    pub fn with_timestamp_header(mut self, name: &str) -> Self {
        if self.stamp == Stamp::None {
            self.stamp = Stamp::Header(name.to_owned(), Reason::MissingHeader);
        }
        self
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether a delivery says when it was signed.
    #[must_use]
    pub fn is_dated(&self) -> bool {
        self.stamp != Stamp::None
    }

    /// Whether the path is part of what is signed.
    #[must_use]
    pub fn signs_path(&self) -> bool {
        self.signed.contains(&Part::Path)
    }

    /// Whether the whole URL is part of what is signed.
    #[must_use]
    pub fn signs_url(&self) -> bool {
        self.signed.contains(&Part::Url)
    }

    /// Whether the id is part of what is signed; otherwise anybody may change it.
    #[must_use]
    pub fn signs_id(&self) -> bool {
        self.signed.contains(&Part::Id)
    }

    /// The header that the signature stands in.
    #[must_use]
    pub fn signature_header(&self) -> &str {
        &self.header
    }

    /// The header that the timestamp stands in, where it has one of its own.
    #[must_use]
    pub fn timestamp_header(&self) -> Option<&str> {
        match &self.stamp {
            Stamp::Header(name, _) => Some(name),
            Stamp::None | Stamp::InSignature => None,
        }
    }

    /// The header that the id stands in.
    #[must_use]
    pub fn id_header(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// How long what was taken is remembered: until its timestamp alone refuses it, however far ahead that was.
    #[must_use]
    pub fn remembered_for(&self, tolerance: Duration) -> Duration {
        if self.is_dated() { tolerance.saturating_mul(2).saturating_add(Duration::from_secs(1)) } else { UNDATED }
    }
}
