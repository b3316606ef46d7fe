//! Where golive's notices arrive in this world: a chat service, a mail server, an endpoint that verifies signatures; and
//! the monitoring that the plan asks. What arrived is kept and written below `arrived/`, for whoever has to type a code
//! back.
#![expect(clippy::disallowed_methods, reason = "what arrived is written into the world's own folder")]

mod mail;
mod monitoring;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};

use crate::clock;
use crate::demo::environment::Credentials;
use crate::demo::server::{self, Answer, Asked, host_of, json as answer, text};
use crate::webhook::{self, Message, Profile};

pub(super) use mail::serve as serve_mail;

/// The chat service's name.
const SLACK: &str = "hooks.slack.com";
/// The name of the endpoint that verifies signatures.
const OPS: &str = "ops.academy.example";
/// The mail server's name.
pub(super) const MAIL: &str = "smtp.academy.example";
/// The name that the monitoring answers under.
pub(super) const MONITORING: &str = "monitoring.academy.example";
/// Every name that is served over https here.
pub(super) const HTTPS_NAMES: [&str; 3] = [SLACK, OPS, MONITORING];

/// What arrived somewhere.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Where: `slack`, `email`, `webhook`.
    pub at: &'static str,
    /// The idempotency key, where the way carries one.
    pub key: Option<String>,
    /// All of it, as a person or a program reads it.
    pub text: String,
}

/// The sinks. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(super) struct Sinks {
    pub(super) folder: PathBuf,
    pub(super) credentials: Credentials,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Sinks {
    pub(super) fn new(folder: PathBuf, credentials: Credentials) -> Self {
        Self { folder, credentials, arrived: Arc::default() }
    }

    /// Answers what is asked under one of the sinks' names; `None` for others.
    pub(super) fn answer(&self, asked: &Asked) -> Option<Answer> {
        match host_of(asked) {
            SLACK => Some(self.slack(asked)),
            OPS => Some(self.signed(asked)),
            MONITORING => Some(self.monitoring(asked)),
            _ => None,
        }
    }

    /// Everything that arrived, oldest first.
    pub(super) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, arrived: Arrived) {
        let mut all = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.folder.join("arrived");
        let name = format!("{:03}-{}.txt", all.len() + 1, arrived.at);
        // It is a copy for curious readers: a full disk must not keep a notice from being taken.
        let _ = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(folder.join(name), &arrived.text));
        all.push(arrived);
    }

    /// An incoming webhook: whoever knows its path may write.
    fn slack(&self, asked: &Asked) -> Answer {
        let own = self.credentials.slack_webhook.expose_secret();
        if asked.method() != Method::POST || !own.ends_with(asked.uri().path()) {
            return text(StatusCode::NOT_FOUND, "text/plain", b"no_service".to_vec());
        }
        let message: Json = serde_json::from_slice(asked.body()).unwrap_or_default();
        if message["text"].as_str().is_none_or(str::is_empty) || !message["blocks"].is_array() {
            return text(StatusCode::BAD_REQUEST, "text/plain", b"no_text".to_vec());
        }
        self.keep(Arrived { at: "slack", key: None, text: format!("{message:#}") });
        text(StatusCode::OK, "text/plain", b"ok".to_vec())
    }

    /// An endpoint of the Standard Webhooks kind: what is not signed with the shared secret is refused.
    fn signed(&self, asked: &Asked) -> Answer {
        let headers: Vec<(String, String)> = asked
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let Some(profile) = Profile::named("standard-webhooks") else {
            return answer(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": "no such scheme" }));
        };
        let message = Message { headers: &headers, path: asked.uri().path(), url: "", body: asked.body() };
        let secrets = [self.credentials.ops_webhook.clone()];
        match webhook::verify(&profile, &secrets, &message, clock::now().at, Duration::from_secs(300)) {
            Ok(genuine) => {
                let text = String::from_utf8_lossy(asked.body()).into_owned();
                self.keep(Arrived { at: "webhook", key: genuine.id, text });
                answer(StatusCode::OK, &json!({ "taken": true }))
            }
            Err(_) => answer(StatusCode::UNAUTHORIZED, &json!({ "error": "refused" })),
        }
    }
}

/// The code in the latest message that has one.
pub(super) fn code(arrived: &[Arrived]) -> Option<String> {
    const BEFORE: &str = "Type this code back into golive: ";
    let after = arrived.iter().rev().find_map(|arrived| arrived.text.split_once(BEFORE));
    after.map(|(_, after)| after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect())
}

/// A listener for mail.
pub(super) fn listen() -> std::io::Result<(std::net::TcpListener, std::net::SocketAddr)> {
    server::listen()
}
