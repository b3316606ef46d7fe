//! What the supervising process is told: everything, once, through a pipe. Secrets are among it, so no argument list
//! and no file ever holds an order.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::model::step::OnDisconnect;

/// Larger orders are refused: a length that was never meant must not fill memory.
const LARGEST: usize = 16 << 20;

/// How a command is to be run.
#[derive(Serialize, Deserialize)]
pub struct Order {
    /// Program and arguments. No secret may stand here: every user of the machine can read arguments.
    pub run: Vec<String>,
    /// Where it runs.
    pub folder: PathBuf,
    /// Variables added to the inherited environment.
    pub environment: Vec<(String, Hidden)>,
    /// After so long the whole tree is stopped.
    pub timeout: Duration,
    /// How long the tree may take to end by itself before it is killed.
    pub grace: Duration,
    /// What happens when golive goes away.
    pub on_disconnect: OnDisconnect,
    /// Whether it gets a terminal of its own.
    pub terminal: bool,
    /// What must not stand in its output: name and value.
    pub secrets: Vec<(Arc<str>, Hidden)>,
}

/// A value that is written out in an order and nowhere else.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Hidden(pub SecretString);

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

impl From<SecretString> for Hidden {
    fn from(secret: SecretString) -> Self {
        Self(secret)
    }
}

impl Order {
    /// The order as it goes through the pipe: its length in four bytes, then JSON.
    pub(super) fn written(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        let body = Zeroizing::new(serde_json::to_vec(self)?);
        let length = u32::try_from(body.len()).map_err(|_| too_large(body.len()))?;
        if body.len() > LARGEST {
            return Err(too_large(body.len()));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(body.len() + 4));
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    /// Reads an order, and not a byte more: the pipe goes on as the lifeline.
    pub(super) fn read(pipe: &mut impl Read) -> io::Result<Self> {
        let mut length = [0; 4];
        pipe.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > LARGEST {
            return Err(too_large(length));
        }
        let mut body = Zeroizing::new(vec![0; length]);
        pipe.read_exact(&mut body)?;
        Ok(serde_json::from_slice(&body)?)
    }
}

fn too_large(length: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("an order of {length} bytes is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_as_it_was_written_and_the_pipe_goes_on_behind_it() {
        let order = Order {
            run: vec!["true".to_owned()],
            folder: PathBuf::from("/"),
            environment: vec![("KEY".to_owned(), SecretString::from("FAKE-key".to_owned()).into())],
            timeout: Duration::from_secs(5),
            grace: Duration::from_secs(1),
            on_disconnect: OnDisconnect::Stop,
            terminal: false,
            secrets: Vec::new(),
        };
        let mut bytes = order.written().unwrap().to_vec();
        bytes.extend_from_slice(b"behind");
        let mut pipe = bytes.as_slice();
        let read = Order::read(&mut pipe).unwrap();
        assert_eq!(read.run, order.run);
        assert_eq!(read.environment[0].1.0.expose_secret(), "FAKE-key");
        assert_eq!(pipe, b"behind");
    }

    #[test]
    fn an_absurd_length_is_refused() {
        assert!(Order::read(&mut [0xff; 8].as_slice()).is_err());
    }
}
