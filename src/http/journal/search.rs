//! A search of the journal, which may wait until enough requests are there.

use std::sync::Arc;

use super::filter::Filter;
use super::show::whole;
use super::{Entry, Received, SharedJournal};
use crate::base::limits::{JOURNAL_BACKLOG, JOURNAL_LISTED_BYTES};
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
    seen: Option<u64>,
    /// How many more there must be for there to be enough.
    missing: u64,
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
    /// A search for all that the filter means, which lists nothing yet.
    pub fn new(journal: SharedJournal, filter: Filter) -> Search {
        Search { journal, filter, wanted: 0, limit: 0, seen: None, missing: 0 }
    }

    /// All that is meant now, up to the limit and to this many bytes of heads and bodies.
    pub fn find(&self, bytes: usize) -> Found {
        let mut entries = self.journal.entries();
        entries.retain(|entry| self.filter.matches(entry));
        let matched = entries.len() as u64;
        if !self.filter.has_start() {
            entries.reverse();
        }
        let mut room = bytes;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let fit = entries.iter().take(limit).take_while(|entry| {
            let has_room = room > 0;
            let (Received { head, body, .. }, answer) = (&*entry.received, &entry.answer);
            let answered = answer.head.len() + answer.body.len();
            room = room.saturating_sub(head.len() + body.len() + answered);
            has_room
        });
        entries.truncate(fit.count());
        if !self.filter.has_start() {
            entries.reverse();
        }
        Found { entries, matched }
    }

    /// The status and the list, once as many are there as are wanted: 200. At the last look there
    /// may be fewer: 504.
    pub fn look(&mut self, is_last: bool) -> Option<(Status, Vec<u8>)> {
        if !self.may_be_enough() && !is_last {
            return None;
        }
        let found = self.find(JOURNAL_LISTED_BYTES);
        let is_enough = self.is_enough(found.matched);
        let status = if is_enough { Status::OK } else { Status(504) };
        (is_enough || is_last).then(|| (status, self.list(&found)))
    }

    /// Whether the journal is to be searched: as many requests that are meant have come or changed
    /// as were missing at the last search. Only what has changed since the last look is looked at.
    pub fn may_be_enough(&mut self) -> bool {
        let version = self.journal.version();
        let seen = match self.seen.replace(version) {
            None => return true,
            Some(seen) if seen == version => return false,
            Some(seen) => seen,
        };
        let changes = self.journal.changes(seen, JOURNAL_BACKLOG);
        let meant = changes.entries.iter().filter(|entry| self.filter.matches(entry)).count();
        self.missing = self.missing.saturating_sub(meant as u64);
        self.missing == 0 || changes.skipped > 0
    }

    /// Whether so many are enough, which a search has found.
    pub fn is_enough(&mut self, matched: u64) -> bool {
        self.missing = self.wanted.saturating_sub(matched);
        self.missing == 0
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
