//! `golive webhook listen`: receives deliveries on loopback, verifies each and shows it at once: what came, from whom,
//! whether it is genuine and, if not, why. Bounded on every side: connections, heads, bodies, time, memory.
#![expect(clippy::disallowed_methods, reason = "a receiver has a task for each connection")]

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use globset::{Glob, GlobMatcher};
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::sessions::ListFormat;
use crate::cli::signals::Signals;
use crate::cli::webhook::alarm::{self, Alarm};
use crate::cli::webhook::recall::Recall;
use crate::cli::webhook::receiver::Receiver;
use crate::cli::webhook::scheme::SchemeArguments;
use crate::cli::webhook::shown;
use crate::clock;
use crate::mask::Redactor;

/// Connections at once; more have to wait.
const MOST_CONNECTIONS: usize = 64;
/// A sender that is slower than this is let go.
const PATIENCE: Duration = Duration::from_secs(20);
/// A head may come so slowly.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(super) struct ListenArguments {
    #[command(flatten)]
    scheme: SchemeArguments,
    /// The port of 127.0.0.1 to listen on; a free one when absent, told on standard error.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The path that is signed, where a proxy before this listener changes it.
    #[arg(long)]
    path: Option<String>,
    /// The URL that the provider was given; signed by square.
    #[arg(long)]
    url: Option<String>,
    /// An address that may send; may repeat. All when absent.
    #[arg(long = "from", value_name = "ADDRESS")]
    from: Vec<IpAddr>,
    /// The header in which the proxy before this listener tells the sender's address, such as X-Forwarded-For.
    #[arg(long, value_name = "NAME")]
    source_header: Option<String>,
    /// A user agent that may send, as a glob; may repeat. All when absent.
    #[arg(long = "user-agent", value_name = "GLOB", value_parser = glob)]
    agents: Vec<GlobMatcher>,
    /// Where to keep what was taken; as long as this runs when absent.
    #[arg(long, value_name = "FILE")]
    seen: Option<PathBuf>,
    /// The largest body that is read, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    body_limit: usize,
    /// Tell the notifiers of this plan of what is refused: each reason at once, then at most once a minute.
    #[arg(long, value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// A notifier of the plan to tell; may repeat. All that take notices when absent.
    #[arg(long, value_name = "NAME", requires = "plan")]
    notify: Vec<String>,
    /// Keep what is refused in this file, one line of JSON each.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// End after so many deliveries: 0 if all were genuine, else 1.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// How to show them; json is one line each.
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    format: ListFormat,
}

fn glob(text: &str) -> Result<GlobMatcher, String> {
    Glob::new(text).map(|glob| glob.compile_matcher()).map_err(|error| error.to_string())
}

/// A delivery on its way to the one receiver, and the way back.
struct Delivery {
    peer: IpAddr,
    parts: http::request::Parts,
    body: Option<Bytes>,
    taken: oneshot::Sender<bool>,
}

pub(super) fn run(arguments: &ListenArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let profile = arguments.scheme.profile()?;
    if profile.signs_url() && arguments.url.is_none() {
        return Err(Stop::wrong(format!("{} signs the whole URL", profile.name())).instead("add --url https://…"));
    }
    let secrets = arguments.scheme.secrets(machine)?;
    let named = |secret: &SecretString| (Arc::from("webhook secret"), secret.clone());
    let redactor = Redactor::new(secrets.iter().map(named));
    let receiver = Receiver {
        profile,
        secrets,
        tolerance: arguments.scheme.tolerance(),
        url: arguments.url.clone(),
        path: arguments.path.clone(),
        from: arguments.from.clone(),
        source_header: arguments.source_header.clone(),
        agents: arguments.agents.clone(),
        recall: Recall::of(arguments.seen.as_deref()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    runtime.block_on(listen(arguments, receiver, &redactor, console, machine))
}

async fn listen(
    arguments: &ListenArguments,
    mut receiver: Receiver,
    redactor: &Redactor,
    console: &Console,
    machine: &Machine,
) -> Result<Exit, Stop> {
    let mut signals = Signals::listen()?;
    let mut alarm = match &arguments.plan {
        Some(plan) => Some(Alarm::of(plan, &arguments.notify, machine).await?),
        None => None,
    };
    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await.map_err(|error| {
        Stop::wrong(format!("cannot listen on port {}: {error}", arguments.port)).instead("name a free port, or none")
    })?;
    let address = listener.local_addr().map_err(|error| Stop::own(format!("cannot listen: {error}")))?;
    console.say(&format!("listening on http://{address} for {} deliveries", receiver.profile.name()));
    let (send, mut deliveries) = mpsc::channel(MOST_CONNECTIONS);
    tokio::spawn(accept(listener, send, arguments.body_limit));
    let (mut count, mut refused) = (0_u64, 0_u64);
    while arguments.count.is_none_or(|most| count < most) {
        let delivery: Delivery = tokio::select! {
            exit = signals.next() => return Ok(exit),
            outcome = outcome_of(&mut alarm) => {
                console.say(&outcome);
                continue;
            }
            delivery = deliveries.recv() => match delivery {
                Some(delivery) => delivery,
                None => return Err(Stop::own("the listener has ended")),
            },
        };
        let received = receiver.take(delivery.peer, &delivery.parts, delivery.body, clock::now().at)?;
        count += 1;
        console.result(&shown::shown(&received, receiver.profile.name(), redactor, arguments.format))?;
        if let Some(reason) = received.refused {
            refused += 1;
            if let Some(alarm) = &mut alarm {
                alarm.refused(&received, reason, clock::now());
            }
            if let Some(log) = &arguments.log {
                alarm::keep(log, &shown::shown(&received, receiver.profile.name(), redactor, ListFormat::Json))?;
            }
        }
        // The sender may have gone meanwhile; what it sent was judged all the same.
        let _ = delivery.taken.send(received.refused.is_none());
    }
    // The last answer is on its way.
    tokio::time::sleep(Duration::from_millis(50)).await;
    if let Some(alarm) = alarm {
        alarm.last().await.iter().for_each(|outcome| console.say(outcome));
    }
    Ok(if refused == 0 { Exit::Go } else { Exit::Differs })
}

/// What came of a notice; never, where nobody is told.
async fn outcome_of(alarm: &mut Option<Alarm>) -> String {
    match alarm {
        Some(alarm) => alarm.outcome().await,
        None => std::future::pending().await,
    }
}

async fn accept(listener: TcpListener, send: mpsc::Sender<Delivery>, body_limit: usize) {
    let free = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else { return };
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of file descriptors, most likely: a moment later there may be some again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let send = send.clone();
        tokio::spawn(async move {
            // A sender that breaks off, or is too slow, has nobody left to be told.
            let _ = tokio::time::timeout(PATIENCE, one(stream, peer, send, body_limit)).await;
            drop(permit);
        });
    }
}

async fn one(stream: TcpStream, peer: SocketAddr, send: mpsc::Sender<Delivery>, body_limit: usize) {
    let service = service_fn(move |request: Request<Incoming>| {
        let send = send.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = Limited::new(body, body_limit).collect().await.ok().map(|body| body.to_bytes());
            let (taken, answer) = oneshot::channel();
            let sent = send.send(Delivery { peer: peer.ip(), parts, body, taken }).await;
            let taken = sent.is_ok() && answer.await.unwrap_or(false);
            Ok::<_, Infallible>(respond(taken))
        }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE).keep_alive(false);
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

/// Taken or refused; why is nobody's business out there.
fn respond(taken: bool) -> Response<Full<Bytes>> {
    let (status, body) = if taken {
        (StatusCode::OK, r#"{"status":"taken"}"#)
    } else {
        (StatusCode::UNAUTHORIZED, r#"{"error":"refused"}"#)
    };
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}
