//! The words of a head: its request line and its fields, told apart (RFC 9112 2 to 5).
//!
//! What is no word in its place is refused here, with a sentence that says what; what the words
//! mean is not asked. Every line must end with CR LF, so a lone CR or LF stands in no word.

use std::mem::ManuallyDrop;

use arrayvec::ArrayVec;

use crate::base::limits::STACK_FIELDS;
use crate::http::char_class::{all, in_text, in_token, is_visible};
use crate::http::reply::Refusal;
use crate::http::request::{Field, Version};
use crate::http::status::Status;

pub(super) const NO_VERSION: &str = "the request line does not end with HTTP/1.1";

pub(super) fn is_version(word: &[u8]) -> bool {
    matches!(word, [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'])
}

/// Room for a head's fields: on the stack for as many as nearly all have, on the heap beyond.
#[derive(Debug)]
pub struct FieldTable<'a> {
    /// The fields, while they are few. There is nothing to drop in it, so it may be lent for as
    /// long as what it holds.
    few: ManuallyDrop<ArrayVec<Field<'a>, STACK_FIELDS>>,
    /// All of them, if they are more.
    many: Vec<Field<'a>>,
}

impl<'a> FieldTable<'a> {
    /// A table without fields.
    pub const fn empty() -> FieldTable<'a> {
        FieldTable { few: ManuallyDrop::new(ArrayVec::new_const()), many: Vec::new() }
    }

    /// The fields that a head was found to have, in their order.
    pub fn as_slice(&self) -> &[Field<'a>] {
        if self.many.is_empty() { &self.few } else { &self.many }
    }

    fn push(&mut self, field: Field<'a>, most: usize) -> Result<(), Refusal> {
        match self.few.try_push(field) {
            Ok(()) => Ok(()),
            Err(error) => self.push_more(error.element(), most),
        }
    }

    /// The first one that finds no room takes all with it.
    #[cold]
    fn push_more(&mut self, field: Field<'a>, most: usize) -> Result<(), Refusal> {
        if self.len() >= most {
            return Err(too_many_fields());
        }
        if self.many.is_empty() {
            self.many.extend_from_slice(&self.few);
        }
        self.many.push(field);
        Ok(())
    }

    fn len(&self) -> usize {
        self.few.len().max(self.many.len())
    }
}

/// The words of a request line.
pub(super) struct RequestLine<'a> {
    pub(super) method: &'a [u8],
    pub(super) target: &'a [u8],
    pub(super) version: Version,
}

/// Takes a head apart: its request line, and how many bytes it is. Its fields, at most
/// `most_fields`, are put into `table`.
pub(super) fn by_line<'a>(
    bytes: &'a [u8],
    table: &mut FieldTable<'a>,
    most_fields: usize,
) -> Result<(RequestLine<'a>, usize), Refusal> {
    let (line, mut rest) = next_line(bytes)?;
    let request_line = request_line(line)?;
    loop {
        let (line, after) = next_line(rest)?;
        rest = after;
        if line.is_empty() {
            let length = bytes.len() - rest.len();
            return match table.len() <= most_fields {
                true => Ok((request_line, length)),
                false => Err(too_many_fields()),
            };
        }
        table.push(field(line)?, most_fields)?;
    }
}

/// There are more fields than the operator allows.
fn too_many_fields() -> Refusal {
    Refusal::new(Status(431), "there are too many header fields")
}

/// The first line, without its line end, and what comes after it.
fn next_line(bytes: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    let end = memchr::memchr(b'\n', bytes).ok_or_else(unended)?;
    let (line, rest) = bytes.split_at_checked(end + 1).ok_or_else(unended)?;
    Ok((line.strip_suffix(b"\r\n").ok_or_else(unended)?, rest))
}

fn request_line(line: &[u8]) -> Result<RequestLine<'_>, Refusal> {
    let (words, version) = match line.split_last_chunk() {
        Some((words, b" HTTP/1.1")) => (words, Version::Http11),
        Some((words, b" HTTP/1.0")) => (words, Version::Http10),
        // RFC 9110 2.5.
        Some((words, [b' ', b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'2'..=b'9'])) => {
            (words, Version::Http11)
        }
        _ => return Err(unknown_version(line)),
    };
    let end = words.iter().position(|&byte| !in_token(byte)).unwrap_or(words.len());
    match words.split_at_checked(end) {
        Some((method @ [_, ..], [b' ', target @ ..])) if is_target(target) => {
            Ok(RequestLine { method, target, version })
        }
        _ => Err(Refusal::bad("the request line is not a method, a target and HTTP/1.1")),
    }
}

/// Bytes that may stand in a target; which of them mean something is not asked. Beyond ASCII there
/// must be UTF-8, as browsers of old send it.
fn is_target(bytes: &[u8]) -> bool {
    let seen = |byte| is_visible(byte) || byte >= 0x80;
    let plain = all(bytes, is_visible);
    !bytes.is_empty() && (plain || all(bytes, seen) && std::str::from_utf8(bytes).is_ok())
}

/// `field-name ":" OWS field-value OWS`. A line that begins with a blank would be the end of the
/// one before it (RFC 9112 5.2): it has no name.
fn field(line: &[u8]) -> Result<Field<'_>, Refusal> {
    let end = line.iter().position(|&byte| !in_token(byte)).unwrap_or(line.len());
    match line.split_at_checked(end) {
        // The whole line is looked at: a value is often too short to be looked at in one.
        Some(([_, ..], [b':', ..])) if !all(line, in_text) => {
            Err(Refusal::bad("the value of a field holds a control character"))
        }
        Some((name @ [_, ..], [b':', value @ ..])) => Ok(Field { name, value: trimmed(value) }),
        _ => Err(Refusal::bad("a line of the head is not a name, a colon and a value")),
    }
}

/// A value without the blanks about it. Nearly all have one before them and no other.
fn trimmed(value: &[u8]) -> &[u8] {
    let value = value.strip_prefix(b" ").unwrap_or(value);
    match value {
        [b' ' | b'\t', ..] | [.., b' ' | b'\t'] => trimmed_more(value),
        _ => value,
    }
}

fn trimmed_more(value: &[u8]) -> &[u8] {
    let mut value = value;
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn unended() -> Refusal {
    Refusal::bad("a line of the head does not end with CR LF")
}

/// `HTTP/2.0` and the like are well-formed and not served (RFC 9110 2.5 and 15.6.6).
fn unknown_version(line: &[u8]) -> Refusal {
    let mut words = line.split(|&b| b == b' ').skip(1);
    match (words.next(), words.next(), words.next()) {
        (Some(target), Some(version), None) if is_target(target) && is_version(version) => {
            Refusal::new(Status(505), "only HTTP/1.0 and HTTP/1.1 are spoken here")
        }
        _ => Refusal::bad(NO_VERSION),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::MAX_FIELDS;

    /// The words, with a blank between them; or why not.
    fn told(head: &str) -> Result<String, String> {
        let mut table = FieldTable::empty();
        let (line, length) =
            by_line(head.as_bytes(), &mut table, MAX_FIELDS).map_err(|refusal| {
                assert!(!refusal.reason.is_empty());
                refusal.status.0.to_string()
            })?;
        assert_eq!(length, head.len());
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let mut told = vec![text(line.method), text(line.target), format!("{:?}", line.version)];
        told.extend(
            table.as_slice().iter().map(|field| text(field.name) + "=" + &text(field.value)),
        );
        Ok(told.join(" "))
    }

    fn head(line: &str, fields: &str) -> Result<String, String> {
        told(&format!("{line}\r\n{fields}\r\n"))
    }

    #[test]
    fn request_lines() {
        for (line, words) in [
            ("GET / HTTP/1.1", "GET / Http11"),
            ("!#$%&'*+-.^_`|~0aZ * HTTP/1.0", "!#$%&'*+-.^_`|~0aZ * Http10"),
            ("GET /\"<>{}|^é HTTP/1.9", "GET /\"<>{}|^é Http11"),
            ("A http://h/?a#b HTTP/1.2", "A http://h/?a#b Http11"),
        ] {
            assert_eq!(head(line, "").as_deref(), Ok(words));
        }
        for line in [
            "",
            "GET",
            "GET /",
            "GET / HTTP/1.1 ",
            " GET / HTTP/1.1",
            "GET  / HTTP/1.1",
            "GET /  HTTP/1.1",
            "GET / a HTTP/1.1",
            "GET\t/ HTTP/1.1",
            "GET /\t HTTP/1.1",
            "GET  HTTP/1.1",
            " / HTTP/1.1",
            "/ HTTP/1.1",
            "GET / http/1.1",
            "GET / HTTP/1.",
            "GET / HTTP/1.11",
            "GET / HTTP/11",
            "G(T / HTTP/1.1",
            "GET /\0 HTTP/1.1",
            "GET /\x7f HTTP/1.1",
            "GET /\r HTTP/1.1",
            "GET /a\rb HTTP/1.1",
            "G\r / HTTP/1.1",
        ] {
            assert_eq!(head(line, "").unwrap_err(), "400", "{line:?}");
        }
        for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/3.1"] {
            assert_eq!(head(&format!("PRI * {version}"), "").unwrap_err(), "505");
        }
        for target in ["/\0", "/\r/", ""] {
            assert_eq!(head(&format!("GET {target} HTTP/2.0"), "").unwrap_err(), "400");
        }
        assert!(by_line(b"GET /\xff HTTP/1.1\r\n\r\n", &mut FieldTable::empty(), 1).is_err());
    }

    #[test]
    fn fields() {
        for (line, words) in [
            ("a:\r\n", "a="),
            ("a: b\r\n", "a=b"),
            ("A:b\r\n", "A=b"),
            ("a:  \t b\tc \t\r\n", "a=b\tc"),
            ("a: \t \r\nb:c:d\r\n", "a= b=c:d"),
            ("a: é\r\n", "a=é"),
            (
                "a-long-name-of-a-field: and a value that is longer than sixteen bytes\r\n",
                "a-long-name-of-a-field=and a value that is longer than sixteen bytes",
            ),
        ] {
            assert_eq!(head("GET / HTTP/1.1", line), Ok("GET / Http11 ".to_owned() + words));
        }
        for line in [
            "a\r\n",
            ":b\r\n",
            "a :b\r\n",
            " a:b\r\n",
            "\ta:b\r\n",
            "a: b\r\n c\r\n",
            "a: b\n",
            "a: b\nc: d\r\n",
            "a: b\rc\r\n",
            "a: \r\r\n",
            "a: \0\r\n",
            "a: \x7f\r\n",
            "a(b: c\r\n",
            "é: b\r\n",
            "a\0: b\r\n",
            "a: a value that holds its mistake after byte 32 \x01\r\n",
            "a: b\r",
            "a: b\r\n\r",
        ] {
            assert_eq!(head("GET / HTTP/1.1", line).unwrap_err(), "400", "{line:?}");
        }
    }

    #[test]
    fn there_is_room_for_so_many_fields_and_no_more() {
        for count in [STACK_FIELDS, STACK_FIELDS + 1, STACK_FIELDS + 2, MAX_FIELDS] {
            let names: Vec<String> = (0..count).map(|n| format!("a{n}")).collect();
            let fields: String = names.iter().map(|name| format!("{name}:\r\n")).collect();
            let words = head("GET / HTTP/1.1", &fields).unwrap();
            assert_eq!(words, format!("GET / Http11 {}=", names.join("= ")));
        }
        assert_eq!(head("GET / HTTP/1.1", &"a:b\r\n".repeat(MAX_FIELDS + 1)).unwrap_err(), "431");
    }
}
