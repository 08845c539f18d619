//! What a worker passes on: its records, its counters, and both for the last time.

use std::mem;

use super::Worker;
use crate::base::limits::TIMED_SESSIONS;
use crate::server::metrics::{Gauges, Report, ServerFacts};
use crate::server::net::Net;
use crate::server::stats::WorkerStats;

impl<N: Net> Worker<N> {
    /// Whether there is a log to write, or a record of when there was one.
    #[inline(always)] // in every loop
    pub(super) fn has_to_log(&self) -> bool {
        self.config.sink.is_some() || !self.shared.records.is_empty()
    }

    /// Formats the records of exchanges that have finished.
    pub(super) fn log(&mut self) {
        let (sink, journal) = (&mut self.config.sink, &self.config.app.journal);
        self.shared.records.drain(|record| {
            if let Some(journal) = journal.as_ref().filter(|_| record.journaled > 0) {
                journal.complete(record);
            }
            // The log may have been switched off while these were under way.
            if let Some(sink) = sink.as_mut().filter(|_| !record.unlogged) {
                sink.push(record);
            }
        });
        if let Some(sink) = sink.as_mut().filter(|sink| sink.due() <= self.now) {
            sink.flush();
        }
    }

    /// Counts a turn of the loop that served so many sessions, and notes how long it took: if the
    /// clock was read in it, or so much was done that reading it costs little in comparison.
    #[inline(always)] // in every loop
    pub(super) fn measure_loop(&mut self, sessions: usize) {
        self.shared.metrics.loops += 1;
        if sessions >= TIMED_SESSIONS {
            self.measured = self.net.now();
        }
        if self.measured > self.now {
            let took_us = self.measured.micros().saturating_sub(self.now.micros());
            self.shared.metrics.longest_loop.record(self.measured, took_us);
        }
    }

    /// What it has counted so far.
    pub(super) fn report(&mut self) -> Report {
        let shared = &mut self.shared;
        let gauges = Gauges {
            workers: 1,
            draining: shared.draining,
            delayed: shared.delayed as u64,
            streams: shared.streams.len() as u64,
            timers: (self.wheel.armed() + shared.streams.armed()) as u64,
            collected_bytes: self.buffers.collected as u64,
        };
        let metrics = shared.metrics.snapshot(self.now);
        let (server, process) = (ServerFacts::default(), Default::default());
        Report { totals: self.totals(), metrics, gauges, server, process }
    }

    /// The counters that are logged at the end.
    fn totals(&self) -> WorkerStats {
        WorkerStats {
            requests: self.shared.served,
            clients_gone: self.shared.clients_gone,
            applied: self.shared.applied,
            skipped: self.shared.skipped,
            ..self.stats
        }
    }

    /// Closes everything, and leaves its last report.
    pub(super) fn end(mut self) -> (WorkerStats, N) {
        self.remove_files();
        self.close_all_listeners();
        self.stats.cut_off = self.at_work();
        for token in self.sessions.tokens().collect::<Vec<_>>() {
            self.close(token);
        }
        self.log();
        if let Some(sink) = &mut self.config.sink {
            sink.flush();
        }
        let timers = self.wheel.armed() + self.shared.streams.len();
        let connections = self.shared.metrics.connections;
        let states = connections.iter().filter(|count| **count > 0).count();
        self.stats.leaked = self.shared.delayed + timers + self.buffers.collected + states;
        let totals = self.totals();
        let gauges = Gauges { draining: self.shared.draining, ..Gauges::default() };
        self.shared.metrics.advance(self.now);
        let metrics = mem::take(&mut self.shared.metrics);
        let (server, process) = (ServerFacts::default(), Default::default());
        let report = Report { totals, metrics, gauges, server, process };
        self.ended.note(self.shared.number, report);
        (totals, self.net)
    }
}
