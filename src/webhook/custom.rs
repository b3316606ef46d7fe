//! A scheme of one's own: what a plan or a command line says of it, and what cannot be right about that.

use crate::webhook::profile::{Algorithm, Encoding, Part};

/// The settings of a scheme of one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custom {
    /// The header that the signature stands in.
    pub header: String,
    /// What stands before the signature, such as `sha256=`.
    pub prefix: String,
    /// How the signature is written.
    pub encoding: Encoding,
    /// The hash under the HMAC.
    pub algorithm: Algorithm,
    /// What is signed: text with `{id}`, `{timestamp}`, `{path}`, `{url}` and `{body}` in it.
    pub template: String,
    /// The header that the timestamp stands in.
    pub timestamp_header: Option<String>,
    /// The header that the id stands in.
    pub id_header: Option<String>,
}

/// What cannot be right about a scheme of one's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CustomProblem {
    /// No header is named.
    #[error("a custom scheme names the header that the signature stands in")]
    NoHeader,
    /// A name is no header's.
    #[error("\"{0}\" is no header's name")]
    NotAHeader(String),
    /// A placeholder is unknown.
    #[error(
        "\"{{{0}}}\" is nothing that can be signed; there are {{id}}, {{timestamp}}, {{path}}, {{url}} and {{body}}"
    )]
    Unknown(String),
    /// A brace is not closed.
    #[error("a brace of the template is not closed")]
    Open,
    /// The body is not signed.
    #[error("the template signs no {{body}}: anybody could change it")]
    NoBody,
    /// The timestamp is not signed.
    #[error("the template signs no {{timestamp}}: anybody could change the header, so it would protect nothing")]
    UnsignedTimestamp,
    /// The timestamp stands nowhere.
    #[error("the template signs {{timestamp}}, and no timestamp header is named")]
    NoTimestampHeader,
    /// The id stands nowhere.
    #[error("the template signs {{id}}, and no id header is named")]
    NoIdHeader,
}

impl Default for Custom {
    fn default() -> Self {
        Self {
            header: String::new(),
            prefix: String::new(),
            encoding: Encoding::Hex,
            algorithm: Algorithm::Sha256,
            template: "{body}".to_owned(),
            timestamp_header: None,
            id_header: None,
        }
    }
}

impl Custom {
    /// The first thing that cannot be right.
    ///
    /// # Errors
    /// If headers or template cannot make a scheme that protects anything.
    pub fn check(&self) -> Result<(), CustomProblem> {
        if self.header.is_empty() {
            return Err(CustomProblem::NoHeader);
        }
        let names = [Some(&self.header), self.timestamp_header.as_ref(), self.id_header.as_ref()];
        if let Some(wrong) = names.into_iter().flatten().find(|name| !is_header(name)) {
            return Err(CustomProblem::NotAHeader(wrong.clone()));
        }
        let parts = parse(&self.template)?;
        let signs = |part: &Part| parts.contains(part);
        match () {
            () if !signs(&Part::Body) => Err(CustomProblem::NoBody),
            () if signs(&Part::Timestamp) && self.timestamp_header.is_none() => Err(CustomProblem::NoTimestampHeader),
            () if !signs(&Part::Timestamp) && self.timestamp_header.is_some() => Err(CustomProblem::UnsignedTimestamp),
            () if signs(&Part::Id) && self.id_header.is_none() => Err(CustomProblem::NoIdHeader),
            () => Ok(()),
        }
    }

    /// The template in pieces; what [`Custom::check`] refuses signs the body alone.
    pub(super) fn parts(&self) -> Vec<Part> {
        parse(&self.template).unwrap_or_else(|_| vec![Part::Body])
    }
}

fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn parse(template: &str) -> Result<Vec<Part>, CustomProblem> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        let (name, after) = after.split_once('}').ok_or(CustomProblem::Open)?;
        parts.push(match name {
            "id" => Part::Id,
            "timestamp" => Part::Timestamp,
            "path" => Part::Path,
            "url" => Part::Url,
            "body" => Part::Body,
            other => return Err(CustomProblem::Unknown(other.to_owned())),
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_that_protects_nothing_is_refused() {
        let sound = Custom { header: "X-Sign".into(), ..Custom::default() };
        assert_eq!(sound.check(), Ok(()));
        let with = |template: &str| Custom { template: template.into(), ..sound.clone() };
        assert_eq!(Custom::default().check(), Err(CustomProblem::NoHeader));
        assert_eq!(with("{path}").check(), Err(CustomProblem::NoBody));
        assert_eq!(with("{timestamp}.{body}").check(), Err(CustomProblem::NoTimestampHeader));
        assert_eq!(with("{id}.{body}").check(), Err(CustomProblem::NoIdHeader));
        assert_eq!(with("{body").check(), Err(CustomProblem::Open));
        assert_eq!(with("{bodi}").check(), Err(CustomProblem::Unknown("bodi".into())));
        let unsigned = Custom { timestamp_header: Some("X-Time".into()), ..sound.clone() };
        assert_eq!(unsigned.check(), Err(CustomProblem::UnsignedTimestamp));
        let wrong = Custom { header: "X Sign".into(), ..sound };
        assert_eq!(wrong.check(), Err(CustomProblem::NotAHeader("X Sign".into())));
    }
}
