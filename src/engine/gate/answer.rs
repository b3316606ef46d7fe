//! What whoever asks the gate is told: open, or closed and why. Made of state alone, so it cannot say anything that the
//! screen does not.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;

use crate::core::event::Subject;
use crate::core::state::State;
use crate::core::verdict::{Inquiry, Scope, Verdict, verdict};
use crate::model::time::Now;
use crate::model::word::Question;

/// Who asks gets an answer within this time, or has not asked.
const LONGEST: Duration = Duration::from_secs(5);
/// Beyond so many reasons nobody reads on.
const MOST_REASONS: usize = 20;
const NOT_OPENED: &str = "nobody has opened the gate";

/// Why the gate is closed: who closed it, what stands against opening it, or that nobody has opened it.
fn why_closed(state: &State, verdict: &Verdict) -> Vec<(String, String)> {
    let mut reasons = Vec::new();
    if let Some((_, reason)) = &state.session().gate_closed {
        reasons.push(("gate".to_owned(), format!("closed: {reason}")));
    }
    if !verdict.answer().permits() {
        let of_verdict = verdict.reasons().iter().map(|reason| {
            let subject = match &reason.subject {
                Some(Subject::Item(item)) => item.to_string(),
                Some(Subject::Check(check)) => check.to_string(),
                Some(Subject::Alert(alert)) => alert.to_string(),
                Some(Subject::Notifier(alert)) => alert.to_string(),
                None => "journal".to_owned(),
            };
            (subject, reason.message.clone())
        });
        reasons.extend(of_verdict.take(MOST_REASONS));
    }
    if reasons.is_empty() {
        reasons.push(("gate".to_owned(), NOT_OPENED.to_owned()));
    }
    reasons
}

fn asked(state: &State, now: Now) -> Verdict {
    verdict(state, &Inquiry { question: Question::Open, scope: Scope::All }, now)
}

/// The file's text.
pub(super) fn text(state: &State, now: Now) -> String {
    let session = state.session();
    let service = &state.plan().service;
    let of = format!("# {} in {}, session {}\n", service.name, service.environment, session.id);
    match (session.gate_opened, &session.gate_by) {
        (Some(since), Some(by)) => format!("open\n{of}# since {since}, by {by}\n"),
        (Some(since), None) => format!("open\n{of}# since {since}\n"),
        (None, _) => {
            let reasons = why_closed(state, &asked(state, now));
            let reasons = reasons.into_iter().map(|(subject, message)| format!("# {subject}: {message}\n"));
            format!("closed\n{of}{}", reasons.collect::<String>())
        }
    }
}

fn body(state: &State, open: bool, now: Now) -> Json {
    let session = state.session();
    let verdict = asked(state, now);
    let reasons = if open { Vec::new() } else { why_closed(state, &verdict) };
    let reasons = reasons.iter().map(|(subject, message)| json!({ "subject": subject, "message": message }));
    json!({
        "gate": if open { "open" } else { "closed" },
        "since": session.gate_opened,
        "by": session.gate_by.as_ref().filter(|_| session.gate_opened.is_some()).map(ToString::to_string),
        "question": Question::Open,
        "verdict": verdict.answer(),
        "reasons": reasons.collect::<Vec<_>>(),
        "service": state.plan().service.name,
        "environment": state.plan().service.environment,
        "session": session.id,
    })
}

/// Answers one connection.
pub(super) async fn serve(stream: TcpStream, state: Arc<State>, open: bool, now: Now) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(&request, &state, open, now);
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(LONGEST)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that ends early has nobody left to tell.
    let _ = tokio::time::timeout(LONGEST, serving).await;
}

fn answer<B>(request: &Request<B>, state: &State, open: bool, now: Now) -> Response<Full<Bytes>> {
    let (status, body) = if !is_of_this_machine(request) {
        // A page in somebody's browser that made a name lead here.
        (StatusCode::FORBIDDEN, json!({ "error": "ask for it by the address of this machine" }))
    } else if request.uri().path() != "/gate" {
        (StatusCode::NOT_FOUND, json!({ "error": "there is /gate" }))
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
        (StatusCode::METHOD_NOT_ALLOWED, json!({ "error": "it is read with GET; a person opens it in the cockpit" }))
    } else {
        let status = if open { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, body(state, open, now))
    };
    let mut answer = Response::new(Full::new(Bytes::from(format!("{body:#}\n"))));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    answer
}

fn is_of_this_machine<B>(request: &Request<B>) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
