//! The dynamic table of a decoder (RFC 7541 2.3.2 and 4).

use std::collections::VecDeque;

use super::{Entry, static_table};
use crate::base::limits::HPACK_TABLE_BYTES;

/// Bytes that each entry counts in addition to its name and value (RFC 7541 4.1).
const ENTRY_OVERHEAD: usize = 32;
/// Bytes of a line that belong to neither name nor value: `: ` and its end.
const LINE_OVERHEAD: usize = 4;

/// The entries, the newest first. Their lines are in one buffer, which begins with those that were
/// evicted; it is allocated with the first entry.
#[derive(Debug)]
pub(super) struct Table {
    text: Vec<u8>,
    /// The position of the buffer's start in the text of all entries ever inserted.
    base: u32,
    entries: VecDeque<Place>,
    /// The size of all entries (RFC 7541 4.1), and the most that it may be.
    size: usize,
    limit: usize,
}

/// Where an entry is.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The position of its line, counted like [`Table::base`].
    start: u32,
    /// The lengths of its line, which the table's size bounds, and of its name.
    line: u16,
    name: u16,
    valid: bool,
}

const _: () = assert!(HPACK_TABLE_BYTES <= u16::MAX as usize);

impl Table {
    pub(super) const fn new() -> Table {
        let entries = VecDeque::new();
        Table { text: Vec::new(), base: 0, entries, size: 0, limit: HPACK_TABLE_BYTES }
    }

    /// The entry with this index, of the static table or this one.
    pub(super) fn get(&self, index: usize) -> Option<Entry<'_>> {
        if let Some(entry) = static_table::get(index) {
            return Some(entry);
        }
        let place = self.entries.get(index.checked_sub(static_table::ENTRIES + 1)?)?;
        let line = self.text.get(self.offset(place)..)?.get(..place.line.into())?;
        Some(Entry { line, name: place.name.into(), valid: place.valid })
    }

    /// Inserts an entry, and evicts the oldest ones for it: all, if it is larger than the table.
    pub(super) fn insert(&mut self, entry: Entry<'_>) {
        let size = entry.line.len() - LINE_OVERHEAD + ENTRY_OVERHEAD;
        self.evict(self.limit.saturating_sub(size));
        if size > self.limit {
            return;
        }
        self.drop_evicted();
        self.entries.push_front(Place {
            start: self.base.wrapping_add(self.text.len() as u32),
            line: entry.line.len() as u16,
            name: entry.name as u16,
            valid: entry.valid,
        });
        self.text.extend_from_slice(entry.line);
        self.size += size;
    }

    /// Sets the most that all entries may be, at most [`HPACK_TABLE_BYTES`].
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        self.evict(limit);
    }

    /// Evicts the oldest entries until the others have at most `size`.
    fn evict(&mut self, size: usize) {
        while self.size > size {
            let Some(oldest) = self.entries.pop_back() else { break };
            self.size -= usize::from(oldest.line) - LINE_OVERHEAD + ENTRY_OVERHEAD;
        }
    }

    /// Drops the lines of evicted entries once they are half of the text, which bounds it at twice
    /// the table's size and moves no byte more than once per byte inserted.
    fn drop_evicted(&mut self) {
        let oldest = self.entries.back().map_or(self.text.len(), |place| self.offset(place));
        if oldest >= self.text.len() / 2 {
            self.text.drain(..oldest);
            self.base = self.base.wrapping_add(oldest as u32);
        }
    }

    fn offset(&self, place: &Place) -> usize {
        place.start.wrapping_sub(self.base) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: usize, value: usize) -> String {
        format!("{n}: {}\r\n", "v".repeat(value))
    }

    /// After each of many insertions the table holds the newest entries that fit, and its buffer is
    /// bounded.
    #[test]
    fn the_newest_entries_that_fit_are_kept() {
        let mut table = Table::new();
        table.base = u32::MAX - 10_000; // positions wrap
        let mut all: Vec<String> = Vec::new();
        for n in 0..3000 {
            let line = line(n, n * 7919 % 300);
            let name = line.find(':').unwrap();
            table.insert(Entry { line: line.as_bytes(), name, valid: n % 2 == 0 });
            all.insert(0, line);
            let mut size = 0;
            let fits = |line: &&String| {
                size += line.len() + 28;
                size <= HPACK_TABLE_BYTES
            };
            let kept = all.iter().take_while(fits).count();
            all.truncate(kept);
            for (at, line) in all.iter().enumerate() {
                let entry = table.get(62 + at).unwrap();
                assert_eq!((entry.line, entry.valid), (line.as_bytes(), (n - at) % 2 == 0));
            }
            assert!(table.get(62 + kept).is_none());
            assert!(table.text.len() <= 2 * HPACK_TABLE_BYTES + 300);
        }
    }

    #[test]
    fn an_entry_that_is_too_large_empties_the_table() {
        let mut table = Table::new();
        let insert = |table: &mut Table, size: usize| {
            let line = line(1, size - 33);
            table.insert(Entry { line: line.as_bytes(), name: 1, valid: true });
            table.entries.len()
        };
        assert_eq!(insert(&mut table, 4096), 1);
        assert_eq!(insert(&mut table, 4097), 0);
        assert_eq!((insert(&mut table, 40), insert(&mut table, 50)), (1, 2));
        table.set_limit(89);
        assert_eq!((table.entries.len(), table.size), (1, 50));
        table.set_limit(0);
        assert_eq!((table.entries.len(), table.size, insert(&mut table, 33)), (0, 0, 0));
    }
}
