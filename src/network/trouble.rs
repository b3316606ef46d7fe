//! What went wrong on the way to a target, and whose fault it is: the target's (`fail`) or this machine's (`error`).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::model::duration;
use crate::model::failure::FailureClass;

/// What went wrong on the way to a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The name does not exist.
    NoSuchName(String),
    /// This machine cannot resolve names.
    NoResolver(String),
    /// Nobody listens there.
    Refused(SocketAddr),
    /// The other side broke the connection off.
    Reset(SocketAddr),
    /// No way leads to the address.
    Unreachable(SocketAddr),
    /// This machine has no way to the network.
    NoNetwork(String),
    /// TLS was refused; the reason.
    Tls(String),
    /// Something did not come in time.
    TooLate {
        /// What was waited for.
        what: String,
        /// How long.
        after: Duration,
    },
    /// The other side broke the protocol, or sent more than its bounds.
    Protocol(String),
    /// The other side does not let this caller in.
    Denied(String),
    /// The other side has no such thing as the plan names.
    Configuration(String),
    /// The other side says that it is unwell, starting or full.
    Unavailable(String),
    /// The other side asks to come more rarely, and how long to wait.
    Throttled {
        /// What it said.
        said: String,
        /// How long to wait.
        after: Option<Duration>,
    },
    /// Something on this machine.
    Local(String),
}

impl Trouble {
    /// From a failed look-up. The resolver's own words tell "no such name" from "nobody to ask".
    pub(super) fn of_lookup(host: &str, error: &io::Error) -> Self {
        let text = error.to_string();
        let temporary = ["Temporary failure", "try again", "System error", "non-recoverable"];
        if temporary.iter().any(|word| text.contains(word)) {
            return Self::NoResolver(format!("{host} could not be resolved here: no resolver answers"));
        }
        Self::NoSuchName(host.to_owned())
    }

    pub(crate) fn of_connect(address: SocketAddr, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
                Self::NoNetwork(format!("no network here leads to {address}"))
            }
            io::ErrorKind::ConnectionRefused => Self::Refused(address),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Self::Reset(address),
            io::ErrorKind::HostUnreachable => Self::Unreachable(address),
            io::ErrorKind::TimedOut => {
                Self::TooLate { what: format!("a connection to {address}"), after: Duration::ZERO }
            }
            _ => Self::Local(format!("no connection to {address} could be made: {error}")),
        }
    }

    pub(crate) fn of_handshake(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(refused) => Self::Tls(explained(refused)),
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Tls("the other side closed the connection during the handshake".into())
            }
            None => Self::Tls(error.to_string()),
        }
    }

    /// From an error on a connection that stood.
    #[must_use]
    pub fn of_stream(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Protocol("the other side closed the connection".into()),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                Self::Protocol("the other side broke the connection off".into())
            }
            _ => Self::Protocol(format!("the exchange broke off: {error}")),
        }
    }

    /// Whether it is the target's failure; otherwise golive could not find out (DECISIONS 4).
    #[must_use]
    pub const fn is_the_targets(&self) -> bool {
        match self {
            Self::NoSuchName(_)
            | Self::Refused(_)
            | Self::Reset(_)
            | Self::Unreachable(_)
            | Self::Tls(_)
            | Self::TooLate { .. }
            | Self::Protocol(_)
            | Self::Denied(_)
            | Self::Configuration(_)
            | Self::Unavailable(_)
            | Self::Throttled { .. } => true,
            Self::NoResolver(_) | Self::NoNetwork(_) | Self::Local(_) => false,
        }
    }

    /// Its class.
    #[must_use]
    pub const fn class(&self) -> FailureClass {
        match self {
            Self::NoSuchName(_) => FailureClass::Dns,
            Self::Refused(_) => FailureClass::Refused,
            Self::Reset(_) => FailureClass::Reset,
            Self::Unreachable(_) => FailureClass::Connect,
            Self::Tls(_) => FailureClass::Tls,
            Self::TooLate { .. } => FailureClass::Timeout,
            Self::Protocol(_) => FailureClass::Protocol,
            Self::Denied(_) => FailureClass::Denied,
            Self::Configuration(_) => FailureClass::Configuration,
            Self::Unavailable(_) => FailureClass::ServerError,
            Self::Throttled { .. } => FailureClass::Throttled,
            Self::NoResolver(_) | Self::NoNetwork(_) => FailureClass::ThisMachine,
            Self::Local(_) => FailureClass::Local,
        }
    }
}

/// rustls' reasons in a person's words.
fn explained(error: &rustls::Error) -> String {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(reason) => match reason {
            Bad::Expired | Bad::ExpiredContext { .. } => "the certificate has ended".into(),
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => "the certificate is not valid yet".into(),
            Bad::UnknownIssuer => "nobody here knows the certificate's issuer".into(),
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => "the certificate is for another name".into(),
            Bad::Revoked => "the certificate was revoked".into(),
            other => format!("the certificate is refused: {other}"),
        },
        rustls::Error::PeerIncompatible(_) => "no common TLS version or cipher".into(),
        rustls::Error::AlertReceived(alert) => format!("the other side refused: {alert:?}"),
        other => other.to_string(),
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchName(host) => write!(f, "there is no such name: {host}"),
            Self::Refused(address) => write!(f, "connection to {address} refused"),
            Self::Reset(address) => write!(f, "connection to {address} reset"),
            Self::Unreachable(address) => write!(f, "connection to {address} unreachable"),
            Self::Tls(why) => write!(f, "TLS refused: {why}"),
            Self::TooLate { what, after } if after.as_millis() == 0 => write!(f, "{what} did not come in time"),
            Self::TooLate { what, after } => {
                let after = Duration::from_millis(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
                write!(f, "{what} did not come within {}", duration::written(after))
            }
            Self::NoResolver(why)
            | Self::NoNetwork(why)
            | Self::Protocol(why)
            | Self::Denied(why)
            | Self::Configuration(why)
            | Self::Unavailable(why)
            | Self::Local(why)
            | Self::Throttled { said: why, .. } => f.write_str(why),
        }
    }
}
