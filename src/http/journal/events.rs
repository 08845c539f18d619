//! Entries of the journal as JSON, and their changes as server-sent events.

use std::net::SocketAddr;

use super::{Counts, Entry, SharedJournal};
use crate::base::limits::{JOURNAL_EVENTS, JOURNAL_KEEP_ALIVE, JOURNAL_TICK};
use crate::http::json::{Json, Layout, Spelling};

/// The changes of a journal from some version on.
#[derive(Clone, Debug)]
pub struct Events {
    journal: SharedJournal,
    /// The newest change that was sent.
    seen: u64,
    /// How many times nothing was sent.
    quiet: u32,
    /// What the journal had counted when that was last sent.
    counts: Counts,
}

impl Events {
    /// The changes after this version. Without one, all that is in the journal comes first.
    pub fn since(journal: SharedJournal, version: Option<u64>) -> Events {
        Events { journal, seen: version.unwrap_or(0), quiet: 0, counts: Counts::default() }
    }

    /// Appends what has changed since the last call; a comment if nothing has for long.
    pub(in crate::http) fn piece(&mut self, output: &mut Vec<u8>) {
        let version = self.journal.version();
        self.quiet += 1;
        if self.quiet >= JOURNAL_KEEP_ALIVE.div_duration_f32(JOURNAL_TICK) as u32 {
            self.quiet = 0;
            output.extend_from_slice(b":\n\n");
        }
        // A version that is not there yet is one of an earlier process.
        if version == self.seen {
            return;
        }
        if version < self.seen {
            self.seen = 0;
        }
        self.quiet = 0;
        let changes = self.journal.changes(self.seen, JOURNAL_EVENTS);
        if changes.skipped > 0 {
            named(output, "skipped", &[("requests", changes.skipped as u64)]);
        }
        for entry in &changes.entries {
            self.seen = entry.version;
            event(entry, output);
        }
        if changes.entries.is_empty() {
            self.seen = version;
        }
        let (before, now) = (self.counts, changes.counts);
        if (before.dropped(), before.cut) != (now.dropped(), now.cut) {
            self.counts = now;
            named(output, "dropped", &[("requests", now.dropped()), ("bodies_cut", now.cut)]);
        }
    }
}

/// Appends an event with these numbers.
fn named(output: &mut Vec<u8>, name: &str, numbers: &[(&str, u64)]) {
    output.extend_from_slice(b"event: ");
    output.extend_from_slice(name.as_bytes());
    output.extend_from_slice(b"\ndata: ");
    Json::spelled(output, Layout::Compact, Spelling::Go).object(|json| {
        for (name, number) in numbers {
            json.raw_at(name, itoa::Buffer::new().format(*number));
        }
    });
    output.extend_from_slice(b"\n\n");
}

fn event(entry: &Entry, output: &mut Vec<u8>) {
    let line = format!("event: request\nid: {}\ndata: ", entry.version);
    output.extend_from_slice(line.as_bytes());
    let mut json = Json::spelled(output, Layout::Compact, Spelling::Go);
    json.object(|json| summary(json, entry));
    output.extend_from_slice(b"\n\n");
}

/// Writes the members of an object that shows an entry without its fields and body.
pub fn summary(json: &mut Json, entry: &Entry) {
    let (received, answer) = (&*entry.received, &entry.answer);
    json.raw_at("id", &entry.id.to_string());
    let (ms, us) = (received.unix_us / 1000, received.unix_us % 1000);
    json.raw_at("started", &format!("{ms}.{us:03}"));
    json.text_at("method", &received.method);
    json.text_at("target", &received.target);
    json.text_at("version", received.version);
    optional(json, "peer", received.peer_text().as_deref());
    json.text_at("listener", &received.listener);
    optional(json, "tls", received.tls);
    optional(json, "route", answer.route);
    json.text_at("state", answer.state.name());
    json.raw_at("status", &answer.status.0.to_string());
    json.raw_at("delay_us", &answer.delay_us.to_string());
    number(json, "late_us", answer.late_us);
    number(json, "duration_us", answer.duration_us);
    json.raw_at("request_bytes", &received.body_bytes.to_string());
    json.raw_at("response_bytes", &answer.body_bytes.to_string());
    optional(json, "modifiers", answer.modifiers.as_deref());
    optional(json, "error", answer.error.as_deref());
}

pub(super) fn optional(json: &mut Json, name: &str, text: Option<&str>) {
    match text {
        Some(text) => json.text_at(name, text),
        None => json.raw_at(name, "null"),
    }
}

fn number(json: &mut Json, name: &str, number: Option<u64>) {
    let text = number.map(|number| number.to_string());
    json.raw_at(name, text.as_deref().unwrap_or("null"));
}

impl super::Received {
    /// The client's address and port, as `127.0.0.1:53122`; `None` on a Unix socket.
    pub fn peer_text(&self) -> Option<String> {
        let peer = self.peer?;
        let port = self.peer_port;
        Some(port.map_or_else(|| peer.to_string(), |port| SocketAddr::new(peer, port).to_string()))
    }
}
