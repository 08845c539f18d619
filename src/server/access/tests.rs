//! The access log against files, and against an output that stalls.

use std::fs;
use std::sync::mpsc::channel;

use super::*;
use crate::http::request::Method;

/// A plain record of a GET of this target.
pub(super) fn record(target: &str) -> Record {
    with_texts(target.as_bytes(), None, None)
}

/// The same with a Referer and a User-Agent.
pub(super) fn with_texts(target: &[u8], referer: Option<&[u8]>, agent: Option<&[u8]>) -> Record {
    let mut record = Record {
        duration_us: 1500,
        peer: Some([192, 0, 2, 7].into()),
        method: Some(Method::Get),
        body_bytes: 123,
        ..Record::default()
    };
    record.texts.set(target, referer, agent);
    record
}

/// How many of these records fill a batch.
fn full(target: &str) -> usize {
    let (mut formatter, mut line) =
        (Formatter::new(Format::Common, SystemTime::UNIX_EPOCH), Vec::new());
    formatter.append(&record(target), &mut line);
    BATCH_BYTES.div_ceil(line.len())
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
        sink.push(&record(&format!("/{n}")));
    }
    other.push(&record("/other"));
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
    sink.push(&record("/1"));
    assert_eq!(sink.due(), Time::from_micros(101_500));
    sink.push(&Record { started: Time::from_micros(50_000), ..record("/2") });
    assert_eq!(sink.due(), Time::from_micros(101_500), "the first one counts");
    sink.flush();
    assert_eq!(sink.due(), Time::NEVER);
    for _ in 0..full("/") {
        sink.push(&record("/"));
    }
    assert_eq!(sink.due(), Time::NEVER, "a full batch is sent at once");
}

#[test]
fn a_stalled_writer_costs_records_and_no_waiting() {
    let (entered, writes) = sync_channel(QUEUE_BATCHES + 2);
    let (allow, permit) = channel();
    let log = stalled(entered, permit);
    let mut sink = log.sink();
    sink.push(&record("/first"));
    sink.flush();
    assert_eq!(writes.recv(), Ok(1), "the writer is in its first write, and the queue empty");
    let full = full("/");
    for _ in 0..(QUEUE_BATCHES + 2) * full {
        sink.push(&record("/"));
    }
    assert_eq!(log.dropped(), 2 * full as u64, "what the queue could not hold");
    allow.send(Err(io::ErrorKind::StorageFull.into())).expect("the writer waits");
    for _ in 0..QUEUE_BATCHES {
        allow.send(Ok(())).expect("the writer waits");
    }
    drop(sink);
    log.close();
    log.close();
    assert_eq!(log.dropped(), 2 * full as u64 + 1, "and one write that failed");
    assert_eq!(writes.try_iter().sum::<usize>(), QUEUE_BATCHES * full);
    log.sink().push(&record("/late"));
    assert_eq!(log.dropped(), 2 * full as u64 + 2, "a closed log takes nothing");
}

#[test]
fn batches_come_back_from_the_writer() {
    let (entered, writes) = sync_channel(2);
    let (allow, permit) = channel();
    let log = stalled(entered, permit);
    let mut sink = log.sink();
    sink.push(&record("/1"));
    let lines = sink.batch.lines.as_ptr();
    sink.flush();
    sink.push(&record("/2"));
    sink.flush();
    allow.send(Ok(())).expect("the writer waits");
    assert_eq!((writes.recv(), writes.recv()), (Ok(1), Ok(1)), "the first one is free again");
    let spare = sink.spares.try_recv().expect("it came back");
    assert_eq!((spare.lines.as_ptr(), spare.lines.len(), spare.records), (lines, 0, 0));
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
    sink.push(&record("/new"));
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
    log.sink().push(&record("/after"));
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
