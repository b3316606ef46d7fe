//! The files of a zip archive, found by its directory at the end.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::read::DeflateDecoder;

use crate::scan::layers;
use crate::scan::survey::Survey;

/// The end record with the longest comment.
const LARGEST_END: u64 = 22 + 65_535;

/// Looks into every file of an archive.
pub(super) fn survey(survey: &mut Survey<'_>, place: &str, archive: &mut (impl Read + Seek)) -> io::Result<()> {
    let (count, mut at) = directory(archive)?;
    for _ in 0..count {
        archive.seek(SeekFrom::Start(at))?;
        let mut fixed = [0; 46];
        archive.read_exact(&mut fixed)?;
        if !fixed.starts_with(b"PK\x01\x02") {
            return Err(io::Error::other("the zip directory is broken"));
        }
        let mut name = vec![0; usize::from(short(&fixed, 28))];
        archive.read_exact(&mut name)?;
        at += 46 + u64::from(short(&fixed, 28)) + u64::from(short(&fixed, 30)) + u64::from(short(&fixed, 32));
        let entry = format!("{place}!{}", String::from_utf8_lossy(&name));
        if !name.ends_with(b"/") {
            one(survey, &entry, archive, &fixed)?;
        }
    }
    Ok(())
}

fn one(survey: &mut Survey<'_>, place: &str, archive: &mut (impl Read + Seek), fixed: &[u8; 46]) -> io::Result<()> {
    let (packed, local) = (long(fixed, 20), long(fixed, 42));
    if short(fixed, 8) & 1 != 0 {
        survey.unread(place, "it is encrypted");
        return Ok(());
    }
    if packed == u32::MAX || local == u32::MAX {
        survey.unread(place, "zip files of more than 4 GiB are not looked into");
        return Ok(());
    }
    archive.seek(SeekFrom::Start(u64::from(local)))?;
    let mut header = [0; 30];
    archive.read_exact(&mut header)?;
    archive.seek_relative(i64::from(short(&header, 26)) + i64::from(short(&header, 28)))?;
    let mut bytes = archive.take(u64::from(packed));
    match short(fixed, 10) {
        0 => layers::survey(survey, place, &mut bytes),
        8 => layers::survey(survey, place, &mut DeflateDecoder::new(bytes)),
        other => survey.unread(place, format!("it is packed in a way that is not known here: {other}")),
    }
    Ok(())
}

/// How many entries there are and where the directory begins.
fn directory(archive: &mut (impl Read + Seek)) -> io::Result<(u16, u64)> {
    let length = archive.seek(SeekFrom::End(0))?;
    let from = length.saturating_sub(LARGEST_END);
    archive.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    archive.take(LARGEST_END).read_to_end(&mut tail)?;
    let end = tail.windows(4).rposition(|window| window == b"PK\x05\x06");
    let record = end.and_then(|end| tail.get(end..end + 22)).ok_or_else(|| io::Error::other("the zip breaks off"))?;
    Ok((short(record, 10), u64::from(long(record, 16))))
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
