//! What a load process counts, and its format in the pipe to the coordinator: lines.
//!
//! Commands of the coordinator are single bytes in the other direction; EOF ends the process.

use std::io::{self, BufRead, Read, Write};
use std::str::FromStr;

/// Command: replace connections at the rate of the plan.
pub(crate) const CHURN: u8 = b'c';
/// Command: count what is held now.
pub(crate) const COUNT: u8 = b'h';

/// Why a connection got no complete 2xx answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    /// No socket, or no source address for it.
    Socket,
    /// Refused, or no route.
    Connect,
    /// No TLS connection.
    Handshake,
    /// The request could not be written completely.
    Send,
    /// The server refused the stream.
    Refused,
    /// The connection was reset before the answer was complete.
    Reset,
    /// The stream ended before the answer; with `--idle`, also after it.
    Closed,
    /// An answer, but not a 2xx.
    Status,
    /// Not an HTTP/1.1 answer with a length, or longer than its length.
    Malformed,
    /// No answer, or an incomplete one, at the timeout.
    Timeout,
}

/// The names of the failures, in their order.
pub(crate) const FAILURES: [&str; 10] = [
    "socket",
    "connect",
    "handshake",
    "send",
    "refused",
    "reset",
    "closed",
    "status",
    "malformed",
    "timeout",
];

/// Lateness is recorded exactly, a number per answer: no histogram rounds it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    pub(crate) early: u64,
    /// How many still waited (`--idle`: were still open) after every process had sent all requests.
    pub(crate) holding: u64,
    /// Most that waited at the same time, added over the processes.
    pub(crate) most: u64,
    pub(crate) failed: [u64; FAILURES.len()],
    pub(crate) lateness_ns: Vec<i64>,
}

impl Tally {
    pub(crate) fn with_room(answers: usize) -> Tally {
        Tally { lateness_ns: Vec::with_capacity(answers), ..Tally::default() }
    }

    pub(crate) fn fail(&mut self, reason: Failure) {
        self.failed[reason as usize] += 1;
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failed.iter().sum()
    }

    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "sent {}\nearly {}\nholding {}", self.sent, self.early, self.holding)?;
        writeln!(out, "most {}", self.most)?;
        for (name, count) in FAILURES.iter().zip(self.failed) {
            writeln!(out, "{name} {count}")?;
        }
        // As bytes: a million numbers as text would cost more than the load itself.
        writeln!(out, "late {}", self.lateness_ns.len())?;
        self.lateness_ns.iter().try_for_each(|late| out.write_all(&late.to_ne_bytes()))?;
        out.flush()
    }

    /// Adds the tally that another process wrote; an error if it is incomplete.
    pub(crate) fn add(&mut self, from: &mut impl BufRead) -> io::Result<()> {
        loop {
            match line(from)? {
                (name, count) if name == "sent" => self.sent += count.unsigned_abs(),
                (name, count) if name == "early" => self.early += count.unsigned_abs(),
                (name, count) if name == "holding" => self.holding += count.unsigned_abs(),
                (name, count) if name == "most" => self.most += count.unsigned_abs(),
                (name, count) if name == "late" => return self.add_lateness(count, from),
                (name, count) => {
                    let reason = FAILURES.iter().position(|known| *known == name);
                    let reason = reason.ok_or_else(|| broken(&name))?;
                    self.failed[reason] += count.unsigned_abs();
                }
            }
        }
    }

    fn add_lateness(&mut self, count: i64, from: &mut impl Read) -> io::Result<()> {
        for _ in 0..count {
            let mut late = [0; size_of::<i64>()];
            from.read_exact(&mut late)?;
            self.lateness_ns.push(i64::from_ne_bytes(late));
        }
        Ok(())
    }

    /// Per bound, in microseconds: the answers at most this late and later than the bound before.
    pub(crate) fn histogram_us(&self, bounds: &[i64]) -> Vec<u64> {
        let mut counts = vec![0; bounds.len() + 1];
        for late in &self.lateness_ns {
            counts[bounds.partition_point(|bound| bound * 1000 < *late)] += 1;
        }
        counts
    }

    /// The lateness in microseconds that a share of all answers did not exceed. Sorts on demand.
    pub(crate) fn percentiles_us(&mut self, shares: &[f64]) -> Vec<f64> {
        self.lateness_ns.sort_unstable();
        let count = self.lateness_ns.len();
        let at = |share: f64| ((share * count as f64).ceil() as usize).clamp(1, count.max(1)) - 1;
        let value = |share: &f64| self.lateness_ns.get(at(*share)).map(|&ns| ns as f64 / 1e3);
        shares.iter().map(|share| value(share).unwrap_or(f64::NAN)).collect()
    }
}

/// One line of a load process: a word and a number.
pub(crate) fn line(from: &mut impl BufRead) -> io::Result<(String, i64)> {
    let mut text = String::new();
    from.read_line(&mut text)?;
    let (name, number) = text.trim_end().split_once(' ').ok_or_else(|| broken(&text))?;
    let number = i64::from_str(number).map_err(|_| broken(&text))?;
    Ok((name.to_owned(), number))
}

fn broken(text: &str) -> io::Error {
    io::Error::other(format!("a load process stopped before its end (wrote {text:?})"))
}
