//! A head: the same result for every split of the input; scan and parse agree on where it ends, and
//! a parse without a scan gives the same result, and reading it again the same request. The reader
//! by line agrees with `httparse`.

use loiter::base::limits::{Limits, STACK_FIELDS};
use loiter::proto::http1::head::{self, FieldTable};
use loiter::proto::http1::tokenize::{by_line, with_httparse};
use loiter_fuzz::{ORIGIN, read_head, summary};

/// Both readers find the same tokens. `httparse` leaves only heads that are refused, of later
/// versions, or of many fields.
fn readers_agree(data: &[u8]) {
    let (mut quick, mut slow) = (FieldTable::empty(), FieldTable::empty());
    let expected = by_line(data, &mut slow, usize::MAX);
    if let Some(tokens) = with_httparse(data, &mut quick) {
        assert_eq!(Ok(tokens), expected);
        assert_eq!(quick.as_slice(), slow.as_slice());
    } else if let Ok(tokens) = expected {
        let minor = data[tokens.method.len() + tokens.target.len() + " HTTP/1. ".len()];
        assert!(minor > b'1' || slow.as_slice().len() > STACK_FIELDS, "httparse must accept it");
    }
}

pub(crate) fn run(data: &[u8]) {
    readers_agree(data);
    // A connection skips empty lines before it looks for a head.
    let data = &data[head::blank_lines(data)..];
    let small =
        Limits { head_line_bytes: 60, head_bytes: 200, head_fields: 6, ..Limits::default() };
    for limits in [Limits::default(), small] {
        let whole = read_head(data, data.len().max(1), &limits);
        for piece in [1, 7] {
            assert_eq!(read_head(data, piece, &limits), whole, "in pieces of {piece}");
        }
        let mut table = FieldTable::empty();
        match (head::parse_unscanned(data, &mut table, &limits, ORIGIN), whole) {
            (Ok(head), whole) => {
                assert_eq!(Some(Ok(summary(&head))), whole, "without a scan");
                let mut table = FieldTable::empty();
                let again = head::reparse(&data[..head.bytes], &mut table, ORIGIN);
                assert_eq!(format!("{again:?}"), format!("{:?}", Some(head.request)), "again");
            }
            (Err(_), Some(Ok(_))) => {
                let end =
                    data.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
                let long = end > limits.head_line_bytes.min(limits.head_bytes);
                let declined = with_httparse(&data[..end], &mut FieldTable::empty()).is_none();
                assert!(long || declined, "only with a scan");
            }
            _ => {}
        }
    }
}
