//! `/metrics` while a session is in flight: one small server on this machine, on a thread of its own, which reads the
//! state that everybody watches. It decides nothing and holds nothing up.
#![expect(clippy::disallowed_methods, reason = "a server has a task for each connection")]

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;

use crate::clock;
use crate::core::state::State;
use crate::report::metrics;

/// A listener that serves nobody yet.
pub(super) struct Listening(TcpListener);

/// Takes the address, before anything else is begun.
pub(super) fn listen(address: SocketAddr) -> std::io::Result<Listening> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(Listening(listener))
}

impl Listening {
    /// Serves the newest state until the engine is gone.
    pub(super) fn serve(self, states: watch::Receiver<Arc<State>>) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let serving = move || runtime.block_on(served(self.0, states));
        std::thread::Builder::new().name("metrics".to_owned()).spawn(serving).map(drop)
    }
}

async fn served(listener: TcpListener, mut states: watch::Receiver<Arc<State>>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let shown = states.clone();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            // The engine is gone: there is nothing to serve any more.
            changed = states.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        let Ok((stream, _)) = stream else { continue };
        let states = shown.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let answer = answer(&request, &states);
                async move { Ok::<_, Infallible>(answer) }
            });
            // Whoever hangs up has nobody left to tell.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn answer(request: &Request<Incoming>, states: &watch::Receiver<Arc<State>>) -> Response<Full<Bytes>> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => {
            let state = Arc::clone(&states.borrow());
            (StatusCode::OK, metrics::metrics(&state, clock::now()))
        }
        (&Method::GET, _) => (StatusCode::NOT_FOUND, "there is /metrics\n".to_owned()),
        _ => (StatusCode::METHOD_NOT_ALLOWED, "GET /metrics\n".to_owned()),
    };
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
    answer
}
