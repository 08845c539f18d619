//! Splits a head into its tokens: method, target, version and fields (RFC 9112 2 to 5).
//!
//! Nearly every head is split by `httparse`. One that it does not accept, or accepts although its
//! line ends are not CR LF, is split line by line: that finds the reason to refuse it, and accepts
//! HTTP/1.2 and more fields. What the tokens mean is decided elsewhere.

use std::mem::{ManuallyDrop, MaybeUninit};

use arrayvec::ArrayVec;

use crate::base::limits::STACK_FIELDS;
use crate::http::char_class::{in_text, in_token, is_visible};
use crate::http::reply::Refusal;
use crate::http::request::{Field, Version};
use crate::http::status::Status;

pub(super) const NO_VERSION: &str = "the request line does not end with HTTP/1.1";

/// Whether this is `HTTP-version` (RFC 9112 2.3), of any number.
pub(super) fn is_version(token: &[u8]) -> bool {
    matches!(token, [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'])
}

/// The fields of a head: on the stack if `httparse` split it, otherwise on the heap.
#[derive(Debug)]
pub struct FieldTable<'a> {
    /// `ManuallyDrop`, because a type with a destructor could not be borrowed for as long as the
    /// fields in it. A [`Field`] needs none.
    stack: ManuallyDrop<ArrayVec<Field<'a>, STACK_FIELDS>>,
    heap: Vec<Field<'a>>,
}

impl<'a> FieldTable<'a> {
    /// A table without fields.
    pub const fn empty() -> FieldTable<'a> {
        FieldTable { stack: ManuallyDrop::new(ArrayVec::new_const()), heap: Vec::new() }
    }

    /// The fields in the order in which they were sent.
    pub fn as_slice(&self) -> &[Field<'a>] {
        if self.heap.is_empty() { &self.stack } else { &self.heap }
    }

    /// Appends a field: to the stack as long as it has room.
    pub fn push(&mut self, field: Field<'a>) {
        if self.heap.is_empty() {
            let Err(error) = self.stack.try_push(field) else { return };
            self.heap.extend_from_slice(&self.stack);
            self.heap.push(error.element());
        } else {
            self.heap.push(field);
        }
    }

    /// Replaces the value of the field at `index`, if there is one.
    pub fn set_value(&mut self, index: usize, value: &'a [u8]) {
        let fields = if self.heap.is_empty() { &mut self.stack[..] } else { &mut self.heap };
        if let Some(field) = fields.get_mut(index) {
            field.value = value;
        }
    }
}

/// The tokens of a head, except its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens<'a> {
    /// The method, a token (RFC 9110 9.1).
    pub method: &'a [u8],
    /// The request target as sent: not empty, UTF-8, no blanks and no control characters.
    pub target: &'a [u8],
    /// The version, by which the request is served.
    pub version: Version,
    /// Length of the head in bytes, with its empty line.
    pub head_bytes: usize,
}

/// Splits the head that `bytes` starts with, and puts its fields, at most `most_fields`, into the
/// empty `table`.
pub(super) fn head<'a>(
    bytes: &'a [u8],
    table: &mut FieldTable<'a>,
    most_fields: usize,
) -> Result<Tokens<'a>, Refusal> {
    match with_httparse(bytes, table) {
        Some(tokens) if table.stack.len() <= most_fields => Ok(tokens),
        _ => by_line(bytes, table, most_fields),
    }
}

/// Splits a complete head of HTTP/1.0 or 1.1 with at most [`STACK_FIELDS`] fields. `None` for any
/// other: the table then holds nothing of use.
///
/// `httparse` skips empty lines before the method and takes a lone LF for a line end. Its tokens
/// are slices of `bytes`, so a look at the bytes between them finds both without a second pass.
pub fn with_httparse<'a>(bytes: &'a [u8], table: &mut FieldTable<'a>) -> Option<Tokens<'a>> {
    let mut headers = [const { MaybeUninit::uninit() }; STACK_FIELDS];
    let mut request = httparse::Request::new(&mut []);
    let parsed = request.parse_with_uninit_headers(bytes, &mut headers);
    let Ok(httparse::Status::Complete(head_bytes)) = parsed else { return None };
    let (method, target) = (request.method?, request.path?);
    let version = if request.version? == 0 { Version::Http10 } else { Version::Http11 };
    let offset = |token: &str| token.as_ptr().addr().wrapping_sub(bytes.as_ptr().addr());
    if offset(method) != 0 || !bytes.get(..head_bytes)?.ends_with(b"\r\n\r\n") {
        return None;
    }
    for header in &*request.headers {
        // The line before this one ends with CR LF.
        if bytes.get(offset(header.name).wrapping_sub(2)) != Some(&b'\r') {
            return None;
        }
        table.stack.try_push(Field { name: header.name.as_bytes(), value: header.value }).ok()?;
    }
    let (method, target) = (method.as_bytes(), target.as_bytes());
    Some(Tokens { method, target, version, head_bytes })
}

/// Splits any head, or refuses it: with 431 more than `most_fields` fields, 505 a version that is
/// not served, and 400 what is not well-formed or not complete.
#[cold]
#[inline(never)]
pub fn by_line<'a>(
    bytes: &'a [u8],
    table: &mut FieldTable<'a>,
    most_fields: usize,
) -> Result<Tokens<'a>, Refusal> {
    *table = FieldTable::empty();
    let (line, mut rest) = next_line(bytes)?;
    let (method, target, version) = request_line(line)?;
    loop {
        let (line, after) = next_line(rest)?;
        rest = after;
        if line.is_empty() {
            break;
        }
        let field = field(line)?;
        // Up to the larger of the two, a mistake in a later line takes precedence.
        if table.heap.len() >= most_fields.max(STACK_FIELDS) {
            return Err(too_many_fields());
        }
        table.heap.push(field);
    }
    if table.heap.len() > most_fields {
        return Err(too_many_fields());
    }
    Ok(Tokens { method, target, version, head_bytes: bytes.len() - rest.len() })
}

/// There are more fields than the operator allows.
fn too_many_fields() -> Refusal {
    Refusal::new(Status(431), "there are too many header fields")
}

/// The first line without its line end, and the bytes after it.
fn next_line(bytes: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    let end = memchr::memchr(b'\n', bytes).ok_or_else(unended)?;
    let (line, rest) = bytes.split_at_checked(end + 1).ok_or_else(unended)?;
    Ok((line.strip_suffix(b"\r\n").ok_or_else(unended)?, rest))
}

/// Method, target and version.
fn request_line(line: &[u8]) -> Result<(&[u8], &[u8], Version), Refusal> {
    let (rest, version) = match line.split_last_chunk() {
        Some((rest, b" HTTP/1.1")) => (rest, Version::Http11),
        Some((rest, b" HTTP/1.0")) => (rest, Version::Http10),
        // A later minor version is served as the one we know (RFC 9110 2.5).
        Some((rest, [b' ', b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'2'..=b'9'])) => {
            (rest, Version::Http11)
        }
        _ => return Err(unknown_version(line)),
    };
    let end = rest.iter().position(|&byte| !in_token(byte)).unwrap_or(rest.len());
    match rest.split_at_checked(end) {
        Some((method @ [_, ..], [b' ', target @ ..])) if is_target(target) => {
            Ok((method, target, version))
        }
        _ => Err(Refusal::bad("the request line is not a method, a target and HTTP/1.1")),
    }
}

/// Any characters but blanks and controls: a part that is not valid is refused later, by the rules
/// for a target. Beyond ASCII it must be UTF-8, which old browsers send without escapes.
fn is_target(bytes: &[u8]) -> bool {
    let is_allowed = |&byte: &u8| is_visible(byte) || byte >= 0x80;
    !bytes.is_empty() && bytes.iter().all(is_allowed) && std::str::from_utf8(bytes).is_ok()
}

/// `field-name ":" OWS field-value OWS`. A line that begins with a blank continues the one before
/// it (obs-fold), which a server may refuse (RFC 9112 5.2): it has no name.
fn field(line: &[u8]) -> Result<Field<'_>, Refusal> {
    let end = line.iter().position(|&byte| !in_token(byte)).unwrap_or(line.len());
    match line.split_at_checked(end) {
        Some((name @ [_, ..], [b':', value @ ..])) => {
            if !value.iter().all(|&byte| in_text(byte)) {
                return Err(Refusal::bad("the value of a field contains a control character"));
            }
            Ok(Field { name, value: value.trim_ascii() })
        }
        _ => Err(Refusal::bad("a line of the head is not a name, a colon and a value")),
    }
}

fn unended() -> Refusal {
    Refusal::bad("a line of the head does not end with CR LF")
}

/// A well-formed version that is not served gets 505 (RFC 9110 2.5 and 15.6.6).
fn unknown_version(line: &[u8]) -> Refusal {
    let mut parts = line.split(|&b| b == b' ').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(target), Some(version), None) if is_target(target) && is_version(version) => {
            Refusal::new(Status(505), "only HTTP/1.0 and HTTP/1.1 are supported")
        }
        _ => Refusal::bad(NO_VERSION),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::MAX_FIELDS;

    /// The tokens, separated by blanks; or the status of the refusal.
    fn tokens(bytes: &str) -> Result<String, String> {
        assert_same(bytes.as_bytes());
        let mut table = FieldTable::empty();
        let tokens = super::head(bytes.as_bytes(), &mut table, MAX_FIELDS).map_err(|refusal| {
            assert!(!refusal.reason.is_empty());
            refusal.status.0.to_string()
        })?;
        assert_eq!(tokens.head_bytes, bytes.len());
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let version = format!("{:?}", tokens.version);
        let mut all = vec![text(tokens.method), text(tokens.target), version];
        all.extend(
            table.as_slice().iter().map(|field| text(field.name) + "=" + &text(field.value)),
        );
        Ok(all.join(" "))
    }

    fn head(line: &str, fields: &str) -> Result<String, String> {
        tokens(&format!("{line}\r\n{fields}\r\n"))
    }

    /// Both readers find the same tokens; `httparse` leaves only what is refused, later versions
    /// and heads of many fields.
    fn assert_same(bytes: &[u8]) {
        let (mut quick, mut slow) = (FieldTable::empty(), FieldTable::empty());
        let found = with_httparse(bytes, &mut quick);
        let expected = by_line(bytes, &mut slow, MAX_FIELDS);
        match (found, expected) {
            (None, Err(_)) => {}
            (None, Ok(tokens)) => {
                let minor = bytes[tokens.method.len() + tokens.target.len() + " HTTP/1. ".len()];
                let many = slow.as_slice().len() > STACK_FIELDS;
                assert!(many || (b'2'..=b'9').contains(&minor), "{}", bytes.escape_ascii());
            }
            (Some(tokens), expected) => {
                assert_eq!(Ok(tokens), expected, "{}", bytes.escape_ascii());
                assert_eq!(quick.as_slice(), slow.as_slice(), "{}", bytes.escape_ascii());
            }
        }
    }

    #[test]
    fn both_readers_agree_on_every_byte_in_every_place() {
        let head = b"GET /a HTTP/1.0\r\nab:\t cd\r\ne:\r\n\r\n";
        let changed = |at: usize, with: &[u8], removed: usize| {
            assert_same(&[&head[..at], with, &head[at + removed..]].concat());
        };
        for at in 0..head.len() {
            assert_same(&head[..at]);
            changed(at, b"", 1);
            for byte in 0..=255 {
                changed(at, &[byte], 0);
                changed(at, &[byte], 1);
            }
        }
    }

    #[test]
    fn request_lines() {
        for (line, tokens) in [
            ("GET / HTTP/1.1", "GET / Http11"),
            ("!#$%&'*+-.^_`|~0aZ * HTTP/1.0", "!#$%&'*+-.^_`|~0aZ * Http10"),
            ("GET /\"<>{}|^é HTTP/1.9", "GET /\"<>{}|^é Http11"),
            ("A http://h/?a#b HTTP/1.2", "A http://h/?a#b Http11"),
        ] {
            assert_eq!(head(line, "").as_deref(), Ok(tokens));
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
        assert!(super::head(b"GET /\xff HTTP/1.1\r\n\r\n", &mut FieldTable::empty(), 1).is_err());
    }

    #[test]
    fn fields() {
        for (line, tokens) in [
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
            assert_eq!(head("GET / HTTP/1.1", line), Ok("GET / Http11 ".to_owned() + tokens));
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
            let tokens = head("GET / HTTP/1.1", &fields).unwrap();
            assert_eq!(tokens, format!("GET / Http11 {}=", names.join("= ")));
        }
        assert_eq!(head("GET / HTTP/1.1", &"a:b\r\n".repeat(MAX_FIELDS + 1)).unwrap_err(), "431");
    }

    #[test]
    fn the_limit_on_fields_may_be_lower_than_the_room() {
        let status = |fields: &str, most| {
            let bytes = format!("GET / HTTP/1.1\r\n{fields}\r\n");
            let refused = super::head(bytes.as_bytes(), &mut FieldTable::empty(), most);
            refused.map_or_else(|refusal| refusal.status.0, |_| 200)
        };
        assert_eq!([1, 2, 3].map(|most| status("a:b\r\nc:d\r\n", most)), [431, 200, 200]);
        // The mistake is the reason: fields are not counted twice.
        let fields = "a:b\r\n".repeat(STACK_FIELDS - 2) + "a:b\na:b\r\n";
        assert_eq!(status(&fields, STACK_FIELDS), 400);
    }
}
