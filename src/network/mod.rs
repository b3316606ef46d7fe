//! How names are reached: overrides as curl's `--resolve`, connections whose parts are timed, and one TLS
//! configuration made once a session and shared by all checks.

mod bounded;
pub mod headers;
mod lookup;
pub mod request;
mod sessions;
mod trouble;
mod trust;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub use bounded::Bounded;
pub use trouble::Trouble;
pub use trust::{Chain, NetworkError};

use crate::core::evidence::Timings;
use crate::model::plan;

/// Made once a session and shared.
#[derive(Clone)]
pub struct Network {
    resolve: HashMap<String, Vec<SocketAddr>>,
    /// The one address of a name that is asked now, of several.
    pinned: Option<(String, SocketAddr)>,
    lookups: lookup::Lookups,
    trust: Arc<trust::Trust>,
    roots: Option<Arc<[u8]>>,
    tls: Arc<ClientConfig>,
    /// The same without a memory.
    whole: Arc<ClientConfig>,
}

/// A TCP connection, with how it came about.
pub struct Connected {
    /// The connection.
    pub stream: TcpStream,
    /// The address that answered.
    pub address: SocketAddr,
    /// Whether the plan's `[network] resolve` led there.
    pub overridden: bool,
}

/// Anything that is read and written: plain or TLS.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Duplex for S {}

/// A connection of which only so much is read, plain or TLS.
pub struct Line {
    /// The connection.
    pub stream: Box<dyn Duplex>,
    /// The address that answered.
    pub address: SocketAddr,
    /// Whether the plan's `[network] resolve` led there.
    pub overridden: bool,
}

impl Network {
    /// Reads the plan's roots and overrides.
    ///
    /// # Errors
    /// If the roots cannot be read, or an override is no address.
    pub fn new(plan: &plan::Network, folder: &Path) -> Result<Self, NetworkError> {
        let ca = plan.ca.as_ref().map(|ca| folder.join(ca));
        let trust = trust::Trust::new(ca.as_deref())?;
        let roots = ca.as_deref().map(trust::read).transpose()?.map(Arc::from);
        let mut resolve = HashMap::new();
        for (name, addresses) in &plan.resolve {
            let parsed = addresses.split(',').map(|one| one.trim().parse());
            let parsed = parsed.collect::<Result<Vec<_>, _>>();
            let parsed = parsed.map_err(|_| NetworkError::Address(addresses.clone()))?;
            resolve.insert(name.to_lowercase(), parsed);
        }
        let (tls, whole) = (Arc::new(trust.config()?), Arc::new(trust.whole(None)?));
        let (lookups, trust) = (lookup::Lookups::default(), Arc::new(trust));
        Ok(Self { resolve, pinned: None, lookups, trust, roots, tls, whole })
    }

    /// The same network, in which this name leads to this one of its addresses. Each shows its own certificate: what one
    /// of them agreed on is not resumed with another.
    #[must_use]
    pub fn pinned(&self, host: &str, port: u16, address: SocketAddr) -> Self {
        let pinned = Some((format!("{}:{port}", host.to_lowercase()), address));
        Self { pinned, tls: Arc::clone(&self.whole), ..self.clone() }
    }

    /// The shared TLS configuration.
    #[must_use]
    pub fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.tls)
    }

    /// The plan's own roots, in PEM, where it names any.
    #[must_use]
    pub fn roots(&self) -> Option<&[u8]> {
        self.roots.as_deref()
    }

    /// A TLS configuration for one full handshake, whose chain is kept even if it is refused.
    ///
    /// # Errors
    /// If the system's roots cannot be loaded.
    pub fn tls_keeping(&self, chain: &Chain) -> Result<ClientConfig, NetworkError> {
        self.trust.whole(Some(chain))
    }

    /// Where the plan sends this name, if it sends it anywhere.
    #[must_use]
    pub fn overridden(&self, host: &str, port: u16) -> Option<&[SocketAddr]> {
        if self.resolve.is_empty() {
            return None;
        }
        self.resolve.get(&format!("{}:{port}", host.to_lowercase())).map(Vec::as_slice)
    }

    /// The addresses of a name, in order; overrides first.
    ///
    /// # Errors
    /// No such name is the target's failure; no resolver is this machine's.
    pub async fn addresses(
        &self,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<(Vec<SocketAddr>, bool), Trouble> {
        let overridden = self.overridden(host, port);
        if let Some((name, address)) = &self.pinned
            && *name == format!("{}:{port}", host.to_lowercase())
        {
            return Ok((vec![*address], overridden.is_some()));
        }
        if let Some(addresses) = overridden {
            return Ok((addresses.to_vec(), true));
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse() {
            return Ok((vec![SocketAddr::new(address, port)], false));
        }
        let found = within(deadline, "the name's address", self.lookups.of(bare, port)).await?;
        let addresses = found.map_err(|error| Trouble::of_lookup(host, &error))?.to_vec();
        if addresses.is_empty() {
            return Err(Trouble::NoSuchName(host.to_owned()));
        }
        Ok((addresses, false))
    }

    /// A TCP connection to a name: its addresses are tried in order, each with a fair share of the time left.
    ///
    /// # Errors
    /// The trouble with the last address that was tried.
    pub async fn connect(
        &self,
        host: &str,
        port: u16,
        deadline: Instant,
        timings: &mut Timings,
    ) -> Result<Connected, Trouble> {
        self.connect_from(None, (host, port), deadline, timings).await
    }

    /// The same from an address of this machine, where it has several.
    ///
    /// # Errors
    /// The trouble with the last address that was tried.
    pub async fn connect_from(
        &self,
        from: Option<IpAddr>,
        (host, port): (&str, u16),
        deadline: Instant,
        timings: &mut Timings,
    ) -> Result<Connected, Trouble> {
        let began = Instant::now();
        let (addresses, overridden) = self.addresses(host, port, deadline).await?;
        if !overridden {
            timings.dns = Some(began.elapsed());
        }
        let began = Instant::now();
        let mut trouble = Trouble::NoSuchName(host.to_owned());
        for (tried, address) in addresses.iter().enumerate() {
            let left = u32::try_from(addresses.len() - tried).unwrap_or(1);
            let share = deadline.saturating_duration_since(Instant::now()) / left;
            let until = Instant::now() + share;
            match within(until, &format!("a connection to {address}"), dial(from, *address)).await {
                Ok(Ok(stream)) => {
                    timings.connect = Some(began.elapsed());
                    stream.set_nodelay(true).ok();
                    return Ok(Connected { stream, address: *address, overridden });
                }
                Ok(Err(error)) => trouble = Trouble::of_connect(*address, &error),
                Err(late) => trouble = late,
            }
        }
        Err(trouble)
    }
}

async fn dial(from: Option<IpAddr>, to: SocketAddr) -> std::io::Result<TcpStream> {
    let Some(from) = from else { return TcpStream::connect(to).await };
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(SocketAddr::new(from, 0))?;
    socket.connect(to).await
}

impl Network {
    /// A connection, encrypted where that is wanted, of which at most `limit` bytes are read.
    ///
    /// # Errors
    /// What went wrong on the way.
    pub async fn line(
        &self,
        (host, port): (&str, u16),
        secure: bool,
        limit: usize,
        deadline: Instant,
        timings: &mut Timings,
    ) -> Result<Line, Trouble> {
        let connected = self.connect(host, port, deadline, timings).await?;
        let (address, overridden) = (connected.address, connected.overridden);
        if !secure {
            let stream = Box::new(Bounded::new(connected.stream, limit));
            return Ok(Line { stream, address, overridden });
        }
        let stream = handshake(self.tls(), host, connected.stream, deadline, timings).await?;
        Ok(Line { stream: Box::new(Bounded::new(stream, limit)), address, overridden })
    }
}

/// Whether a host is this machine, whatever the plan's overrides say.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A TLS handshake over a connection.
///
/// # Errors
/// Why it was refused, or that it took too long.
pub async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    config: Arc<ClientConfig>,
    host: &str,
    stream: S,
    deadline: Instant,
    timings: &mut Timings,
) -> Result<TlsStream<S>, Trouble> {
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare).map_err(|_| Trouble::NoSuchName(host.to_owned()))?;
    let began = Instant::now();
    let stream = within(deadline, "the TLS handshake", TlsConnector::from(config).connect(name, stream)).await?;
    timings.tls = Some(began.elapsed());
    stream.map_err(|error| Trouble::of_handshake(&error))
}

/// What a future gives, unless the deadline comes first.
///
/// # Errors
/// That `what` did not come in time.
pub async fn within<T>(deadline: Instant, what: &str, future: impl Future<Output = T>) -> Result<T, Trouble> {
    let began = Instant::now();
    tokio::time::timeout_at(deadline, future)
        .await
        .map_err(|_| Trouble::TooLate { what: what.to_owned(), after: began.elapsed() })
}

/// `host` or `host:port`, `[::1]:443`.
#[must_use]
pub fn host_and_port(text: &str, default: u16) -> Option<(String, u16)> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if let Some(end) = text.strip_prefix('[').and_then(|rest| rest.find(']')) {
        let rest = &text[end + 2..];
        let port = if rest.is_empty() { default } else { rest.strip_prefix(':')?.parse().ok()? };
        return Some((text[..end + 2].to_owned(), port));
    }
    match text.split_once(':') {
        Some((host, port)) if !host.is_empty() => Some((host.to_owned(), port.parse().ok()?)),
        Some(_) => None,
        None => Some((text.to_owned(), default)),
    }
}

/// A deadline so far from now.
#[must_use]
pub fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn a_host_may_name_its_port() {
        assert_eq!(host_and_port("a.example", 443), Some(("a.example".into(), 443)));
        assert_eq!(host_and_port("a.example:8443", 443), Some(("a.example".into(), 8443)));
        assert_eq!(host_and_port("[::1]:9", 443), Some(("[::1]".into(), 9)));
        assert_eq!(host_and_port("[::1]", 443), Some(("[::1]".into(), 443)));
        assert_eq!(host_and_port("a.example:x", 443), None);
        assert_eq!(host_and_port(":1", 443), None);
    }
}
