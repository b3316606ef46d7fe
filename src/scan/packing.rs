//! How something is packed: what its beginning shows, and what its name claims.

/// How something is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// Not at all, as far as can be seen.
    None,
    Gzip,
    Tar,
    Zip,
    Brotli,
    /// In a way that is known and not unpacked here.
    Closed(&'static str),
    /// Its name says that it is packed, its beginning shows nothing that is known.
    Claimed,
}

/// What is recognised and not unpacked: what it begins with, and what it is.
const CLOSED: &[(&[u8], &str)] = &[
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"LZIP\x01", "lzip"),
    (b"\x5d\0\0\x80\0", "lzma"),
    (b"\x1f\x9d\x90", "compress"),
    (b"MSCF\0\0\0\0", "a cabinet"),
    (b"\xed\xab\xee\xdb", "an RPM package"),
    (b"!<arch>\ndebian-binary", "a Debian package"),
];

/// Endings of names that promise something packed.
const ENDINGS: &[&str] = &[
    ".gz", ".tgz", ".tar", ".zip", ".bz2", ".tbz", ".tbz2", ".xz", ".txz", ".zst", ".tzst", ".7z", ".rar", ".lz4",
    ".lzma", ".lz", ".cab", ".rpm", ".deb",
];

/// Judges by the first bytes; `name` is what it is called without the endings of what it was unpacked from.
pub(super) fn of(head: &[u8], name: &str) -> Packing {
    let closed = CLOSED.iter().find(|(magic, _)| head.starts_with(magic));
    // Its three letters begin words too: what follows is the size of a block, and the first block or the end.
    let is_bzip2 = matches!(head.get(3), Some(b'1'..=b'9')) && matches!(head.get(4..6), Some(b"1A" | b"\x17r"));
    match closed {
        _ if head.is_empty() => Packing::None,
        _ if head.starts_with(b"\x1f\x8b\x08") => Packing::Gzip,
        _ if head.get(257..262) == Some(b"ustar") => Packing::Tar,
        _ if is_zip(head) => Packing::Zip,
        Some((_, what)) if *what != "bzip2" || is_bzip2 => Packing::Closed(what),
        _ if ends_with(name, ".br") => Packing::Brotli,
        _ if ENDINGS.iter().any(|ending| ends_with(name, ending)) => Packing::Claimed,
        _ => Packing::None,
    }
}

/// Whether a zip archive begins so: with a file, with its end where it is empty, or with the mark of one in parts.
fn is_zip(head: &[u8]) -> bool {
    [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"].iter().any(|magic| head.starts_with(*magic))
}

fn ends_with(name: &str, ending: &str) -> bool {
    let tail = name.len().checked_sub(ending.len()).and_then(|from| name.as_bytes().get(from..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(ending.as_bytes()))
}

/// What the content of something packed is called.
pub(super) fn inner_name(name: &str) -> String {
    let cut = |ending: &str| ends_with(name, ending).then(|| &name[..name.len() - ending.len()]);
    match (cut(".gz").or_else(|| cut(".br")), cut(".tgz")) {
        (Some(inner), _) => inner.to_owned(),
        (None, Some(inner)) => format!("{inner}.tar"),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_known_by_its_beginning_and_by_its_name() {
        for (head, name, packing) in [
            (&b"\x1f\x8b\x08\0"[..], "a", Packing::Gzip),
            (b"PK\x05\x06", "a", Packing::Zip),
            (b"BZh91AY&SY", "a", Packing::Closed("bzip2")),
            (b"BZhang wrote this", "a.txt", Packing::None),
            (b"\xfd7zXZ\0", "a", Packing::Closed("xz")),
            (b"text", "a.js.br", Packing::Brotli),
            (b"text", "a.tar.GZ", Packing::Claimed),
            (b"text", "a.txt", Packing::None),
            (b"", "a.zip", Packing::None),
        ] {
            assert_eq!(of(head, name), packing, "{name}");
        }
    }

    #[test]
    fn what_is_unpacked_loses_its_ending() {
        for (name, inner) in [("a.js.gz", "a.js"), ("a.TGZ", "a.tar"), ("a.js.br", "a.js"), ("a.svgz", "")] {
            assert_eq!(inner_name(name), inner);
        }
    }
}
