//! Whether a server still answers TLS 1.0 or 1.1. rustls speaks neither, and rightly so: the old greeting is made by
//! hand, and all that is read is whether a greeting of that version comes back.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use crate::core::evidence::Timings;
use crate::network::{Network, within};

/// An old version, with the two bytes by which it is named on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Old {
    Tls10,
    Tls11,
}

impl Old {
    pub(super) const ALL: [Self; 2] = [Self::Tls10, Self::Tls11];

    pub(super) const fn shown(self) -> &'static str {
        match self {
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
        }
    }

    const fn bytes(self) -> [u8; 2] {
        match self {
            Self::Tls10 => [3, 1],
            Self::Tls11 => [3, 2],
        }
    }
}

/// The old suites that servers of that time speak, with RSA and EC keys.
const SUITES: [u16; 8] = [0xc014, 0xc00a, 0xc013, 0xc009, 0x0035, 0x002f, 0xc012, 0x000a];
/// A handshake's record, its greeting from the client, and the server's answer.
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// Whether a server answers an old greeting in kind. `None`: nobody can tell (no connection, no answer in time).
pub(super) async fn is_spoken(
    network: &Network,
    host: &str,
    port: u16,
    version: Old,
    deadline: Instant,
) -> Option<bool> {
    let mut stream = network.connect(host, port, deadline, &mut Timings::default()).await.ok()?.stream;
    within(deadline, "the greeting", stream.write_all(&greeting(host, version))).await.ok()?.ok()?;
    let mut head = [0; 11];
    match within(deadline, "an answer", stream.read_exact(&mut head)).await.ok()? {
        Ok(_) => Some(head[0] == HANDSHAKE && head[5] == SERVER_HELLO && head[9..] == version.bytes()),
        // An alert is shorter than a greeting, and so is a door that closes.
        Err(_) => Some(false),
    }
}

/// A client's greeting as RFC 2246 and 4346 have it, with the extensions that servers of many names need.
fn greeting(host: &str, version: Old) -> Vec<u8> {
    let mut extensions = Vec::new();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<std::net::IpAddr>().is_err() {
        let name = [&[0][..], &counted(bare.as_bytes(), 2)].concat();
        extensions.extend(extension(0, &counted(&name, 2)));
    }
    let groups: Vec<u8> = [29_u16, 23, 24].iter().flat_map(|group| group.to_be_bytes()).collect();
    extensions.extend(extension(10, &counted(&groups, 2)));
    extensions.extend(extension(11, &counted(&[0], 1)));
    let suites: Vec<u8> = SUITES.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    // Nothing is ever encrypted under this number, so it need not be one that nobody can guess.
    let random = [&ulid::Ulid::generate().to_bytes()[..], &ulid::Ulid::generate().to_bytes()[..]].concat();
    let parts: [&[u8]; 6] = [
        &version.bytes(),
        &random,
        &counted(&[], 1),
        &counted(&suites, 2),
        &counted(&[0], 1),
        &counted(&extensions, 2),
    ];
    let hello = [&[CLIENT_HELLO][..], &counted(&parts.concat(), 3)].concat();
    [&[HANDSHAKE, 3, 1][..], &counted(&hello, 2)].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &counted(content, 2)].concat()
}

/// Bytes behind their length, written in so many bytes.
fn counted(bytes: &[u8], width: usize) -> Vec<u8> {
    let length = bytes.len().to_be_bytes();
    [&length[length.len() - width..], bytes].concat()
}
