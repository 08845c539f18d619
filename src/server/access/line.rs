//! One record as one line of the access log: the Apache formats and JSON.
//!
//! Everything a client sent is escaped until only printable ASCII is left, so no request can end a
//! line, close a quote or steer a terminal.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Format;
use crate::base::time::Time;
use crate::http::record::Record;
use crate::http::request::Version;

/// What stands for an address on a socket file, where clients have none.
const NO_ADDRESS: &str = "unix:";
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Writes records as lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Formatter {
    format: Format,
    /// The wall clock at [`Time::START`], in microseconds since 1970.
    start_us: u64,
}

impl Formatter {
    /// A formatter for records whose [`Time::START`] was at `start` on the wall clock.
    pub(super) fn new(format: Format, start: SystemTime) -> Formatter {
        let since = start.duration_since(UNIX_EPOCH).unwrap_or_default();
        Formatter { format, start_us: u64::try_from(since.as_micros()).unwrap_or(u64::MAX) }
    }

    /// Appends the record's line, its line feed included.
    pub(super) fn append(&self, record: &Record, line: &mut Vec<u8>) {
        match self.format {
            Format::Common => self.common(record, line),
            Format::Combined => {
                self.common(record, line);
                line.push(b' ');
                quoted(record.referer.as_deref(), line);
                line.push(b' ');
                quoted(record.agent.as_deref(), line);
            }
            Format::Json => self.json(record, line),
        }
        line.push(b'\n');
    }

    /// The Common Log Format; its time is that of the request's arrival, as in Apache.
    fn common(&self, record: &Record, line: &mut Vec<u8>) {
        peer(record, line);
        let at = self.wall_clock(record.started);
        let month = MONTHS[at.month as usize - 1];
        put(
            line,
            format_args!(
                " - - [{:02}/{month}/{}:{:02}:{:02}:{:02} +0000] ",
                at.day, at.year, at.hour, at.minute, at.second
            ),
        );
        match record.method {
            Some(method) => {
                put(line, format_args!("\"{} ", method.name()));
                escape(&record.target, line);
                put(line, format_args!(" {}\"", version(record.version)));
            }
            None => line.extend_from_slice(b"\"-\""),
        }
        put(line, format_args!(" {} {}", record.status.0, record.body_bytes));
    }

    /// One JSON object with the same keys in every line; what is not known is null.
    fn json(&self, record: &Record, line: &mut Vec<u8>) {
        let at = self.wall_clock(record.started);
        put(
            line,
            format_args!(
                "{{\"time\":\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z\",\"peer\":\"",
                at.year, at.month, at.day, at.hour, at.minute, at.second, at.millisecond
            ),
        );
        peer(record, line);
        line.extend_from_slice(b"\",\"method\":");
        json_text(record.method.map(|method| method.name().as_bytes()), line);
        line.extend_from_slice(b",\"target\":");
        json_text(Some(&record.target), line);
        put(
            line,
            format_args!(
                ",\"version\":\"{}\",\"status\":{},\"bytes\":{},\"duration_us\":{},\"referer\":",
                version(record.version),
                record.status.0,
                record.body_bytes,
                record.duration_us
            ),
        );
        json_text(record.referer.as_deref(), line);
        line.extend_from_slice(b",\"agent\":");
        json_text(record.agent.as_deref(), line);
        line.push(b'}');
    }

    fn wall_clock(&self, time: Time) -> Calendar {
        Calendar::of(self.start_us.saturating_add(time.micros()) / 1000)
    }
}

/// A moment in UTC.
#[derive(Debug, PartialEq)]
struct Calendar {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    millisecond: u64,
}

impl Calendar {
    /// The moment this many milliseconds after the start of 1970.
    ///
    /// Years are counted from March, so that the leap day is the last of its year and every month
    /// starts at a fixed day of it: month m (March is 0) at (153 m + 2) / 5.
    fn of(milliseconds: u64) -> Calendar {
        let seconds = milliseconds / 1000;
        // 719,468 days from 1 March of year 0 to 1 January 1970; 146,097 days are 400 years.
        let days = seconds / 86_400 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Calendar {
            year: era * 400 + year_of_era + u64::from(month <= 2),
            month,
            day: of_year - (153 * from_march + 2) / 5 + 1,
            hour: seconds / 3600 % 24,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            millisecond: milliseconds % 1000,
        }
    }
}

/// Appends formatted text; writing to a `Vec` cannot fail.
fn put(line: &mut Vec<u8>, text: std::fmt::Arguments) {
    let _ = line.write_fmt(text);
}

/// A client that came over IPv4 to an IPv6 socket is shown by its IPv4 address.
fn peer(record: &Record, line: &mut Vec<u8>) {
    match record.peer {
        Some(address) => put(line, format_args!("{}", address.to_canonical())),
        None => line.extend_from_slice(NO_ADDRESS.as_bytes()),
    }
}

const fn version(version: Version) -> &'static str {
    match version {
        Version::Http10 => "HTTP/1.0",
        Version::Http11 => "HTTP/1.1",
    }
}

/// A field's value in quotes; `"-"` when there was no such field.
fn quoted(value: Option<&[u8]>, line: &mut Vec<u8>) {
    line.push(b'"');
    escape(value.unwrap_or(b"-"), line);
    line.push(b'"');
}

/// nginx's escape: `"`, `\` and all that is not printable ASCII become `\xHH`.
fn escape(text: &[u8], line: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'"' | b'\\' | ..b' ' | 0x7f.. => put(line, format_args!("\\x{byte:02X}")),
            _ => line.push(byte),
        }
    }
}

/// A JSON string of ASCII alone, so that every reader and terminal takes it; bytes that are not
/// UTF-8 become U+FFFD.
fn json_text(text: Option<&[u8]>, line: &mut Vec<u8>) {
    let Some(text) = text else { return line.extend_from_slice(b"null") };
    line.push(b'"');
    for chunk in text.utf8_chunks() {
        chunk.valid().chars().for_each(|c| json_char(c, line));
        if !chunk.invalid().is_empty() {
            json_char(char::REPLACEMENT_CHARACTER, line);
        }
    }
    line.push(b'"');
}

fn json_char(c: char, line: &mut Vec<u8>) {
    match c {
        '"' => line.extend_from_slice(b"\\\""),
        '\\' => line.extend_from_slice(b"\\\\"),
        ' '..='~' => line.push(c as u8),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                put(line, format_args!("\\u{unit:04x}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::record;
    use super::*;
    use crate::http::request::Method;
    use crate::http::status::Status;

    /// 22 November 2026, 16:26:41.
    const START: Duration = Duration::from_secs(1_795_364_801);

    fn line(format: Format, record: &Record) -> String {
        let mut line = Vec::new();
        Formatter::new(format, UNIX_EPOCH + START).append(record, &mut line);
        String::from_utf8(line).expect("a line is ASCII")
    }

    #[test]
    fn the_apache_formats() {
        let mut record = record("/x?a=1");
        record.agent = Some((*b"curl/8").into());
        let common = "192.0.2.7 - - [22/Nov/2026:16:26:41 +0000] \"GET /x?a=1 HTTP/1.1\" 200 123";
        assert_eq!(line(Format::Common, &record), format!("{common}\n"));
        assert_eq!(line(Format::Combined, &record), format!("{common} \"-\" \"curl/8\"\n"));
    }

    #[test]
    fn a_json_line() {
        let mut record = record("/x");
        record.started = Time::from_micros(1_234_567);
        record.referer = Some((*b"http://r/").into());
        assert_eq!(
            line(Format::Json, &record),
            "{\"time\":\"2026-11-22T16:26:42.234Z\",\"peer\":\"192.0.2.7\",\"method\":\"GET\",\
             \"target\":\"/x\",\"version\":\"HTTP/1.1\",\"status\":200,\"bytes\":123,\
             \"duration_us\":1500,\"referer\":\"http://r/\",\"agent\":null}\n"
        );
    }

    #[test]
    fn a_head_that_could_not_be_read_and_a_peer_without_address() {
        let mut record = record("");
        (record.method, record.peer, record.status) = (None, None, Status(400));
        record.version = Version::Http10;
        assert_eq!(
            line(Format::Common, &record),
            "unix: - - [22/Nov/2026:16:26:41 +0000] \"-\" 400 123\n"
        );
        let json = line(Format::Json, &record);
        assert!(json.contains("\"peer\":\"unix:\",\"method\":null,\"target\":\"\""), "{json}");
        assert!(json.contains("HTTP/1.0"), "{json}");
    }

    #[test]
    fn an_ipv4_client_on_an_ipv6_socket_keeps_its_name() {
        let mut record = record("/");
        record.peer = "::ffff:192.0.2.9".parse().ok();
        assert!(line(Format::Common, &record).starts_with("192.0.2.9 - - "));
        record.peer = "2001:db8::1".parse().ok();
        assert!(line(Format::Common, &record).starts_with("2001:db8::1 - - "));
    }

    #[test]
    fn no_byte_a_client_sends_leaves_its_quotes() {
        let every: Box<[u8]> = (0..=255).collect();
        let mut record = record("");
        record.method = Some(Method::Post);
        (record.target, record.referer, record.agent) =
            (every.clone(), Some(every.clone()), Some(every));
        for format in [Format::Common, Format::Combined, Format::Json] {
            let line = line(format, &record);
            let body = line.strip_suffix('\n').expect("a line ends");
            assert!(body.bytes().all(|b| matches!(b, b' '..=b'~')), "{body}");
        }
        let combined = line(Format::Combined, &record);
        assert_eq!(combined.matches('"').count(), 6, "{combined}");
        assert!(combined.contains("\\x00\\x01") && combined.contains("\\x7F\\x80"), "{combined}");
        assert!(combined.contains(" !\\x22#") && combined.contains("[\\x5C]"), "{combined}");
    }

    #[test]
    fn a_json_line_says_what_was_sent() {
        let mut record = record("/\"\\\u{7}é😀");
        record.agent = Some((*b"a\xffb").into());
        let line = line(Format::Json, &record);
        assert!(line.is_ascii(), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(read["target"], "/\"\\\u{7}é😀");
        assert_eq!(read["agent"], "a\u{fffd}b");
    }

    #[test]
    fn the_calendar_knows_leap_years() {
        let day = |days: u64| {
            let at = Calendar::of(days * 86_400_000);
            (at.year, at.month, at.day)
        };
        assert_eq!(day(0), (1970, 1, 1));
        assert_eq!(day(11_016), (2000, 2, 29));
        assert_eq!(day(11_017), (2000, 3, 1));
        assert_eq!(day(47_540), (2100, 2, 28));
        assert_eq!(day(47_541), (2100, 3, 1));
        let last = Calendar::of(946_684_799_999);
        assert_eq!((last.year, last.month, last.day), (1999, 12, 31));
        assert_eq!((last.hour, last.minute, last.second, last.millisecond), (23, 59, 59, 999));
    }
}
