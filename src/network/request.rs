//! One HTTP request over a connection of its own: bounded, within a deadline, over the plan's names and roots. What
//! notifiers send with.

use std::net::SocketAddr;
use std::pin::Pin;

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use crate::core::evidence::Timings;
use crate::network::{Connected, Network, Trouble, handshake, within};

/// At most so many headers in an answer, and so many bytes of them.
const MOST_HEADERS: usize = 128;
const LARGEST_HEAD: usize = 64 << 10;

/// What is sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// GET, POST, …
    pub method: Method,
    /// Where to. Its path may be a secret: it is in no error.
    pub url: Uri,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The answer is read so far; what comes behind it is of no interest.
    pub limit: usize,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The beginning of the body.
    pub body: Bytes,
    /// Who answered.
    pub address: SocketAddr,
}

type Driver = Pin<Box<dyn Future<Output = Result<(), hyper::Error>> + Send>>;
type Opened = (SendRequest<Full<Bytes>>, Driver, SocketAddr);

impl Network {
    /// Makes one request. With `only_loopback`, nothing leaves this machine.
    ///
    /// # Errors
    /// What went wrong on the way; an answer with a bad status is none.
    pub async fn request(
        &self,
        outgoing: &Outgoing,
        only_loopback: bool,
        deadline: Instant,
    ) -> Result<Incoming, Trouble> {
        let host = outgoing.url.host().unwrap_or_default();
        let secure = outgoing.url.scheme_str() == Some("https");
        let port = outgoing.url.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let connected = self.connect_to(host, port, only_loopback, deadline).await?;
        let (mut sender, mut driver, address) = self.opened(connected, host, secure, deadline).await?;
        let request = request(outgoing)?;
        let work = async {
            let response = within(deadline, "an answer", sender.send_request(request)).await?;
            let (head, mut body) = response.map_err(|error| broken(&error))?.into_parts();
            let mut kept = Vec::new();
            while let Some(frame) = within(deadline, "the rest of the answer", body.frame()).await? {
                let frame = frame.map_err(|error| broken(&error))?;
                kept.extend_from_slice(frame.data_ref().map_or(&[][..], |part| part));
                if kept.len() >= outgoing.limit {
                    kept.truncate(outgoing.limit);
                    break;
                }
            }
            let status = head.status.as_u16();
            Ok(Incoming { status, headers: head.headers, body: Bytes::from(kept), address })
        };
        alongside(&mut driver, work).await
    }

    /// Connects, and shakes hands where the scheme asks for it; sends nothing.
    ///
    /// # Errors
    /// What went wrong on the way.
    pub async fn reach(&self, url: &Uri, only_loopback: bool, deadline: Instant) -> Result<SocketAddr, Trouble> {
        let host = url.host().unwrap_or_default();
        let secure = url.scheme_str() == Some("https");
        let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let connected = self.connect_to(host, port, only_loopback, deadline).await?;
        self.opened(connected, host, secure, deadline).await.map(|(_, _, address)| address)
    }

    /// A connection that, with `only_loopback`, is refused where the name leads out of this machine.
    ///
    /// # Errors
    /// What went wrong on the way.
    pub async fn connect_to(
        &self,
        host: &str,
        port: u16,
        only_loopback: bool,
        deadline: Instant,
    ) -> Result<Connected, Trouble> {
        if only_loopback {
            let (addresses, _) = self.addresses(host, port, deadline).await?;
            if !addresses.iter().all(|address| address.ip().is_loopback()) {
                return Err(Trouble::Local(format!(
                    "nothing was sent to {host}: a session that is kept nowhere sends to this machine alone"
                )));
            }
        }
        self.connect(host, port, deadline, &mut Timings::default()).await
    }

    async fn opened(
        &self,
        connected: Connected,
        host: &str,
        secure: bool,
        deadline: Instant,
    ) -> Result<Opened, Trouble> {
        let address = connected.address;
        let mut builder = http1::Builder::new();
        builder.max_headers(MOST_HEADERS).max_buf_size(LARGEST_HEAD);
        if !secure {
            let (sender, driver) =
                builder.handshake(TokioIo::new(connected.stream)).await.map_err(|error| broken(&error))?;
            return Ok((sender, Box::pin(driver), address));
        }
        let stream = handshake(self.tls(), host, connected.stream, deadline, &mut Timings::default()).await?;
        let (sender, driver) = builder.handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
        Ok((sender, Box::pin(driver), address))
    }
}

fn request(outgoing: &Outgoing) -> Result<Request<Full<Bytes>>, Trouble> {
    let mut request = Request::new(Full::new(outgoing.body.clone()));
    *request.method_mut() = outgoing.method.clone();
    let path = outgoing.url.path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(|| Uri::from_static("/"), Into::into);
    *request.headers_mut() = outgoing.headers.clone();
    let authority = outgoing.url.authority().map_or("", |authority| authority.as_str());
    // A name and password in the URL are no part of the host.
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = HeaderValue::from_str(host).map_err(|_| Trouble::Protocol("the URL has no host".to_owned()))?;
    request.headers_mut().insert(HOST, host);
    let agent = HeaderValue::from_static(concat!("golive/", env!("CARGO_PKG_VERSION")));
    request.headers_mut().entry(USER_AGENT).or_insert(agent);
    Ok(request)
}

/// Drives the connection while the work goes on; no task is needed for it.
async fn alongside<T>(driver: &mut Driver, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    tokio::pin!(work);
    let mut driving = true;
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = driver.as_mut(), if driving => driving = false,
        }
    }
}

fn broken(error: &hyper::Error) -> Trouble {
    Trouble::Protocol(if error.is_incomplete_message() {
        "the connection was closed in the middle of the answer".to_owned()
    } else if error.is_parse_too_large() {
        "the answer's head is too large".to_owned()
    } else if error.is_parse() {
        "the answer is not HTTP".to_owned()
    } else {
        format!("the exchange broke off: {error}")
    })
}
