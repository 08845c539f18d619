//! A whole connection, as `script.rs` spells it: no panic, no endless answer, no work for nothing,
//! and the same answers however the requests are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loiter::proto::conn::Protocol;
use loiter_fuzz::{play, script};

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else { return };
    let protocol = if first & 32 != 0 { Protocol::Echo } else { Protocol::Http };
    play::alike(&script::app(first), protocol, &script::steps(rest));
});
