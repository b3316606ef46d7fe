//! The switchboard from outside: `GET /faults`, `PUT /faults/NAME`, `DELETE /faults/NAME`, with the token that the
//! playground prints. It acts, so it wants the token even on loopback.

use http::{Method, StatusCode};
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::demo::faults::{Fault, Faults};
use crate::demo::server::{Answer, Asked, header_of, json as answer};

/// The header that carries the token.
pub(super) const TOKEN_HEADER: &str = "x-golive-token";

/// Answers a request to the switchboard; `set` turns a fault on or off in the world.
pub(super) fn answer_to(
    asked: &Asked,
    token: &str,
    faults: &Faults,
    set: &dyn Fn(Fault, bool) -> std::io::Result<()>,
) -> Answer {
    if !bool::from(header_of(asked, TOKEN_HEADER).as_bytes().ct_eq(token.as_bytes())) {
        return answer(StatusCode::UNAUTHORIZED, &json!({ "error": format!("send the token in {TOKEN_HEADER}") }));
    }
    let path = asked.uri().path();
    let named = path.strip_prefix("/faults/").map(|name| (name, Fault::named(name)));
    let on = match (asked.method(), named) {
        (&Method::GET, None) if path == "/faults" => return listed(faults),
        (&Method::PUT, Some((_, Some(fault)))) => (fault, true),
        (&Method::DELETE, Some((_, Some(fault)))) => (fault, false),
        (_, Some((name, None))) => {
            let known: Vec<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
            return answer(StatusCode::NOT_FOUND, &json!({ "error": format!("no fault {name}"), "faults": known }));
        }
        _ => {
            return answer(
                StatusCode::METHOD_NOT_ALLOWED,
                &json!({ "error": "GET /faults, PUT or DELETE /faults/NAME" }),
            );
        }
    };
    match set(on.0, on.1) {
        Ok(()) => listed(faults),
        Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": error.to_string() })),
    }
}

fn listed(faults: &Faults) -> Answer {
    let on: Vec<_> = faults.on().into_iter().map(Fault::name).collect();
    let all: Vec<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
    answer(StatusCode::OK, &json!({ "on": on, "all": all }))
}
