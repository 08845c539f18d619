//! Formats a record as a line of the access log: the Apache formats and JSON.
//!
//! Everything from a client is escaped to printable ASCII, so that no request can end a line, close
//! a quote or control a terminal.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Format;
use crate::http::fields::conditional::http_date;
use crate::http::ip::write_ip;
use crate::http::json;
use crate::http::record::{Details, LoggedLine, Record};

/// Shown for clients of a Unix socket, which have no address; nginx's text.
const NO_ADDRESS: &str = "unix:";
const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";

/// Formats records as lines.
#[derive(Clone, Debug)]
pub(super) struct Formatter {
    format: Format,
    /// The Unix time of [`Time::START`](crate::base::time::Time::START), in microseconds.
    start_us: u64,
    /// The last second formatted, since 1970, and its text: most lines are of the same second.
    second: u64,
    date: String,
    /// The details of a record that has none.
    unknown: Details,
}

impl Formatter {
    /// A formatter for records whose clock started at `start` on the wall clock.
    pub(super) fn new(format: Format, start: SystemTime) -> Formatter {
        let since = start.duration_since(UNIX_EPOCH).unwrap_or_default();
        let unknown = Details::default();
        let start_us = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        Formatter { format, start_us, second: u64::MAX, date: String::new(), unknown }
    }

    /// Appends the record's line, with its line feed.
    pub(super) fn append(&mut self, record: &Record, line: &mut Vec<u8>) {
        let modifiers = record.modifiers.as_deref().map(str::as_bytes);
        match self.format {
            Format::Common => self.common(record, line),
            Format::Combined => {
                self.common(record, line);
                line.push(b' ');
                quoted(record.strings.referer(), line);
                line.push(b' ');
                quoted(record.strings.agent(), line);
            }
            Format::Json => self.json(record, line),
        }
        // Programs that read these formats expect nothing more where nothing was modified.
        if modifiers.is_some() && self.format != Format::Json {
            line.push(b' ');
            quoted(modifiers, line);
        }
        line.push(b'\n');
    }

    /// The Common Log Format. As in Apache, the time is when the request arrived.
    fn common(&mut self, record: &Record, line: &mut Vec<u8>) {
        peer(record, line);
        line.extend_from_slice(b" - - [");
        self.time(record, line);
        line.extend_from_slice(b"] \"");
        request_line(record.strings.line(), line);
        line.extend_from_slice(b"\" ");
        number(record.status.0, line);
        line.push(b' ');
        number(record.body_bytes, line);
    }

    /// One JSON object with the same keys in every line; unknown values are null.
    fn json(&mut self, record: &Record, line: &mut Vec<u8>) {
        line.extend_from_slice(b"{\"time\":\"");
        let millisecond = self.time(record, line);
        put(line, format_args!(".{millisecond:03}Z\",\"peer\":\""));
        peer(record, line);
        let LoggedLine { method, target, version } = record.strings.line();
        let details = record.details.as_deref().unwrap_or(&self.unknown);
        line.extend_from_slice(b"\",\"peer_port\":");
        number_or_null(details.peer_port, line);
        line.extend_from_slice(b",\"listener\":");
        json_text(Some(details.listener.as_bytes()), line);
        line.extend_from_slice(b",\"method\":");
        json_text(method, line);
        line.extend_from_slice(b",\"target\":");
        json_text(target, line);
        line.extend_from_slice(b",\"route\":");
        json_text(details.route.map(str::as_bytes), line);
        line.extend_from_slice(b",\"version\":");
        json_text(version.as_ref().map(|name| &name[..]), line);
        line.extend_from_slice(b",\"tls\":");
        json_text(record.tls.map(str::as_bytes), line);
        line.extend_from_slice(b",\"status\":");
        number(record.status.0, line);
        line.extend_from_slice(b",\"bytes\":");
        number(record.body_bytes, line);
        line.extend_from_slice(b",\"request_bytes\":");
        number(details.request_bytes, line);
        line.extend_from_slice(b",\"duration_us\":");
        number(record.duration_us, line);
        line.extend_from_slice(b",\"delay_us\":");
        number(details.delay_us, line);
        line.extend_from_slice(b",\"late_us\":");
        number_or_null(details.late_us, line);
        line.extend_from_slice(b",\"referer\":");
        json_text(record.strings.referer(), line);
        line.extend_from_slice(b",\"agent\":");
        json_text(record.strings.agent(), line);
        line.extend_from_slice(b",\"forwarded_for\":");
        json_text(details.forwarded_for.as_deref(), line);
        line.extend_from_slice(b",\"request_id\":");
        json_text(details.request_id.as_deref(), line);
        line.extend_from_slice(b",\"error\":");
        json_text(record.error.as_deref().map(str::as_bytes), line);
        line.extend_from_slice(b",\"modifiers\":");
        json_text(record.modifiers.as_deref().map(str::as_bytes), line);
        line.push(b'}');
    }

    /// Appends the second in which the request arrived, and returns the millisecond in it.
    fn time(&mut self, record: &Record, line: &mut Vec<u8>) -> u64 {
        let unix_ms = self.start_us.saturating_add(record.started.micros()) / 1000;
        if self.second != unix_ms / 1000 {
            self.second = unix_ms / 1000;
            self.date = date(self.format, self.second);
        }
        line.extend_from_slice(self.date.as_bytes());
        unix_ms % 1000
    }
}

/// A Unix time in seconds as Apache writes it, or as ISO 8601 does.
fn date(format: Format, unix_s: u64) -> String {
    // Such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    let date = http_date(unix_s.saturating_mul(1_000_000));
    let (day, month, year, time) = (&date[5..7], &date[8..11], &date[12..16], &date[17..25]);
    match format {
        Format::Common | Format::Combined => format!("{day}/{month}/{year}:{time} +0000"),
        Format::Json => {
            let number = MONTHS.find(month).map_or(0, |at| at / 3 + 1);
            format!("{year}-{number:02}-{day}T{time}")
        }
    }
}

/// Appends formatted text; writing to a `Vec` cannot fail.
fn put(line: &mut Vec<u8>, text: std::fmt::Arguments) {
    let _ = line.write_fmt(text);
}

fn number(number: impl itoa::Integer, line: &mut Vec<u8>) {
    line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn number_or_null(value: Option<impl itoa::Integer>, line: &mut Vec<u8>) {
    match value {
        Some(value) => number(value, line),
        None => line.extend_from_slice(b"null"),
    }
}

/// The client's address; an IPv4 client of an IPv6 socket has its IPv4 address.
fn peer(record: &Record, line: &mut Vec<u8>) {
    match record.peer {
        Some(address) => write_ip(line, address),
        None => line.extend_from_slice(NO_ADDRESS.as_bytes()),
    }
}

/// The known parts of the request line as sent; `-` if none is known.
fn request_line(parts: LoggedLine, line: &mut Vec<u8>) {
    let LoggedLine { method, target, version } = parts;
    if let (None, None, None) = (method, target, version) {
        return line.push(b'-');
    }
    // A method and a version need no escapes.
    if let Some(method) = method {
        line.extend_from_slice(method);
        line.push(b' ');
    }
    escape(target.unwrap_or_default(), line);
    if let Some(version) = version {
        line.push(b' ');
        line.extend_from_slice(&version);
    }
}

/// Whether all is printable ASCII without `"` and `\`. No early exit, so that it is vectorized.
fn is_plain(text: &[u8]) -> bool {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\');
    text.iter().fold(true, |all, &byte| all & plain(byte))
}

/// A field value in quotes; `"-"` without the field.
fn quoted(value: Option<&[u8]>, line: &mut Vec<u8>) {
    line.push(b'"');
    escape(value.unwrap_or(b"-"), line);
    line.push(b'"');
}

/// Escapes as nginx does: `"`, `\` and bytes that are not printable ASCII become `\xHH`.
fn escape(text: &[u8], line: &mut Vec<u8>) {
    if is_plain(text) {
        return line.extend_from_slice(text);
    }
    for &byte in text {
        match byte {
            b'"' | b'\\' | ..b' ' | 0x7f.. => put(line, format_args!("\\x{byte:02X}")),
            _ => line.push(byte),
        }
    }
}

/// A JSON string of ASCII alone, for every terminal; invalid UTF-8 becomes U+FFFD.
fn json_text(text: Option<&[u8]>, line: &mut Vec<u8>) {
    let Some(text) = text else { return line.extend_from_slice(b"null") };
    line.push(b'"');
    json::escape(line, &String::from_utf8_lossy(text));
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::{record, with_texts};
    use super::*;
    use crate::base::time::Time;
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
        let record = with_texts(b"/x?a=1", None, Some(b"curl/8"));
        let common = "192.0.2.7 - - [22/Nov/2026:16:26:41 +0000] \"GET /x?a=1 HTTP/1.1\" 200 123";
        assert_eq!(line(Format::Common, &record), format!("{common}\n"));
        assert_eq!(line(Format::Combined, &record), format!("{common} \"-\" \"curl/8\"\n"));
    }

    #[test]
    fn a_json_line() {
        let mut record = with_texts(b"/x", Some(b"http://r/"), None);
        (record.started, record.tls) = (Time::from_micros(1_234_567), Some("TLS 1.3"));
        record.details = Some(Box::new(Details {
            listener: "[::]:80".into(),
            peer_port: Some(5000),
            route: Some("/{x}"),
            request_bytes: 4,
            delay_us: 1000,
            late_us: Some(30),
            forwarded_for: Some(b"192.0.2.1, \"x".as_slice().into()),
            request_id: Some(b"7f-1".as_slice().into()),
        }));
        assert_eq!(
            line(Format::Json, &record),
            "{\"time\":\"2026-11-22T16:26:42.234Z\",\"peer\":\"192.0.2.7\",\"peer_port\":5000,\
             \"listener\":\"[::]:80\",\"method\":\"GET\",\
             \"target\":\"/x\",\"route\":\"/{x}\",\"version\":\"HTTP/1.1\",\
             \"tls\":\"TLS 1.3\",\"status\":200,\
             \"bytes\":123,\"request_bytes\":4,\
             \"duration_us\":1500,\"delay_us\":1000,\"late_us\":30,\
             \"referer\":\"http://r/\",\"agent\":null,\
             \"forwarded_for\":\"192.0.2.1, \\\"x\",\"request_id\":\"7f-1\",\"error\":null,\
             \"modifiers\":null}\n"
        );
    }

    #[test]
    fn what_modifiers_did_is_at_the_end() {
        let mut record = with_texts(b"/x", None, None);
        record.modifiers = Some("delay=1s; header=X:\"; seed=8d2f".into());
        let text = "delay=1s; header=X:\\x22; seed=8d2f";
        let common = line(Format::Common, &record);
        assert!(common.ends_with(&format!(" 200 123 \"{text}\"\n")), "{common}");
        let combined = line(Format::Combined, &record);
        assert!(combined.ends_with(&format!(" 123 \"-\" \"-\" \"{text}\"\n")), "{combined}");
        let read: serde_json::Value =
            serde_json::from_str(&line(Format::Json, &record)).expect("it is JSON");
        assert_eq!(read["modifiers"], "delay=1s; header=X:\"; seed=8d2f");
    }

    #[test]
    fn a_head_that_could_not_be_read_and_a_peer_without_address() {
        let mut record = record("");
        (record.peer, record.status) = (None, Status(400));
        record.error = Some("the \"why\"".into());
        let mut line = |method: Option<&str>, target: Option<&str>, version: Option<&str>| {
            let [method, target, version] =
                [method, target, version].map(|text| text.map(str::as_bytes));
            let version = version.map(|name| name.try_into().expect("eight bytes"));
            record.strings.set(LoggedLine { method, target, version }, None, None);
            let common = line(Format::Common, &record);
            let start = "unix: - - [22/Nov/2026:16:26:41 +0000] ";
            let common = common.strip_prefix(start).expect("the time").trim_end().to_owned();
            let json = line(Format::Json, &record);
            let end = "\"request_id\":null,\"error\":\"the \\\"why\\\"\",\"modifiers\":null}\n";
            assert!(json.contains("\"peer\":\"unix:\",") && json.ends_with(end), "{json}");
            let start = json.find("\"method\"").expect("the method's key");
            let end = json.find(",\"tls\":null,\"status\"").expect("the next key");
            (common, json[start..end].to_owned())
        };
        for (parts, common, json) in [
            (
                (None, None, None),
                "-",
                "\"method\":null,\"target\":null,\"route\":null,\"version\":null",
            ),
            (
                (None, Some("\u{16}\u{3}"), None),
                "\\x16\\x03",
                "\"method\":null,\"target\":\"\\u0016\\u0003\",\"route\":null,\"version\":null",
            ),
            (
                (Some("GET"), Some("/a b"), None),
                "GET /a b",
                "\"method\":\"GET\",\"target\":\"/a b\",\"route\":null,\"version\":null",
            ),
            (
                (Some("PRI"), Some("*"), Some("HTTP/2.0")),
                "PRI * HTTP/2.0",
                "\"method\":\"PRI\",\"target\":\"*\",\"route\":null,\"version\":\"HTTP/2.0\"",
            ),
        ] {
            let (method, target, version) = parts;
            let expected = (format!("\"{common}\" 400 123"), json.to_owned());
            assert_eq!(line(method, target, version), expected);
        }
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
        let every: Vec<u8> = (0..=255).collect();
        let record = with_texts(&every, Some(&every), Some(&every));
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
        let target = "/\"\\\u{7}é😀".as_bytes();
        let record = with_texts(target, None, Some(b"a\xffb"));
        let line = line(Format::Json, &record);
        assert!(line.is_ascii(), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(read["target"], "/\"\\\u{7}é😀");
        assert_eq!(read["agent"], "a\u{fffd}b");
    }

    #[test]
    fn the_text_of_a_second_is_made_anew_for_another() {
        let (mut formatter, mut lines) = (Formatter::new(Format::Json, UNIX_EPOCH), Vec::new());
        for micros in [999_999, 1_000_000, 1_999_000, 0] {
            let record = Record { started: Time::from_micros(micros), ..record("/") };
            formatter.append(&record, &mut lines);
        }
        let text = String::from_utf8(lines).expect("a line is ASCII");
        let seen: Vec<&str> = text.lines().filter_map(|line| line.get(26..33)).collect();
        assert_eq!(seen, ["00.999Z", "01.000Z", "01.999Z", "00.000Z"]);
    }

    #[test]
    fn dates_are_as_apache_and_iso_8601_write_them() {
        for (days, apache, iso) in [
            (0, "01/Jan/1970", "1970-01-01"),
            (11_016, "29/Feb/2000", "2000-02-29"),
            (11_017, "01/Mar/2000", "2000-03-01"),
            (47_540, "28/Feb/2100", "2100-02-28"),
            (47_541, "01/Mar/2100", "2100-03-01"),
            (10_956, "31/Dec/1999", "1999-12-31"),
        ] {
            let last = days * 86_400 + 86_399;
            assert_eq!(date(Format::Common, last), format!("{apache}:23:59:59 +0000"));
            assert_eq!(date(Format::Json, last), format!("{iso}T23:59:59"));
        }
    }
}
