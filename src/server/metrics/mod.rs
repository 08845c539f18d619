//! What the server has counted: asked of the workers, summed, and shown in two formats.

pub mod families;
mod process;
mod prometheus;
mod stats;
pub mod text;

pub use process::Process;
pub use prometheus::{MEDIA_TYPE, prometheus};
pub use stats::stats;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::stats::WorkerStats;
use crate::http::journal::Counts;
use crate::http::metrics::Metrics;

/// What one worker has counted, or several together.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Counters that are also logged at the end.
    pub totals: WorkerStats,
    /// Most counters.
    pub metrics: Metrics,
    /// What is there at the moment.
    pub gauges: Gauges,
    /// What is known without the workers.
    pub server: ServerFacts,
    /// The process.
    pub process: Process,
}

/// What is there at the moment: zero once a worker has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Workers that serve.
    pub workers: u64,
    /// Whether one of them has begun to drain.
    pub draining: bool,
    /// Requests whose answers take time.
    pub delayed: u64,
    /// Streams of HTTP/2 connections that are open.
    pub streams: u64,
    /// Timers that are armed.
    pub timers: u64,
    /// Bytes that wait behind the output of connections, for clients that do not read.
    pub collected_bytes: u64,
}

/// What is known without the workers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ServerFacts {
    /// Most connections at a time; 0 until it is known.
    pub capacity: u64,
    /// Lines that the logs have lost.
    pub log_lines_lost: u64,
    /// What the journal has counted.
    pub journal: Counts,
    /// Seconds since the times of `/stats` were reset.
    pub stats_age_s: f64,
}

impl Report {
    /// Adds that of another worker.
    pub fn add(&mut self, other: &Report) {
        self.totals.add(&other.totals);
        self.metrics.add(&other.metrics);
        let (sum, more) = (&mut self.gauges, other.gauges);
        sum.draining |= more.draining;
        sum.workers += more.workers;
        sum.delayed += more.delayed;
        sum.streams += more.streams;
        sum.timers += more.timers;
        sum.collected_bytes += more.collected_bytes;
    }
}

/// The last reports of workers that have ended, by the numbers of the workers.
#[derive(Debug, Default)]
pub struct Ended(Mutex<BTreeMap<usize, Report>>);

impl Ended {
    /// The worker of this number ends with this report, and answers no further question.
    pub fn note(&self, number: usize, report: Report) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(number, report);
    }

    /// Adds these reports to those that workers still gave. A worker that ended meanwhile is in
    /// both, and counts once.
    pub fn sum(&self, mut given: BTreeMap<usize, Report>) -> Report {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        given.retain(|number, _| !ended.contains_key(number));
        let mut sum = Report::default();
        ended.values().chain(given.values()).for_each(|report| sum.add(report));
        sum
    }
}
