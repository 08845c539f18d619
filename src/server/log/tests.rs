//! Outputs against pipes, FIFOs and files that take nothing, take it late, or fail.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use super::*;
use crate::server::os::output::{ATOMIC_BYTES, wait_writable};

/// Far beyond what anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} does not come to hold");
        thread::park_timeout(Duration::from_millis(2));
    }
}

/// Writes line feeds until no more are taken.
fn fill(mut to: impl Write) {
    for size in [ATOMIC_BYTES, 1] {
        let piece = vec![b'\n'; size];
        while to.write(&piece).map_err(|error| error.kind()) != Err(ErrorKind::WouldBlock) {}
    }
}

/// An output that takes nothing until the other end is read. Whether it then blocks, as standard
/// error does, or not, as a FIFO of our own does.
fn stuck(blocks: bool) -> (Arc<Output>, UnixStream) {
    let (reader, writer) = UnixStream::pair().expect("sockets");
    writer.set_nonblocking(true).expect("a flag");
    fill(&writer);
    writer.set_nonblocking(!blocks).expect("a flag");
    let file = File::from(OwnedFd::from(writer));
    (Output::open(Target::Stdout, || Ok(Some(file))).expect("a thread"), reader)
}

fn close(output: &Output) {
    output.close(Instant::now() + DEADLINE);
}

/// Every line that is not empty, until the other end is closed. A process that another test is
/// about to start may hold it for a moment.
fn text(mut reader: impl Read) -> Vec<String> {
    let mut all = Vec::new();
    eventually("the end", || match reader.read_to_end(&mut all) {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::WouldBlock => false,
        Err(error) => panic!("{error}"),
    });
    let all = String::from_utf8(all).expect("text");
    all.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// A folder of one test's own with a FIFO in it, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("loiter-log-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a scratch folder");
        let made = Command::new("mkfifo").arg(folder.join("log")).status().expect("mkfifo");
        assert!(made.success());
        Folder(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("log")
    }

    /// An end of the FIFO, opened without waiting for the other.
    fn end(&self, options: &mut OpenOptions) -> File {
        options.custom_flags(libc::O_NONBLOCK).open(self.path()).expect("the FIFO")
    }

    fn reader(&self) -> File {
        self.end(OpenOptions::new().read(true))
    }

    fn start(&self) -> Arc<Output> {
        Output::start(Target::File(self.path()), false).expect("it starts")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn an_output_that_takes_nothing_costs_lines_and_no_waiting() {
    for blocks in [true, false] {
        let (output, reader) = stuck(blocks);
        let (home, _spares) = sync_channel(0);
        let batch = "a line of the access log\n".repeat(1000);
        let lines = batch.lines().count() as u64;
        let mut queued = 0;
        while output.send_batch(batch.clone().into_bytes(), &home).is_ok() {
            queued += 1;
        }
        let most = LOG_QUEUE_BYTES / batch.len();
        assert!((most - most / 10..=most + 1).contains(&queued), "{queued} of about {most}");
        assert_eq!(output.lost(), lines);
        output.send(b"a line of the server\n");
        assert_eq!(output.lost(), lines, "there is room reserved for it");
        let reading = thread::spawn(move || text(reader));
        close(&output);
        drop(output);
        let read = reading.join().expect("it reads to the end");
        assert_eq!(read.len(), queued * lines as usize + 1, "what was not lost comes whole");
        assert_eq!(read.last().map(String::as_str), Some("a line of the server"));
    }
}

#[test]
fn lines_of_the_server_are_bounded_too() {
    let (output, _reader) = stuck(true);
    let line = [b"a warning of a worker".repeat(10), b"\n".to_vec()].concat();
    let most = (LOG_QUEUE_BYTES + LOG_RESERVED_BYTES) / line.len();
    for _ in 0..2 * most {
        output.send(&line);
    }
    let queued = output.shared.queued.load(Relaxed);
    assert!(queued <= LOG_QUEUE_BYTES + LOG_RESERVED_BYTES, "{queued}");
    assert!(output.lost() >= most as u64, "{}", output.lost());
}

#[test]
fn closing_does_not_wait_for_an_output_that_takes_nothing() {
    let (output, reader) = stuck(false);
    output.send(b"one\ntwo\n");
    let begun = Instant::now();
    output.close(begun + Duration::from_millis(20));
    close(&output);
    assert!(begun.elapsed() < DEADLINE);
    eventually("the writer giving up", || output.lost() == 2);
    drop(reader);
}

#[test]
fn a_fifo_that_nobody_reads_holds_nothing_up() {
    let folder = Folder::new("nobody");
    let output = folder.start();
    output.send(b"one\ntwo\n");
    eventually("two lost lines", || output.lost() == 2);
    output.reopen();
    let reader = folder.reader();
    output.send(b"three\n");
    close(&output);
    drop(output);
    assert_eq!(text(reader), ["three"]);
}

#[test]
fn a_fifo_may_have_one_reader_after_another() {
    let folder = Folder::new("readers");
    let first = folder.reader();
    let output = folder.start();
    drop(first);
    eventually("a lost line", || {
        output.send(b"one\n");
        output.lost() > 0
    });
    let second = folder.reader();
    output.send(b"two\n");
    close(&output);
    drop(output);
    assert_eq!(text(second).last().map(String::as_str), Some("two"));
}

/// A full FIFO with room for one piece, which the beginning of a long line takes.
fn torn(folder: &Folder) -> (Arc<Output>, File) {
    let mut reader = folder.reader();
    let output = folder.start();
    let filler = folder.end(OpenOptions::new().write(true));
    fill(&filler);
    reader.read_exact(&mut [0; 2 * 4096]).expect("line feeds");
    output.send(&[&[b'x'; 16 * 4096][..], b"\n"].concat());
    eventually("a full FIFO", || !wait_writable(filler.as_fd(), Duration::ZERO));
    (output, reader)
}

#[test]
fn a_log_that_takes_nothing_can_be_moved() {
    let folder = Folder::new("moved");
    let (output, reader) = torn(&folder);
    output.send(b"two\n");
    fs::rename(folder.path(), folder.0.join("old")).expect("it is there");
    output.reopen();
    output.send(b"three\n");
    close(&output);
    let moved = fs::read_to_string(folder.path()).expect("a new file");
    assert_eq!(moved, "two\nthree\n", "whole lines, and none twice");
    assert_eq!(output.lost(), 1, "the line that was begun");
    drop(reader);
}

#[test]
fn a_line_that_was_cut_off_is_ended_before_the_next() {
    let folder = Folder::new("cut");
    let (output, reader) = torn(&folder);
    drop(reader);
    eventually("a lost line", || output.lost() == 1);
    let reader = folder.reader();
    let reading = thread::spawn(move || {
        let (mut all, mut reader) = (Vec::new(), reader);
        eventually("the last line", || {
            let _ = reader.read_to_end(&mut all); // It may have nothing at the moment.
            all.ends_with(b"\ntwo\n")
        });
        all
    });
    // The FIFO is still full of what the first reader left.
    output.send(b"two\n");
    close(&output);
    let all = reading.join().expect("the reader");
    assert!(all.ends_with(b"x\ntwo\n"), "{:?}", String::from_utf8_lossy(&all));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_lines() {
    let output = Output::start(Target::File("/dev/full".into()), false).expect("it starts");
    output.send(b"one\ntwo\n");
    output.send(b"three\n");
    close(&output);
    assert_eq!(output.lost(), 3);
}

#[test]
fn a_socket_is_no_log() {
    let folder = Folder::new("socket");
    let path = folder.0.join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket file");
    let error = Output::start(Target::File(path), false).expect_err("it is no FIFO");
    assert!(error.to_string().contains("socket"), "{error}");
}
