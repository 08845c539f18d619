//! Decodes request bodies: which of the bytes that arrive are content (RFC 9112 6 and 7.1).

use super::chunk_extension::{self, trim};
use super::request_framing::Length;
use crate::base::limits::{Limits, MAX_CHUNK_LINE};
use crate::http::char_class::{all, in_text, in_token};
use crate::http::reply::Refusal;

/// The meaning of the next bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many bytes of framing, which the caller consumes.
    Skip(usize),
    /// So many bytes of content. The caller takes any part of them and passes its length to
    /// [`Decoder::took`].
    Content(usize),
    /// More bytes are needed.
    More,
    /// The body is complete.
    Done,
}

/// A decoder of one body.
#[derive(Clone, Copy, Debug)]
pub struct Decoder {
    state: State,
    /// Bytes of chunk extensions that may still come.
    extensions: usize,
    /// Bytes of trailer fields that may still come.
    trailers: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Content of a known length.
    Exact {
        left: u64,
    },
    /// Before a chunk's size.
    Size,
    /// In a chunk's content.
    Chunk {
        left: u64,
    },
    /// Before the line end after it.
    ChunkEnd,
    /// Before a trailer field or the last empty line.
    Trailer,
    Done,
}

impl Decoder {
    /// A decoder at the first byte of a body of this length.
    pub fn new(length: Length, limits: &Limits) -> Decoder {
        let state = match length {
            Length::Exact(left) => State::Exact { left },
            Length::Chunked => State::Size,
        };
        Decoder { state, extensions: limits.chunk_extensions, trailers: limits.trailers }
    }

    /// Decodes the start of `bytes`, the unread input, or refuses with 400 what is malformed or
    /// exceeds its limit.
    pub fn step(&mut self, bytes: &[u8]) -> Result<Step, Refusal> {
        match self.state {
            State::Exact { left: 0 } | State::Done => Ok(Step::Done),
            State::Exact { left } | State::Chunk { left } => Ok(match bytes.len() {
                0 => Step::More,
                have => Step::Content(usize::try_from(left).unwrap_or(have).min(have)),
            }),
            State::Size => self.size(bytes),
            State::ChunkEnd => self.chunk_end(bytes),
            State::Trailer => self.trailer(bytes),
        }
    }

    /// Number of content bytes that remain, if the head gave a length; otherwise 0.
    pub fn exactly(&self) -> u64 {
        match self.state {
            State::Exact { left } => left,
            _ => 0,
        }
    }

    /// Refuses a malformed first chunk as far as it has arrived, while that can still be answered.
    pub fn check_first(mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let mut rest = bytes;
        loop {
            let bytes = match self.step(rest)? {
                Step::Skip(bytes) => bytes,
                Step::Content(bytes) => {
                    self.took(bytes);
                    bytes
                }
                Step::More | Step::Done => return Ok(()),
            };
            rest = rest.get(bytes..).unwrap_or_default();
            if matches!(self.state, State::Size | State::Exact { .. }) {
                return Ok(());
            }
        }
    }

    /// Records that the caller has taken so many bytes of content.
    pub fn took(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        self.state = match self.state {
            State::Exact { left } => State::Exact { left: left.saturating_sub(bytes) },
            State::Chunk { left } if left > bytes => State::Chunk { left: left - bytes },
            State::Chunk { .. } => State::ChunkEnd,
            other => other,
        };
    }

    fn size(&mut self, bytes: &[u8]) -> Result<Step, Refusal> {
        let Some(line) = line(bytes, MAX_CHUNK_LINE, LONG_LINE)? else { return Ok(Step::More) };
        let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let (size, extensions) = line.split_at(digits);
        if !extensions.is_empty() && trim(extensions).first() != Some(&b';') {
            return Err(Refusal::bad("a chunk size is not a hexadecimal number"));
        }
        if !chunk_extension::are_valid(extensions) {
            return Err(Refusal::bad("a chunk extension is malformed"));
        }
        let left = self.extensions.checked_sub(extensions.len());
        self.extensions = left.ok_or_else(|| Refusal::bad("the chunk extensions are too long"))?;
        self.state = match hexadecimal(size) {
            Some(0) => State::Trailer,
            Some(left) => State::Chunk { left },
            None => return Err(Refusal::bad("a chunk size is not a hexadecimal number")),
        };
        Ok(Step::Skip(line.len() + 2))
    }

    fn chunk_end(&mut self, bytes: &[u8]) -> Result<Step, Refusal> {
        match bytes {
            [b'\r', b'\n', ..] => {
                self.state = State::Size;
                Ok(Step::Skip(2))
            }
            [] | [b'\r'] => Ok(Step::More),
            _ => Err(Refusal::bad("a chunk is longer than its size")),
        }
    }

    /// Trailer fields must be well-formed, and are discarded: none has a meaning (RFC 9110 6.5).
    fn trailer(&mut self, bytes: &[u8]) -> Result<Step, Refusal> {
        let Some(line) = line(bytes, self.trailers, LONG_TRAILERS)? else { return Ok(Step::More) };
        let bytes = line.len() + 2;
        if line.is_empty() {
            self.state = State::Done;
            return Ok(Step::Skip(bytes));
        }
        let left = self.trailers.checked_sub(bytes);
        self.trailers = left.ok_or_else(|| Refusal::bad(LONG_TRAILERS))?;
        match is_field(line) {
            true => Ok(Step::Skip(bytes)),
            false => Err(Refusal::bad("a trailer field is malformed")),
        }
    }
}

const LONG_LINE: &str = "a line of the chunked body is too long";
const LONG_TRAILERS: &str = "the trailer fields are too long";

/// The line that `bytes` starts with, without its CRLF; `None` while it is incomplete.
fn line<'a>(
    bytes: &'a [u8],
    longest: usize,
    too_long: &'static str,
) -> Result<Option<&'a [u8]>, Refusal> {
    let seen = bytes.get(..longest + 1).unwrap_or(bytes);
    let Some(end) = memchr::memchr2(b'\n', b'\r', seen) else {
        if seen.len() > longest {
            return Err(Refusal::bad(too_long));
        }
        return Ok(None);
    };
    match bytes.get(end..) {
        Some([b'\r', b'\n', ..]) => Ok(bytes.get(..end)),
        Some([b'\r']) => Ok(None),
        _ => Err(Refusal::bad("a line of the chunked body does not end with CR LF")),
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok().filter(|text| !text.is_empty())?;
    u64::from_str_radix(text, 16).ok()
}

fn is_field(line: &[u8]) -> bool {
    let name = line.iter().take_while(|&&byte| in_token(byte)).count();
    name > 0 && line.get(name) == Some(&b':') && all(line, in_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content of a chunked body that arrives in pieces of `piece` bytes.
    fn decode(bytes: &[u8], piece: usize) -> Result<Option<Vec<u8>>, Refusal> {
        let limits = Limits::default();
        let (mut decoder, mut content) = (Decoder::new(Length::Chunked, &limits), Vec::new());
        let (mut at, mut seen) = (0, 0);
        loop {
            match decoder.step(&bytes[at..seen])? {
                Step::Skip(n) => at += n,
                Step::Content(n) => {
                    content.extend_from_slice(&bytes[at..at + n]);
                    decoder.took(n);
                    at += n;
                }
                Step::More if seen == bytes.len() => return Ok(None),
                Step::More => seen = (seen + piece).min(bytes.len()),
                Step::Done => return Ok(Some(content)),
            }
        }
    }

    #[test]
    fn chunks_are_joined_however_they_arrive() {
        let body = b"4\r\nwiki\r\n5;a=b ;c=\"d\"\r\npedia\r\n0E\r\n in\r\n\r\nchunks.\r\n\
            0\r\nX-A: 1\r\n\r\n";
        for piece in 1..body.len() {
            assert_eq!(decode(body, piece), Ok(Some(b"wikipedia in\r\n\r\nchunks.".to_vec())));
        }
        assert_eq!(decode(&body[..body.len() - 1], 7), Ok(None));
    }

    #[test]
    fn bad_framing_is_refused() {
        for bad in [
            &b"\r\n"[..],
            b"x\r\n",
            b"-1\r\n",
            b"0x4\r\nwiki\r\n",
            b"4 \r\nwiki\r\n0\r\n\r\n",
            b" 4\r\nwiki\r\n",
            b"4\nwiki\n0\n\n",
            b"4\rwiki",
            b"4\r\nwikis\r\n",
            b"4;\r\nwiki\r\n",
            b"4;=b\r\nwiki\r\n",
            b"4;@bad\r\nwiki\r\n",
            b"10000000000000000\r\n",
            b"0\r\nno colon\r\n\r\n",
            b"0\r\n: x\r\n\r\n",
            b"0\r\nX: \x01\r\n\r\n",
        ] {
            for piece in [1, 100] {
                assert!(decode(bad, piece).is_err(), "{}", bad.escape_ascii());
            }
        }
    }

    #[test]
    fn the_first_chunk_is_judged_as_far_as_it_is_there() {
        let check = |bytes: &[u8]| {
            Decoder::new(Length::Chunked, &Limits::default()).check_first(bytes).is_ok()
        };
        for bytes in [&b""[..], b"4", b"4\r\n", b"4\r\nwi", b"4\r\nwiki\r\nx\r\n", b"0\r\n\r\nx"] {
            assert!(check(bytes), "{}", bytes.escape_ascii());
        }
        for bytes in
            [&b"x"[..], b"4;\r\n", b"4\r\nwikis", b"0\r\nno colon\r\n", b"fffffffffffffffff\r\n"]
        {
            let line = [bytes, b"\r\n"].concat();
            assert!(!check(&line), "{}", bytes.escape_ascii());
        }
        assert!(Decoder::new(Length::Exact(3), &Limits::default()).check_first(b"abcd").is_ok());
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let endless_extension = [b"1;".to_vec(), vec![b'a'; MAX_CHUNK_LINE]].concat();
        assert!(decode(&endless_extension, 100).is_err());
        let one = [b"1;".to_vec(), vec![b'a'; 1000], b"\r\nx\r\n".to_vec()].concat();
        assert!(decode(&one.repeat(20), 100).is_err());
        let trailers = [b"0\r\n".to_vec(), b"A: b\r\n".repeat(16 * 1024 / 6 + 1)].concat();
        assert!(decode(&trailers, 100).is_err());
    }
}
