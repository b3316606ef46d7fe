//! The chain: each event's hash covers the stored bytes and the hash before it, so that no event can be changed, taken
//! out, put in or moved without all hashes behind it being wrong.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What stands before the first event.
    pub const ZERO: Self = Self([0; 32]);

    /// The hash of the event behind this one: SHA-256 over this hash, the place (eight bytes, the greatest first) and
    /// the bytes as they are stored.
    #[must_use]
    pub fn next(self, seq: u64, stored: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(seq.to_be_bytes());
        hasher.update(stored);
        Self(hasher.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0[..4]))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(de::Error::custom)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_covers_what_came_before_the_place_and_the_bytes() {
        let first = Hash::ZERO.next(1, b"a");
        // Computed with sha256sum over 32 zero bytes, the eight bytes of the place, and the letter.
        assert_eq!(first.to_string(), "00f87f5348b32d1caf5e59cbfadc31d568b7b2d04679e0d52b5aad8c5d4dfeed");
        assert_ne!(first, Hash::ZERO.next(2, b"a"), "the place");
        assert_ne!(first, Hash::ZERO.next(1, b"b"), "the bytes");
        assert_ne!(first.next(2, b"a"), Hash::ZERO.next(2, b"a"), "what came before");
    }
}
