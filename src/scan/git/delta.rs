//! A delta: an object told as pieces of another one and new bytes between them.

use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

/// Writes the object that `delta` makes of `base`.
pub(super) fn apply(delta: &mut impl Read, base: &mut SpooledTempFile, to: &mut SpooledTempFile) -> io::Result<()> {
    let (_, target) = (size(delta)?, size(delta)?);
    let mut out = BufWriter::new(to);
    let mut written = 0;
    while written < target {
        let piece = match byte(delta)? {
            0 => return Err(io::Error::other("a delta is broken")),
            copy if copy & 0x80 != 0 => {
                let from = number(delta, copy & 0x0f, 4)?;
                let length = match number(delta, copy >> 4 & 7, 3)? {
                    0 => 0x1_0000,
                    length => length,
                };
                base.seek(SeekFrom::Start(from))?;
                moved(base, length, &mut out)?
            }
            insert => moved(delta, u64::from(insert), &mut out)?,
        };
        written += piece;
    }
    out.flush()
}

fn moved(from: &mut impl Read, length: u64, out: &mut impl Write) -> io::Result<u64> {
    let copied = io::copy(&mut Read::take(from, length), out)?;
    if copied < length { Err(io::Error::other("a delta breaks off")) } else { Ok(length) }
}

fn byte(input: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    input.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// Seven bits a byte, the lowest first.
fn size(input: &mut impl Read) -> io::Result<u64> {
    let (mut size, mut shift) = (0_u64, 0);
    loop {
        let byte = byte(input)?;
        size |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok(size);
        }
        shift += 7;
    }
}

/// The bytes of a number of which `present` says which are there.
fn number(input: &mut impl Read, present: u8, bytes: u8) -> io::Result<u64> {
    let mut number = 0;
    for at in 0..bytes {
        if present >> at & 1 != 0 {
            number |= u64::from(byte(input)?) << (8 * at);
        }
    }
    Ok(number)
}
