//! A head: the same verdict however it is cut, and scan and parse agree on where it ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loiter::base::limits::Limits;
use loiter_fuzz::read_head;

fuzz_target!(|data: &[u8]| {
    let small =
        Limits { head_line_bytes: 60, head_bytes: 200, head_fields: 6, ..Limits::default() };
    for limits in [Limits::default(), small] {
        let whole = read_head(data, data.len().max(1), &limits);
        for piece in [1, 7] {
            assert_eq!(read_head(data, piece, &limits), whole, "cut into pieces of {piece}");
        }
    }
});
