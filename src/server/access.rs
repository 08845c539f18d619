//! The access log: workers make lines of their records, and one thread writes them.
//!
//! A worker formats into a batch of its own: no lock, no allocation and no system call for a
//! request, and it costs less than handing a record's pieces to another thread. Full or old batches
//! go through a bounded queue to the writer thread, which writes each with one call and sends the
//! emptied batch back. A worker never waits: when the writer is behind, because its disk or pipe
//! is, the batch is dropped and its records are counted.
//!
//! Times are the worker's clock laid over the wall clock of the start: if somebody sets the wall
//! clock while loiter runs, the log keeps the old reckoning and stays monotonic until a restart.
//!
//! ```text
//! worker ── push: format ──> batch ── flush: try_send ──> queue ──> writer ── write_all ──> file
//!                              ^                                      │
//!                              └───────── emptied batches ────────────┘
//! ```

mod line;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use super::os;
use crate::base::time::Time;
use crate::http::record::Record;
use line::Formatter;

/// Bytes in a batch at which it is sent: enough that queue and write cost little for each line.
const BATCH_BYTES: usize = 64 * 1024;
/// Room for the last line of a batch; a longer one makes the batch grow.
const LINE_BYTES: usize = 1024;
/// Longest time a record waits in a batch that does not fill, in microseconds.
const BATCH_AGE_US: u64 = 100_000;
/// Batches the writer may be behind, all workers together: 4 MiB.
const QUEUE_BATCHES: usize = 64;
/// Emptied batches kept for a worker: one to fill while another is written, and one to spare.
const SPARE_BATCHES: usize = 3;
/// Time the writer has at the end for what is still queued; a pipe that nobody reads is given up.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

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
    queue: SyncSender<Message>,
    shared: Arc<Shared>,
    /// Fails with "disconnected" when the writer has ended. The lock is taken by `close` alone.
    ended: Mutex<Receiver<()>>,
}

/// What workers, writer and daemon tell each other outside the queue, which may be full.
#[derive(Debug, Default)]
struct Shared {
    dropped: AtomicU64,
    reopen: AtomicBool,
    close: AtomicBool,
}

/// Lines, and of how many records they are.
#[derive(Debug, Default)]
struct Batch {
    lines: Vec<u8>,
    records: u64,
}

/// What goes through the queue.
#[derive(Debug)]
enum Message {
    /// Lines to write, and where to send the emptied batch.
    Batch(Batch, SyncSender<Batch>),
    /// Look at [`Shared`].
    Wake,
}

impl AccessLog {
    /// Starts the writer and opens the log. `target` is a file to append to, or `None` for standard
    /// error; `start` is the wall clock at [`Time::START`].
    ///
    /// Where workers have descriptor tables of their own, the writer must have one too: workers
    /// copy theirs from the one they find, and a copy of the file's descriptor in it would keep a
    /// rotated and deleted log on the disk until the end.
    pub fn start(
        format: Format,
        target: Option<PathBuf>,
        start: SystemTime,
        private_fd_table: bool,
    ) -> io::Result<AccessLog> {
        let open = move || -> io::Result<Output> {
            if private_fd_table && let Err(error) = os::unshare_descriptors() {
                tracing::debug!(%error, "no private descriptor table for the access log");
            }
            Ok(match &target {
                Some(path) => Output { to: Box::new(open(path)?), path: target },
                None => Output { to: Box::new(io::stderr()), path: None },
            })
        };
        AccessLog::to(Formatter::new(format, start), open)
    }

    /// A log to what `open` opens, in the writer's thread.
    fn to(
        formatter: Formatter,
        open: impl FnOnce() -> io::Result<Output> + Send + 'static,
    ) -> io::Result<AccessLog> {
        let (queue, inbox) = sync_channel(QUEUE_BATCHES);
        let (alive, ended) = sync_channel(0);
        let (opened, outcome) = sync_channel(1);
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let write = move || {
            let _alive = alive;
            let writer = open().map(|output| Writer { output, shared: theirs, failing: false });
            // `start` waits for this, so it is taken.
            let _ = match writer {
                Err(error) => opened.send(Err(error)),
                Ok(mut writer) => opened.send(Ok(())).map(|()| writer.run(inbox)),
            };
        };
        thread::Builder::new().name("access-log".into()).spawn(write)?;
        outcome.recv().map_err(io::Error::other)??;
        Ok(AccessLog { formatter, queue, shared, ended: Mutex::new(ended) })
    }

    /// A place for one worker's records.
    pub fn sink(&self) -> Sink {
        let (home, spares) = sync_channel(SPARE_BATCHES);
        Sink {
            formatter: self.formatter.clone(),
            batch: Batch::default(),
            due: Time::NEVER,
            queue: self.queue.clone(),
            home,
            spares,
            shared: Arc::clone(&self.shared),
        }
    }

    /// Opens the file anew under its name, for a log that was rotated away.
    pub fn reopen(&self) {
        self.tell(&self.shared.reopen);
    }

    /// Records that were lost, because the writer was behind or its write failed.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Relaxed)
    }

    /// Writes what was sent so far and ends the writer; what a sink sends later is lost and
    /// counted. Waits, and not for long, until that is done.
    pub fn close(&self) {
        self.tell(&self.shared.close);
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.recv_timeout(CLOSE_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the access log takes no more lines: what is queued for it is lost");
        }
    }

    fn tell(&self, wish: &AtomicBool) {
        wish.store(true, Release);
        // When the queue is full, the batches in it wake the writer just as well.
        let _ = self.queue.try_send(Message::Wake);
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.close();
    }
}

/// One worker's place for its records.
#[derive(Debug)]
pub struct Sink {
    formatter: Formatter,
    batch: Batch,
    due: Time,
    queue: SyncSender<Message>,
    home: SyncSender<Batch>,
    spares: Receiver<Batch>,
    shared: Arc<Shared>,
}

impl Sink {
    /// Takes a record.
    pub fn push(&mut self, record: &Record) {
        if self.batch.records == 0 {
            self.batch.lines.reserve(BATCH_BYTES + LINE_BYTES);
            self.due = record.started.after_us(record.duration_us).after_us(BATCH_AGE_US);
        }
        self.formatter.append(record, &mut self.batch.lines);
        self.batch.records += 1;
        if self.batch.lines.len() >= BATCH_BYTES {
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
        if self.batch.records == 0 {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        self.batch = match self.queue.try_send(Message::Batch(batch, self.home.clone())) {
            Ok(()) => self.spares.try_recv().unwrap_or_default(),
            Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) => {
                self.lose(message)
            }
        };
    }

    fn lose(&self, message: Message) -> Batch {
        let Message::Batch(mut batch, _) = message else { return Batch::default() };
        self.shared.dropped.fetch_add(batch.records, Relaxed);
        batch.clear();
        batch
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Batch {
    /// Empties it. One huge line is no reason to keep its room for ever.
    fn clear(&mut self) {
        self.lines.clear();
        self.lines.shrink_to(BATCH_BYTES + LINE_BYTES);
        self.records = 0;
    }
}

/// Where lines go, and the name under which it can be opened again.
struct Output {
    to: Box<dyn Write + Send>,
    path: Option<PathBuf>,
}

/// The thread that writes.
struct Writer {
    output: Output,
    shared: Arc<Shared>,
    /// Whether the last write failed: a full disk is reported once, not ten times a second.
    failing: bool,
}

impl Writer {
    fn run(&mut self, inbox: Receiver<Message>) {
        while let Ok(message) = inbox.recv() {
            self.take(message);
            if self.shared.close.load(Acquire) {
                return inbox.try_iter().for_each(|message| self.take(message));
            }
        }
    }

    fn take(&mut self, message: Message) {
        if self.shared.reopen.swap(false, Acquire) {
            self.reopen();
        }
        if let Message::Batch(mut batch, home) = message {
            self.write(&batch);
            batch.clear();
            let _ = home.try_send(batch); // Full or gone: it has enough of them.
        }
    }

    fn write(&mut self, batch: &Batch) {
        let outcome = self.output.to.write_all(&batch.lines);
        if let Err(error) = &outcome {
            self.shared.dropped.fetch_add(batch.records, Relaxed);
            if !self.failing {
                tracing::error!(%error, "cannot write the access log; lines are lost meanwhile");
            }
        }
        self.failing = outcome.is_err();
    }

    /// The old file stays in use when the new one cannot be opened.
    fn reopen(&mut self) {
        let Some(path) = &self.output.path else { return };
        match open(path) {
            Ok(file) => self.output.to = Box::new(file),
            Err(error) => tracing::error!(%error, "the access log stays in its old file"),
        }
    }
}

/// Its error names the file.
fn open(path: &Path) -> io::Result<File> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    OpenOptions::new().append(true).create(true).open(path).map_err(named)
}
