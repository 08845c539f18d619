//! The thread that writes one output. It may block; no other thread waits for it.

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

/// Longest wait for a non-blocking output before [`Shared`] is checked again.
const TICK: Duration = Duration::from_millis(50);

/// The state of the thread.
pub(super) struct Writer {
    target: Target,
    shared: Arc<Shared>,
    /// `None` for a FIFO without a reader, or a closed standard stream.
    file: Option<File>,
    /// Whether it is a regular file.
    regular: bool,
    /// Whether to try to open the file for each message: a FIFO without a reader.
    retry: bool,
    /// Whether the last line written is incomplete, its rest being lost.
    torn: bool,
    /// Whether the last write failed: a full disk is reported once, not for every batch.
    failing: bool,
    /// Lost lines that have been reported.
    reported: u64,
    /// When to report them next even if the queue is nearly full.
    report_next: Instant,
}

impl Writer {
    /// A writer to `file`, which is from [`open`].
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

    /// Writes what is queued until it must end. Lines sent later are counted as lost.
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
        let Message::Lines(mut lines, recycle) = message else { return };
        self.shared.queued.fetch_sub(cost(&lines), Relaxed);
        self.write(&lines);
        if let Some(recycle) = recycle {
            lines.clear();
            let _ = recycle.try_send(lines); // Its owner may have enough of them, or be gone.
        }
        self.report();
    }

    fn write(&mut self, lines: &[u8]) {
        let ended = match self.torn {
            true => self.write_all(b"\n").map_err(|(error, _)| (error, lines)),
            false => Ok(()),
        };
        match ended.and_then(|()| self.write_all(lines)) {
            Ok(()) => self.failing = false,
            Err((error, rest)) => self.fail(&error, rest),
        }
    }

    /// Returns the error and what could not be written.
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

    /// Writes all lines to a regular file at once. Any other gets at most what a pipe takes
    /// atomically, in whole lines if they fit, so that these are not mixed with another writer's.
    fn write_some(&self, lines: &[u8]) -> io::Result<usize> {
        let Some(mut file) = self.file.as_ref() else {
            return Err(io::Error::new(ErrorKind::NotConnected, "no reader"));
        };
        match file.write(if self.regular { lines } else { piece(lines) })? {
            0 => Err(ErrorKind::WriteZero.into()),
            bytes => Ok(bytes),
        }
    }

    /// Waits until a non-blocking output is writable, for [`TICK`] at most, and returns what
    /// remains to be written: without the rest of an incomplete line if the file was reopened.
    fn wait<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let torn = self.torn;
        if self.shared.reopen.swap(false, Acquire) && self.reopen() {
            let begun = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let (line, others) = rest.split_at(if torn { begun } else { 0 });
            self.shared.count_lost(line);
            return others;
        }
        if let Some(file) = &self.file {
            wait_writable(file.as_fd(), TICK);
        }
        rest
    }

    fn fail(&mut self, error: &io::Error, rest: &[u8]) {
        self.shared.count_lost(rest);
        // A report about standard error would be lost too; at the end, `close` makes one.
        let hidden = self.target == Target::Stderr || self.shared.abandon.load(Relaxed);
        if !self.failing && !hidden {
            let name = self.target.name();
            tracing::error!(%error, "cannot write {name}; lines are lost until it works again");
        }
        self.failing = true;
    }

    /// Logs how many lines were lost when the queue has room again, or after an interval.
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

    /// Reopens the file, and returns whether that succeeded; if not, the old one stays in use.
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
                tracing::error!(%error, "cannot reopen {}", self.target.name());
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
            tracing::warn!("{}: {path} has no reader; retrying", self.target.name());
        }
    }
}

/// Opens the target. `None` for a FIFO without a reader and a closed stream; errors name the file.
pub(super) fn open(target: &Target) -> io::Result<Option<File>> {
    match target {
        Target::Stderr => Ok(io::stderr().as_fd().try_clone_to_owned().ok().map(File::from)),
        Target::Stdout => Ok(io::stdout().as_fd().try_clone_to_owned().ok().map(File::from)),
        Target::File(path) => open_file(path),
    }
}

/// O_NONBLOCK because opening a FIFO would wait for a reader. Regular files ignore it.
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

/// The first lines, as many as a pipe takes atomically; of a longer line, its beginning.
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
