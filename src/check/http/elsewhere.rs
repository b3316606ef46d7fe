//! The same request, made from another vantage: `curl` is told by its standard input what to ask, so that neither
//! headers nor bodies stand among arguments, and says with the answer where and how long it asked.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Version};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::check::http::exchange::{Answer, Exchange};
use crate::check::via::{Via, in_config};
use crate::core::evidence::Timings;
use crate::network::Trouble;

/// The heads of an answer and of what redirected to it.
const LARGEST_HEADS: usize = 256 << 10;

impl Exchange {
    /// Makes the exchange from another vantage.
    pub(in crate::check) async fn make_elsewhere(
        &self,
        via: &Via,
        deadline: Instant,
    ) -> Result<Answer, (Trouble, Timings)> {
        let left = deadline.saturating_duration_since(Instant::now());
        let ended = via.curl(self.config(left), self.body_limit + LARGEST_HEADS, deadline).await;
        let answer = ended.and_then(|ended| self.read(&ended.stdout.kept, &ended.stderr.text()));
        answer.map_err(|trouble| (trouble, Timings::default()))
    }

    fn config(&self, left: Duration) -> String {
        let mut lines = vec![
            "silent\nshow-error\ninclude\nnoproxy = \"*\"".to_owned(),
            "proto = \"=http,https\"\nproto-redir = \"=http,https\"".to_owned(),
            "write-out = \"%{stderr}\\n%{json}\"".to_owned(),
            format!("max-time = {:.3}", left.as_secs_f64().max(0.1)),
            format!("max-filesize = {}", self.body_limit),
            format!("url = {}", in_config(&self.url.to_string())),
            format!("request = {}", in_config(self.method.as_str())),
        ];
        if self.redirects > 0 {
            lines.push(format!("location\nmax-redirs = {}", self.redirects));
        }
        for (name, value) in &self.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            lines.push(format!("header = {}", in_config(&format!("{name}: {value}"))));
        }
        if !self.body.is_empty() {
            lines.push(format!("data-raw = {}", in_config(&String::from_utf8_lossy(&self.body))));
        }
        lines.join("\n") + "\n"
    }

    fn read(&self, stdout: &[u8], stderr: &str) -> Result<Answer, Trouble> {
        let said: Json = stderr
            .lines()
            .rev()
            .find_map(|line| serde_json::from_str(line.trim()).ok())
            .ok_or_else(|| Trouble::Local("the curl at the other end is older than 7.70 and cannot say".into()))?;
        let (status, version, headers, body) = last_head(stdout)?;
        let total = seconds(&said, "time_total");
        if body.len() > self.body_limit {
            return Err(Trouble::Protocol(format!("the answer is larger than {} bytes", self.body_limit)));
        }
        let ip = said["remote_ip"].as_str().and_then(|ip| ip.parse::<IpAddr>().ok());
        let port = said["remote_port"].as_u64().and_then(|port| u16::try_from(port).ok());
        let redirects = said["num_redirects"].as_u64().and_then(|count| u8::try_from(count).ok()).unwrap_or(0);
        let apart = |later: &str, earlier: &str| Some(seconds(&said, later)?.saturating_sub(seconds(&said, earlier)?));
        let timings = Timings {
            dns: seconds(&said, "time_namelookup"),
            connect: apart("time_connect", "time_namelookup"),
            tls: apart("time_appconnect", "time_connect").filter(|tls| !tls.is_zero()),
            first_byte: apart("time_starttransfer", "time_pretransfer"),
            total,
        };
        Ok(Answer {
            status,
            version,
            headers,
            body: Bytes::copy_from_slice(body),
            url: said["url_effective"].as_str().unwrap_or_default().to_owned(),
            redirects,
            address: ip.zip(port).map(|(ip, port)| SocketAddr::new(ip, port)),
            overridden: false,
            reused: false,
            tls: None,
            timings,
        })
    }
}

fn seconds(said: &Json, name: &str) -> Option<Duration> {
    said[name].as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

type Head<'a> = (u16, Version, HeaderMap, &'a [u8]);

/// The last of the heads that curl shows, one for each redirect, and the body behind it.
fn last_head(text: &[u8]) -> Result<Head<'_>, Trouble> {
    let broken = || Trouble::Protocol("the answer is not HTTP".into());
    let mut rest = text;
    loop {
        let end = rest.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(broken)?;
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[end + 4..];
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        let mut words = first.split_whitespace();
        let version = match words.next() {
            Some("HTTP/1.0") => Version::HTTP_10,
            Some("HTTP/2") => Version::HTTP_2,
            Some(word) if word.starts_with("HTTP/") => Version::HTTP_11,
            _ => return Err(broken()),
        };
        let status: u16 = words.next().and_then(|word| word.parse().ok()).ok_or_else(broken)?;
        let is_an_earlier_one = (100..200).contains(&status) || (300..400).contains(&status);
        if is_an_earlier_one && rest.starts_with(b"HTTP/") {
            continue;
        }
        let mut headers = HeaderMap::new();
        for line in lines {
            if let Some((name, value)) = line.split_once(':')
                && let Ok(name) = HeaderName::from_bytes(name.trim().as_bytes())
                && let Ok(value) = HeaderValue::from_str(value.trim())
            {
                headers.append(name, value);
            }
        }
        return Ok((status, version, headers, rest));
    }
}
