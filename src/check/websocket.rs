//! `websocket`: a connection is opened, what subscribes is sent, and a message comes in time that is as it should be.
//!
//! Supabase Realtime is one example: `phx_join` is sent, and only the `system` message that follows proves that the
//! subscription stands. Messages and bytes are bounded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::header::{HeaderName, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use http::{Request, Uri};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::{Evidence, Timings};
use crate::expr::{Condition, Fact, FactNames, FactType, Facts, Judgement};
use crate::model::duration::Span;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::values::Values;
use crate::model::word::Category;
use crate::network::{self, Duplex, Network, Trouble, within};

/// No message is larger, no connection gives more, and no more messages are listened to.
const LARGEST_MESSAGE: usize = 1 << 20;
const LARGEST: usize = 16 << 20;
const MOST_MESSAGES: usize = 1_000;
/// Characters of the last message that stand in the evidence.
const MESSAGE_KEPT: usize = 500;

/// The kind.
pub(super) struct Websocket;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    /// Where to: wss or ws.
    pub(super) url: Template,
    /// Headers to send with the opening request.
    #[serde(default)]
    headers: BTreeMap<String, Template>,
    /// The subprotocol to ask for.
    protocol: Option<String>,
    /// Messages to send once it is open, in order: what subscribes.
    #[serde(default)]
    send: Vec<Template>,
    /// A condition over message, json, count and latency: the first message for which it holds is the one. Default:
    /// that it opens is enough.
    pub(super) expect: Option<String>,
    /// A condition of the same kind: a message for which it holds is a refusal, and nothing more is waited for.
    refused: Option<String>,
    /// What keeps the connection alive: `{ every = "25s", send = "…" }`.
    heartbeat: Option<Heartbeat>,
}

/// A message that is sent again and again.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Heartbeat {
    /// How often.
    every: Span,
    /// The message.
    send: Template,
}

/// What a condition on a message may ask for.
pub(super) fn fact_names() -> FactNames {
    FactNames::new(&[
        ("message", FactType::Text),
        ("json", FactType::Json),
        ("count", FactType::Number),
        ("latency", FactType::Duration),
    ])
}

impl Kind for Websocket {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "websocket",
            doc: "A WebSocket opens, takes a subscription, and a message comes in time that is as it should be.",
            category: Category::System,
            example: "url = \"wss://project.example/realtime/v1/websocket?vsn=1.0.0\"\nsend = ['{\"topic\":\"realtime:public\",\"event\":\"phx_join\",\"payload\":{},\"ref\":\"1\"}']\nexpect = 'json.event == \"system\" && json.payload.status == \"ok\"'\nrefused = 'json.payload.status == \"error\"'\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| options::problems::<Keys>(options, Keys::problems),
            touches: |options| touches(options).into_iter().collect(),
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let opening = Opening::of(&keys, &finding, &surroundings.values)?;
        Ok(Box::new(Looker { finding, opening, surroundings: Arc::clone(surroundings) }))
    }
}

impl Keys {
    /// Every text in which names stand.
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        [&self.url].into_iter().chain(self.headers.values()).chain(&self.send)
    }

    /// What is wrong with them, wherever they stand.
    pub(super) fn problems(&self, problems: &mut Vec<OptionProblem>) {
        let url = self.url.as_written();
        if !["ws://", "wss://", "{{"].iter().any(|start| url.starts_with(start)) {
            problems.push(OptionProblem::at("url", "a WebSocket's URL begins with wss:// or ws://"));
        }
        for (key, condition) in [("expect", &self.expect), ("refused", &self.refused)] {
            problems.extend(condition.as_ref().and_then(|c| options::condition_problem(key, c, &fact_names())));
        }
        if self.heartbeat.as_ref().is_some_and(|heartbeat| heartbeat.every.0 < Duration::from_secs(1)) {
            problems.push(OptionProblem::at("heartbeat.every", "a heart beats once a second at most"));
        }
    }
}

pub(super) fn touches(options: &Options) -> Option<Touch> {
    let url = options.get("url").and_then(serde_json::Value::as_str)?;
    options::host_of(url).map(Touch::Host)
}

/// A connection that is ready to be opened.
pub(super) struct Opening {
    url: Uri,
    shown_url: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    send: Vec<String>,
    expect: Option<Condition>,
    refused: Option<Condition>,
    heartbeat: Option<(Duration, String)>,
}

impl Opening {
    pub(super) fn of(keys: &Keys, finding: &Finding, values: &Values) -> Result<Self, Box<Evidence>> {
        let wrong = |summary: String| Box::new(finding.fail(FailureClass::Value, &summary));
        let url = finding.fill(&keys.url, values)?;
        let shown_url = url.shown().to_owned();
        let url: Uri = url.expose().parse().map_err(|_| wrong(format!("{shown_url} is no URL")))?;
        if url.host().is_none() || !matches!(url.scheme_str(), Some("ws" | "wss")) {
            return Err(wrong(format!("{shown_url} is no ws or wss URL")));
        }
        let mut headers = Vec::new();
        for (name, template) in &keys.headers {
            let value = finding.fill(template, values)?;
            let header = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value.expose()).ok());
            headers.push(header.ok_or_else(|| wrong(format!("header {name} cannot be sent")))?);
        }
        if let Some(protocol) = &keys.protocol {
            let value = HeaderValue::from_str(protocol).map_err(|_| wrong(format!("{protocol} is no protocol")))?;
            headers.push((SEC_WEBSOCKET_PROTOCOL, value));
        }
        let filled = |template: &Template| finding.fill(template, values).map(|text| text.expose().to_owned());
        let send = keys.send.iter().map(filled).collect::<Result<_, _>>()?;
        let heartbeat = match &keys.heartbeat {
            Some(beat) => Some((beat.every.0, filled(&beat.send)?)),
            None => None,
        };
        let condition = |source: &Option<String>| {
            source
                .as_ref()
                .map(|source| Condition::compile(source, &fact_names()))
                .transpose()
                .map_err(|error| Box::new(finding.error(&format!("the condition is wrong: {error}"))))
        };
        let (expect, refused) = (condition(&keys.expect)?, condition(&keys.refused)?);
        Ok(Self { url, shown_url, headers, send, expect, refused, heartbeat })
    }

    /// The URL, for evidence.
    pub(super) fn shown(&self) -> &str {
        &self.shown_url
    }

    /// The host, which vouches for what it says.
    pub(super) fn host(&self) -> &str {
        self.url.host().unwrap_or_default()
    }

    /// Opens it, sends what subscribes, and waits for the message that the keys want.
    pub(super) async fn open(
        &self,
        network: &Network,
        deadline: Instant,
        timings: &mut Timings,
    ) -> Result<(Channel, Option<Heard>), Trouble> {
        let secure = self.url.scheme_str() == Some("wss");
        let port = self.url.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let host = self.url.host().unwrap_or_default();
        let line = network.line((host, port), secure, LARGEST, deadline, timings).await?;
        let mut config = WebSocketConfig::default();
        (config.max_message_size, config.max_frame_size) = (Some(LARGEST_MESSAGE), Some(LARGEST_MESSAGE));
        (config.read_buffer_size, config.write_buffer_size) = (16 << 10, 16 << 10);
        let opening = tokio_tungstenite::client_async_with_config(self.request()?, line.stream, Some(config));
        let (stream, _) = within(deadline, "the opening of the WebSocket", opening).await?.map_err(|e| told(&e))?;
        let heartbeat = self.heartbeat.clone();
        let (host, address) = (host.to_owned(), line.address.to_string());
        let mut channel = Channel { stream, host, address, heard: 0, heartbeat };
        for text in &self.send {
            channel.send(text, deadline).await?;
        }
        let heard = match &self.expect {
            Some(expect) => Some(channel.hear(expect, self.refused.as_ref(), deadline).await?),
            None => None,
        };
        Ok((channel, heard))
    }

    fn request(&self) -> Result<Request<()>, Trouble> {
        let mut request = self.url.clone().into_client_request().map_err(|error| told(&error))?;
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        Ok(request)
    }
}

/// An open connection.
pub(super) struct Channel {
    stream: WebSocketStream<Box<dyn Duplex>>,
    /// Who speaks there.
    pub(super) host: String,
    address: String,
    heard: usize,
    heartbeat: Option<(Duration, String)>,
}

/// The message that was waited for.
pub(super) struct Heard {
    /// As it came.
    pub(super) message: String,
    /// How long it was waited for.
    pub(super) after: Duration,
}

impl Channel {
    pub(super) async fn send(&mut self, text: &str, deadline: Instant) -> Result<(), Trouble> {
        let sending = self.stream.send(Message::text(text));
        within(deadline, "the sending of a message", sending).await?.map_err(|error| told(&error))
    }

    /// The first message for which the condition holds.
    pub(super) async fn hear(
        &mut self,
        expect: &Condition,
        refused: Option<&Condition>,
        deadline: Instant,
    ) -> Result<Heard, Trouble> {
        let began = Instant::now();
        let mut last: Option<(String, String)> = None;
        for _ in 0..MOST_MESSAGES {
            let message = match self.next(deadline).await {
                Ok(message) => message,
                Err(Trouble::TooLate { after, .. }) => return Err(unheard(expect, self.heard, last, after)),
                Err(trouble) => return Err(trouble),
            };
            self.heard += 1;
            let facts = facts_of(&message, self.heard, began.elapsed());
            if refused.is_some_and(|refused| refused.judge(&facts) == Judgement::Holds) {
                return Err(Trouble::Configuration(format!("the subscription is refused: {}", shortened(&message))));
            }
            let why = match expect.judge(&facts) {
                Judgement::Holds => return Ok(Heard { message, after: began.elapsed() }),
                Judgement::DoesNotHold { parts } => {
                    let wrong = parts.iter().find(|part| part.holds != Some(true));
                    wrong.map(|part| part.seen.clone()).unwrap_or_default()
                }
                Judgement::MissingField { field } => format!("it has no \"{field}\""),
                Judgement::CannotTell { why } => why,
            };
            last = Some((message, why));
        }
        Err(Trouble::Protocol(format!("none of {MOST_MESSAGES} messages was the one")))
    }

    /// The next text; heartbeats go out meanwhile.
    async fn next(&mut self, deadline: Instant) -> Result<String, Trouble> {
        loop {
            let beat = self.heartbeat.as_ref().map_or(Duration::MAX, |(every, _)| *every);
            let until = Instant::now().checked_add(beat).map_or(deadline, |beat| beat.min(deadline));
            let message = match within(until, "a message", self.stream.next()).await {
                Ok(message) => message,
                Err(late) if until >= deadline => return Err(late),
                Err(_) => {
                    if let Some((_, text)) = self.heartbeat.clone() {
                        self.send(&text, deadline).await?;
                    }
                    continue;
                }
            };
            match message {
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Binary(bytes))) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                Some(Ok(Message::Close(frame))) => {
                    let why = frame.map(|frame| format!(": {} {}", frame.code, frame.reason)).unwrap_or_default();
                    return Err(Trouble::Protocol(format!("the other side closed the WebSocket{why}")));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(told(&error)),
                None => return Err(Trouble::Protocol("the other side closed the WebSocket".into())),
            }
        }
    }
}

/// What a condition may ask of a message.
pub(super) fn facts_of(message: &str, count: usize, latency: Duration) -> Facts {
    let mut facts = Facts::default();
    facts.insert("message", Fact::Text(message.to_owned()));
    if let Ok(json) = serde_json::from_str(message) {
        facts.insert("json", Fact::Json(json));
    }
    facts.insert("count", Fact::Whole(i64::try_from(count).unwrap_or(i64::MAX)));
    facts.insert("latency", Fact::Duration(latency));
    facts
}

fn unheard(expect: &Condition, heard: usize, last: Option<(String, String)>, after: Duration) -> Trouble {
    let what = match last {
        None => format!("a message for which {} holds (none came at all)", expect.source()),
        Some((message, why)) => format!(
            "a message for which {} holds ({heard} came, of the last {why}: {})",
            expect.source(),
            shortened(&message)
        ),
    };
    Trouble::TooLate { what, after }
}

fn shortened(message: &str) -> String {
    message.chars().take(MESSAGE_KEPT).collect()
}

fn told(error: &Error) -> Trouble {
    match error {
        Error::Http(response) => {
            let status = response.status();
            let said = format!("answered {status} instead of opening a WebSocket");
            match status.as_u16() {
                401 | 403 => Trouble::Denied(said),
                404 | 410 => Trouble::Configuration(said),
                429 => Trouble::Throttled { said, after: None },
                500..=599 => Trouble::Unavailable(said),
                _ => Trouble::Protocol(said),
            }
        }
        Error::Io(broken) => Trouble::of_stream(broken),
        Error::ConnectionClosed | Error::AlreadyClosed => {
            Trouble::Protocol("the other side closed the WebSocket".into())
        }
        Error::Url(why) => Trouble::Local(why.to_string()),
        other => Trouble::Protocol(format!("the WebSocket broke off: {other}")),
    }
}

struct Looker {
    finding: Finding,
    opening: Opening,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let (began, deadline) = (Instant::now(), network::deadline(timeout));
            let mut timings = Timings::default();
            let opened = self.opening.open(&self.surroundings.network, deadline, &mut timings).await;
            timings.total = Some(began.elapsed());
            let evidence = match opened {
                Ok((channel, Some(heard))) => {
                    let summary = format!("the message came {} ms after the subscription", heard.after.as_millis());
                    let message = shortened(&heard.message);
                    Evidence::pass(&summary).fact("message", &message).fact("address", &channel.address)
                }
                Ok((channel, None)) => {
                    let summary = format!("opened in {} ms", began.elapsed().as_millis());
                    Evidence::pass(&summary).fact("address", &channel.address)
                }
                Err(trouble) => self.finding.of_trouble(&trouble),
            };
            evidence.fact("url", self.opening.shown()).timed(timings)
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test has servers of its own")]

    use super::*;
    use crate::check::kit::{self, listener};
    use crate::model::word::Outcome;

    /// A server that says these texts to whoever has said something, then waits.
    async fn saying(texts: &'static [&'static str]) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        std::mem::drop(tokio::task::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { continue };
                let _ = socket.next().await;
                for text in texts {
                    let _ = socket.send(Message::text(*text)).await;
                }
                while let Some(Ok(_)) = socket.next().await {}
            }
        }));
        port
    }

    const JOIN: &str = r#"{"topic":"realtime:shop","event":"phx_join","payload":{},"ref":"1"}"#;
    const REPLY: &str = r#"{"topic":"realtime:shop","event":"phx_reply","payload":{"status":"ok"},"ref":"1"}"#;
    const STANDS: &str = r#"{"topic":"realtime:shop","event":"system","payload":{"status":"ok"}}"#;
    const REFUSAL: &str = r#"{"topic":"realtime:shop","event":"phx_reply","payload":{"status":"error"},"ref":"1"}"#;

    async fn join(texts: &'static [&'static str]) -> Evidence {
        let port = saying(texts).await;
        let keys = format!(
            "url = \"ws://127.0.0.1:{port}/realtime\"\nsend = ['{JOIN}']\nexpect = 'json.event == \"system\" && json.payload.status == \"ok\"'\nrefused = 'json.payload.status == \"error\"'"
        );
        kit::run_within("websocket", &keys, &kit::surroundings(&[]), Duration::from_millis(700)).await
    }

    #[tokio::test]
    async fn a_reply_alone_does_not_prove_that_the_subscription_stands() {
        let stands = join(&[REPLY, STANDS]).await;
        assert_eq!(stands.outcome, Outcome::Pass, "{}", stands.summary);
        let alone = join(&[REPLY]).await;
        assert_eq!(alone.outcome, Outcome::Fail);
        assert!(alone.summary.as_str().contains("json.event is \"phx_reply\""), "{}", alone.summary);
        let silent = join(&[]).await;
        assert!(silent.summary.as_str().contains("none came at all"), "{}", silent.summary);
        let refused = join(&[REFUSAL, STANDS]).await;
        assert!(refused.summary.as_str().contains("is refused"), "{}", refused.summary);
    }

    #[tokio::test]
    async fn a_server_that_does_not_open_one_is_told_by_its_status() {
        for (status, class) in [
            ("401 Unauthorized", FailureClass::Denied),
            ("404 Not Found", FailureClass::Configuration),
            ("503 Unavailable", FailureClass::ServerError),
            ("200 OK", FailureClass::Protocol),
        ] {
            let port = listener::answering(&format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"));
            let keys = format!("url = \"ws://127.0.0.1:{port}/\"");
            let evidence = kit::run("websocket", &keys, &kit::surroundings(&[])).await;
            let seen = evidence.failure.as_ref().map(|failure| failure.class);
            assert_eq!(seen, Some(class), "{status}: {}", evidence.summary);
        }
    }
}
