//! Raw TCP echo: every byte comes back, and the end of the client's bytes ends ours.

pub mod modified;

use super::{Cx, Event, Next};
use crate::base::buf::Buf;
use crate::base::time::Time;

/// See [`proto`](super). Input and output are swapped, so nothing is copied. A connection may be
/// silent for as long as it likes: raw TCP has no request that could time out. One that is refused
/// is closed without sending anything, because the client would read it as echo.
pub fn advance(cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
    if matches!(cx.edge.event, Event::Refused | Event::Reset) {
        return Next::Close;
    }
    if !output.is_empty() {
        return Next::Write;
    }
    std::mem::swap(input, output);
    match (output.is_empty(), cx.edge.read_eof || cx.ends_idle()) {
        (true, true) => Next::Close,
        (true, false) => Next::Read(Time::NEVER),
        (false, _) => Next::Write,
    }
}
