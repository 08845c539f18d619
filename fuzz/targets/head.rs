//! A head: the same verdict however it is cut, scan and parse agree on where it ends, and so does
//! the parse that does without a scan.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loiter::base::limits::Limits;
use loiter::proto::http1::head;
use loiter_fuzz::{ORIGIN, read_head, told};

fuzz_target!(|data: &[u8]| {
    // A connection passes over empty lines before it looks for a head.
    let data = &data[head::blank_lines(data)..];
    let small =
        Limits { head_line_bytes: 60, head_bytes: 200, head_fields: 6, ..Limits::default() };
    for limits in [Limits::default(), small] {
        let whole = read_head(data, data.len().max(1), &limits);
        for piece in [1, 7] {
            assert_eq!(read_head(data, piece, &limits), whole, "cut into pieces of {piece}");
        }
        let mut slots = head::slots();
        match (head::parse_unscanned(data, &mut slots, &limits, ORIGIN), whole) {
            (Ok(head), whole) => assert_eq!(Some(Ok(told(&head))), whole, "without a scan"),
            (Err(_), Some(Ok(_))) => {
                let end =
                    data.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
                let long = end > limits.head_line_bytes.min(limits.head_bytes);
                assert!(long || head::later_minor(data).is_some(), "only with a scan");
            }
            _ => {}
        }
    }
});
