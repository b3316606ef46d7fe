//! What lies inside: gzip, brotli, tar and zip are looked into as they stream by, a few layers deep; what is packed in
//! another way is said to be unread.

use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;
use tempfile::SpooledTempFile;

use crate::scan::packing::{self, Packing};
use crate::scan::survey::Survey;
use crate::scan::zip;

/// Archives in archives are looked into so deep.
const DEEPEST: u8 = 4;
/// No more of something packed is unpacked: beyond that it is a bomb, and said to be unread.
const MOST_UNPACKED: u64 = 8 << 30;
/// A zip archive is read from its end: one that streams by is put aside first, up to this size.
const MOST_ASIDE: u64 = 1 << 30;
/// A larger one is put aside on disk.
const SMALL: usize = 256 << 10;
/// A tar archive names itself within its first block.
pub(super) const HEAD: usize = 512;

/// Looks through a stream, and into what it is made of. What could not be read is noted with its place.
pub(super) fn survey(survey: &mut Survey<'_>, place: &str, input: &mut dyn Read) {
    layer(survey, place, input, 0);
}

/// The same for what lies so deep in other archives.
pub(super) fn layer(survey: &mut Survey<'_>, place: &str, input: &mut dyn Read, depth: u8) {
    let result = looked_into(survey, place, place, input, depth);
    if let Err(error) = result {
        survey.unread(place, error);
    }
}

/// `name` is what it is called without the endings of what it was unpacked from.
fn looked_into(survey: &mut Survey<'_>, place: &str, name: &str, input: &mut dyn Read, depth: u8) -> io::Result<()> {
    let mut head = Vec::with_capacity(HEAD);
    input.take(HEAD as u64).read_to_end(&mut head)?;
    let packing = packing::of(&head, name);
    let mut whole = Cursor::new(head).chain(input);
    let inner = packing::inner_name(name);
    match packing {
        Packing::None => plain(survey, place, &mut whole),
        Packing::Closed(_) | Packing::Claimed => closed(survey, place, &mut whole, packing),
        _ if depth >= DEEPEST => {
            survey.unread(place, "more archives inside each other than are looked into");
            Ok(())
        }
        Packing::Gzip => unpacked(survey, place, &inner, &mut MultiGzDecoder::new(BufReader::new(whole)), depth),
        Packing::Brotli => unpacked(survey, place, &inner, &mut brotli::Decompressor::new(whole, 4096), depth),
        Packing::Tar => entries(survey, place, &mut whole, depth),
        Packing::Zip => zipped(survey, place, &mut whole, depth),
    }
}

/// What is not packed, unless its end shows that it carries an archive.
fn plain(survey: &mut Survey<'_>, place: &str, input: &mut dyn Read) -> io::Result<()> {
    let mut tail = zip::Tail::of(input);
    survey.scan(place, &mut tail)?;
    if tail.is_end_of_zip() {
        survey.unread(place, "a zip archive with something before it is not looked into inside another archive");
    }
    Ok(())
}

/// What cannot be unpacked is looked at as it is: some of it may lie in there as it was. That is not all of it.
pub(super) fn closed(survey: &mut Survey<'_>, place: &str, input: &mut dyn Read, packing: Packing) -> io::Result<()> {
    survey.scan(place, input)?;
    match packing {
        Packing::Closed(what) => survey.unread(place, format!("it is packed in a way that is not looked into: {what}")),
        _ => survey.unread(place, "its name says that it is packed, and it is in no way that is known here"),
    }
    Ok(())
}

/// Looks into what something was unpacked to, as much of it as is no bomb.
pub(super) fn unpacked(
    survey: &mut Survey<'_>,
    place: &str,
    name: &str,
    plain: &mut dyn Read,
    depth: u8,
) -> io::Result<()> {
    let mut bounded = plain.take(MOST_UNPACKED);
    looked_into(survey, place, name, &mut bounded, depth + 1)?;
    if bounded.limit() == 0 {
        survey.unread(place, "it unpacks to more than 8 GiB, and the rest was not looked at");
    }
    Ok(())
}

/// A zip archive that streams by.
fn zipped(survey: &mut Survey<'_>, place: &str, input: &mut dyn Read, depth: u8) -> io::Result<()> {
    let mut aside = SpooledTempFile::new(SMALL);
    if io::copy(&mut input.take(MOST_ASIDE), &mut aside)? == MOST_ASIDE {
        survey.unread(place, "a zip archive of more than 1 GiB is not looked into inside another archive");
        return Ok(());
    }
    zip::survey(survey, place, &mut aside, depth)
}

/// The files of a tar archive, each by its name.
fn entries(survey: &mut Survey<'_>, place: &str, input: &mut dyn Read, depth: u8) -> io::Result<()> {
    let mut long_name = None;
    loop {
        let mut header = [0; 512];
        if !read_whole(input, &mut header)? || header.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let size = number(&header[124..136]).ok_or_else(|| io::Error::other("a tar header is broken"))?;
        let mut entry = Read::take(&mut *input, size);
        match header[156] {
            b'L' => long_name = Some(text(&bounded(&mut entry)?)),
            b'x' => long_name = path_of(&bounded(&mut entry)?),
            kind => {
                let name = long_name.take().unwrap_or_else(|| name(&header));
                let place = survey.named(&format!("{place}!{name}"));
                // Plain files, of these also reserved and sparse ones; the others are names alone.
                if matches!(kind, b'0' | b'7' | b'S' | 0) {
                    layer(survey, &place, &mut entry, depth + 1);
                }
            }
        }
        let rest = entry.limit() + size.next_multiple_of(512) - size;
        let skipped = io::copy(&mut Read::take(&mut *input, rest), &mut io::sink())?;
        if skipped < rest {
            return Err(io::Error::other("the archive breaks off"));
        }
    }
}

/// Fills the buffer; false at a clean end.
fn read_whole(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<bool> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..])? {
            0 if filled == 0 => return Ok(false),
            0 => return Err(io::Error::other("the archive breaks off")),
            read => filled += read,
        }
    }
    Ok(true)
}

fn bounded(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(64 << 10).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

fn name(header: &[u8; 512]) -> String {
    let (name, prefix) = (text(&header[..100]), text(&header[345..500]));
    if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
}

/// The path in an extended header: lines of `length key=value`.
fn path_of(extended: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(extended);
    text.lines().find_map(|line| Some(line.split_once(" path=")?.1.to_owned()))
}

/// A number of a tar header: octal digits, or base 256 where they do not suffice.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let tail = field[field.len() - 8..].try_into().ok()?;
        return Some(u64::from_be_bytes(tail));
    }
    let digits = text(field);
    u64::from_str_radix(digits.trim(), 8).ok()
}
