//! Layer 3, the protocols: machines that are told the time and the bytes, and know no socket.
//!
//! Each is one verb, `advance(cx, input, output) -> Next`: it consumes what it can of `input`,
//! appends what there is to say to `output`, and tells what it waits for. Two rules hold in all of
//! them: a machine called again with nothing new does nothing new, so it may be called at any time;
//! and it stops producing once `output` holds [`HIGH_WATER`] bytes, which is all of back-pressure.
//!
//! [`HIGH_WATER`]: crate::base::limits::HIGH_WATER

pub mod conn;
pub mod echo;
pub mod exchange;
pub mod http1;
pub mod websocket;

use std::net::IpAddr;

use crate::base::random::Random;
use crate::base::time::Time;
use crate::http::app::App;
use crate::http::record::Records;

/// What a machine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// For input, until this moment.
    Read(Time),
    /// For this moment; input may wait meanwhile.
    Sleep(Time),
    /// For `output` to be taken: there is more to come.
    Write,
    /// To be called again with a clock read after the last input: it is about to start a delay, and
    /// a delay counted from an older `now` would end early.
    Now,
    /// For the client to be done, until this moment: the writing side is to be closed once `output`
    /// has been taken, and input is still read (RFC 9112 9.6).
    Linger(Time),
    /// For nothing more: close once `output` has been taken.
    Close,
}

/// What a machine is told when it is called.
#[derive(Debug)]
pub struct Cx<'a> {
    /// The time; not before any timer that has fired.
    pub now: Time,
    /// Whether `now` was read after the last input.
    pub fresh: bool,
    /// Whether the client will send no more than `input` holds.
    pub ended: bool,
    /// Whether the end of what the client sends has been reported, though bytes before it, or it
    /// itself, may not have been read.
    pub leaving: bool,
    /// Whether the client has just taken output that had been waiting for it: its time to send
    /// counts from now.
    pub resumed: bool,
    /// Whether the server is stopping: finish what was begun, begin nothing.
    pub draining: bool,
    /// The Unix time of [`Time::START`], in microseconds, by the clock of this second.
    pub unix_start_us: u64,
    /// The client's address.
    pub peer: Option<IpAddr>,
    /// Our address, as `host:port`.
    pub local: &'a str,
    /// The settings.
    pub app: &'a App,
    /// The `Server` and `Date` fields, with their line ends.
    pub stamp: &'a [u8],
    /// For what is drawn by chance.
    pub random: &'a mut Random,
    /// Where bodies are rendered before their length is known; empty between uses.
    pub body: &'a mut Vec<u8>,
    /// Finished exchanges, when they are asked for.
    pub records: &'a mut Records,
    /// Answers that take time and are under way, in all connections of the worker.
    pub delayed: &'a mut usize,
    /// Exchanges finished.
    pub served: &'a mut u64,
    /// Requests whose client was gone before its answer was out.
    pub left: &'a mut u64,
}
