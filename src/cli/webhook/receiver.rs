//! One delivery as a receiver takes it: size, source, user agent, signature, replay, in this order; and what of it is
//! kept to be shown. The sender is told nothing but taken or refused.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use globset::GlobMatcher;
use http::request::Parts;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::cli::exit::Stop;
use crate::cli::webhook::recall::Recall;
use crate::webhook::{self, Message, Profile, Reason};

/// Who may send, and how it is proved.
pub(super) struct Receiver {
    pub(super) profile: Profile,
    pub(super) secrets: Vec<SecretString>,
    pub(super) tolerance: Duration,
    pub(super) url: Option<String>,
    pub(super) path: Option<String>,
    pub(super) from: Vec<IpAddr>,
    pub(super) source_header: Option<String>,
    pub(super) agents: Vec<GlobMatcher>,
    pub(super) recall: Recall,
}

/// A delivery with its judgement.
pub(super) struct Received {
    pub(super) at: Timestamp,
    pub(super) source: Option<IpAddr>,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    /// `None` when it was larger than what is read.
    pub(super) body: Option<Bytes>,
    pub(super) id: Option<String>,
    pub(super) refused: Option<Reason>,
}

impl Receiver {
    /// Judges a delivery that came from `peer`.
    pub(super) fn take(
        &mut self,
        peer: IpAddr,
        parts: &Parts,
        body: Option<Bytes>,
        now: Timestamp,
    ) -> Result<Received, Stop> {
        let headers = parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let mut received = Received {
            at: now,
            source: None,
            method: parts.method.to_string(),
            path,
            headers: headers.collect(),
            body,
            id: None,
            refused: None,
        };
        received.source = self.source(peer, &received);
        match self.judge(&received, now) {
            Ok(genuine) => {
                let keep = self.profile.remembered_for(self.tolerance);
                let new = self.recall.is_new(&genuine.fingerprint, now, keep)?;
                received.refused = (!new).then_some(Reason::Replay);
                received.id = genuine.id;
            }
            Err(reason) => received.refused = Some(reason),
        }
        Ok(received)
    }

    /// The address that a delivery came from: what the edge says in its header (its last word, for the first ones are
    /// the sender's own), or the connection's.
    fn source(&self, peer: IpAddr, received: &Received) -> Option<IpAddr> {
        let Some(header) = &self.source_header else { return Some(peer) };
        let value = received.header(header)?;
        value.rsplit(',').next().and_then(|last| last.trim().parse().ok())
    }

    fn judge(&self, received: &Received, now: Timestamp) -> Result<webhook::Genuine, Reason> {
        let body = received.body.as_ref().ok_or(Reason::TooLarge)?;
        if !self.from.is_empty() && received.source.is_none_or(|source| !self.from.contains(&source)) {
            return Err(Reason::UnknownSource);
        }
        let agent = received.header("user-agent").unwrap_or_default();
        if !self.agents.is_empty() && !self.agents.iter().any(|known| known.is_match(agent)) {
            return Err(Reason::UnknownUserAgent);
        }
        let path = self.path.as_deref().unwrap_or(&received.path);
        let url = self.url.as_deref().unwrap_or_default();
        let message = Message { headers: &received.headers, path, url, body };
        webhook::verify(&self.profile, &self.secrets, &message, now, self.tolerance)
    }
}

impl Received {
    /// A header's one value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
