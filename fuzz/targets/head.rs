//! A head: the same result for every split of the input; scan and parse agree on where it ends, and
//! a parse without a scan gives the same result. `httparse` agrees on every head that is accepted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loiter::base::limits::Limits;
use loiter::proto::http1::head::{self, Head};
use loiter_fuzz::{ORIGIN, read_head, summary};

/// Most fields that `httparse` may find.
const FIELDS: usize = 128;

/// `httparse` reads the same; it accepts only HTTP/1.0 and 1.1.
fn agrees(data: &[u8], head: &Head) {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut other = httparse::Request::new(&mut fields);
    match other.parse(data) {
        Ok(status) => assert_eq!(status, httparse::Status::Complete(head.bytes)),
        Err(error) => return assert_eq!(error, httparse::Error::Version),
    }
    let request = &head.request;
    assert_eq!(other.method, Some(request.method_name()));
    let path = other.path.and_then(|path| path.split('#').next());
    assert_eq!(path.map(str::as_bytes), Some(request.target.raw));
    let ours = request.fields.iter().map(|field| (field.name, field.value));
    assert!(ours.eq(other.headers.iter().map(|field| (field.name.as_bytes(), field.value))));
}

fuzz_target!(|data: &[u8]| {
    // A connection skips empty lines before it looks for a head.
    let data = &data[head::blank_lines(data)..];
    let small =
        Limits { head_line_bytes: 60, head_bytes: 200, head_fields: 6, ..Limits::default() };
    for limits in [Limits::default(), small] {
        let whole = read_head(data, data.len().max(1), &limits);
        for piece in [1, 7] {
            assert_eq!(read_head(data, piece, &limits), whole, "in pieces of {piece}");
        }
        let mut slots = head::FieldTable::empty();
        match (head::parse_unscanned(data, &mut slots, &limits, ORIGIN), whole) {
            (Ok(head), whole) => {
                assert_eq!(Some(Ok(summary(&head))), whole, "without a scan");
                agrees(data, &head);
            }
            (Err(_), Some(Ok(_))) => {
                let end =
                    data.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
                let long = end > limits.head_line_bytes.min(limits.head_bytes);
                assert!(long, "only with a scan");
            }
            _ => {}
        }
    }
});
