//! From Prometheus: one question for the means of the hours of the day that come, a day or a week before.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Uri};
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::check::Surroundings;
use crate::cli::baselines::Norm;
use crate::model::baseline::Hour;
use crate::model::template::Template;
use crate::model::time::Now;
use crate::network::request::Outgoing;
use crate::network::{self, headers};

/// So long it may take: nobody waits for it at the start.
const PATIENCE: Duration = Duration::from_secs(5);
/// So much is read of the answer.
const LARGEST: usize = 1 << 20;
/// So many hours ahead.
const HOURS: i64 = 24;

/// What is asked.
pub(super) struct Asked<'a> {
    /// Where it is.
    pub(super) url: &'a Template,
    /// With what.
    pub(super) headers: &'a BTreeMap<String, Template>,
    /// An expression of one series.
    pub(super) query: &'a Template,
    /// How long ago.
    pub(super) ago: Duration,
}

impl Asked<'_> {
    /// What the query was, hour by hour, so long ago.
    pub(super) async fn norm(
        &self,
        surroundings: &Surroundings,
        only_loopback: bool,
        now: Now,
    ) -> Result<Norm, String> {
        let fill = |template: &Template| template.fill(&surroundings.values).map_err(|unfilled| unfilled.to_string());
        let (url, query) = (fill(self.url)?, fill(self.query)?);
        let headers = headers::filled(self.headers, &surroundings.values).map_err(|why| why.to_string())?;
        let ago_seconds = i64::try_from(self.ago.as_secs()).unwrap_or(i64::MAX);
        // The hour of now, then; its mean is known at its end.
        let first = now.at.as_second() - now.at.as_second().rem_euclid(3_600) - ago_seconds + 3_600;
        let last = first + (HOURS - 1) * 3_600;
        let asked = format!("avg_over_time(({})[1h:1m])", query.expose());
        let base = url.expose().trim().trim_end_matches('/').to_owned();
        let uri = format!("{base}/api/v1/query_range?query={}&start={first}&end={last}&step=3600", encoded(&asked));
        let uri: Uri = uri.parse().map_err(|_| format!("{} is no URL", url.shown()))?;
        let outgoing = Outgoing { method: Method::GET, url: uri, headers, body: Bytes::new(), limit: LARGEST };
        let deadline = network::deadline(PATIENCE);
        let answer = surroundings.network.request(&outgoing, only_loopback, deadline).await;
        let answer = answer.map_err(|trouble| format!("Prometheus: {trouble}"))?;
        let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status != 200 || json["status"] != "success" {
            let said = json["error"].as_str().unwrap_or("what answers there is no Prometheus");
            return Err(format!("Prometheus answers {}: {said}", answer.status));
        }
        let day = Timestamp::from_second(first).map_or_else(|_| String::new(), |at| at.strftime("%F").to_string());
        Ok((format!("Prometheus, from {day} on"), hours(&json["data"]["result"])?))
    }
}

/// The hours of an answer: one series, a number for each hour's end.
fn hours(result: &Json) -> Result<Vec<Hour>, String> {
    let series = result.as_array().map(Vec::as_slice).unwrap_or_default();
    let [series] = series else {
        return Err(match series.len() {
            0 => "Prometheus has no samples of then".to_owned(),
            many => format!("the query gives {many} series: a norm is of one; write sum(…)"),
        });
    };
    let points = series["values"].as_array().map(Vec::as_slice).unwrap_or_default();
    let hour = |point: &Json| {
        let mean: f64 = point[1].as_str()?.parse().ok()?;
        let began = Timestamp::from_second(point[0].as_f64()? as i64 - 3_600).ok()?;
        mean.is_finite().then_some(Hour { hour: Hour::of_day(began), mean })
    };
    let hours: Vec<Hour> = points.iter().filter_map(hour).collect();
    if hours.is_empty() { Err("Prometheus has no samples of then".to_owned()) } else { Ok(hours) }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
