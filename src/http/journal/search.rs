//! A search of the journal, which may wait until enough requests are there.

use std::sync::Arc;

use super::filter::Filter;
use super::show::whole;
use super::{Entry, SharedJournal};
use crate::base::limits::JOURNAL_LISTED_BYTES;
use crate::http::json::{Json, Layout, Spelling};
use crate::http::status::Status;

/// What is searched for, and where.
#[derive(Clone, Debug)]
pub struct Search {
    /// The journal.
    pub journal: SharedJournal,
    /// Which requests are meant.
    pub filter: Filter,
    /// How many are waited for.
    pub wanted: u64,
    /// How many are listed at most.
    pub limit: u64,
    /// The version of the journal at the last look.
    pub seen: Option<u64>,
}

/// What was found, in the order of arrival.
#[derive(Debug)]
pub struct Found {
    /// As many as are listed: the newest, or the first if the filter has a start.
    pub entries: Vec<Arc<Entry>>,
    /// How many there are.
    pub matched: u64,
}

impl Search {
    /// All that is meant now, up to the limit and to [`JOURNAL_LISTED_BYTES`].
    pub fn find(&self) -> Found {
        let mut entries = self.journal.entries();
        entries.retain(|entry| self.filter.matches(entry));
        let matched = entries.len() as u64;
        if !self.filter.has_start() {
            entries.reverse();
        }
        let mut room = JOURNAL_LISTED_BYTES;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let fit = entries.iter().take(limit).take_while(|entry| {
            let has_room = room > 0;
            room = room.saturating_sub(entry.received.head.len() + entry.received.body.len());
            has_room
        });
        entries.truncate(fit.count());
        if !self.filter.has_start() {
            entries.reverse();
        }
        Found { entries, matched }
    }

    /// The status and the list, once as many are there as are wanted: 200. At the last look there
    /// may be fewer: 504. Nothing is searched while nothing changes.
    pub fn look(&mut self, is_last: bool) -> Option<(Status, Vec<u8>)> {
        let version = self.journal.version();
        if !is_last && self.seen.replace(version) == Some(version) {
            return None;
        }
        let found = self.find();
        let is_enough = found.matched >= self.wanted;
        let status = if is_enough { Status::OK } else { Status(504) };
        (is_enough || is_last).then(|| (status, self.list(&found)))
    }

    /// A list as JSON, with a line for each request.
    fn list(&self, found: &Found) -> Vec<u8> {
        let mut body = Vec::new();
        let mut json = Json::spelled(&mut body, Layout::Compact, Spelling::Go);
        json.object(|json| {
            json.list_at("requests", |json| {
                for entry in &found.entries {
                    json.item();
                    json.raw("\n");
                    json.object(|json| whole(json, entry));
                }
            });
            let numbers = [found.entries.len() as u64, found.matched, self.journal.dropped()];
            for (name, number) in ["count", "matched", "dropped"].into_iter().zip(numbers) {
                json.raw_at(name, itoa::Buffer::new().format(number));
            }
        });
        body.push(b'\n');
        body
    }
}
