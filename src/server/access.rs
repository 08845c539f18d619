//! The access log: workers make lines of their records, and one thread writes them.
//!
//! A worker formats into a batch of its own: no lock, no allocation and no system call for a
//! request, and it costs less than handing a record's pieces to another thread. Full or old batches
//! go to the output's queue (`server/log.rs`); emptied ones come back. A worker never waits:
//! when the output is behind, because its disk or pipe is, the batch is dropped and its lines are
//! counted.
//!
//! Times are the worker's clock laid over the wall clock of the start: if somebody sets the wall
//! clock while loiter runs, the log keeps the old reckoning and stays monotonic until a restart.

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
use crate::http::record::Record;
use line::Formatter;

/// Bytes in a batch at which it is sent: enough that queue and write cost little for each line.
const BATCH_BYTES: usize = 64 * 1024;
/// Room for the last line of a batch; a longer one makes the batch grow.
const LINE_BYTES: usize = 1024;
/// Longest time a record waits in a batch that does not fill, in microseconds.
const BATCH_AGE_US: u64 = 100_000;
/// Emptied batches kept for a worker: one to fill while another is written, and one to spare.
const SPARE_BATCHES: usize = 3;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache's Common Log Format.
    Common,
    /// The same with Referer and User-Agent.
    Combined,
    /// One JSON object a line, with the duration.
    Json,
}

/// The access log of a server.
#[derive(Debug)]
pub struct AccessLog {
    formatter: Formatter,
    output: Arc<Output>,
    /// Whether the output is this log's alone, and so closed with it.
    owned: bool,
}

impl AccessLog {
    /// A log with an output of its own; `start` is the wall clock at [`Time::START`].
    pub(super) fn start(
        target: Target,
        format: Format,
        start: SystemTime,
        private_fd_table: bool,
    ) -> io::Result<AccessLog> {
        let output = Output::start(target, private_fd_table)?;
        Ok(AccessLog { formatter: Formatter::new(format, start), output, owned: true })
    }

    /// A log on an output that others write to as well.
    pub(super) fn beside(output: &Arc<Output>, format: Format, start: SystemTime) -> AccessLog {
        let (formatter, output) = (Formatter::new(format, start), Arc::clone(output));
        AccessLog { formatter, output, owned: false }
    }

    /// A place for one worker's records.
    pub fn sink(&self) -> Sink {
        let (home, spares) = sync_channel(SPARE_BATCHES);
        Sink {
            formatter: self.formatter.clone(),
            batch: Vec::new(),
            due: Time::NEVER,
            output: Arc::clone(&self.output),
            home,
            spares,
        }
    }

    /// Opens the file anew under its name, for a log that was rotated away.
    pub fn reopen(&self) {
        self.output.reopen();
    }

    /// Lines that were lost, because the output was behind or a write failed. Other lines of the
    /// same output count too.
    pub fn dropped(&self) -> u64 {
        self.output.lost()
    }

    /// Whether it has a file of its own, and not an output that others use.
    pub(super) fn has_file(&self) -> bool {
        self.owned
    }

    /// Writes what was sent so far, until `deadline` at most; what a sink sends later is lost and
    /// counted. An output that others use is theirs to close.
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

/// One worker's place for its records.
#[derive(Debug)]
pub struct Sink {
    formatter: Formatter,
    batch: Vec<u8>,
    due: Time,
    output: Arc<Output>,
    home: SyncSender<Vec<u8>>,
    spares: Receiver<Vec<u8>>,
}

impl Sink {
    /// Takes a record.
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

    /// When [`flush`](Sink::flush) should be called at the latest.
    pub fn due(&self) -> Time {
        self.due
    }

    /// Sends the lines to the writer, or drops and counts them when it is behind.
    pub fn flush(&mut self) {
        self.due = Time::NEVER;
        if self.batch.is_empty() {
            return;
        }
        if self.batch.len() < BATCH_BYTES / 2 {
            // The queue is bounded by memory: a few lines do not take that of many.
            self.output.send_few(&self.batch);
            return self.batch.clear();
        }
        let batch = std::mem::take(&mut self.batch);
        self.batch = match self.output.send_batch(batch, &self.home) {
            Ok(()) => self.spares.try_recv().unwrap_or_default(),
            Err(dropped) => dropped,
        };
        self.batch.clear();
        // One huge line is no reason to keep its room for ever.
        self.batch.shrink_to(BATCH_BYTES + LINE_BYTES);
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.flush();
    }
}
