//! Fetches files of a site at one address of its name, one after the other over one connection, and keeps of each its
//! digest: a bundle may be large, and what is compared is the bytes.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::Pin;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, HOST, LOCATION, USER_AGENT};
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::core::evidence::Timings;
use crate::network::{self, Network, Trouble, within};

/// No file of a front end is larger.
const LARGEST: u64 = 256 << 20;

/// SHA-256 of a file's bytes.
pub(super) type Digest = [u8; 32];

/// What came back.
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) digest: Digest,
    pub(super) location: Option<String>,
}

/// Which copy is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Copy {
    /// As a browser asks: whatever lies in a cache will do.
    Any,
    /// As no cache can have it.
    Fresh,
}

type Driver = Pin<Box<dyn Future<Output = Result<(), hyper::Error>> + Send>>;

/// A connection to one address of a site.
pub(super) struct Line<'a> {
    network: &'a Network,
    site: &'a Uri,
    address: SocketAddr,
    deadline: Instant,
    open: Option<(SendRequest<Empty<Bytes>>, Driver)>,
}

impl<'a> Line<'a> {
    pub(super) const fn new(network: &'a Network, site: &'a Uri, address: SocketAddr, deadline: Instant) -> Self {
        Self { network, site, address, deadline, open: None }
    }

    /// Fetches one path.
    pub(super) async fn get(&mut self, path: &str, copy: Copy) -> Result<Got, Trouble> {
        if let Some(open) = self.open.take() {
            // The other side may have closed it meanwhile: that is no failure, a new connection is made.
            if let Ok(got) = self.ask(open, path, copy).await {
                return Ok(got);
            }
        }
        let open = self.connect().await?;
        self.ask(open, path, copy).await
    }

    async fn connect(&mut self) -> Result<(SendRequest<Empty<Bytes>>, Driver), Trouble> {
        let what = format!("a connection to {}", self.address);
        let stream = within(self.deadline, &what, TcpStream::connect(self.address)).await?;
        let stream = stream.map_err(|error| Trouble::of_connect(self.address, &error))?;
        stream.set_nodelay(true).ok();
        if self.site.scheme_str() != Some("https") {
            let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
            return Ok((sender, Box::pin(driver)));
        }
        let host = self.site.host().unwrap_or_default();
        let mut timings = Timings::default();
        let stream = network::handshake(self.network.tls(), host, stream, self.deadline, &mut timings).await?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
        Ok((sender, Box::pin(driver)))
    }

    async fn ask(
        &mut self,
        (mut sender, mut driver): (SendRequest<Empty<Bytes>>, Driver),
        path: &str,
        copy: Copy,
    ) -> Result<Got, Trouble> {
        let request = self.request(path, copy)?;
        let (deadline, exchange) = (self.deadline, async {
            let response = within(self.deadline, "an answer", sender.send_request(request)).await?;
            let (head, mut body) = response.map_err(|error| broken(&error))?.into_parts();
            let mut sink = Unpacking::of(head.headers.get(CONTENT_ENCODING).and_then(|name| name.to_str().ok()))?;
            while let Some(frame) = within(self.deadline, "the rest of the answer", body.frame()).await? {
                if let Ok(part) = frame.map_err(|error| broken(&error))?.into_data() {
                    sink.take(&part)?;
                }
            }
            let location = head.headers.get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
            Ok::<_, Trouble>(Got { status: head.status.as_u16(), digest: sink.end()?, location })
        });
        let got = {
            tokio::pin!(exchange);
            let mut driving = true;
            loop {
                tokio::select! {
                    biased;
                    got = &mut exchange => break got?,
                    _ = driver.as_mut(), if driving => driving = false,
                    () = tokio::time::sleep_until(deadline) => {
                        return Err(Trouble::Protocol("the answer did not end in time".into()));
                    }
                }
            }
        };
        if sender.is_ready() {
            self.open = Some((sender, driver));
        }
        Ok(got)
    }

    fn request(&self, path: &str, copy: Copy) -> Result<Request<Empty<Bytes>>, Trouble> {
        let path = match copy {
            Copy::Any => path.to_owned(),
            Copy::Fresh => format!("{path}?golive={}", ulid::Ulid::generate()),
        };
        let authority = self.site.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        let mut request = Request::builder()
            .uri(path)
            .header(HOST, authority)
            .header(ACCEPT_ENCODING, "identity")
            .header(USER_AGENT, concat!("golive/", env!("CARGO_PKG_VERSION")));
        if copy == Copy::Fresh {
            request = request.header(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        request.body(Empty::new()).map_err(|error| Trouble::Protocol(format!("no request can be made of it: {error}")))
    }
}

fn broken(error: &hyper::Error) -> Trouble {
    Trouble::Protocol(format!("the exchange broke off: {error}"))
}

/// The digest of what was written, and how much it was.
struct Hashing {
    hasher: Sha256,
    written: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written += bytes.len() as u64;
        if self.written > LARGEST {
            return Err(io::Error::other(format!("the answer is larger than {LARGEST} bytes")));
        }
        self.hasher.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A body on its way to its digest. It was asked for unpacked; what comes packed nevertheless is unpacked here.
enum Unpacking {
    Plain(Hashing),
    Gzip(Box<MultiGzDecoder<Hashing>>),
    Brotli(Box<brotli::DecompressorWriter<Hashing>>),
}

impl Unpacking {
    fn of(encoding: Option<&str>) -> Result<Self, Trouble> {
        let hashing = Hashing { hasher: Sha256::new(), written: 0 };
        match encoding.map(str::trim) {
            None | Some("" | "identity") => Ok(Self::Plain(hashing)),
            Some("gzip") => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(hashing)))),
            Some("br") => Ok(Self::Brotli(Box::new(brotli::DecompressorWriter::new(hashing, 4096)))),
            Some(other) => {
                Err(Trouble::Protocol(format!("the answer is packed though it was asked for plain: {other}")))
            }
        }
    }

    fn take(&mut self, part: &[u8]) -> Result<(), Trouble> {
        let written = match self {
            Self::Plain(hashing) => hashing.write_all(part),
            Self::Gzip(gzip) => gzip.write_all(part),
            Self::Brotli(brotli) => brotli.write_all(part),
        };
        written.map_err(|error| Trouble::Protocol(format!("the answer cannot be taken: {error}")))
    }

    fn end(self) -> Result<Digest, Trouble> {
        let ended = match self {
            Self::Plain(hashing) => Ok(hashing),
            Self::Gzip(gzip) => gzip.finish(),
            Self::Brotli(brotli) => brotli.into_inner().map_err(|_| io::Error::other("it breaks off")),
        };
        let hashing = ended.map_err(|error| Trouble::Protocol(format!("the answer cannot be unpacked: {error}")))?;
        Ok(hashing.hasher.finalize().into())
    }
}
