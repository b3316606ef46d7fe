//! `[gate]`: its endpoint is on loopback, and what opens and closes it exists.

use std::net::SocketAddr;

use crate::model::kind::KindSpec;
use crate::model::plan::Opening;
use crate::plan::document::Document;
use crate::plan::judge::references::names_nothing;
use crate::plan::judge::{checks_of, selection};
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, steps};

pub(super) fn problems(document: &Document, tree: &Node, specs: &[KindSpec]) -> Vec<Problem> {
    let gate = &document.gate;
    let mut problems = Vec::new();
    if let Some(listen) = &gate.listen {
        let place = tree.place(&steps!["gate", "listen"], false);
        match listen.parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() => {}
            Ok(_) => problems.push(
                Problem::error("the gate is asked on loopback alone")
                    .at(place)
                    .help("listen = \"127.0.0.1:7070\"; nothing hangs a load balancer on an operator's terminal"),
            ),
            Err(_) => problems.push(
                Problem::error(format!("`{listen}` is no address with a port"))
                    .at(place)
                    .help("listen = \"127.0.0.1:7070\""),
            ),
        }
    }
    if gate.file.as_ref().is_some_and(|file| document.sources.env_files.contains(file)) {
        let place = tree.place(&steps!["gate", "file"], false);
        problems.push(Problem::error("the gate's file is an env file: it would be overwritten").at(place));
    }
    if gate.opens == Opening::OnGo && document.deployment.is_empty() {
        let place = tree.place(&steps!["gate", "opens"], false);
        problems.push(
            Problem::error("nothing would ever open the gate: the plan has no deployment to be GO after")
                .at(place)
                .help("leave `opens` out: a person opens it; or say what is deployed in [[deployment]]"),
        );
    }
    let checks = checks_of(document, specs);
    let known: Vec<_> = checks.iter().map(|(id, category, _)| (id.as_str(), *category)).collect();
    for (at, selector) in gate.closes_on.iter().enumerate() {
        if selection(selector, known.iter().copied()).is_empty() {
            let place = tree.place(&steps!["gate", "closes_on", at], false);
            problems.push(names_nothing(selector, &known).at(place));
        }
    }
    problems
}
