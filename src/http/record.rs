//! What is left of an exchange when it has ended: the source of the access log and the metrics.

use std::net::IpAddr;

use super::request::{Method, Version};
use super::status::Status;
use crate::base::limits::{MAX_LOGGED_BYTES, RECORDS_PER_TURN};
use crate::base::time::Time;

/// One finished exchange.
#[derive(Clone, Debug)]
pub struct Record {
    /// When its head had arrived.
    pub started: Time,
    /// From then to the last byte handed to the kernel, in microseconds.
    pub duration_us: u64,
    /// From then to the moment when the client ended its side, in microseconds, if it did while it
    /// waited.
    pub waited_us: u64,
    /// Who asked; `None` on a socket file.
    pub peer: Option<IpAddr>,
    /// What was asked; `None` when the head could not be read.
    pub method: Option<Method>,
    /// In which version.
    pub version: Version,
    /// What was answered.
    pub status: Status,
    /// Bytes of the body sent.
    pub body_bytes: u64,
    /// What the client said.
    pub texts: Texts,
}

impl Default for Record {
    fn default() -> Record {
        Record {
            started: Time::START,
            duration_us: 0,
            waited_us: 0,
            peer: None,
            method: None,
            version: Version::Http11,
            status: Status::OK,
            body_bytes: 0,
            texts: Texts::default(),
        }
    }
}

/// The texts of a request, each cut to what a log keeps; in one piece of memory, so that a record
/// that is used again needs no new one.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    bytes: Vec<u8>,
    target: usize,
    referer: Option<usize>,
    agent: Option<usize>,
}

impl Texts {
    /// Replaces them all: the target as sent, and the Referer and User-Agent fields.
    pub fn set(&mut self, target: &[u8], referer: Option<&[u8]>, agent: Option<&[u8]>) {
        let [target, from, by] = [Some(target), referer, agent].map(|text| kept(text));
        self.bytes.clear();
        self.bytes.reserve_exact(target.len() + from.len() + by.len());
        [target, from, by].iter().for_each(|text| self.bytes.extend_from_slice(text));
        self.target = target.len();
        self.referer = referer.map(|_| from.len());
        self.agent = agent.map(|_| by.len());
    }

    /// The target as sent; empty when the head could not be read.
    pub fn target(&self) -> &[u8] {
        self.bytes.get(..self.target).unwrap_or_default()
    }

    /// The Referer field, if any.
    pub fn referer(&self) -> Option<&[u8]> {
        self.referer.map(|len| self.part(self.target, len))
    }

    /// The User-Agent field, if any.
    pub fn agent(&self) -> Option<&[u8]> {
        let before = self.target + self.referer.unwrap_or(0);
        self.agent.map(|len| self.part(before, len))
    }

    fn part(&self, from: usize, len: usize) -> &[u8] {
        self.bytes.get(from..from + len).unwrap_or_default()
    }
}

fn kept(text: Option<&[u8]>) -> &[u8] {
    let text = text.unwrap_or_default();
    text.get(..MAX_LOGGED_BYTES).unwrap_or(text)
}

/// The exchanges that have finished, and used records for the next ones.
#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "a record is in its box from its first byte to its last")]
pub struct Records {
    done: Vec<Box<Record>>,
    used: Vec<Box<Record>>,
}

impl Records {
    /// A record to fill in; what it says is of another exchange.
    pub fn blank(&mut self) -> Box<Record> {
        self.used.pop().unwrap_or_default()
    }

    /// Takes the record of a finished exchange.
    pub fn push(&mut self, record: Box<Record>) {
        self.done.push(record);
    }

    /// How many have finished.
    pub fn len(&self) -> usize {
        self.done.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// Shows each record, in their order, and then uses it again.
    pub fn drain(&mut self, mut show: impl FnMut(&Record)) {
        for record in self.done.drain(..) {
            show(&record);
            if self.used.len() < RECORDS_PER_TURN {
                self.used.push(record);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(texts: &Texts) -> (&[u8], Option<&[u8]>, Option<&[u8]>) {
        (texts.target(), texts.referer(), texts.agent())
    }

    #[test]
    fn texts_are_told_apart_and_cut() {
        let mut texts = Texts::default();
        assert_eq!(told(&texts), (&b""[..], None, None));
        texts.set(b"/a", Some(b"r"), Some(b"me"));
        assert_eq!(told(&texts), (&b"/a"[..], Some(&b"r"[..]), Some(&b"me"[..])));
        texts.set(b"/bc", None, Some(b""));
        assert_eq!(told(&texts), (&b"/bc"[..], None, Some(&b""[..])));
        let long = [b'x'; MAX_LOGGED_BYTES + 1];
        texts.set(&long, Some(b"r"), None);
        assert_eq!(told(&texts), (&long[1..], Some(&b"r"[..]), None));
    }

    #[test]
    fn a_record_is_used_again() {
        let mut records = Records::default();
        let mut record = records.blank();
        record.body_bytes = 7;
        let place = std::ptr::from_ref(&*record);
        records.push(record);
        assert_eq!(records.len(), 1);
        let mut seen = 0;
        records.drain(|record| seen += record.body_bytes);
        assert!(records.is_empty() && seen == 7);
        assert_eq!(std::ptr::from_ref(&*records.blank()), place);
    }
}
