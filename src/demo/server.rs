//! Listening on loopback: plain and TLS, one task a connection, all ended with the world.
#![expect(clippy::disallowed_methods, reason = "a server has a task for each connection")]

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// What every handler gets: the request with its whole body.
pub(super) type Asked = Request<Bytes>;
/// What every handler gives.
pub(super) type Answer = Response<Full<Bytes>>;

/// What goes on over a connection after an answer that switches protocols. It stands among the answer's extensions.
#[derive(Clone)]
pub(super) struct Talk(Arc<dyn Fn(Upgraded) -> Talking + Send + Sync>);

type Talking = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Talk {
    /// This is said.
    pub(super) fn new(talk: impl Fn(Upgraded) -> Talking + Send + Sync + 'static) -> Self {
        Self(Arc::new(talk))
    }
}

/// Larger bodies are cut off.
const LARGEST_BODY: usize = 1 << 20;

/// A listener on a free port of loopback.
pub(super) fn listen() -> std::io::Result<(std::net::TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves until the world ends; over TLS where an acceptor is given.
pub(super) fn serve<F, R>(listener: std::net::TcpListener, tls: Option<TlsAcceptor>, end: CancellationToken, handler: F)
where
    F: Fn(Asked) -> R + Send + Sync + 'static,
    R: Future<Output = Answer> + Send + 'static,
{
    let handler = Arc::new(handler);
    tokio::spawn(async move {
        let listener = TcpListener::from_std(listener).expect("a bound, non-blocking listener inside a runtime");
        loop {
            let stream = tokio::select! {
                () = end.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, peer)) = stream else { continue };
            let (handler, tls, end) = (Arc::clone(&handler), tls.clone(), end.clone());
            tokio::spawn(async move {
                let serving = async {
                    match tls {
                        Some(tls) => {
                            // A handshake that the client breaks off (it refuses the certificate) is its own affair.
                            if let Ok(stream) = tls.accept(stream).await {
                                one(stream, peer, handler).await;
                            }
                        }
                        None => one(stream, peer, handler).await,
                    }
                };
                tokio::select! {
                    () = end.cancelled() => {}
                    () = serving => {}
                }
            });
        }
    });
}

async fn one<S, F, R>(stream: S, peer: SocketAddr, handler: Arc<F>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Asked) -> R + Send + Sync + 'static,
    R: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        let handler = Arc::clone(&handler);
        let upgrade = hyper::upgrade::on(&mut request);
        async move {
            let (mut head, body) = request.into_parts();
            head.extensions.insert(peer);
            let mut answer = match Limited::new(body, LARGEST_BODY).collect().await {
                Ok(body) => handler(Request::from_parts(head, body.to_bytes())).await,
                Err(_) => json(StatusCode::PAYLOAD_TOO_LARGE, &serde_json::json!({ "error": "too large" })),
            };
            if let Some(Talk(talk)) = answer.extensions_mut().remove() {
                tokio::spawn(async move {
                    // Who goes away instead of switching has nothing to say.
                    if let Ok(upgraded) = upgrade.await {
                        talk(upgraded).await;
                    }
                });
            }
            Ok::<_, Infallible>(answer)
        }
    });
    // A connection that ends early has nobody left to tell.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

/// An answer with JSON in it.
pub(super) fn json(status: StatusCode, value: &serde_json::Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(value.to_string())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    answer
}

/// An answer with a text in it.
pub(super) fn text(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    answer
}

/// The host that a request was sent to, without its port.
pub(super) fn host_of(asked: &Asked) -> &str {
    let host = asked.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

/// A header's text.
pub(super) fn header_of<'a>(asked: &'a Asked, name: &str) -> &'a str {
    asked.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
