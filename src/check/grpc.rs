//! `grpc`: a service says of itself that it serves, by gRPC's own health protocol (`grpc.health.v1.Health/Check`).
//!
//! The two messages of that protocol are one text and one number: they are written and read here by hand. The answer is
//! bounded, and TLS has to have agreed on HTTP/2.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::{Evidence, Timings};
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options};
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::word::Category;
use crate::network::{self, Trouble, host_and_port, within};

/// The answer of two bytes may not be larger than this.
const LARGEST: usize = 64 << 10;

/// The kind.
pub(super) struct Grpc;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// `host:port`.
    address: Template,
    /// The service that is asked for, as in `shop.v1.Orders`; the server as a whole when absent.
    service: Option<Template>,
    /// Whether TLS is spoken and verified; unless said otherwise, with every host that is not this machine.
    tls: Option<bool>,
}

impl Kind for Grpc {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "grpc",
            doc: "A gRPC service says that it serves, by the health protocol of gRPC itself.",
            category: Category::System,
            example: "address = \"orders.example:443\"\nservice = \"shop.v1.Orders\"\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: options::touches_address,
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let address = finding.fill(&keys.address, &surroundings.values)?;
        let Some((host, port)) = host_and_port(address.expose(), 0).filter(|(_, port)| *port > 0) else {
            let summary = format!("{} is no address with a port", address.shown());
            return Err(Box::new(finding.fail(FailureClass::Value, &summary)));
        };
        let service = keys.service.as_ref().map(|service| finding.fill(service, &surroundings.values)).transpose()?;
        let service = service.map(|service| service.expose().to_owned()).unwrap_or_default();
        let tls = keys.tls.unwrap_or_else(|| !network::is_this_machine(&host));
        Ok(Box::new(Looker { finding, host, port, service, tls, surroundings: Arc::clone(surroundings) }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        let written = keys.address.as_written();
        if !written.contains("{{") && host_and_port(written, 0).is_none_or(|(_, port)| port == 0) {
            problems
                .push(OptionProblem::at("address", "an address has a port").help("address = \"orders.example:443\""));
        }
    })
}

struct Looker {
    finding: Finding,
    host: String,
    port: u16,
    service: String,
    tls: bool,
    surroundings: Arc<Surroundings>,
}

/// What came back: the answer's body, and the status that gRPC puts into trailers or, without a body, into headers.
struct Answer {
    status: http::StatusCode,
    code: Option<u32>,
    said: String,
    body: Bytes,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let (began, deadline) = (Instant::now(), network::deadline(timeout));
            let mut timings = Timings::default();
            let asked = self.ask(deadline, &mut timings).await;
            timings.total = Some(began.elapsed());
            let evidence = match &asked {
                Ok(answer) => self.judge(answer, began.elapsed()),
                Err(trouble) => self.finding.of_trouble(trouble),
            };
            let asked_for = if self.service.is_empty() { "the server as a whole" } else { &self.service };
            evidence.fact("address", &self.place()).fact("service", asked_for).timed(timings)
        })
    }
}

impl Looker {
    fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    async fn ask(&self, deadline: Instant, timings: &mut Timings) -> Result<Answer, Trouble> {
        let network = &self.surroundings.network;
        let connected = network.connect(&self.host, self.port, deadline, timings).await?;
        if !self.tls {
            return within(deadline, "an answer", self.exchange(connected.stream, "http", deadline)).await?;
        }
        let mut config = (*network.tls()).clone();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = network::handshake(Arc::new(config), &self.host, connected.stream, deadline, timings).await?;
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(Trouble::Protocol(format!("{} speaks TLS and no HTTP/2", self.place())));
        }
        within(deadline, "an answer", self.exchange(stream, "https", deadline)).await?
    }

    async fn exchange<S>(&self, stream: S, scheme: &str, deadline: Instant) -> Result<Answer, Trouble>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let broken = |error: hyper::Error| Trouble::Protocol(format!("{} speaks no HTTP/2: {error}", self.place()));
        let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (mut sender, connection) = shaken.map_err(broken)?;
        let left = deadline.saturating_duration_since(Instant::now()).as_millis();
        let request = Request::post(format!("{scheme}://{}/grpc.health.v1.Health/Check", self.place()))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-timeout", format!("{}m", left.min(99_999_999)))
            .body(Full::new(question(&self.service)))
            .map_err(|error| Trouble::Local(error.to_string()))?;
        let answering = async {
            let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
            let whole = Limited::new(body, LARGEST).collect().await;
            let whole =
                whole.map_err(|error| Trouble::Protocol(format!("the answer breaks off or is too large: {error}")))?;
            let trailers = whole.trailers().cloned().unwrap_or_default();
            let (code, said) = status(&trailers).or_else(|| status(&head.headers)).unzip();
            Ok(Answer { status: head.status, code, said: said.unwrap_or_default(), body: whole.to_bytes() })
        };
        let mut connection = std::pin::pin!(connection);
        let mut answering = std::pin::pin!(answering);
        tokio::select! {
            answer = &mut answering => answer,
            ended = &mut connection => match ended {
                // What came before the end may still be read.
                Ok(()) => answering.await,
                Err(error) => Err(broken(error)),
            },
        }
    }

    fn judge(&self, answer: &Answer, took: Duration) -> Evidence {
        let place = self.place();
        let fail = |class, what: String| self.finding.fail(class, &what);
        if answer.status != http::StatusCode::OK {
            return fail(FailureClass::Protocol, format!("{place} answers HTTP {}: no gRPC", answer.status.as_u16()));
        }
        let said = if answer.said.is_empty() { String::new() } else { format!(": {}", answer.said) };
        match answer.code {
            Some(0) => {}
            Some(5) => {
                return fail(
                    FailureClass::Configuration,
                    format!("{place} does not know the service {}", self.service),
                );
            }
            Some(12) => return fail(FailureClass::NotFound, format!("{place} has no health service{said}")),
            Some(7 | 16) => return fail(FailureClass::Denied, format!("{place} lets nobody ask{said}")),
            Some(8) => return fail(FailureClass::Throttled, format!("{place} is asked too often{said}")),
            Some(4) => return fail(FailureClass::Timeout, format!("{place} did not answer itself in time{said}")),
            Some(code) => return fail(FailureClass::ServerError, format!("{place} answers gRPC status {code}{said}")),
            None => return fail(FailureClass::Protocol, format!("{place} gives no gRPC status")),
        }
        match serving(&answer.body) {
            Some(1) => Evidence::pass(&format!("SERVING in {} ms", took.as_millis())).material("says", "SERVING"),
            Some(2) => {
                fail(FailureClass::ServerError, format!("{place} says NOT_SERVING")).material("says", "NOT_SERVING")
            }
            Some(3) => fail(FailureClass::Configuration, format!("{place} does not know the service {}", self.service)),
            Some(_) => fail(FailureClass::Body, format!("{place} does not say whether it serves")),
            None => fail(FailureClass::Protocol, format!("the answer of {place} is no health answer")),
        }
    }
}

/// `HealthCheckRequest { service = 1 }` behind gRPC's five bytes.
fn question(service: &str) -> Bytes {
    let mut message = BytesMut::new();
    if !service.is_empty() {
        message.put_u8(0x0a);
        varint(&mut message, service.len());
        message.put_slice(service.as_bytes());
    }
    let mut framed = BytesMut::with_capacity(5 + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put(message);
    framed.freeze()
}

fn varint(to: &mut BytesMut, mut number: usize) {
    while number >= 0x80 {
        to.put_u8((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.put_u8(number as u8);
}

/// `HealthCheckResponse { status = 1 }`; fields that are not known are passed over. Absent is 0, as protobuf has it.
fn serving(body: &[u8]) -> Option<u64> {
    let (0, length) = (*body.first()?, body.get(1..5)?) else { return None };
    let length = u32::from_be_bytes(length.try_into().ok()?);
    let mut message = body.get(5..5_usize.checked_add(usize::try_from(length).ok()?)?)?;
    let mut status = 0;
    while !message.is_empty() {
        let (tag, rest) = number(message)?;
        let (value, rest) = match tag & 7 {
            0 => number(rest)?,
            1 => (0, rest.get(8..)?),
            2 => {
                let (length, rest) = number(rest)?;
                (0, rest.get(usize::try_from(length).ok()?..)?)
            }
            5 => (0, rest.get(4..)?),
            _ => return None,
        };
        if tag == 8 {
            status = value;
        }
        message = rest;
    }
    Some(status)
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let value = bytes[..=end].iter().rev().fold(0_u64, |value, byte| value << 7 | u64::from(byte & 0x7f));
    Some((value, &bytes[end + 1..]))
}

fn status(headers: &HeaderMap) -> Option<(u32, String)> {
    let code = headers.get("grpc-status")?.to_str().ok()?.parse().ok()?;
    let said = headers.get("grpc-message").map(|said| String::from_utf8_lossy(said.as_bytes()).into_owned());
    Some((code, said.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test has servers of its own")]

    use std::convert::Infallible;

    use http::{HeaderValue, Response};
    use hyper::service::service_fn;

    use super::*;
    use crate::check::kit::{self, listener};
    use crate::model::word::Outcome;

    /// A server that answers with this status message and this gRPC code; `None`: headers alone, as an error is told.
    async fn serving_with(code: u32, status: Option<u8>) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        std::mem::drop(tokio::task::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = service_fn(move |request: Request<hyper::body::Incoming>| async move {
                    let asked = request.into_body().collect().await.unwrap().to_bytes();
                    assert_eq!(&asked[..], b"\0\0\0\0\x06\x0a\x04shop");
                    let mut trailers = HeaderMap::new();
                    trailers.insert("grpc-status", HeaderValue::from(code));
                    let body = status.map(|status| Bytes::from(vec![0, 0, 0, 0, 2, 8, status])).unwrap_or_default();
                    let mut answer =
                        Response::new(Full::new(body).with_trailers(std::future::ready(Some(Ok(trailers)))));
                    if status.is_none() {
                        answer.headers_mut().insert("grpc-status", HeaderValue::from(code));
                    }
                    answer.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
                    Ok::<_, Infallible>(answer)
                });
                let serving = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                tokio::task::spawn(async move { serving.serve_connection(TokioIo::new(stream), answer).await });
            }
        }));
        port
    }

    async fn asked(port: u16) -> Evidence {
        let keys = format!("address = \"127.0.0.1:{port}\"\nservice = \"shop\"");
        kit::run("grpc", &keys, &kit::surroundings(&[])).await
    }

    #[tokio::test]
    async fn what_a_service_says_of_itself_is_told_apart() {
        for (code, status, outcome, says) in [
            (0, Some(1), Outcome::Pass, "SERVING in"),
            (0, Some(2), Outcome::Fail, "says NOT_SERVING"),
            (0, Some(0), Outcome::Fail, "does not say whether it serves"),
            (0, Some(3), Outcome::Fail, "does not know the service shop"),
            (5, None, Outcome::Fail, "does not know the service shop"),
            (12, None, Outcome::Fail, "has no health service"),
            (16, None, Outcome::Fail, "lets nobody ask"),
            (14, None, Outcome::Fail, "answers gRPC status 14"),
        ] {
            let evidence = asked(serving_with(code, status).await).await;
            assert_eq!(evidence.outcome, outcome, "{code} {status:?}: {}", evidence.summary);
            assert!(evidence.summary.as_str().contains(says), "{code} {status:?}: {}", evidence.summary);
        }
    }

    #[tokio::test]
    async fn what_speaks_something_else_is_a_classified_failure_in_its_time() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        for (port, class) in [
            (listener::closed_port(), FailureClass::Refused),
            (listener::answering(answer), FailureClass::Protocol),
            (listener::closing(), FailureClass::Protocol),
        ] {
            let evidence = asked(port).await;
            assert_eq!(evidence.outcome, Outcome::Fail, "{}", evidence.summary);
            assert_eq!(evidence.failure.unwrap().class, class, "{}", evidence.summary);
        }
        let silent = listener::silent();
        let keys = format!("address = \"127.0.0.1:{silent}\"");
        let evidence = kit::run_within("grpc", &keys, &kit::surroundings(&[]), Duration::from_millis(300)).await;
        assert_eq!(evidence.failure.unwrap().class, FailureClass::Timeout, "{}", evidence.summary);
    }

    #[test]
    fn the_two_messages_are_as_protobuf_has_them() {
        assert_eq!(&question("")[..], b"\0\0\0\0\0");
        assert_eq!(&question("shop.v1.Orders")[..7], b"\0\0\0\0\x10\x0a\x0e");
        let long = "a".repeat(300);
        assert_eq!(&question(&long)[5..8], b"\x0a\xac\x02");
        assert_eq!(serving(b"\0\0\0\0\0"), Some(0), "the default is not sent");
        assert_eq!(serving(b"\0\0\0\0\x02\x08\x01"), Some(1));
        // A field that a later version may add.
        assert_eq!(serving(b"\0\0\0\0\x06\x12\x02ab\x08\x02"), Some(2));
        for nonsense in [
            &b""[..],
            b"\0\0\0\0\x09\x08\x01",
            b"\x01\0\0\0\x02\x08\x01",
            b"\0\0\0\0\x02\x08\xff",
            b"\0\0\0\0\x02\x0f\x01",
        ] {
            assert_eq!(serving(nonsense), None, "{nonsense:?}");
        }
    }
}
