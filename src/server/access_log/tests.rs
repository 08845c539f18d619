//! The access log against files.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::http::record::LoggedLine;

/// A plain record of a GET of this target.
pub(super) fn record(target: &str) -> Record {
    with_texts(target.as_bytes(), None, None)
}

/// The same with a Referer and a User-Agent.
pub(super) fn with_texts(target: &[u8], referer: Option<&[u8]>, agent: Option<&[u8]>) -> Record {
    let mut record = Record {
        duration_us: 1500,
        peer: Some([192, 0, 2, 7].into()),
        body_bytes: 123,
        ..Record::default()
    };
    let (method, version) = (Some(b"GET".as_slice()), Some(*b"HTTP/1.1"));
    record.strings.set(LoggedLine { method, target: Some(target), version }, referer, agent);
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
    let target = Target::File(scratch.0.clone());
    AccessLog::start(target, Format::Common, SystemTime::UNIX_EPOCH, false)
        .expect("a scratch file opens")
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
    assert_eq!(log.output.lost(), 0);
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
fn a_closed_log_counts_what_still_comes() {
    let scratch = Scratch::new("closed");
    let log = to_file(&scratch);
    log.close(Instant::now() + LOG_FLUSH);
    let mut sink = log.sink();
    sink.push(&record("/late"));
    sink.push(&record("/later"));
    sink.flush();
    assert_eq!((log.output.lost(), scratch.text().as_str()), (2, ""));
    log.close(Instant::now());
}

#[test]
fn batches_come_back_from_the_writer() {
    let scratch = Scratch::new("batches");
    let log = to_file(&scratch);
    let mut sink = log.sink();
    sink.push(&record("/1"));
    let lines = sink.batch.as_ptr();
    sink.flush();
    log.close(Instant::now() + LOG_FLUSH);
    // It may have come back before the flush was over, which then took it.
    let spare = sink.spares.try_recv().unwrap_or_else(|_| std::mem::take(&mut sink.batch));
    assert_eq!((spare.as_ptr(), spare.len()), (lines, 0));
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
    let target = Target::File("/nonexistent-folder/access.log".into());
    let error = AccessLog::start(target, Format::Json, SystemTime::UNIX_EPOCH, false)
        .expect_err("no such folder");
    assert!(error.to_string().contains("/nonexistent-folder/access.log"), "{error}");
}
