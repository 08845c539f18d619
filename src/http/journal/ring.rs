//! The entries of the journal, within two bounds: their number and their bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Answer, Entry, Received};

/// The entries, oldest first.
#[derive(Debug, Default)]
pub(super) struct Ring {
    entries: VecDeque<Arc<Entry>>,
    /// Bytes of all entries.
    bytes: usize,
    /// Most entries.
    pub(super) most: usize,
    /// Most bytes of all entries.
    most_bytes: usize,
    /// Number of entries that ever were.
    begun: u64,
    /// The number of the newest change.
    pub(super) version: u64,
    /// How many threads wait for a change.
    pub(super) readers: usize,
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

    pub(super) fn push(&mut self, mut received: Received, answer: Answer) -> u64 {
        if received.body.len() > self.longest_body() {
            received.body = received.body.get(..self.longest_body()).unwrap_or_default().into();
        }
        self.begun += 1;
        self.version += 1;
        let (id, version) = (self.begun, self.version);
        let entry = Entry { id, version, received: Arc::new(received), answer };
        self.bytes += bytes(&entry);
        self.entries.push_back(Arc::new(entry));
        self.fit();
        id
    }

    /// Drops the oldest until the rest is within the bounds.
    pub(super) fn fit(&mut self) {
        while self.entries.len() > self.most || self.bytes > self.most_bytes {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.bytes -= bytes(&oldest);
        }
    }

    /// Changes an entry, if it is still there.
    pub(super) fn update(&mut self, id: u64, change: impl FnOnce(&mut Entry)) {
        let Some(place) = self.place(id) else { return };
        let Some(entry) = self.entries.get_mut(place) else { return };
        self.version += 1;
        let before = bytes(entry);
        let entry = Arc::make_mut(entry);
        entry.version = self.version;
        change(entry);
        self.bytes = self.bytes - before + bytes(entry);
        self.fit();
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
        self.version += 1;
    }

    /// Removes the entries that match, and returns how many those were.
    pub(super) fn remove(&mut self, mut matches: impl FnMut(&Entry) -> bool) -> usize {
        let (before, freed) = (self.entries.len(), &mut self.bytes);
        self.entries.retain(|entry| {
            let kept = !matches(entry);
            *freed -= if kept { 0 } else { bytes(entry) };
            kept
        });
        self.version += 1;
        before - self.entries.len()
    }

    /// Entries that are no longer there.
    pub(super) fn dropped(&self) -> u64 {
        self.begun - self.entries.len() as u64
    }

    /// Bytes of all entries.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The entries are in the order of their numbers, some of which may be missing.
    fn place(&self, id: u64) -> Option<usize> {
        self.entries.binary_search_by_key(&id, |entry| entry.id).ok()
    }
}

fn bytes(entry: &Entry) -> usize {
    let Received { method, target, listener, head, body, .. } = &*entry.received;
    let own = method.len() + target.len() + listener.len() + head.len() + body.len();
    let Answer { modifiers, error, .. } = &entry.answer;
    let modifiers = modifiers.as_ref().map_or(0, |text| text.len());
    let error = error.as_ref().map_or(0, |text| text.len());
    ENTRY_BYTES + own + modifiers + error
}
