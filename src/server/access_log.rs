//! The access log: workers format lines, and one thread writes them.
//!
//! A worker formats into its own batch, without a lock, an allocation or a system call per request;
//! that costs less than passing the parts of a record to another thread. Full or old batches go to
//! the queue of the output (`server/log.rs`), and emptied ones come back. A worker never waits: if
//! the queue is full, because the disk or pipe is slow, the batch is dropped and its lines are
//! counted.
//!
//! Times are the wall clock at the start plus the worker's monotonic clock: if the wall clock is
//! set while loiter runs, the times in the log stay monotonic, and do not follow it until a
//! restart.

mod line;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Instant, SystemTime};

use super::log::{Output, Target};
use crate::base::limits::LOG_FLUSH;
use crate::base::time::Time;
use crate::config::AccessFormat as Format;
use crate::http::record::Record;
use line::Formatter;

/// A batch is sent at this size, in bytes: large enough that queue and write cost little per line.
const BATCH_BYTES: usize = 64 * 1024;
/// Capacity beyond that, for the last line; a longer one makes the batch grow.
const LINE_BYTES: usize = 1024;
/// Longest time a record waits in a batch that is not full, in microseconds.
const BATCH_AGE_US: u64 = 100_000;
/// Emptied batches kept for a worker: one to fill while another is written, and a spare.
const SPARE_BATCHES: usize = 3;

/// The access log of a server.
#[derive(Debug)]
pub struct AccessLog {
    formatter: Formatter,
    output: Arc<Output>,
    /// Whether the output belongs to this log, and is closed with it.
    pub(super) owned: bool,
}

impl AccessLog {
    /// A log with its own output; `start` is the wall clock at [`Time::START`].
    pub(super) fn start(
        target: Target,
        format: Format,
        start: SystemTime,
        private_fd_table: bool,
    ) -> io::Result<AccessLog> {
        let output = Output::start(target, private_fd_table)?;
        Ok(AccessLog { formatter: Formatter::new(format, start), output, owned: true })
    }

    /// A log that shares an output.
    pub(super) fn beside(output: &Arc<Output>, format: Format, start: SystemTime) -> AccessLog {
        let (formatter, output) = (Formatter::new(format, start), Arc::clone(output));
        AccessLog { formatter, output, owned: false }
    }

    /// Where it is written.
    pub(super) fn output(&self) -> &Arc<Output> {
        &self.output
    }

    /// A sink for the records of one worker.
    pub fn sink(&self) -> Sink {
        let (recycle, spares) = sync_channel(SPARE_BATCHES);
        Sink {
            formatter: self.formatter.clone(),
            batch: Vec::new(),
            due: Time::NEVER,
            output: Arc::clone(&self.output),
            recycle,
            spares,
        }
    }

    /// Reopens the file by its name, after log rotation.
    pub fn reopen(&self) {
        self.output.reopen();
    }

    /// Writes what was sent, until `deadline`; later lines are lost. A shared output stays open.
    pub fn close(&self, deadline: Instant) {
        if self.owned {
            self.output.close(deadline);
        }
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.close(Instant::now() + LOG_FLUSH);
    }
}

/// Formats the records of one worker and sends them in batches.
#[derive(Debug)]
pub struct Sink {
    formatter: Formatter,
    batch: Vec<u8>,
    due: Time,
    output: Arc<Output>,
    recycle: SyncSender<Vec<u8>>,
    spares: Receiver<Vec<u8>>,
}

impl Sink {
    /// Adds a record.
    pub fn push(&mut self, record: &Record) {
        if self.batch.is_empty() {
            self.batch.reserve(BATCH_BYTES + LINE_BYTES);
            self.due = record.started.after_us(record.duration_us).after_us(BATCH_AGE_US);
        }
        self.formatter.append(record, &mut self.batch);
        if self.batch.len() >= BATCH_BYTES {
            self.flush();
        }
    }

    /// When [`flush`](Sink::flush) must be called; [`Time::NEVER`] without records.
    pub fn due(&self) -> Time {
        self.due
    }

    /// Sends the lines to the writer, or drops and counts them if the queue is full.
    pub fn flush(&mut self) {
        self.due = Time::NEVER;
        if self.batch.is_empty() {
            return;
        }
        if self.batch.len() < BATCH_BYTES / 2 {
            // The queue is bounded by memory, so a few lines are copied out of a large buffer.
            self.output.send_few(&self.batch);
            return self.batch.clear();
        }
        let batch = std::mem::take(&mut self.batch);
        self.batch = match self.output.send_batch(batch, &self.recycle) {
            Ok(()) => self.spares.try_recv().unwrap_or_default(),
            Err(dropped) => dropped,
        };
        self.batch.clear();
        // A huge line may have made it grow.
        self.batch.shrink_to(BATCH_BYTES + LINE_BYTES);
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.flush();
    }
}
