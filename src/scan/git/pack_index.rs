//! A pack's index: from an object's name to its place in the pack, and back.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;

/// Magic, version and the table of 256 counts.
const TABLES: u64 = 8 + 1024;

pub(super) struct PackIndex {
    file: File,
    count: u64,
    name_length: u64,
}

impl PackIndex {
    pub(super) fn new(file: File, name_length: usize) -> io::Result<Self> {
        let mut head = [0; 8];
        file.read_exact_at(&mut head, 0)?;
        if head != [0xff, b't', b'O', b'c', 0, 0, 0, 2] {
            return Err(io::Error::other("its index is of a version that is not known here"));
        }
        let count = u64::from(long(&file, TABLES - 4)?);
        Ok(Self { file, count, name_length: name_length as u64 })
    }

    /// Where an object lies.
    pub(super) fn place(&self, name: &[u8]) -> io::Result<Option<u64>> {
        let (mut low, mut high) = (0, self.count);
        let mut seen = vec![0; name.len()];
        while low < high {
            let middle = low.midpoint(high);
            self.file.read_exact_at(&mut seen, TABLES + middle * self.name_length)?;
            match seen.as_slice().cmp(name) {
                std::cmp::Ordering::Equal => return self.place_of(middle).map(Some),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    fn offsets(&self) -> u64 {
        TABLES + self.count * (self.name_length + 4)
    }

    fn place_of(&self, position: u64) -> io::Result<u64> {
        let short = long(&self.file, self.offsets() + position * 4)?;
        self.whole(short)
    }

    /// A place beyond 2 GiB stands in a table of its own.
    fn whole(&self, short: u32) -> io::Result<u64> {
        if short & 0x8000_0000 == 0 {
            return Ok(u64::from(short));
        }
        let mut bytes = [0; 8];
        let table = self.offsets() + self.count * 4;
        self.file.read_exact_at(&mut bytes, table + u64::from(short & 0x7fff_ffff) * 8)?;
        Ok(u64::from_be_bytes(bytes))
    }

    /// The names of the objects at these places, in one pass.
    pub(super) fn names(&self, places: &[u64]) -> io::Result<Vec<(u64, Vec<u8>)>> {
        let mut offsets = BufReader::new(&self.file);
        offsets.seek(SeekFrom::Start(self.offsets()))?;
        let mut named = Vec::new();
        for position in 0..self.count {
            let mut bytes = [0; 4];
            offsets.read_exact(&mut bytes)?;
            let place = self.whole(u32::from_be_bytes(bytes))?;
            if places.contains(&place) {
                let mut name = vec![0; usize::try_from(self.name_length).unwrap_or(super::LONGEST_NAME)];
                self.file.read_exact_at(&mut name, TABLES + position * self.name_length)?;
                named.push((place, name));
            }
        }
        Ok(named)
    }
}

fn long(file: &File, at: u64) -> io::Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact_at(&mut bytes, at)?;
    Ok(u32::from_be_bytes(bytes))
}
