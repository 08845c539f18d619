//! The entries of the journal, within two bounds: their number and their bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Answer, Changes, Counts, Entry, Received};
use crate::base::limits::{JOURNAL_BACKLOG, JOURNAL_CHANGES};
use crate::base::sort::sort_by;
use crate::http::record::Record;

/// The entries, oldest first.
#[derive(Debug, Default)]
pub(super) struct Ring {
    entries: VecDeque<Arc<Entry>>,
    /// What the last changes changed: the number of an entry, or 0. The last is change `version`.
    changed: VecDeque<u64>,
    /// Bytes of all entries.
    bytes: usize,
    /// Most entries.
    pub(super) most: usize,
    /// Most bytes of all entries.
    most_bytes: usize,
    /// What it has counted.
    pub(super) counts: Counts,
    /// The number of the newest change.
    pub(super) version: u64,
    /// How many threads wait for a change.
    pub(super) readers: usize,
    /// Whether its server has ended.
    pub(super) ended: bool,
}

/// Bytes of an entry beside those of its texts.
const ENTRY_BYTES: usize = size_of::<Entry>() + size_of::<Received>() + 64;

impl Ring {
    pub(super) fn resize(&mut self, most: usize, most_bytes: usize) {
        (self.most, self.most_bytes) = (most, most_bytes);
        self.fit();
        self.entries.shrink_to(most);
    }

    /// Half of all bytes, so that one request does not drop all others.
    pub(super) fn longest_body(&self) -> usize {
        self.most_bytes / 2
    }

    /// Half of the rest, so that a request with the longest body is there with its answer.
    fn longest_answer(&self) -> usize {
        self.most_bytes / 4
    }

    pub(super) fn push(&mut self, mut received: Received, answer: Answer) -> u64 {
        if received.body.len() > self.longest_body() {
            received.body = received.body.get(..self.longest_body()).unwrap_or_default().into();
        }
        self.counts.begun += 1;
        let id = self.counts.begun;
        self.note(id);
        let received = Arc::new(received);
        let entry = Entry { id, version: self.version, received, answer };
        self.bytes += bytes(&entry);
        self.entries.push_back(Arc::new(entry));
        self.fit();
        id
    }

    /// There is a change: of this entry, or 0.
    fn note(&mut self, id: u64) {
        self.version += 1;
        if self.changed.len() == JOURNAL_CHANGES {
            self.changed.pop_front();
        }
        self.changed.push_back(id);
    }

    /// Drops the oldest until the rest is within the bounds.
    pub(super) fn fit(&mut self) {
        loop {
            let dropped = match self.entries.len() > self.most {
                true => &mut self.counts.over_number,
                false if self.bytes > self.most_bytes => &mut self.counts.over_bytes,
                false => return,
            };
            let Some(oldest) = self.entries.pop_front() else { return };
            *dropped += 1;
            self.bytes -= bytes(&oldest);
        }
    }

    /// Changes an entry, if it is still there.
    pub(super) fn update(&mut self, id: u64, change: impl FnOnce(&mut Entry)) {
        let Some(place) = self.place(id) else { return };
        self.note(id);
        let longest_answer = self.longest_answer();
        let Some(entry) = self.entries.get_mut(place) else { return };
        let before = bytes(entry);
        let entry = Arc::make_mut(entry);
        entry.version = self.version;
        change(entry);
        if let Some([kept @ .., _]) = entry.answer.body.get(..=longest_answer) {
            entry.answer.body = kept.into();
        }
        self.bytes = self.bytes - before + bytes(entry);
        self.fit();
    }

    /// The exchange of an entry is over.
    pub(super) fn complete(&mut self, record: &Record) {
        let mut is_cut = false;
        self.update(record.journaled, |entry| {
            entry.complete(record);
            is_cut = entry.received.is_cut();
        });
        self.counts.cut += u64::from(is_cut);
    }

    /// The server has ended, at this Unix time in microseconds: what is not over was cut off.
    pub(super) fn end(&mut self, unix_us: u64) {
        let is_open = |entry: &&Arc<Entry>| entry.answer.duration_us.is_none();
        let open: Vec<u64> = self.entries().filter(is_open).map(|entry| entry.id).collect();
        for id in open {
            self.update(id, |entry| entry.cut_off(unix_us));
        }
        self.ended = true;
        self.note(0);
    }

    /// What has changed after this version: so many entries at most, of those that may be sent.
    ///
    /// Only what has changed is looked at; all entries if the version is older than the changes
    /// that are known.
    pub(super) fn changes(&self, seen: u64, most: usize) -> Changes {
        let unknown = self.version - self.changed.len() as u64;
        let changed: Vec<&Arc<Entry>> = if let Some(known) = seen.checked_sub(unknown) {
            let after = self.changed.iter().skip(usize::try_from(known).unwrap_or(usize::MAX));
            let last = |(id, version)| self.get(id).filter(|entry| entry.version == version);
            after.copied().zip(seen + 1..).filter_map(last).collect()
        } else {
            let mut all: Vec<_> = self.entries().filter(|entry| entry.version > seen).collect();
            sort_by(&mut all, |one, other| one.version.cmp(&other.version));
            all
        };
        let skipped = changed.len().saturating_sub(JOURNAL_BACKLOG);
        let entries = changed.into_iter().skip(skipped).take(most).cloned().collect();
        Changes { entries, skipped, counts: self.counts }
    }

    pub(super) fn get(&self, id: u64) -> Option<&Arc<Entry>> {
        self.entries.get(self.place(id)?)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    /// Removes an entry, if it is still there; it is one of the newest.
    pub(super) fn withdraw(&mut self, id: u64) {
        let Some(entry) = self.place(id).and_then(|place| self.entries.remove(place)) else {
            return;
        };
        self.bytes -= bytes(&entry);
        self.note(0);
    }

    /// Removes the entries that match, and returns how many those were.
    pub(super) fn remove(&mut self, mut matches: impl FnMut(&Entry) -> bool) -> usize {
        let (before, freed) = (self.entries.len(), &mut self.bytes);
        self.entries.retain(|entry| {
            let kept = !matches(entry);
            *freed -= if kept { 0 } else { bytes(entry) };
            kept
        });
        self.note(0);
        before - self.entries.len()
    }

    /// Entries that are no longer there.
    pub(super) fn dropped(&self) -> u64 {
        self.counts.begun - self.entries.len() as u64
    }

    /// Bytes of all entries.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The entries are in the order of their numbers. Some may be missing, but seldom are, so the
    /// first look is at where it would be then.
    fn place(&self, id: u64) -> Option<usize> {
        let first = self.entries.front()?.id;
        let place = usize::try_from(id.checked_sub(first)?).ok()?;
        match self.entries.get(place) {
            Some(entry) if entry.id == id => Some(place),
            _ => self.entries.binary_search_by_key(&id, |entry| entry.id).ok(),
        }
    }
}

fn bytes(entry: &Entry) -> usize {
    let Received { method, target, listener, head, body, .. } = &*entry.received;
    let own = method.len() + target.len() + listener.len() + head.len() + body.len();
    let Answer { head: answered, body: sent, modifiers, error, .. } = &entry.answer;
    let modifiers = modifiers.as_ref().map_or(0, |text| text.len());
    let error = error.as_ref().map_or(0, |text| text.len());
    ENTRY_BYTES + own + answered.len() + sent.len() + modifiers + error
}
