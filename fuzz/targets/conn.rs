//! A whole connection from a `script.rs` script: no panic, bounded output, no work without an
//! event, and the same answers for every split of the input.

use loiter::proto::conn::Protocol;
use loiter_fuzz::{play, script};

pub(crate) fn run(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let protocol = if first & 32 != 0 { Protocol::Echo } else { Protocol::Http };
    play::alike(&script::app(first), protocol, &script::steps(rest), first & 128 != 0);
}
