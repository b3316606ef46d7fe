//! Webhook signatures, as bytes in and bytes out: what providers do to prove that a delivery is theirs, and what a
//! receiver has to hold it against. A leaf: no clock, no file, no network.
//!
//! Each scheme is a [`Profile`], that is data: which headers, what is signed, with which algorithm, how it is written.
//! One `sign` and one `verify` read them all, so that a rule (raw bytes, constant time, one header and not two, a plain
//! decimal timestamp, canonical encodings) holds for every scheme or for none. Where a provider's own library is laxer,
//! this is not. What a receiver has seen before is kept in a [`Memory`].

mod custom;
mod ikhokha;
mod memory;
mod message;
mod profile;
mod provider;
mod reason;
mod sign;
mod verify;

pub use custom::{Custom, CustomProblem};
pub use ikhokha::{IKHOKHA_APPLICATION, IKHOKHA_SIGNATURE, ikhokha_is_genuine, ikhokha_sign};
pub use memory::{Memory, MemoryError};
pub use message::{Message, header_line};
pub use profile::{Algorithm, Encoding, Profile, SCHEMES};
pub use provider::{is_below, provider_of};
pub use reason::Reason;
pub use sign::{SignError, Stamped, sign};
pub use verify::{Genuine, verify};
