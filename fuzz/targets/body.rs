//! A body: the same content however it is cut, and never more than was sent.
//!
//! The first byte is the length of a body of known length; 0xff: it is chunked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loiter::base::limits::Limits;
use loiter::proto::http1::body::{Decoder, Step};
use loiter::proto::http1::head::Length;

/// The content, whether the body is whole, and how many bytes it took; or why it is refused.
type Verdict = (Vec<u8>, Result<bool, String>, usize);

fn decode(bytes: &[u8], length: Length, piece: usize, limits: &Limits) -> Verdict {
    let (mut decoder, mut content) = (Decoder::new(length, limits), Vec::new());
    let (mut at, mut seen) = (0, 0);
    loop {
        match decoder.step(&bytes[at..seen]) {
            Ok(Step::Skip(n)) => {
                assert!(n > 0 && at + n <= seen, "more is skipped than there is");
                at += n;
            }
            Ok(Step::Content(n)) => {
                assert!(n > 0 && at + n <= seen, "more is taken than there is");
                // Any part may be taken: half of it, to see that what is left comes again.
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

fuzz_target!(|data: &[u8]| {
    let Some((&first, bytes)) = data.split_first() else { return };
    let length = if first == 0xff { Length::Chunked } else { Length::Exact(first.into()) };
    let small = Limits { chunk_extensions: 20, trailers: 30, ..Limits::default() };
    for limits in [Limits::default(), small] {
        let whole = decode(bytes, length, bytes.len().max(1), &limits);
        for piece in [1, 2, 5] {
            let cut = decode(bytes, length, piece, &limits);
            assert_eq!(cut, whole, "cut into pieces of {piece}");
        }
    }
});
