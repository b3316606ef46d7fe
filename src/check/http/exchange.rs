//! One exchange: connect, ask, read the answer within its bounds, follow redirects as far as the plan allows.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, HOST, LOCATION, PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::{HandshakeKind, ProtocolVersion};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::http::keys::{Keys, Scheme, Sign};
use crate::core::evidence::{Evidence, Timings};
use crate::model::failure::FailureClass;
use crate::model::template::{Filled, Template};
use crate::model::values::Values;
use crate::network::{self, Network, Trouble, within};
use crate::webhook;

/// At most so many headers in an answer, and so many bytes of them.
const MOST_HEADERS: usize = 128;
const LARGEST_HEAD: usize = 64 << 10;

/// A request that is ready to be made.
pub(in crate::check) struct Exchange {
    pub(in crate::check) method: Method,
    pub(in crate::check) url: Uri,
    pub(in crate::check) shown_url: String,
    pub(in crate::check) headers: HeaderMap,
    /// Headers that hold a secret: they stay with the first host.
    secret_headers: Vec<HeaderName>,
    pub(in crate::check) body: Bytes,
    pub(in crate::check) redirects: u8,
    pub(in crate::check) body_limit: usize,
    /// The address of this machine to send from, where it has several.
    from: Option<IpAddr>,
}

/// What came back.
pub(in crate::check) struct Answer {
    pub(in crate::check) status: u16,
    pub(in crate::check) version: Version,
    pub(in crate::check) headers: HeaderMap,
    pub(in crate::check) body: Bytes,
    pub(in crate::check) url: String,
    pub(in crate::check) redirects: u8,
    pub(in crate::check) address: Option<SocketAddr>,
    pub(in crate::check) overridden: bool,
    pub(in crate::check) reused: bool,
    pub(in crate::check) tls: Option<&'static str>,
    pub(in crate::check) timings: Timings,
}

/// A connection that is kept between runs.
pub(in crate::check) struct Kept {
    sender: SendRequest<Full<Bytes>>,
    driver: Driver,
    address: SocketAddr,
    overridden: bool,
    tls: Option<&'static str>,
}

type Driver = Pin<Box<dyn Future<Output = Result<(), hyper::Error>> + Send>>;

impl Exchange {
    pub(in crate::check) fn of(keys: &Keys, finding: &Finding, values: &Values) -> Result<Self, Box<Evidence>> {
        Self::to(&keys.url, keys, finding, values)
    }

    /// The same request to another place.
    pub(in crate::check) fn to(
        url: &Template,
        keys: &Keys,
        finding: &Finding,
        values: &Values,
    ) -> Result<Self, Box<Evidence>> {
        let wrong = |summary: String| Box::new(finding.fail(FailureClass::Value, &summary));
        let url = finding.fill(url, values)?;
        let shown_url = url.shown().to_owned();
        let url: Uri = url.expose().parse().map_err(|_| wrong(format!("{shown_url} is no URL")))?;
        if url.host().is_none() || !matches!(url.scheme_str(), Some("http" | "https")) {
            return Err(wrong(format!("{shown_url} is no http or https URL")));
        }
        let mut headers = finding.headers(&keys.headers, values)?;
        let secrets = headers.iter().filter(|(_, value)| value.is_sensitive()).map(|(name, _)| name.clone());
        let mut secret_headers: Vec<_> =
            [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].into_iter().chain(secrets).collect();
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(concat!("golive/", env!("CARGO_PKG_VERSION"))));
        let body = match &keys.body {
            Some(body) => Bytes::copy_from_slice(
                finding.fill(body, values).as_ref().map(Filled::expose).map_err(Clone::clone)?.as_bytes(),
            ),
            None => Bytes::new(),
        };
        if let Some(sign) = &keys.sign {
            secret_headers.extend(signed(sign, &url, &body, finding, values, &mut headers)?);
        }
        let method =
            Method::from_bytes(keys.method.as_bytes()).map_err(|_| wrong(format!("{} is no method", keys.method)))?;
        let (redirects, body_limit) = (keys.redirects, keys.body_limit);
        Ok(Self { method, url, shown_url, headers, secret_headers, body, redirects, body_limit, from: None })
    }

    /// A request whose bytes another kind has made. It follows no redirect.
    pub(in crate::check) fn of_bytes(method: Method, url: Uri, mut headers: HeaderMap, body: Bytes) -> Self {
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(concat!("golive/", env!("CARGO_PKG_VERSION"))));
        let shown_url = url.to_string();
        let secret_headers = Vec::new();
        Self { method, url, shown_url, headers, secret_headers, body, redirects: 0, body_limit: 1 << 20, from: None }
    }

    /// The same, sent from this address of the machine.
    pub(in crate::check) const fn from(mut self, from: Option<IpAddr>) -> Self {
        self.from = from;
        self
    }

    /// The host and port that are asked first.
    pub(in crate::check) fn host_and_port(&self) -> (String, u16) {
        let usual = if self.url.scheme_str() == Some("https") { 443 } else { 80 };
        (self.url.host().unwrap_or_default().to_owned(), self.url.port_u16().unwrap_or(usual))
    }

    /// Adds a header that marks the request as golive's own.
    pub(in crate::check) fn marked(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.entry(name).or_insert(value);
        }
        self
    }

    /// Makes the exchange, redirects included.
    pub(in crate::check) async fn make(
        &self,
        network: &Network,
        deadline: Instant,
        mut kept: Option<&mut Option<Kept>>,
    ) -> Result<Answer, (Trouble, Timings)> {
        let began = Instant::now();
        let mut timings = Timings::default();
        let mut url = self.url.clone();
        let (mut headers, mut method, mut body) = (self.headers.clone(), self.method.clone(), self.body.clone());
        let mut followed = 0;
        loop {
            let slot = kept.as_deref_mut().filter(|_| followed == 0);
            let once = self.once(network, deadline, &url, (&method, &headers, &body), &mut timings, slot).await;
            let mut answer = once.map_err(|trouble| (trouble, timings))?;
            let next = redirect(&answer, &url);
            match next {
                Some(next) if followed < self.redirects => {
                    followed += 1;
                    if !same_origin(&url, &next) {
                        for name in &self.secret_headers {
                            headers.remove(name);
                        }
                    }
                    if answer.status == 303 || (matches!(answer.status, 301 | 302) && method == Method::POST) {
                        (method, body) = (Method::GET, Bytes::new());
                    }
                    url = next;
                }
                _ => {
                    timings.total = Some(began.elapsed());
                    answer.timings = timings;
                    answer.redirects = followed;
                    return Ok(answer);
                }
            }
        }
    }

    async fn once(
        &self,
        network: &Network,
        deadline: Instant,
        url: &Uri,
        what: (&Method, &HeaderMap, &Bytes),
        timings: &mut Timings,
        mut kept: Option<&mut Option<Kept>>,
    ) -> Result<Answer, Trouble> {
        if let Some(known) = kept.as_mut().and_then(|slot| slot.take()) {
            // The other side may have closed it meanwhile: that is no failure, a new connection is made.
            if let Ok((answer, known)) = self.ask(known, deadline, url, what, timings, true).await {
                if let Some(slot) = kept {
                    *slot = known;
                }
                return Ok(answer);
            }
        }
        let fresh = open(network, deadline, url, self.from, timings).await?;
        let (answer, known) = self.ask(fresh, deadline, url, what, timings, false).await?;
        if let Some(slot) = kept {
            *slot = known;
        }
        Ok(answer)
    }

    async fn ask(
        &self,
        mut connection: Kept,
        deadline: Instant,
        url: &Uri,
        (method, headers, body): (&Method, &HeaderMap, &Bytes),
        timings: &mut Timings,
        reused: bool,
    ) -> Result<(Answer, Option<Kept>), Trouble> {
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = url.path_and_query().map_or_else(|| Uri::from_static("/"), |path| path.clone().into());
        *request.headers_mut() = headers.clone();
        if let Some(authority) = url.authority()
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            request.headers_mut().entry(HOST).or_insert(host);
        }
        let began = Instant::now();
        let limit = self.body_limit;
        let Kept { sender, driver, .. } = &mut connection;
        let work = async {
            let response =
                within(deadline, "an answer", sender.send_request(request)).await?.map_err(|e| broken(&e))?;
            let first_byte = began.elapsed();
            let (head, body) = response.into_parts();
            let body = read(body, limit, deadline).await?;
            Ok::<_, Trouble>((Response::from_parts(head, body), first_byte))
        };
        let (response, first_byte) = alongside(driver, work).await?;
        timings.first_byte = Some(first_byte);
        let (head, body) = response.into_parts();
        let answer = Answer {
            status: head.status.as_u16(),
            version: head.version,
            headers: head.headers,
            body,
            url: url.to_string(),
            redirects: 0,
            address: Some(connection.address),
            overridden: connection.overridden,
            reused,
            tls: connection.tls,
            timings: Timings::default(),
        };
        let reusable = connection.sender.is_ready() && !connection.sender.is_closed();
        Ok((answer, reusable.then_some(connection)))
    }
}

/// Adds the headers of a signature; gives their names, for what is signed for one host is no other's business.
fn signed(
    sign: &Sign,
    url: &Uri,
    body: &[u8],
    finding: &Finding,
    values: &Values,
    headers: &mut HeaderMap,
) -> Result<[HeaderName; 2], Box<Evidence>> {
    let application = finding.fill(&sign.application, values)?;
    let secret = SecretString::from(finding.fill(&sign.secret, values)?.expose().to_owned());
    let (application_header, signature_header, signature) = match sign.scheme {
        Scheme::Ikhokha => {
            let signature = webhook::ikhokha_sign(&secret, url.path(), body);
            (webhook::IKHOKHA_APPLICATION, webhook::IKHOKHA_SIGNATURE, signature)
        }
    };
    let names = [HeaderName::from_static(application_header), HeaderName::from_static(signature_header)];
    for (name, text) in names.iter().zip([application.expose().trim(), &signature]) {
        let mut value = HeaderValue::from_str(text).map_err(|_| {
            Box::new(finding.fail(FailureClass::Credential, "the application's id cannot be sent in a header"))
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(names)
}

async fn open(
    network: &Network,
    deadline: Instant,
    url: &Uri,
    from: Option<IpAddr>,
    timings: &mut Timings,
) -> Result<Kept, Trouble> {
    let host = url.host().unwrap_or_default();
    let secure = url.scheme_str() == Some("https");
    let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let connected = network.connect_from(from, (host, port), deadline, timings).await?;
    let (address, overridden) = (connected.address, connected.overridden);
    let builder = || {
        let mut builder = http1::Builder::new();
        builder.max_headers(MOST_HEADERS).max_buf_size(LARGEST_HEAD);
        builder
    };
    if !secure {
        let (sender, driver) = builder().handshake(TokioIo::new(connected.stream)).await.map_err(|e| broken(&e))?;
        return Ok(Kept { sender, driver: Box::pin(driver), address, overridden, tls: None });
    }
    let stream = network::handshake(network.tls(), host, connected.stream, deadline, timings).await?;
    let tls = Some(agreed(stream.get_ref().1));
    let (sender, driver) = builder().handshake(TokioIo::new(stream)).await.map_err(|e| broken(&e))?;
    Ok(Kept { sender, driver: Box::pin(driver), address, overridden, tls })
}

/// What was agreed on, and whether the server showed its certificate or was known from minutes ago.
fn agreed(tls: &rustls::ClientConnection) -> &'static str {
    let resumed = tls.handshake_kind() == Some(HandshakeKind::Resumed);
    match (tls.protocol_version(), resumed) {
        (Some(ProtocolVersion::TLSv1_3), false) => "TLSv1.3",
        (Some(ProtocolVersion::TLSv1_3), true) => "TLSv1.3, resumed: its certificate was seen in the last five minutes",
        (_, false) => "TLSv1.2",
        (_, true) => "TLSv1.2, resumed: its certificate was seen in the last five minutes",
    }
}

/// What was received before a connection ended is read within this; nothing more will come.
const AFTER_THE_END: Duration = Duration::from_millis(500);

/// Drives the connection while the work goes on; no task is needed for it. Where the connection ends first, as a kept
/// one does that the other side has closed, nobody is left to wake what waits for an answer: it gets a moment for what
/// has come already, and no more.
async fn alongside<T>(driver: &mut Driver, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    tokio::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        _ = driver.as_mut() => {}
    }
    let closed = || Trouble::Protocol("the connection was closed before the answer was whole".to_owned());
    tokio::time::timeout(AFTER_THE_END, work).await.unwrap_or_else(|_| Err(closed()))
}

/// Reads a body, at most `limit` bytes of it.
async fn read(mut body: Incoming, limit: usize, deadline: Instant) -> Result<Bytes, Trouble> {
    let reading = async {
        let mut whole = Vec::new();
        while let Some(frame) = body.frame().await {
            if let Ok(part) = frame.map_err(|error| broken(&error))?.into_data() {
                if whole.len() + part.len() > limit {
                    return Err(Trouble::Protocol(format!("the answer is larger than {limit} bytes")));
                }
                whole.extend_from_slice(&part);
            }
        }
        Ok(Bytes::from(whole))
    };
    within(deadline, "the rest of the answer", reading).await?
}

fn broken(error: &hyper::Error) -> Trouble {
    let below = std::error::Error::source(error).and_then(|below| below.downcast_ref::<std::io::Error>());
    let cut_off = below.is_some_and(|below| below.kind() == std::io::ErrorKind::UnexpectedEof);
    let text = if error.is_incomplete_message() || cut_off {
        "the connection was closed in the middle of the answer".to_owned()
    } else if error.is_parse_too_large() {
        "the answer's head is too large".to_owned()
    } else if error.is_parse() {
        "the answer is not HTTP".to_owned()
    } else {
        format!("the exchange broke off: {error}")
    };
    Trouble::Protocol(text)
}

fn redirect(answer: &Answer, from: &Uri) -> Option<Uri> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = answer.headers.get(LOCATION)?.to_str().ok()?;
    if let Ok(absolute) = location.parse::<Uri>()
        && absolute.scheme().is_some()
    {
        return matches!(absolute.scheme_str(), Some("http" | "https")).then_some(absolute);
    }
    let base = format!("{}://{}", from.scheme_str()?, from.authority()?);
    let path = if location.starts_with('/') { location.to_owned() } else { format!("/{location}") };
    format!("{base}{path}").parse().ok()
}

fn same_origin(one: &Uri, other: &Uri) -> bool {
    one.scheme() == other.scheme() && one.host() == other.host() && one.port_u16() == other.port_u16()
}
