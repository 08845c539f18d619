//! Which slot has the stream of which identifier, in one connection.

use std::collections::VecDeque;

use super::streams::NONE;

/// Identifiers in ascending order, as clients open streams. A stream that ends leaves its entry
/// behind as a gap; gaps at the ends go at once, the others when they are the greater part.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: VecDeque<(u32, u32)>,
    gaps: usize,
}

/// Entries of an index that is not worth compacting.
const FEW: usize = 32;

impl Index {
    /// The number of streams.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.gaps
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a stream, whose identifier is greater than that of any other.
    pub(super) fn insert(&mut self, id: u32, slot: u32) {
        self.entries.push_back((id, slot));
    }

    /// The slot of a stream.
    pub(super) fn find(&self, id: u32) -> Option<u32> {
        let at = self.entries.binary_search_by_key(&id, |entry| entry.0).ok()?;
        self.entries.get(at).map(|entry| entry.1).filter(|slot| *slot != NONE)
    }

    /// Removes a stream.
    pub(super) fn remove(&mut self, id: u32) {
        let Ok(at) = self.entries.binary_search_by_key(&id, |entry| entry.0) else { return };
        let Some(entry) = self.entries.get_mut(at).filter(|entry| entry.1 != NONE) else { return };
        entry.1 = NONE;
        self.gaps += 1;
        while self.entries.front().is_some_and(|entry| entry.1 == NONE) {
            self.entries.pop_front();
            self.gaps -= 1;
        }
        while self.entries.back().is_some_and(|entry| entry.1 == NONE) {
            self.entries.pop_back();
            self.gaps -= 1;
        }
        if self.entries.len() > FEW.max(2 * self.len()) {
            self.entries.retain(|entry| entry.1 != NONE);
            self.gaps = 0;
        }
        if self.entries.is_empty() && self.entries.capacity() > FEW {
            self.entries = VecDeque::new();
        }
    }

    /// The slots of all streams, in the order of their identifiers.
    pub(super) fn slots(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().map(|entry| entry.1).filter(|slot| *slot != NONE)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::base::random::Random;

    #[test]
    fn it_agrees_with_a_map_and_does_not_grow() {
        let (mut index, mut map, mut random) = (Index::default(), BTreeMap::new(), Random::new(1));
        let mut id = 1;
        for step in 0..20_000u32 {
            if map.len() < 50 && random.below(2) == 0 {
                id += 2 * (1 + random.below(3) as u32);
                index.insert(id, step);
                map.insert(id, step);
            } else if let Some(&some) =
                map.keys().nth(random.below(map.len().max(1) as u64) as usize)
            {
                index.remove(some);
                index.remove(some);
                map.remove(&some);
            }
            assert_eq!(index.len(), map.len());
            assert!(index.gaps <= FEW.max(50), "{}", index.gaps);
            let some = random.below(u64::from(id) + 4) as u32;
            assert_eq!(index.find(some), map.get(&some).copied());
        }
        assert!(index.slots().eq(map.values().copied()));
        for id in map.keys() {
            index.remove(*id);
        }
        assert!(index.is_empty() && index.entries.is_empty());
    }
}
