//! The index: which paths are tracked, as which object, and how the file looked when it was added.
#![expect(clippy::disallowed_methods, reason = "the index is a file")]

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// One tracked path.
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) object: Vec<u8>,
    /// Seconds and nanoseconds of its last change.
    pub(super) changed: (u32, u32),
    pub(super) size: u32,
}

/// Hands over every entry in turn.
pub(super) fn each(path: &Path, name_length: usize, take: &mut dyn FnMut(&Entry)) -> io::Result<()> {
    let mut index = BufReader::new(File::open(path)?);
    let mut head = [0; 12];
    index.read_exact(&mut head)?;
    let version = long(&head, 4);
    if !head.starts_with(b"DIRC") || !(2..=4).contains(&version) {
        return Err(io::Error::other("it is no index of a version that is known here"));
    }
    let mut entry = Entry { path: String::new(), object: Vec::new(), changed: (0, 0), size: 0 };
    let mut name: Vec<u8> = Vec::new();
    for _ in 0..long(&head, 8) {
        let mut fixed = vec![0; 42 + name_length];
        index.read_exact(&mut fixed)?;
        let flags = u16::from_be_bytes([fixed[40 + name_length], fixed[41 + name_length]]);
        let mut length = fixed.len();
        if version >= 3 && flags & 0x4000 != 0 {
            index.read_exact(&mut [0; 2])?;
            length += 2;
        }
        if version == 4 {
            // Paths are written as what differs from the one before.
            let cut = usize::try_from(offset(&mut index)?).unwrap_or(usize::MAX);
            name.truncate(name.len().saturating_sub(cut));
        } else {
            name.clear();
        }
        let before = name.len();
        index.read_until(0, &mut name)?;
        name.pop();
        if version < 4 {
            let length = length + name.len() - before;
            // One to eight zero bytes, of which one is read already.
            let padding = 8 - length % 8 - 1;
            index.read_exact(&mut vec![0; padding])?;
        }
        entry.path = String::from_utf8_lossy(&name).into_owned();
        entry.object = fixed[40..40 + name_length].to_vec();
        (entry.changed, entry.size) = ((long(&fixed, 8), long(&fixed, 12)), long(&fixed, 36));
        take(&entry);
    }
    Ok(())
}

/// Git's number of seven bits a byte, each further byte counting from one.
pub(super) fn offset(input: &mut impl Read) -> io::Result<u64> {
    let mut byte = [0];
    input.read_exact(&mut byte)?;
    let mut number = u64::from(byte[0] & 0x7f);
    while byte[0] & 0x80 != 0 {
        input.read_exact(&mut byte)?;
        number = number.checked_add(1).and_then(|number| number.checked_mul(128)).ok_or_else(too_large)?;
        number += u64::from(byte[0] & 0x7f);
    }
    Ok(number)
}

fn too_large() -> io::Error {
    io::Error::other("a number in it is too large")
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
