//! The thread that writes one output: it may block, and nobody waits for it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::super::os::output::{ATOMIC_BYTES, wait_writable};
use super::{Message, REPORTING, Shared, Target, cost};
use crate::base::limits::{COMPLAINT_INTERVAL, LOG_QUEUE_BYTES};

/// Longest wait for a non-blocking output before [`Shared`] is looked at again.
const TICK: Duration = Duration::from_millis(50);

/// What the thread works with.
pub(super) struct Writer {
    target: Target,
    shared: Arc<Shared>,
    /// `None` while nobody reads the FIFO, or if the standard stream is closed.
    file: Option<File>,
    /// Whether that is a file on a disk.
    regular: bool,
    /// Whether the name is opened for each message until it succeeds: a FIFO without a reader.
    retry: bool,
    /// Whether the last byte written is inside a line: the rest of it was lost.
    torn: bool,
    /// Whether the last write failed: a full disk is reported once, not ten times a second.
    failing: bool,
    /// Lost lines that have been reported.
    reported: u64,
    /// When they may be reported next though the queue is nearly full.
    report_next: Instant,
}

impl Writer {
    /// A writer to this file; `None` as returned by [`open`].
    pub(super) fn new(target: Target, file: Option<File>, shared: Arc<Shared>) -> Writer {
        let mut writer = Writer {
            regular: file.as_ref().is_some_and(is_regular),
            retry: false,
            torn: false,
            failing: file.is_none(),
            reported: 0,
            report_next: Instant::now(),
            target,
            shared,
            file,
        };
        if writer.file.is_none() {
            writer.wait_for_reader();
        }
        writer
    }

    /// Writes what comes through the queue until it is asked to end. The queue ends with it, so
    /// that what is sent later is counted as lost.
    pub(super) fn run(&mut self, inbox: Receiver<Message>) {
        while let Ok(message) = inbox.recv() {
            self.take(message);
            if self.shared.close.load(Acquire) {
                return inbox.try_iter().for_each(|message| self.take(message));
            }
        }
    }

    fn take(&mut self, message: Message) {
        if self.shared.reopen.swap(false, Acquire) || self.retry {
            self.reopen();
        }
        let Message::Lines(mut lines, home) = message else { return };
        self.shared.queued.fetch_sub(cost(&lines), Relaxed);
        self.write(&lines);
        if let Some(home) = home {
            lines.clear();
            let _ = home.try_send(lines); // Full or gone: its owner has enough of them.
        }
        self.report();
    }

    fn write(&mut self, lines: &[u8]) {
        let mended = match self.torn {
            true => self.write_all(b"\n").map_err(|(error, _)| (error, lines)),
            false => Ok(()),
        };
        match mended.and_then(|()| self.write_all(lines)) {
            Ok(()) => self.failing = false,
            Err((error, rest)) => self.fail(&error, rest),
        }
    }

    /// Returns what could not be written with the error.
    fn write_all<'a>(&mut self, mut rest: &'a [u8]) -> Result<(), (io::Error, &'a [u8])> {
        while !rest.is_empty() {
            match self.write_some(rest) {
                Ok(bytes) => {
                    self.torn = rest[bytes - 1] != b'\n';
                    rest = &rest[bytes..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err((error, rest)),
                Err(error) if self.shared.abandon.load(Relaxed) => return Err((error, rest)),
                Err(_) => rest = self.wait(rest),
            }
        }
        Ok(())
    }

    /// Writes a file's lines with one call. Anything else gets at most as much at a time as a pipe
    /// takes whole or not at all, and whole lines if they fit: then a reader, and other writers of
    /// the same pipe, see no part of a line.
    fn write_some(&self, lines: &[u8]) -> io::Result<usize> {
        let Some(mut file) = self.file.as_ref() else {
            return Err(io::Error::new(ErrorKind::NotConnected, "nobody reads it"));
        };
        match file.write(if self.regular { lines } else { piece(lines) })? {
            0 => Err(ErrorKind::WriteZero.into()),
            bytes => Ok(bytes),
        }
    }

    /// Waits a moment until a non-blocking output takes something, and returns what is still to be
    /// written: a line that was begun in another file is not continued in a new one.
    fn wait<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let torn = self.torn;
        if self.shared.reopen.swap(false, Acquire) && self.reopen() {
            let begun = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let (line, others) = rest.split_at(if torn { begun } else { 0 });
            self.shared.lose(line);
            return others;
        }
        if let Some(file) = &self.file {
            wait_writable(file.as_fd(), TICK);
        }
        rest
    }

    fn fail(&mut self, error: &io::Error, rest: &[u8]) {
        self.shared.lose(rest);
        // A report on itself would be lost as well, and one at the very end is made by `close`.
        let hidden = self.target == Target::Stderr || self.shared.abandon.load(Relaxed);
        if !self.failing && !hidden {
            let name = self.target.name();
            tracing::error!(%error, "cannot write {name}; lines are lost meanwhile");
        }
        self.failing = true;
    }

    /// Logs how many lines were lost, when the queue has room again; where it never has, now and
    /// then.
    fn report(&mut self) {
        let lost = self.shared.lost.load(Relaxed);
        if lost == self.reported || self.failing {
            return;
        }
        let room = self.shared.queued.load(Relaxed) <= LOG_QUEUE_BYTES / 2;
        let now = Instant::now();
        if room || now >= self.report_next {
            let lines = lost - self.reported;
            REPORTING.set(true);
            tracing::error!(lines, output = self.target.name(), "log lines were lost");
            REPORTING.set(false);
            self.reported = lost;
            self.report_next = now + COMPLAINT_INTERVAL;
        }
    }

    /// Opens the file anew and returns whether that was done. Until then the old one stays in use.
    fn reopen(&mut self) -> bool {
        if !matches!(self.target, Target::File(_)) {
            return false;
        }
        match open(&self.target) {
            Ok(Some(file)) => {
                self.regular = is_regular(&file);
                self.file = Some(file);
                (self.retry, self.torn) = (false, false);
                return true;
            }
            Ok(None) => self.wait_for_reader(),
            Err(error) => {
                self.retry = false;
                tracing::error!(%error, "cannot open {} anew", self.target.name());
            }
        }
        false
    }

    fn wait_for_reader(&mut self) {
        if let Target::File(path) = &self.target
            && !self.retry
        {
            self.retry = true;
            let path = path.display();
            tracing::warn!("{}: nobody reads {path}; it is tried again", self.target.name());
        }
    }
}

/// Opens the target: `None` for a FIFO that nobody reads, and for a standard stream that is closed.
/// An error names the file.
pub(super) fn open(target: &Target) -> io::Result<Option<File>> {
    match target {
        Target::Stderr => Ok(io::stderr().as_fd().try_clone_to_owned().ok().map(File::from)),
        Target::Stdout => Ok(io::stdout().as_fd().try_clone_to_owned().ok().map(File::from)),
        Target::File(path) => open_file(path),
    }
}

/// Non-blocking, as opening a FIFO would otherwise wait for a reader; for a file on a disk it means
/// nothing.
fn open_file(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    match options.open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) && is_fifo(path) => Ok(None),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    }
}

fn is_regular(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file())
}

fn is_fifo(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// Whole lines from the front, as many as are written atomically; of a longer line, its beginning.
fn piece(lines: &[u8]) -> &[u8] {
    let most = &lines[..lines.len().min(ATOMIC_BYTES)];
    memchr::memrchr(b'\n', most).map_or(most, |end| &most[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_ends_with_a_line_where_it_can() {
        let long = [b'x'; ATOMIC_BYTES + 1];
        assert_eq!(piece(b"a\nb\n"), b"a\nb\n");
        assert_eq!(piece(b"a"), b"a");
        assert_eq!(piece(&long).len(), ATOMIC_BYTES);
        assert_eq!(piece(&[b"a\nb\n", &long[..]].concat()), b"a\nb\n");
        let fits = [&long[..ATOMIC_BYTES - 1], b"\nrest\n"].concat();
        assert_eq!(piece(&fits).len(), ATOMIC_BYTES);
    }
}
