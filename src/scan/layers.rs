//! What lies inside: gzip, brotli and tar are looked into as they stream by, a few layers deep.

use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

use crate::scan::survey::Survey;

/// Archives in archives are looked into so deep.
const DEEPEST: u8 = 4;
/// No more of something packed is unpacked: beyond that it is a bomb, and said to be unread.
const MOST_UNPACKED: u64 = 8 << 30;
/// A tar archive names itself within its first block.
const HEAD: usize = 512;

/// Looks through a stream, and into what it is made of. What could not be read is noted with its place.
pub(super) fn survey(survey: &mut Survey<'_>, place: &str, input: &mut dyn Read) {
    layer(survey, place, input, 0);
}

fn layer(survey: &mut Survey<'_>, place: &str, input: &mut dyn Read, depth: u8) {
    let result = looked_into(survey, place, input, depth);
    if let Err(error) = result {
        survey.unread(place, error);
    }
}

fn looked_into(survey: &mut Survey<'_>, place: &str, input: &mut dyn Read, depth: u8) -> io::Result<()> {
    let mut head = Vec::with_capacity(HEAD);
    input.take(HEAD as u64).read_to_end(&mut head)?;
    let is_gzip = head.starts_with(&[0x1f, 0x8b, 8]);
    let is_tar = head.get(257..262) == Some(b"ustar");
    let is_zip = head.starts_with(b"PK\x03\x04");
    let is_brotli = place.ends_with(".br") && !head.is_empty();
    let mut whole = Cursor::new(head).chain(input);
    if is_zip && depth > 0 {
        survey.unread(place, "a zip archive inside another archive is not looked into");
        return Ok(());
    }
    if depth >= DEEPEST && (is_gzip || is_tar || is_brotli) {
        survey.unread(place, "more archives inside each other than are looked into");
        return Ok(());
    }
    match (is_gzip, is_tar, is_brotli) {
        (true, ..) => unpacked(survey, place, &mut MultiGzDecoder::new(BufReader::new(whole)), depth),
        (_, true, _) => entries(survey, place, &mut whole, depth),
        (.., true) => {
            // Without its ending, so that what is unpacked is not taken for packed again.
            let inner = place.strip_suffix(".br").unwrap_or(place);
            let mut plain = brotli::Decompressor::new(whole, 4096);
            let before = survey.hits.len();
            let result = unpacked(survey, inner, &mut plain, depth);
            for located in &mut survey.hits[before..] {
                if &*located.place == inner {
                    located.place = place.into();
                }
            }
            result
        }
        (false, false, false) => survey.scan(place, &mut whole),
    }
}

fn unpacked(survey: &mut Survey<'_>, place: &str, plain: &mut dyn Read, depth: u8) -> io::Result<()> {
    let mut bounded = plain.take(MOST_UNPACKED);
    looked_into(survey, place, &mut bounded, depth + 1)?;
    if bounded.limit() == 0 {
        survey.unread(place, "it unpacks to more than 8 GiB, and the rest was not looked at");
    }
    Ok(())
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
            b'0' | b'7' | 0 => {
                let name = long_name.take().unwrap_or_else(|| name(&header));
                layer(survey, &format!("{place}!{name}"), &mut entry, depth + 1);
            }
            b'L' => long_name = Some(text(&bounded(&mut entry)?)),
            b'x' => long_name = path_of(&bounded(&mut entry)?),
            _ => long_name = None,
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
