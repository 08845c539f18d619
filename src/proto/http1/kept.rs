//! A request that stays in the input: how much of it is there, and what it was.

use super::head::{self, Head, Length, Origin};
use crate::base::limits::Limits;
use crate::http::reply::Refusal;
use crate::http::request::Request;
use crate::proto::Cx;

/// The request that was kept as the first `bytes` of input, head and body, understood once more.
pub(super) fn kept<'a>(
    input: &'a [u8],
    bytes: usize,
    limits: &Limits,
    origin: Origin<'a>,
    slots: &'a mut head::Slots<'a>,
    copy: &'a mut Vec<u8>,
) -> Option<(Request<'a>, bool)> {
    let kept = input.get(..bytes)?;
    let head = understood(kept, slots, copy, limits, origin).ok()?;
    let mut request = head.request;
    request.body = kept.get(head.bytes..)?;
    Some((request, head.keep_alive))
}

/// Understands the whole head that `bytes` starts with. One of HTTP/1.2 to 1.9 is understood as a
/// `copy` that says 1.1, since what came is still to be told.
pub(super) fn understood<'a>(
    bytes: &'a [u8],
    slots: &'a mut head::Slots<'a>,
    copy: &'a mut Vec<u8>,
    limits: &Limits,
    origin: Origin<'a>,
) -> Result<Head<'a>, Refusal> {
    let Some(minor) = head::later_minor(bytes) else {
        return head::parse(bytes, slots, limits, origin);
    };
    let end = memchr::memmem::find(bytes, b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    copy.extend_from_slice(bytes.get(..end).unwrap_or_default());
    copy.iter_mut().skip(minor).take(1).for_each(|byte| *byte = b'1');
    let mut head = head::parse(copy, slots, limits, origin)?;
    head.request.head = bytes.get(..head.bytes).unwrap_or_default();
    Ok(head)
}

/// Whether the body is there whole: then how many bytes the request is.
pub(super) fn whole(head: &Head, bytes: &[u8]) -> Option<usize> {
    match head.body {
        Length::Exact(length) => {
            let all = head.bytes.checked_add(usize::try_from(length).ok()?)?;
            (all <= bytes.len()).then_some(all)
        }
        Length::Chunked => None,
    }
}

pub(super) fn too_large(head: &Head, cx: &Cx) -> bool {
    matches!(head.body, Length::Exact(length) if length > cx.app.limits.body_bytes)
}
