//! The outputs of the log, each with a bounded queue and a thread that writes it.
//!
//! Callers, which are workers and the thread that handles signals, queue whole lines and never
//! wait. If an output blocks (a pipe without a reader, a slow disk), its queue fills up; further
//! lines are dropped and counted, and the count is logged when there is room again.
//!
//! Everything for one output goes through one queue, so lines stay in order: the events of
//! `tracing`, and the access log unless it has a file. Each output has its own thread, because
//! standard error is shared with other processes: it cannot be made non-blocking, and after `poll`
//! reports room, another process may take it before our `write`. A thread that may block must not
//! serve a second output.
//!
//! ```text
//! tracing  ── a line per event ──┐
//! workers  ── batches of lines ──┴─ send ──> queue ──> writer ── write ──> standard error or file
//!             ^                                          │
//!             └───────────── emptied batches ────────────┘
//! ```

#[cfg(feature = "cli")]
pub(super) mod subscriber;
#[cfg(test)]
mod tests;
mod writer;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use super::os;
use crate::base::limits::{LOG_QUEUE_BYTES, LOG_RESERVED_BYTES};
use writer::Writer;

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
    /// A file to append to, or a FIFO.
    File(PathBuf),
}

/// An output and its queue.
#[derive(Debug)]
pub(super) struct Output {
    target: Target,
    /// Unbounded; [`Shared::queued`] limits it in bytes.
    queue: Sender<Message>,
    shared: Arc<Shared>,
    /// Disconnected when the writer has ended. Only `close` locks it.
    ended: Mutex<Receiver<()>>,
}

/// State shared by an output's callers and its writer.
#[derive(Debug, Default)]
struct Shared {
    /// Memory of the messages in the queue, in bytes.
    queued: AtomicUsize,
    /// Lines dropped because the queue was full or a write failed.
    lost: AtomicU64,
    reopen: AtomicBool,
    close: AtomicBool,
    /// `close` no longer waits: the writer gives up an output that blocks.
    abandon: AtomicBool,
}

/// An entry of the queue.
#[derive(Debug)]
enum Message {
    /// Whole lines, and where to send the emptied buffer.
    Lines(Vec<u8>, Option<SyncSender<Vec<u8>>>),
    /// Makes the writer check [`Shared`].
    Wake,
}

thread_local! {
    /// Whether this thread is reporting lost lines. Such a report is queued even if the queue is
    /// full, or it would be lost too; a writer makes at most one per message.
    static REPORTING: Cell<bool> = const { Cell::new(false) };
}

impl Target {
    /// The name in log messages.
    fn name(&self) -> &'static str {
        match self {
            Target::Stderr => "standard error",
            Target::Stdout => "standard output",
            Target::File(_) => "the access log",
        }
    }

    /// The thread's name: at most 15 bytes, the limit on Linux.
    fn thread_name(&self) -> &'static str {
        match self {
            Target::Stderr => "log",
            Target::Stdout => "stdout",
            Target::File(_) => "access-log",
        }
    }
}

impl Output {
    /// Starts the writer and opens the target. A FIFO without a reader is not an error: the writer
    /// retries for each message, and lines are lost until then.
    ///
    /// If workers have private descriptor tables, the writer must have one too: workers copy the
    /// table they start with, and a copy of the file's descriptor would keep a rotated and deleted
    /// log on the disk.
    pub(super) fn start(target: Target, private_fd_table: bool) -> io::Result<Arc<Output>> {
        let wanted = target.clone();
        Output::open(target, move || {
            if private_fd_table && let Err(error) = os::unshare_descriptors() {
                tracing::debug!(%error, "no private descriptor table for {}", wanted.name());
            }
            writer::open(&wanted)
        })
    }

    /// The same; `open` opens the target, on the writer's thread.
    fn open(
        target: Target,
        open: impl FnOnce() -> io::Result<Option<File>> + Send + 'static,
    ) -> io::Result<Arc<Output>> {
        let (queue, inbox) = channel();
        let (alive, ended) = sync_channel(0);
        let (opened, outcome) = sync_channel(1);
        let shared = Arc::new(Shared::default());
        let (name, theirs, wanted) = (target.thread_name(), Arc::clone(&shared), target.clone());
        let run = move || {
            let _alive = alive;
            // The receiver waits below, so this does not fail.
            let _ = match open() {
                Err(error) => opened.send(Err(error)),
                Ok(file) => {
                    let mut writer = Writer::new(wanted, file, theirs);
                    opened.send(Ok(())).map(|()| writer.run(inbox))
                }
            };
        };
        thread::Builder::new().name(name.into()).spawn(run)?;
        outcome.recv().map_err(io::Error::other)??;
        Ok(Arc::new(Output { target, queue, shared, ended: Mutex::new(ended) }))
    }

    /// Queues whole lines of the server's own log, or drops and counts them if the queue is full. A
    /// part of the queue is reserved for them, so that a flood of requests does not displace them.
    pub(super) fn send(&self, lines: &[u8]) {
        let bound = match REPORTING.get() {
            true => usize::MAX,
            false => LOG_QUEUE_BYTES + LOG_RESERVED_BYTES,
        };
        let _ = self.queue(lines.to_vec(), None, bound);
    }

    /// Queues a batch of lines; the emptied buffer is sent to `recycle`. If the queue is full, the
    /// lines are dropped and counted, and the batch is returned.
    pub(super) fn send_batch(
        &self,
        lines: Vec<u8>,
        recycle: &SyncSender<Vec<u8>>,
    ) -> Result<(), Vec<u8>> {
        self.queue(lines, Some(recycle.clone()), LOG_QUEUE_BYTES)
    }

    /// Queues a copy of a few lines, or drops and counts them if the queue is full.
    pub(super) fn send_few(&self, lines: &[u8]) {
        let _ = self.queue(lines.to_vec(), None, LOG_QUEUE_BYTES);
    }

    fn queue(
        &self,
        lines: Vec<u8>,
        recycle: Option<SyncSender<Vec<u8>>>,
        bound: usize,
    ) -> Result<(), Vec<u8>> {
        let cost = cost(&lines);
        let queued = self.shared.queued.fetch_add(cost, Relaxed);
        let lines = match queued.saturating_add(cost) <= bound {
            true => match self.queue.send(Message::Lines(lines, recycle)) {
                Ok(()) => return Ok(()),
                Err(refused) => match refused.0 {
                    Message::Lines(lines, _) => lines,
                    Message::Wake => Vec::new(),
                },
            },
            false => lines,
        };
        self.shared.queued.fetch_sub(cost, Relaxed);
        self.shared.count_lost(&lines);
        Err(lines)
    }

    /// Reopens the file by its name, after log rotation. Does not wait.
    pub(super) fn reopen(&self) {
        self.request(&self.shared.reopen);
    }

    /// Lines lost since the start.
    pub(super) fn lost(&self) -> u64 {
        self.shared.lost.load(Relaxed)
    }

    /// Makes the writer end when the queue is empty. Does not wait. Later lines may be lost.
    pub(super) fn finish(&self) {
        self.request(&self.shared.close);
    }

    /// The same, and waits until `deadline` at most; then the writer gives the output up.
    pub(super) fn close(&self, deadline: Instant) {
        if self.shared.abandon.load(Relaxed) {
            return;
        }
        self.finish();
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let within = deadline.saturating_duration_since(Instant::now());
        if ended.recv_timeout(within) == Err(RecvTimeoutError::Timeout) {
            self.shared.abandon.store(true, Relaxed);
            if self.target != Target::Stderr {
                tracing::warn!("{} is blocked: its queued lines are lost", self.target.name());
            }
        }
    }

    fn request(&self, flag: &AtomicBool) {
        // If the flag was set, the writer is awake or has a message. It may also have ended.
        if !flag.swap(true, Release) {
            let _ = self.queue.send(Message::Wake);
        }
    }
}

/// For `tracing`, which writes each event with one call. It neither fails nor waits.
impl Write for &Output {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.send(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    /// Counts dropped lines. The first may be the end of a line.
    fn count_lost(&self, lines: &[u8]) {
        self.lost.fetch_add(memchr::memchr_iter(b'\n', lines).count() as u64, Relaxed);
    }
}

/// The memory that a message takes in the queue, in bytes.
fn cost(lines: &Vec<u8>) -> usize {
    lines.capacity() + size_of::<Message>()
}
