//! The outputs of the log: each has a bounded queue, and a thread that writes what is in it.
//!
//! Callers hand over whole lines and never wait, whether they are workers or the thread that acts
//! on signals. When an output takes nothing (a pipe that nobody reads, a slow disk) its queue fills
//! up; further lines are dropped and counted, and the count is logged when there is room again.
//!
//! Everything for one output goes through one queue, so lines arrive in order: the events of
//! `tracing`, and the access log unless it has a file. Each output has its own thread, because
//! standard error is shared with other processes: it cannot be made non-blocking, and whatever
//! `poll` reports, another process may take the room before our `write`. A thread that may block
//! must not serve a second output.
//!
//! ```text
//! tracing  ── a line per event ──┐
//! workers  ── batches of lines ──┴─ send ──> queue ──> writer ── write ──> standard error or file
//!             ^                                          │
//!             └───────────── emptied batches ────────────┘
//! ```

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
    /// Unbounded in itself: [`Shared::queued`] bounds it in bytes.
    queue: Sender<Message>,
    shared: Arc<Shared>,
    /// Disconnected when the writer has ended. Only `close` takes the lock.
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
    /// Nobody waits for the writer any more: it gives up an output that takes nothing.
    abandon: AtomicBool,
}

/// An entry of the queue.
#[derive(Debug)]
enum Message {
    /// Whole lines, and where the emptied buffer is sent.
    Lines(Vec<u8>, Option<SyncSender<Vec<u8>>>),
    /// Makes the writer look at [`Shared`].
    Wake,
}

thread_local! {
    /// Whether this thread reports lost lines: a report is queued even if the queue is full, or its
    /// count would be lost too. A writer makes at most one for each message it takes.
    static REPORTING: Cell<bool> = const { Cell::new(false) };
}

impl Target {
    /// The name used in messages.
    fn name(&self) -> &'static str {
        match self {
            Target::Stderr => "standard error",
            Target::Stdout => "standard output",
            Target::File(_) => "the access log",
        }
    }

    /// At most 15 bytes, as Linux cuts a thread's name there.
    fn thread_name(&self) -> &'static str {
        match self {
            Target::Stderr => "log",
            Target::Stdout => "stdout",
            Target::File(_) => "access-log",
        }
    }
}

impl Output {
    /// Starts the writer and opens the target. A FIFO without a reader counts as open: it is tried
    /// again for each message, and lines are lost until then.
    ///
    /// Where workers have descriptor tables of their own, the writer must have one too: workers
    /// copy the table they start with, and a copy of the file's descriptor in it would keep a
    /// rotated and deleted log on the disk until the end.
    pub(super) fn start(target: Target, private_fd_table: bool) -> io::Result<Arc<Output>> {
        let wanted = target.clone();
        Output::open(target, move || {
            if private_fd_table && let Err(error) = os::unshare_descriptors() {
                tracing::debug!(%error, "no private descriptor table for {}", wanted.name());
            }
            writer::open(&wanted)
        })
    }

    /// The same with another way to open the target, which is called on the writer's thread.
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
            // The receiver waits below, so the result is taken.
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

    /// Queues whole lines of the server's own, or drops and counts them when the queue is full.
    /// Some of the queue is reserved for them, so that a flood of requests does not push them out.
    pub(super) fn send(&self, lines: &[u8]) {
        let bound = match REPORTING.get() {
            true => usize::MAX,
            false => LOG_QUEUE_BYTES + LOG_RESERVED_BYTES,
        };
        let _ = self.queue(lines.to_vec(), None, bound);
    }

    /// Queues a batch of lines; the emptied buffer comes back through `home`. Returns the batch if
    /// it was dropped, and its lines counted, because the queue is full.
    pub(super) fn send_batch(
        &self,
        lines: Vec<u8>,
        home: &SyncSender<Vec<u8>>,
    ) -> Result<(), Vec<u8>> {
        self.queue(lines, Some(home.clone()), LOG_QUEUE_BYTES)
    }

    /// Queues a copy of some lines of a batch, or drops and counts them because the queue is full.
    pub(super) fn send_few(&self, lines: &[u8]) {
        let _ = self.queue(lines.to_vec(), None, LOG_QUEUE_BYTES);
    }

    fn queue(
        &self,
        lines: Vec<u8>,
        home: Option<SyncSender<Vec<u8>>>,
        bound: usize,
    ) -> Result<(), Vec<u8>> {
        let cost = cost(&lines);
        let queued = self.shared.queued.fetch_add(cost, Relaxed);
        let lines = match queued.saturating_add(cost) <= bound {
            true => match self.queue.send(Message::Lines(lines, home)) {
                Ok(()) => return Ok(()),
                Err(refused) => match refused.0 {
                    Message::Lines(lines, _) => lines,
                    Message::Wake => Vec::new(),
                },
            },
            false => lines,
        };
        self.shared.queued.fetch_sub(cost, Relaxed);
        self.shared.lose(&lines);
        Err(lines)
    }

    /// Opens the file again under its name, after it was rotated away. Does not wait.
    pub(super) fn reopen(&self) {
        self.ask(&self.shared.reopen);
    }

    /// Lines lost since the start.
    pub(super) fn lost(&self) -> u64 {
        self.shared.lost.load(Relaxed)
    }

    /// Makes the writer end when it has written what is queued. Does not wait; lines sent later may
    /// be lost, and are counted then.
    pub(super) fn finish(&self) {
        self.ask(&self.shared.close);
    }

    /// The same, and waits for it until `deadline` at most; then the output is given up.
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
                tracing::warn!(
                    "{} takes no more lines: those that are queued are lost",
                    self.target.name()
                );
            }
        }
    }

    fn ask(&self, wish: &AtomicBool) {
        // One that has been asked already is awake, or has a message that wakes it. A writer that
        // has ended needs no waking.
        if !wish.swap(true, Release) {
            let _ = self.queue.send(Message::Wake);
        }
    }
}

/// For `tracing`, which writes each event with one call. It never fails and never waits.
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
    /// Counts lines that are dropped. The first may be the rest of a line.
    fn lose(&self, lines: &[u8]) {
        self.lost.fetch_add(memchr::memchr_iter(b'\n', lines).count() as u64, Relaxed);
    }
}

/// Memory that a message takes in the queue, in bytes.
fn cost(lines: &Vec<u8>) -> usize {
    lines.capacity() + size_of::<Message>()
}
