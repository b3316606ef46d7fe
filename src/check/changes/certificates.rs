//! `certificates`: the certificate that each host shows, when its time began and when it ended. Whether it is right is
//! the check `tls`'s to say: here it is looked at as it is, also where it is refused.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::check::asking::keys;
use crate::check::changes::{Asked, Kind, Looking};
use crate::check::options;
use crate::core::evidence::Timings;
use crate::core::inquiry::{Look, Sighting};
use crate::model::kind::{KindSpec, OptionProblem, Touch};
use crate::model::template::Template;
use crate::model::word::Category;
use crate::network::{self, Chain, host_and_port};

pub(super) struct Certificates;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// `name` or `name:port`, each.
    hosts: Vec<Template>,
}

impl Kind for Certificates {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "certificates",
            doc: "Certificates that were replaced, or whose time began or ended.",
            category: Category::Security,
            example: "hosts = [\"academy.example\", \"api.ikhokha.com\"]\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                options::problems::<Keys>(options, |keys, problems| {
                    if keys.hosts.is_empty() {
                        problems.push(OptionProblem::at("hosts", "no host is watched").help("[\"academy.example\"]"));
                    }
                })
            },
            touches: |options| {
                let hosts = options.get("hosts").and_then(serde_json::Value::as_array).into_iter().flatten();
                hosts.filter_map(serde_json::Value::as_str).map(|host| Touch::Host(host.to_owned())).collect()
            },
        }
    }

    fn look<'a>(&self, asked: Asked<'a>) -> Looking<'a> {
        Box::pin(async move {
            let keys: Keys = keys(asked.options)?;
            let mut look = Look::default();
            for template in &keys.hosts {
                let name = template.fill(&asked.surroundings.values).map_err(|error| error.to_string())?;
                let place = host_and_port(name.expose(), 443).ok_or_else(|| format!("{} is no host", name.shown()))?;
                look.sightings.extend(of_host(&asked, &place.0, place.1).await?);
            }
            Ok(look)
        })
    }
}

async fn of_host(asked: &Asked<'_>, host: &str, port: u16) -> Result<Vec<Sighting>, String> {
    let (network, chain) = (&asked.surroundings.network, Chain::default());
    let mut timings = Timings::default();
    let connected = network.connect(host, port, asked.deadline, &mut timings).await;
    let stream = connected.map_err(|trouble| trouble.to_string())?.stream;
    let config = Arc::new(network.tls_keeping(&chain).map_err(|error| error.to_string())?);
    let shaken = network::handshake(config, host, stream, asked.deadline, &mut timings).await;
    let certificates = chain.certificates();
    let Some(leaf) = certificates.first() else {
        return Err(shaken.err().map_or_else(|| format!("{host} shows no certificate"), |trouble| trouble.to_string()));
    };
    let (_, leaf) = X509Certificate::from_der(leaf).map_err(|_| format!("{host} shows a certificate that is none"))?;
    Ok(sightings(host, &leaf, (asked.surroundings.clock)().at))
}

fn sightings(host: &str, leaf: &X509Certificate<'_>, now: Timestamp) -> Vec<Sighting> {
    let serial = leaf.tbs_certificate.raw_serial_as_string();
    let moment = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).ok();
    let (began, ends) = (moment(leaf.validity().not_before), moment(leaf.validity().not_after));
    let until = ends.map_or_else(String::new, |ends| format!(", until {}", ends.strftime("%F %H:%M UTC")));
    let short: String = serial.chars().take(24).collect();
    let mut shown = vec![Sighting::new(
        &format!("certificate of {host}"),
        &serial,
        &format!("{host} shows certificate {short}{until}"),
    )];
    shown[0].readable = false;
    if let Some(began) = began.filter(|began| *began <= now) {
        let key = format!("begin of {host} {serial}");
        shown.push(Sighting {
            at: Some(began),
            ..Sighting::new(&key, "begun", &format!("the certificate of {host} began to be valid"))
        });
    }
    if let Some(ended) = ends.filter(|ends| *ends <= now) {
        let key = format!("end of {host} {serial}");
        shown.push(Sighting {
            at: Some(ended),
            ..Sighting::new(&key, "ended", &format!("the validity of the certificate of {host} ended"))
        });
    }
    shown
}
