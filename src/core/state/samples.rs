//! Samples in order, in blocks that copies share: a copy costs pointers, and what is taken in behind it copies one block.
//! So a state can be published many times a second and kept as a snapshot hundreds of times, however much was measured.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::core::state::series::Sample;

/// So many samples are copied at most when one more comes.
const BLOCK: usize = 32;

/// Samples in order. They come in at the end, and go at the front.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    blocks: VecDeque<Arc<[Sample; BLOCK]>>,
    /// How many of the first block are gone.
    gone: usize,
    length: usize,
}

impl Samples {
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn get(&self, at: usize) -> Option<&Sample> {
        let place = self.gone + at;
        if at < self.length { self.blocks.get(place / BLOCK).map(|block| &block[place % BLOCK]) } else { None }
    }

    pub(super) fn front(&self) -> Option<&Sample> {
        self.get(0)
    }

    pub(super) fn back(&self) -> Option<&Sample> {
        self.get(self.length.checked_sub(1)?)
    }

    pub(super) fn push_back(&mut self, sample: Sample) {
        let place = self.gone + self.length;
        if place == self.blocks.len() * BLOCK {
            self.blocks.push_back(Arc::new([Sample::default(); BLOCK]));
        }
        self.length += 1;
        self.set_back(sample);
    }

    /// Puts another sample in the place of the last one, where there is one.
    pub(super) fn set_back(&mut self, sample: Sample) {
        let place = (self.gone + self.length).checked_sub(1);
        if let Some(place) = place.filter(|_| self.length > 0)
            && let Some(block) = self.blocks.back_mut()
        {
            Arc::make_mut(block)[place % BLOCK] = sample;
        }
    }

    pub(super) fn pop_front(&mut self) -> Option<Sample> {
        let first = self.front().copied()?;
        (self.gone, self.length) = (self.gone + 1, self.length - 1);
        if self.gone == BLOCK || self.length == 0 {
            self.blocks.pop_front();
            self.gone = 0;
        }
        Some(first)
    }

    /// From a place on.
    pub(super) fn from(&self, first: usize) -> impl DoubleEndedIterator<Item = &Sample> {
        (first.min(self.length)..self.length).filter_map(|at| self.get(at))
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Sample> {
        self.from(0)
    }

    /// How many are before the first for which `before` does not hold; it holds for none behind that one.
    pub(super) fn partition_point(&self, before: impl Fn(&Sample) -> bool) -> usize {
        let (mut from, mut until) = (0, self.length);
        while from < until {
            let middle = from.midpoint(until);
            if self.get(middle).is_some_and(&before) { from = middle + 1 } else { until = middle }
        }
        from
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(at: i64) -> Sample {
        let mut sample = Sample::default();
        sample.at = at;
        sample
    }

    fn times<'a>(samples: impl Iterator<Item = &'a Sample>) -> Vec<i64> {
        samples.map(|sample| sample.at).collect()
    }

    proptest! {
        #[test]
        fn they_are_what_a_plain_list_of_them_is(steps in proptest::collection::vec(0_u8..10, 0..400)) {
            let (mut samples, mut plain) = (Samples::default(), VecDeque::new());
            let mut copies = Vec::new();
            for (at, step) in (0_i64..).zip(steps) {
                match step {
                    0..=5 => {
                        samples.push_back(sample(at));
                        plain.push_back(at);
                    }
                    6 | 7 => {
                        let gone = samples.pop_front().map(|sample| sample.at);
                        prop_assert_eq!(gone, plain.pop_front());
                    }
                    8 => {
                        samples.set_back(sample(at));
                        if let Some(last) = plain.back_mut() {
                            *last = at;
                        }
                    }
                    _ => copies.push((samples.clone(), plain.clone())),
                }
                prop_assert_eq!(samples.len(), plain.len());
                prop_assert_eq!(samples.is_empty(), plain.is_empty());
            }
            copies.push((samples, plain));
            // What came in behind a copy is not in it.
            for (samples, plain) in copies {
                prop_assert_eq!(times(samples.iter()), plain.iter().copied().collect::<Vec<_>>());
                prop_assert_eq!(samples.front().map(|sample| sample.at), plain.front().copied());
                prop_assert_eq!(samples.back().map(|sample| sample.at), plain.back().copied());
                let middle = plain.get(plain.len() / 2).copied().unwrap_or_default();
                let point = samples.partition_point(|sample| sample.at <= middle);
                prop_assert_eq!(point, plain.partition_point(|at| *at <= middle));
                prop_assert_eq!(times(samples.from(point)), plain.iter().skip(point).copied().collect::<Vec<_>>());
                let backwards: Vec<i64> = plain.iter().rev().copied().collect();
                prop_assert_eq!(times(samples.iter().rev()), backwards);
            }
        }
    }

    #[test]
    fn a_copy_shares_what_is_old() {
        let mut samples = Samples::default();
        (0..1_000).for_each(|at| samples.push_back(sample(at)));
        let copy = samples.clone();
        samples.push_back(sample(1_000));
        let shared = samples.blocks.iter().zip(&copy.blocks).filter(|(one, other)| Arc::ptr_eq(one, other)).count();
        assert_eq!(shared, 1_000 / BLOCK, "all but the last one");
    }
}
