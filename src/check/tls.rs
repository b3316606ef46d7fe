//! `tls`: certificates are right: chain, name, dates, keys, signatures, and a protocol version that is not too old.
//!
//! Every run makes a full handshake, for a resumed one shows no certificate. The chain is kept also when it is
//! refused, so that the evidence can say which certificate is wrong, and why. Old versions are asked for now and then.

mod chain;
mod hello;
mod names;
mod reason;
mod staple;
#[cfg(test)]
mod vectors;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use rustls::ProtocolVersion;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::tls::chain::{Judged, Sent, judge};
use crate::check::tls::hello::Old;
use crate::check::tls::staple::{Staple, Stapled};
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::{Evidence, Timings};
use crate::model::duration::{self, Span};
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::word::{Category, Outcome};
use crate::network::{self, Chain, Network, Trouble, host_and_port};

/// At most so many addresses of a name are asked.
const MOST_ADDRESSES: usize = 16;

/// The kind.
pub(super) struct Tls;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// `name` or `name:port`.
    host: Option<Template>,
    /// Several of them.
    #[serde(default)]
    hosts: Vec<Template>,
    /// Warn when the chain's earliest end is nearer than this, or than a third of the certificate's life.
    #[serde(default = "three_weeks")]
    warn_before: Span,
    /// The oldest protocol version that will do.
    #[serde(default)]
    min_version: Version,
    /// Whether every address of each name is asked, of both families; the worst counts.
    #[serde(default)]
    each_address: bool,
    /// Whether TLS 1.0 and 1.1 are asked for too, every ten minutes; still answered is a warning.
    #[serde(default = "yes")]
    old_versions: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
enum Version {
    /// TLS 1.2.
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    Tls13,
}

/// So long an answer about old versions holds: servers change by deployment, not by the second.
const OLD_ANSWERS: Duration = Duration::from_secs(600);

/// A server that swallows an old greeting without a word does not speak it.
const OLD_PATIENCE: Duration = Duration::from_secs(2);

const fn yes() -> bool {
    true
}

const fn three_weeks() -> Span {
    Span::seconds(21 * 86_400)
}

impl Kind for Tls {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "tls",
            doc: "Certificates are right: chain, name, dates, keys, signatures, protocol versions.",
            category: Category::Security,
            example: "hosts = [\"www.example\", \"api.example:8443\"]\nwarn_before = \"21d\"\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches,
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let mut hosts = Vec::new();
        for template in keys.host.iter().chain(&keys.hosts) {
            let filled = finding.fill(template, &surroundings.values)?;
            let Some(host) = host_and_port(filled.expose(), 443) else {
                return Err(Box::new(finding.fail(FailureClass::Value, &format!("{} is no host", filled.shown()))));
            };
            hosts.push(host);
        }
        Ok(Box::new(Looker { finding, hosts, keys, old: Mutex::default(), surroundings: Arc::clone(surroundings) }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if keys.host.is_none() && keys.hosts.is_empty() {
            problems.push(OptionProblem::whole("this check names no host").help("host = \"www.example\""));
        }
    })
}

fn touches(options: &Options) -> Vec<Touch> {
    let one = options.get("host").and_then(serde_json::Value::as_str);
    let several = options.get("hosts").and_then(serde_json::Value::as_array).into_iter().flatten();
    one.into_iter()
        .chain(several.filter_map(serde_json::Value::as_str))
        .map(|host| Touch::Host(host.to_owned()))
        .collect()
}

struct Looker {
    finding: Finding,
    hosts: Vec<(String, u16)>,
    keys: Keys,
    /// Which old versions a host answered, and when it was asked.
    old: Mutex<HashMap<String, (Instant, Vec<Old>)>>,
    surroundings: Arc<Surroundings>,
}

/// What one host showed.
struct Shown {
    place: String,
    version: Option<ProtocolVersion>,
    trouble: Option<Trouble>,
    judged: Option<Judged>,
    staple: Option<Stapled>,
    old: Vec<Old>,
    timings: Timings,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let shown = join_all(self.hosts.iter().map(|(host, port)| self.greet(host, *port, timeout))).await;
            let shown: Vec<Shown> = shown.into_iter().flatten().collect();
            let now = (self.surroundings.clock)().at;
            let worst = shown
                .iter()
                .map(|shown| self.judge(shown, now))
                .max_by_key(|evidence| evidence.outcome)
                .unwrap_or_else(|| self.finding.error("no host was asked"));
            let all_pass = worst.outcome == Outcome::Pass && shown.len() > 1;
            let mut evidence =
                if all_pass { Evidence::pass(&format!("{} hosts are right", shown.len())) } else { worst };
            for host in &shown {
                evidence = described(evidence, host, shown.len() == 1);
            }
            evidence.timed(shown.first().map(|shown| shown.timings).unwrap_or_default())
        })
    }
}

/// Adds what a host showed; of several hosts only how long each is right.
fn described(mut evidence: Evidence, shown: &Shown, alone: bool) -> Evidence {
    let Some(judged) = &shown.judged else { return evidence };
    if let Some(until) = judged.until {
        evidence = evidence.fact(&shown.place, &format!("until {}", until.strftime("%F %H:%M UTC")));
    }
    if alone {
        for (name, value) in &judged.facts {
            evidence = evidence.fact(name, value);
        }
        if let Some(staple) = &shown.staple {
            evidence = evidence.fact("stapled", &staple.words());
        }
    }
    evidence
}

impl Looker {
    /// One handshake with a name, or one with each of its addresses.
    async fn greet(&self, host: &str, port: u16, timeout: Duration) -> Vec<Shown> {
        let network = &self.surroundings.network;
        if !self.keys.each_address {
            return vec![self.shake_hands(network, host, port, timeout).await];
        }
        match network.addresses(host, port, network::deadline(timeout)).await {
            // One look more finds the same trouble and tells it as any other.
            Err(_) => vec![self.shake_hands(network, host, port, timeout).await],
            Ok((addresses, _)) => {
                let each = addresses.into_iter().take(MOST_ADDRESSES).map(|address| async move {
                    let mut shown = self.shake_hands(&network.pinned(host, port, address), host, port, timeout).await;
                    shown.place = format!("{} at {address}", shown.place);
                    shown
                });
                join_all(each).await
            }
        }
    }

    async fn shake_hands(&self, network: &Network, host: &str, port: u16, timeout: Duration) -> Shown {
        let (deadline, began) = (network::deadline(timeout), tokio::time::Instant::now());
        let (chain, mut timings) = (Chain::default(), Timings::default());
        let shake = async {
            let connected = network.connect(host, port, deadline, &mut timings).await?;
            let config = network.tls_keeping(&chain).map_err(|error| Trouble::Local(error.to_string()))?;
            network::handshake(Arc::new(config), host, connected.stream, deadline, &mut timings).await
        };
        let result = shake.await;
        let version = result.as_ref().ok().and_then(|stream| stream.get_ref().1.protocol_version());
        // The connection ends here: some servers have one at a time, and old versions are still to be asked for.
        let trouble = result.err();
        timings.total = Some(began.elapsed());
        let place = if port == 443 { host.to_owned() } else { format!("{host}:{port}") };
        let (certificates, verified, staple) = (chain.certificates(), chain.verified(), chain.staple());
        let judged = (!certificates.is_empty()).then(|| {
            let (now, warn_before) = ((self.surroundings.clock)().at, self.keys.warn_before.0);
            judge(&Sent { chain: &certificates, host, now, verified: verified.as_ref(), warn_before })
        });
        let now = (self.surroundings.clock)().at;
        let staple = (!staple.is_empty()).then(|| staple::read(&staple, &certificates, now));
        let old = if trouble.is_none() && self.keys.old_versions {
            self.old_versions(host, port, deadline).await
        } else {
            Vec::new()
        };
        Shown { place, version, trouble, judged, staple, old, timings }
    }

    /// The old versions that a host still answers, from memory where that is young.
    async fn old_versions(&self, host: &str, port: u16, deadline: Instant) -> Vec<Old> {
        let place = format!("{host}:{port}");
        let known = self.old.lock().ok().and_then(|known| known.get(&place).cloned());
        if let Some((asked, spoken)) = known
            && asked.elapsed() < OLD_ANSWERS
        {
            return spoken;
        }
        let network = &self.surroundings.network;
        let mut asked = Vec::new();
        for version in Old::ALL {
            let patience = deadline.min(Instant::now() + OLD_PATIENCE);
            asked.push((version, hello::is_spoken(network, host, port, version, patience).await));
        }
        let spoken: Vec<Old> =
            asked.iter().filter(|(_, spoken)| *spoken == Some(true)).map(|(version, _)| *version).collect();
        if asked.iter().all(|(_, spoken)| spoken.is_some())
            && let Ok(mut known) = self.old.lock()
        {
            known.insert(place, (Instant::now(), spoken.clone()));
        }
        spoken
    }

    fn judge(&self, shown: &Shown, now: Timestamp) -> Evidence {
        let place = &shown.place;
        let found = shown.judged.as_ref().and_then(|judged| judged.finding.as_ref());
        if let Some((reason, said)) = found.filter(|(reason, _)| !reason.is_a_remark()) {
            let named = said.contains(place.as_str()) || reason.word() == "expired";
            let summary = if named { said.clone() } else { format!("{place}: {said}") };
            let evidence = self.finding.fail(FailureClass::Tls, &summary);
            return evidence.material("host", place).material("reason", reason.word()).remedy(reason.remedy());
        }
        if let Some(trouble) = &shown.trouble {
            let evidence = self.finding.of_trouble_with(trouble, &format!("{place}: {trouble}"));
            return evidence.material("host", place);
        }
        if self.keys.min_version == Version::Tls13 && shown.version != Some(ProtocolVersion::TLSv1_3) {
            return self
                .finding
                .fail(FailureClass::Tls, &format!("{place} does not speak TLS 1.3"))
                .material("host", place);
        }
        if shown.staple.as_ref().is_some_and(|staple| staple.says == Staple::Revoked) {
            let summary = format!("{place}: the server itself says that its certificate was revoked");
            return self.finding.fail(FailureClass::Tls, &summary).material("reason", "revoked");
        }
        if let Some((reason, said)) = found {
            let summary = if said.contains(place.as_str()) { said.clone() } else { format!("{place}: {said}") };
            return Evidence::warn(&summary).material("reason", reason.word()).remedy(reason.remedy());
        }
        if let Some(staple) = shown.staple.as_ref().filter(|staple| staple.is_doubtful()) {
            return Evidence::warn(&format!("{place}: the stapled revocation answer is {}", staple.words()))
                .material("reason", "staple")
                .remedy("let the server fetch its answer anew (nginx: ssl_stapling, the responder reachable), or staple none");
        }
        if !shown.old.is_empty() {
            let old: Vec<&str> = shown.old.iter().map(|old| old.shown()).collect();
            let summary = format!("{place} still answers {}", old.join(" and "));
            return Evidence::warn(&summary)
                .material("old", &old.join(" "))
                .remedy("allow TLS 1.2 and 1.3 alone where TLS ends");
        }
        let left = shown.judged.as_ref().and_then(|judged| judged.until).map(|until| until.duration_since(now));
        let left = left.map(|left| Duration::from_secs(left.unsigned_abs().as_secs() / 3600 * 3600));
        let left = left.map(|left| format!(" for {} more", duration::written(left))).unwrap_or_default();
        Evidence::pass(&format!("certificate of {place} is right{left}"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test makes its own files and servers")]

    use std::path::Path;

    use rcgen::{CertificateParams, Issuer, KeyPair};
    use rustls::ServerConfig;
    use rustls::crypto::ring;
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::check::kit;

    /// A server with a leaf for `host` whose life lies so many days before and after now; gives its port.
    async fn serving(folder: &Path, host: &str, days: (i64, i64)) -> u16 {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap();
        std::fs::write(folder.join("ca.pem"), root.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        let leaf_key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let day = |days: i64| {
            let moment = crate::clock::now().at + jiff::SignedDuration::from_hours(24 * days);
            let date = jiff::tz::Offset::UTC.to_datetime(moment).date();
            rcgen::date_time_ymd(date.year().into(), date.month().try_into().unwrap(), date.day().try_into().unwrap())
        };
        (leaf.not_before, leaf.not_after) = (day(days.0), day(days.1));
        let certificate = leaf.signed_by(&leaf_key, &issuer).unwrap();
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        std::mem::drop(tokio::task::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = acceptor.accept(stream).await;
            }
        }));
        port
    }

    async fn look(host: &str, of: &str, days: (i64, i64), more: &str) -> Evidence {
        let folder = tempfile::tempdir().unwrap();
        let port = serving(folder.path(), of, days).await;
        let ca = folder.path().join("ca.pem");
        let to = format!("127.0.0.1:{port}");
        let surroundings = kit::surroundings_resolving(&format!("{host}:443"), &to, Some(&ca));
        kit::run("tls", &format!("host = \"{host}\"\n{more}"), &surroundings).await
    }

    #[tokio::test]
    async fn certificates_are_judged_by_name_and_dates() {
        let sound = look("www.example", "www.example", (-10, 60), "").await;
        assert_eq!(sound.outcome, Outcome::Pass, "{}", sound.summary);
        let ended = look("www.example", "www.example", (-90, -2), "").await;
        assert_eq!(ended.outcome, Outcome::Fail);
        assert!(ended.summary.as_str().contains("ended 20"), "{}", ended.summary);
        let other = look("www.example", "shop.example", (-10, 60), "").await;
        assert_eq!(other.outcome, Outcome::Fail);
        assert!(other.summary.as_str().contains("another name"), "{}", other.summary);
        let soon = look("www.example", "www.example", (-80, 10), "").await;
        assert_eq!(soon.outcome, Outcome::Warn, "{}", soon.summary);
        let later = look("www.example", "www.example", (-80, 10), "warn_before = \"5d\"").await;
        assert_eq!(later.outcome, Outcome::Pass, "{}", later.summary);
        let future = look("www.example", "www.example", (2, 60), "").await;
        assert_eq!(future.outcome, Outcome::Fail);
        assert!(future.summary.as_str().contains("not valid yet"), "{}", future.summary);
    }
}
