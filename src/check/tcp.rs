//! `tcp`: a port takes connections, and greets as it should where the plan says how.

use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::via::Via;
use crate::check::{Kind, Looking, Probe, Surroundings, addresses, options, via};
use crate::core::evidence::{Evidence, Timings};
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options};
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::word::Category;
use crate::network::{self, Network, host_and_port, within};

/// A greeting is read up to so many bytes.
const LONGEST_BANNER: usize = 1024;

/// The kind.
pub(super) struct Tcp;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// `host:port`.
    address: Template,
    /// A regular expression that the first bytes from the other side must match.
    banner: Option<String>,
    /// Whether every address of the name is asked, of both families; the worst counts.
    #[serde(default)]
    each_address: bool,
    /// Words put before `curl`, so that the connection is made from there: `["ssh", "app@web-1"]`.
    via: Option<Vec<Template>>,
}

impl Kind for Tcp {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "tcp",
            doc: "A port takes connections.",
            category: Category::System,
            example: "address = \"db.example:5432\"\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |options| options::touches_address(options).into_iter().chain(via::touches(options)).collect(),
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
        let banner = keys.banner.as_deref().and_then(|pattern| Regex::new(pattern).ok());
        let via = Via::of(keys.via.as_deref(), &finding, surroundings)?;
        let surroundings = Arc::clone(surroundings);
        Ok(Box::new(Looker { finding, host, port, banner, each: keys.each_address, via, surroundings }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        let written = keys.address.as_written();
        if !written.contains("{{") && host_and_port(written, 0).is_none_or(|(_, port)| port == 0) {
            problems.push(OptionProblem::at("address", "an address has a port").help("address = \"db.example:5432\""));
        }
        problems.extend(keys.banner.as_ref().and_then(|pattern| options::pattern_problem("banner", pattern)));
        if keys.via.is_some() && keys.each_address {
            problems.push(OptionProblem::at("via", "what is asked from elsewhere is asked once, by name"));
        }
    })
}

struct Looker {
    finding: Finding,
    host: String,
    port: u16,
    banner: Option<Regex>,
    each: bool,
    via: Option<Via>,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let deadline = network::deadline(timeout);
            let network = &self.surroundings.network;
            match &self.via {
                Some(via) => self.look_from(via, deadline).await.fact("vantage", via.shown()),
                None if self.each => {
                    let look = |network: Network| async move { self.look(&network, deadline).await };
                    let asked = addresses::each(network, &self.host, self.port, deadline, look).await;
                    asked.unwrap_or_else(|trouble| self.finding.of_trouble(&trouble).fact("address", &self.place()))
                }
                None => self.look(network, deadline).await,
            }
        })
    }
}

impl Looker {
    fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    async fn look(&self, network: &Network, deadline: Instant) -> Evidence {
        let began = Instant::now();
        let mut timings = Timings::default();
        let place = self.place();
        let connected = match network.connect(&self.host, self.port, deadline, &mut timings).await {
            Ok(connected) => connected,
            Err(trouble) => return self.finding.of_trouble(&trouble).fact("address", &place).timed(timings),
        };
        let address = connected.address.to_string();
        let evidence = match &self.banner {
            None => Evidence::pass(&format!("{place} takes connections")),
            Some(pattern) => self.greeted(pattern, connected.stream, deadline, &place).await,
        };
        timings.total = Some(began.elapsed());
        evidence.fact("address", &address).timed(timings)
    }

    /// From another vantage: curl connects, says nothing, and shows what it is greeted with.
    async fn look_from(&self, via: &Via, deadline: Instant) -> Evidence {
        let began = Instant::now();
        let place = self.place();
        let seen = via.connect(&place, LONGEST_BANNER, deadline).await;
        let timings = Timings { total: Some(began.elapsed()), ..Timings::default() };
        let evidence = match (&seen, &self.banner) {
            (Err(trouble), _) => self.finding.of_trouble(trouble),
            (Ok(_), None) => Evidence::pass(&format!("{place} takes connections")),
            (Ok(seen), Some(pattern)) => self.judge_greeting(pattern, seen, &place),
        };
        evidence.fact("address", &place).timed(timings)
    }

    fn judge_greeting(&self, pattern: &Regex, seen: &[u8], place: &str) -> Evidence {
        let text = String::from_utf8_lossy(seen);
        if pattern.is_match(&text) {
            return Evidence::pass(&format!("{place} greets as it should"));
        }
        let summary = format!("{place} does not greet as it should");
        self.finding.fail(FailureClass::Protocol, &summary).fact("greeting", &text)
    }

    async fn greeted(&self, pattern: &Regex, mut stream: TcpStream, deadline: Instant, place: &str) -> Evidence {
        let mut seen = Vec::new();
        let mut buffer = [0; 256];
        while seen.len() < LONGEST_BANNER {
            match within(deadline, "a greeting", stream.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(count)) => seen.extend_from_slice(&buffer[..count]),
                Err(trouble) if seen.is_empty() => return self.finding.of_trouble(&trouble),
                Err(_) => break,
            }
            if pattern.is_match(&String::from_utf8_lossy(&seen)) {
                break;
            }
        }
        self.judge_greeting(pattern, &seen, place)
    }
}
