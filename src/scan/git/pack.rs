//! A pack: many objects in one file, most of them as deltas of others.
//!
//! One pass takes what is whole and notes which object builds on which; a second one builds the others, each chain from
//! its root on. Objects under way lie in memory while they are small and in an unnamed file when they are not, so that
//! memory stays bounded; what grows with a pack is sixteen bytes for each delta.
#![expect(clippy::disallowed_methods, reason = "a pack is a file")]

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::bufread::ZlibDecoder;
use tempfile::SpooledTempFile;

use crate::scan::git::pack_index::PackIndex;
use crate::scan::git::{LONGEST_NAME, delta, index, place_of};
use crate::scan::layers;
use crate::scan::survey::Survey;

/// An object larger than this is built on disk.
const SMALL: usize = 256 << 10;
/// So many objects under way may lie in memory.
const MOST_IN_MEMORY: usize = 16;

/// What an object's header says.
enum Kind {
    /// Commit, blob or tag.
    Whole,
    /// Names of files: nothing is looked for there.
    Tree,
    /// Built on the object at this place.
    On(u64),
    /// Built on an object that is not in this pack.
    Elsewhere,
}

struct Pack {
    reader: BufReader<File>,
    index: PackIndex,
    name_length: usize,
    /// Base and delta, by place, sorted.
    deltas: Vec<(u64, u64)>,
}

/// Looks through every object of a pack.
pub(super) fn survey(survey: &mut Survey<'_>, path: &Path, name_length: usize) -> io::Result<()> {
    let index = PackIndex::new(File::open(path.with_extension("idx"))?, name_length)?;
    let mut pack = Pack { reader: BufReader::new(File::open(path)?), index, name_length, deltas: Vec::new() };
    let before = survey.hits.len();
    let result = pack.first_pass(survey).and_then(|()| pack.second_pass(survey));
    pack.name_places(survey, before)?;
    result
}

/// How an object's place is written until its name is known.
fn placed(at: u64) -> String {
    format!("pack:{at}")
}

impl Pack {
    fn first_pass(&mut self, survey: &mut Survey<'_>) -> io::Result<()> {
        let mut head = [0; 12];
        self.reader.read_exact(&mut head)?;
        if !head.starts_with(b"PACK") {
            return Err(io::Error::other("it is no pack"));
        }
        for _ in 0..u32::from_be_bytes([head[8], head[9], head[10], head[11]]) {
            if survey.is_stopped() {
                return Ok(());
            }
            let at = self.reader.stream_position()?;
            let kind = self.header(at)?;
            let mut plain = ZlibDecoder::new(&mut self.reader);
            match kind {
                Kind::Whole => layers::survey(survey, &placed(at), &mut plain),
                Kind::Tree => {}
                Kind::On(base) => self.deltas.push((base, at)),
                Kind::Elsewhere => survey.unread(&placed(at), "it builds on an object that is not here"),
            }
            // The next object begins where this one's stream ends, however much of it was looked at.
            io::copy(&mut plain, &mut io::sink())?;
        }
        self.deltas.sort_unstable();
        Ok(())
    }

    /// Reads the header at the reader's place.
    fn header(&mut self, at: u64) -> io::Result<Kind> {
        let mut byte = [0];
        self.reader.read_exact(&mut byte)?;
        let kind = byte[0] >> 4 & 7;
        while byte[0] & 0x80 != 0 {
            self.reader.read_exact(&mut byte)?;
        }
        match kind {
            1 | 3 | 4 => Ok(Kind::Whole),
            2 => Ok(Kind::Tree),
            6 => {
                let back = index::offset(&mut self.reader)?;
                let base = at.checked_sub(back).ok_or_else(|| io::Error::other("an object builds on none"))?;
                Ok(Kind::On(base))
            }
            7 => {
                let mut name = [0; LONGEST_NAME];
                let name = &mut name[..self.name_length];
                self.reader.read_exact(name)?;
                Ok(self.index.place(name)?.map_or(Kind::Elsewhere, Kind::On))
            }
            other => Err(io::Error::other(format!("an object is of no known kind: {other}"))),
        }
    }

    fn children(&self, base: u64) -> std::ops::Range<usize> {
        let from = self.deltas.partition_point(|(known, _)| *known < base);
        let until = self.deltas.partition_point(|(known, _)| *known <= base);
        from..until
    }

    /// Builds what builds on whole objects, and so on upwards.
    fn second_pass(&mut self, survey: &mut Survey<'_>) -> io::Result<()> {
        let mut at = 0;
        while at < self.deltas.len() && !survey.is_stopped() {
            let base = self.deltas[at].0;
            let siblings = self.children(base);
            at = siblings.end;
            self.reader.seek(SeekFrom::Start(base))?;
            if matches!(self.header(base)?, Kind::Whole) {
                let mut content = SpooledTempFile::new(SMALL);
                io::copy(&mut ZlibDecoder::new(&mut self.reader), &mut content)?;
                self.build_on(survey, content, siblings)?;
            }
        }
        Ok(())
    }

    fn build_on(
        &mut self,
        survey: &mut Survey<'_>,
        root: SpooledTempFile,
        children: std::ops::Range<usize>,
    ) -> io::Result<()> {
        let mut under_way = vec![(root, children)];
        while let Some((base, children)) = under_way.last_mut() {
            if survey.is_stopped() {
                return Ok(());
            }
            let Some(next) = children.next() else {
                under_way.pop();
                continue;
            };
            let at = self.deltas[next].1;
            self.reader.seek(SeekFrom::Start(at))?;
            self.header(at)?;
            let mut content = SpooledTempFile::new(SMALL);
            delta::apply(&mut BufReader::new(ZlibDecoder::new(&mut self.reader)), base, &mut content)?;
            content.rewind()?;
            layers::survey(survey, &placed(at), &mut content);
            if children.start >= children.end {
                under_way.pop();
            }
            let upwards = self.children(at);
            if !upwards.is_empty() {
                if under_way.len() >= MOST_IN_MEMORY {
                    content.roll()?;
                }
                under_way.push((content, upwards));
            }
        }
        Ok(())
    }

    /// Puts the objects' names in the place of their places.
    fn name_places(&self, survey: &mut Survey<'_>, from: usize) -> io::Result<()> {
        let at = |place: &str| {
            let digits = place.strip_prefix("pack:")?.split('!').next()?;
            digits.parse::<u64>().ok()
        };
        let mut wanted: Vec<u64> = survey.hits[from..].iter().filter_map(|located| at(&located.place)).collect();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(());
        }
        let names = self.index.names(&wanted)?;
        for located in &mut survey.hits[from..] {
            let known = at(&located.place).and_then(|at| names.iter().find(|(place, _)| *place == at));
            if let Some((at, name)) = known {
                located.place = located.place.replacen(&placed(*at), &place_of(&hex::encode(name)), 1).into();
            }
        }
        Ok(())
    }
}
