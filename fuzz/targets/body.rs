//! A body: the same content for every split of the input, and never more bytes than were sent.
//!
//! The first byte is the Content-Length; 0xff means chunked.

use loiter::base::limits::Limits;
use loiter::proto::http1::body::{Decoder, Step};
use loiter::proto::http1::head::Length;

/// The content, whether the body is complete, and the bytes consumed; or why it is refused.
type Verdict = (Vec<u8>, Result<bool, String>, usize);

fn decode(bytes: &[u8], length: Length, piece: usize, limits: &Limits) -> Verdict {
    let (mut decoder, mut content) = (Decoder::new(length, limits), Vec::new());
    let (mut at, mut seen) = (0, 0);
    loop {
        match decoder.step(&bytes[at..seen]) {
            Ok(Step::Skip(n)) => {
                assert!(n > 0 && at + n <= seen, "skips beyond the input");
                at += n;
            }
            Ok(Step::Content(n)) => {
                assert!(n > 0 && at + n <= seen, "takes beyond the input");
                // A caller may take any part: take half, and check that the rest is offered again.
                let n = n.div_ceil(2);
                content.extend_from_slice(&bytes[at..at + n]);
                decoder.took(n);
                at += n;
            }
            Ok(Step::More) if seen == bytes.len() => return (content, Ok(false), at),
            Ok(Step::More) => seen = (seen + piece).min(bytes.len()),
            Ok(Step::Done) => return (content, Ok(true), at),
            Err(refusal) => return (content, Err(format!("{refusal:?}")), at),
        }
    }
}

pub(crate) fn run(data: &[u8]) {
    let Some((&first, bytes)) = data.split_first() else { return };
    let length = if first == 0xff { Length::Chunked } else { Length::Exact(first.into()) };
    let small = Limits { chunk_extensions: 20, trailers: 30, ..Limits::default() };
    for limits in [Limits::default(), small] {
        let whole = decode(bytes, length, bytes.len().max(1), &limits);
        for piece in [1, 2, 5] {
            let cut = decode(bytes, length, piece, &limits);
            assert_eq!(cut, whole, "in pieces of {piece}");
        }
    }
}
