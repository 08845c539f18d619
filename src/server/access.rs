//! The access log: workers leave records in batches, and one thread writes them as lines.
//!
//! A worker only appends to a list of its own: no lock, no formatting and no system call for a
//! request. Full or old lists go through a bounded queue to the writer thread, which formats each
//! into one buffer, writes it with one call and sends the emptied list back. A worker never waits:
//! when the writer is behind, because its disk or pipe is, the list is dropped and its records are
//! counted.
//!
//! Times are the worker's clock laid over the wall clock of the start: if somebody sets the wall
//! clock while loiter runs, the log keeps the old reckoning and stays monotonic until a restart.
//!
//! ```text
//! worker ── push ──> batch ── flush: try_send ──> queue ──> writer ── write_all ──> file
//!              ^                                              │
//!              └───────────── emptied batches ────────────────┘
//! ```

mod line;

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

/// Records in a batch before it is sent: enough that queue and write cost little for each.
const BATCH_RECORDS: usize = 256;
/// Longest time a record waits in a batch that does not fill, in microseconds.
const BATCH_AGE_US: u64 = 100_000;
/// Batches the writer may be behind, all workers together: 16,384 records, a few megabytes.
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

/// What goes through the queue.
#[derive(Debug)]
enum Message {
    /// Records to write, and where to send the emptied list.
    Batch(Vec<Record>, SyncSender<Vec<Record>>),
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
            let writer = open().map(|output| Writer {
                formatter,
                output,
                shared: theirs,
                buffer: Vec::new(),
                failing: false,
            });
            // `start` waits for this, so it is taken.
            let _ = match writer {
                Err(error) => opened.send(Err(error)),
                Ok(mut writer) => opened.send(Ok(())).map(|()| writer.run(inbox)),
            };
        };
        thread::Builder::new().name("access-log".into()).spawn(write)?;
        outcome.recv().map_err(io::Error::other)??;
        Ok(AccessLog { queue, shared, ended: Mutex::new(ended) })
    }

    /// A place for one worker's records.
    pub fn sink(&self) -> Sink {
        let (home, spares) = sync_channel(SPARE_BATCHES);
        Sink {
            batch: Vec::new(),
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
    batch: Vec<Record>,
    due: Time,
    queue: SyncSender<Message>,
    home: SyncSender<Vec<Record>>,
    spares: Receiver<Vec<Record>>,
    shared: Arc<Shared>,
}

impl Sink {
    /// Takes a record.
    pub fn push(&mut self, record: Record) {
        if self.batch.is_empty() {
            self.due = record.started.after_us(record.duration_us).after_us(BATCH_AGE_US);
        }
        self.batch.push(record);
        if self.batch.len() >= BATCH_RECORDS {
            self.flush();
        }
    }

    /// When [`flush`](Sink::flush) should be called at the latest.
    pub fn due(&self) -> Time {
        self.due
    }

    /// Sends the records to the writer, or drops and counts them when it is behind.
    pub fn flush(&mut self) {
        self.due = Time::NEVER;
        if self.batch.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        self.batch = match self.queue.try_send(Message::Batch(batch, self.home.clone())) {
            Ok(()) => self.spare(),
            Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) => {
                self.lose(message)
            }
        };
    }

    fn spare(&self) -> Vec<Record> {
        self.spares.try_recv().unwrap_or_else(|_| Vec::with_capacity(BATCH_RECORDS))
    }

    fn lose(&self, message: Message) -> Vec<Record> {
        let Message::Batch(mut batch, _) = message else { return Vec::new() };
        self.shared.dropped.fetch_add(batch.len() as u64, Relaxed);
        batch.clear();
        batch
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Where lines go, and the name under which it can be opened again.
struct Output {
    to: Box<dyn Write + Send>,
    path: Option<PathBuf>,
}

/// The thread that formats and writes.
struct Writer {
    formatter: Formatter,
    output: Output,
    shared: Arc<Shared>,
    buffer: Vec<u8>,
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

    fn write(&mut self, batch: &[Record]) {
        self.buffer.clear();
        for record in batch {
            self.formatter.append(record, &mut self.buffer);
        }
        let outcome = self.output.to.write_all(&self.buffer);
        if let Err(error) = &outcome {
            self.shared.dropped.fetch_add(batch.len() as u64, Relaxed);
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::channel;

    use super::*;
    use crate::http::request::{Method, Version};
    use crate::http::status::Status;

    /// A plain record of a GET of this target.
    pub(super) fn record(target: &str) -> Record {
        Record {
            started: Time::START,
            duration_us: 1500,
            peer: Some([192, 0, 2, 7].into()),
            method: Some(Method::Get),
            version: Version::Http11,
            status: Status::OK,
            body_bytes: 123,
            target: target.as_bytes().into(),
            referer: None,
            agent: None,
        }
    }

    /// A file's name of this test's own, removed at the end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let name = format!("loiter-{}-{name}.log", std::process::id());
            Scratch(std::env::temp_dir().join(name))
        }

        fn text(&self) -> String {
            fs::read_to_string(&self.0).unwrap_or_default()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    fn to_file(scratch: &Scratch) -> AccessLog {
        AccessLog::start(Format::Common, Some(scratch.0.clone()), SystemTime::UNIX_EPOCH, false)
            .expect("a scratch file opens")
    }

    /// An output that says that it is being written to, and then waits for permission.
    struct Stalled {
        entered: SyncSender<usize>,
        permit: Receiver<io::Result<()>>,
    }

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let lines = bytes.iter().filter(|&&b| b == b'\n').count();
            self.entered.send(lines).expect("the test listens");
            self.permit.recv().expect("the test answers").map(|()| bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stalled(entered: SyncSender<usize>, permit: Receiver<io::Result<()>>) -> AccessLog {
        let formatter = Formatter::new(Format::Common, SystemTime::UNIX_EPOCH);
        let to = Box::new(Stalled { entered, permit });
        AccessLog::to(formatter, || Ok(Output { to, path: None })).expect("a thread")
    }

    #[test]
    fn what_was_pushed_is_written_by_the_end() {
        let scratch = Scratch::new("whole");
        let log = to_file(&scratch);
        let mut sink = log.sink();
        let mut other = log.sink();
        for n in 0..1000 {
            sink.push(record(&format!("/{n}")));
        }
        other.push(record("/other"));
        drop((sink, other));
        assert_eq!(log.dropped(), 0);
        drop(log);
        let text = scratch.text();
        assert_eq!(text.lines().count(), 1001);
        let place = |target: &str| text.find(&format!("GET {target} ")).expect(target);
        assert!(place("/0") < place("/1") && place("/1") < place("/999"));
        assert!(text.contains("GET /other "));
    }

    #[test]
    fn a_batch_is_due_a_tenth_of_a_second_after_its_first_record() {
        let scratch = Scratch::new("due");
        let log = to_file(&scratch);
        let mut sink = log.sink();
        assert_eq!(sink.due(), Time::NEVER);
        sink.push(record("/1"));
        assert_eq!(sink.due(), Time::from_micros(101_500));
        sink.push(Record { started: Time::from_micros(50_000), ..record("/2") });
        assert_eq!(sink.due(), Time::from_micros(101_500), "the first one counts");
        sink.flush();
        assert_eq!(sink.due(), Time::NEVER);
        for n in 0..BATCH_RECORDS {
            sink.push(record(&n.to_string()));
        }
        assert_eq!(sink.due(), Time::NEVER, "a full batch is sent at once");
    }

    #[test]
    fn a_stalled_writer_costs_records_and_no_waiting() {
        let (entered, writes) = sync_channel(QUEUE_BATCHES + 2);
        let (allow, permit) = channel();
        let log = stalled(entered, permit);
        let mut sink = log.sink();
        sink.push(record("/first"));
        sink.flush();
        assert_eq!(writes.recv(), Ok(1), "the writer is in its first write, and the queue empty");
        for _ in 0..(QUEUE_BATCHES + 2) * BATCH_RECORDS {
            sink.push(record("/"));
        }
        assert_eq!(log.dropped(), 2 * BATCH_RECORDS as u64, "what the queue could not hold");
        allow.send(Err(io::ErrorKind::StorageFull.into())).expect("the writer waits");
        for _ in 0..QUEUE_BATCHES {
            allow.send(Ok(())).expect("the writer waits");
        }
        drop(sink);
        log.close();
        log.close();
        assert_eq!(log.dropped(), 2 * BATCH_RECORDS as u64 + 1, "and one write that failed");
        assert_eq!(writes.try_iter().sum::<usize>(), QUEUE_BATCHES * BATCH_RECORDS);
        log.sink().push(record("/late"));
        assert_eq!(log.dropped(), 2 * BATCH_RECORDS as u64 + 2, "a closed log takes nothing");
    }

    #[test]
    fn lists_come_back_from_the_writer() {
        let (entered, writes) = sync_channel(2);
        let (allow, permit) = channel();
        let log = stalled(entered, permit);
        let mut sink = log.sink();
        sink.push(record("/1"));
        let list = sink.batch.as_ptr();
        sink.flush();
        sink.push(record("/2"));
        sink.flush();
        allow.send(Ok(())).expect("the writer waits");
        assert_eq!((writes.recv(), writes.recv()), (Ok(1), Ok(1)), "the first list is free again");
        let spare = sink.spares.try_recv().expect("it came back");
        assert_eq!((spare.as_ptr(), spare.len()), (list, 0));
        allow.send(Ok(())).expect("the writer waits");
    }

    #[test]
    fn a_rotated_log_goes_on_under_its_name() {
        let scratch = Scratch::new("rotate");
        let old = Scratch::new("rotate-old");
        let log = to_file(&scratch);
        fs::rename(&scratch.0, &old.0).expect("it was opened");
        let mut sink = log.sink();
        log.reopen();
        sink.push(record("/new"));
        drop(sink);
        drop(log);
        assert!(scratch.text().contains("/new"));
        assert_eq!(old.text(), "");
    }

    #[test]
    fn an_existing_log_is_appended_to() {
        let scratch = Scratch::new("append");
        fs::write(&scratch.0, "before\n").expect("a scratch file");
        let log = to_file(&scratch);
        log.sink().push(record("/after"));
        drop(log);
        assert!(scratch.text().starts_with("before\n"));
        assert!(scratch.text().contains("/after"));
    }

    #[test]
    fn an_error_names_the_file() {
        let path = PathBuf::from("/nonexistent-folder/access.log");
        let error = AccessLog::start(Format::Json, Some(path), SystemTime::UNIX_EPOCH, false)
            .expect_err("no such folder");
        assert!(error.to_string().contains("/nonexistent-folder/access.log"), "{error}");
    }
}
