//! The files of a zip archive, found by its directory at the end: something may stand before it (a program that unpacks
//! itself).

use std::io::{self, Read, Seek, SeekFrom};

use flate2::read::DeflateDecoder;

use crate::scan::layers;
use crate::scan::survey::Survey;

/// The end record with the longest comment.
const LARGEST_END: u64 = 22 + 65_535;
/// What follows the directory of an archive in the longer format, before the end record.
const LONGER_END: u64 = 56 + 20;
/// So much of an end is looked at to see whether it is that of an archive: comments are short.
pub(super) const TAIL: usize = 22 + 1024;

/// Looks into every file of an archive that lies so deep in others.
pub(super) fn survey(
    survey: &mut Survey<'_>,
    place: &str,
    archive: &mut (impl Read + Seek),
    depth: u8,
) -> io::Result<()> {
    let directory = Directory::of(archive)?;
    let (mut at, end) = (directory.from, directory.from + directory.size);
    while at < end {
        archive.seek(SeekFrom::Start(at))?;
        let mut fixed = [0; 46];
        archive.read_exact(&mut fixed)?;
        if !fixed.starts_with(b"PK\x01\x02") {
            return Err(io::Error::other("the zip directory is broken"));
        }
        let mut name = vec![0; usize::from(short(&fixed, 28))];
        archive.read_exact(&mut name)?;
        at += 46 + u64::from(short(&fixed, 28)) + u64::from(short(&fixed, 30)) + u64::from(short(&fixed, 32));
        let entry = survey.named(&format!("{place}!{}", String::from_utf8_lossy(&name)));
        if !name.ends_with(b"/")
            && let Err(error) = one(survey, &entry, archive, &fixed, directory.before, depth)
        {
            survey.unread(&entry, error);
        }
    }
    Ok(())
}

fn one(
    survey: &mut Survey<'_>,
    place: &str,
    archive: &mut (impl Read + Seek),
    fixed: &[u8; 46],
    before: u64,
    depth: u8,
) -> io::Result<()> {
    let (packed, local) = (long(fixed, 20), long(fixed, 42));
    if short(fixed, 8) & 1 != 0 {
        survey.unread(place, "it is encrypted");
        return Ok(());
    }
    if packed == u32::MAX || local == u32::MAX {
        survey.unread(place, "zip files of more than 4 GiB are not looked into");
        return Ok(());
    }
    archive.seek(SeekFrom::Start(before + u64::from(local)))?;
    let mut header = [0; 30];
    archive.read_exact(&mut header)?;
    if !header.starts_with(b"PK\x03\x04") {
        return Err(io::Error::other("it is not where the zip directory says"));
    }
    archive.seek_relative(i64::from(short(&header, 26)) + i64::from(short(&header, 28)))?;
    let mut bytes = archive.take(u64::from(packed));
    match short(fixed, 10) {
        0 => layers::layer(survey, place, &mut bytes, depth + 1),
        8 => layers::unpacked(survey, place, place, &mut DeflateDecoder::new(bytes), depth)?,
        other => survey.unread(place, format!("it is packed in a way that is not known here: {other}")),
    }
    Ok(())
}

/// Where the directory of an archive is.
struct Directory {
    from: u64,
    size: u64,
    /// Bytes before the archive, from which its own places are not counted.
    before: u64,
}

impl Directory {
    fn of(archive: &mut (impl Read + Seek)) -> io::Result<Self> {
        let length = archive.seek(SeekFrom::End(0))?;
        let from = length.saturating_sub(LARGEST_END);
        archive.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        archive.take(LARGEST_END).read_to_end(&mut tail)?;
        let end = tail.windows(4).rposition(|window| window == b"PK\x05\x06");
        let broken = || io::Error::other("the zip breaks off");
        let (end, record) = end.and_then(|end| Some((end, tail.get(end..end + 22)?))).ok_or_else(broken)?;
        let (size, said) = (u64::from(long(record, 12)), u64::from(long(record, 16)));
        let end = from + end as u64;
        if size == 0 && short(record, 10) == 0 {
            return Ok(Self { from: end, size, before: 0 });
        }
        let behind = end.checked_sub(size);
        for from in [Some(said), behind, behind.and_then(|from| from.checked_sub(LONGER_END))].into_iter().flatten() {
            let mut mark = Vec::new();
            archive.seek(SeekFrom::Start(from))?;
            archive.take(4).read_to_end(&mut mark)?;
            if mark == b"PK\x01\x02" && from + size <= end {
                return Ok(Self { from, size, before: from.saturating_sub(said) });
            }
        }
        Err(io::Error::other("the zip directory is not where the archive says"))
    }
}

/// Whether these last bytes are those of an archive with something in it.
pub(super) fn is_end(tail: &[u8]) -> bool {
    let mut ends = tail.windows(22).enumerate().filter(|(_, record)| record.starts_with(b"PK\x05\x06"));
    ends.any(|(at, record)| at + 22 + usize::from(short(record, 20)) == tail.len() && short(record, 10) > 0)
}

/// Keeps the last bytes of what is read through it.
pub(super) struct Tail<'a> {
    input: &'a mut dyn Read,
    last: Vec<u8>,
}

impl<'a> Tail<'a> {
    pub(super) const fn of(input: &'a mut dyn Read) -> Self {
        Self { input, last: Vec::new() }
    }

    pub(super) fn is_end_of_zip(&self) -> bool {
        is_end(&self.last)
    }
}

impl Read for Tail<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        let new = &buffer[read.saturating_sub(TAIL)..read];
        let kept = TAIL - new.len();
        self.last.drain(..self.last.len().saturating_sub(kept));
        self.last.extend_from_slice(new);
        Ok(read)
    }
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
