//! A request that stays in the input: how much of it is there, and what it was.

use super::head::{self, Head, Length, Origin};
use crate::base::limits::Limits;
use crate::http::request::Request;
use crate::proto::Cx;

/// The request that was kept as the first `bytes` of input, head and body, understood once more.
pub(super) fn kept<'a>(
    input: &'a [u8],
    bytes: usize,
    limits: &Limits,
    origin: Origin<'a>,
    slots: &'a mut head::FieldTable<'a>,
) -> Option<(Request<'a>, bool)> {
    let kept = input.get(..bytes)?;
    let head = head::parse(kept, slots, limits, origin).ok()?;
    let mut request = head.request;
    request.body = kept.get(head.bytes..)?;
    request.body_bytes = request.body.len() as u64;
    Some((request, head.keep_alive))
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

/// Whether the body, of which the head tells the length, is more than is kept.
pub(super) fn is_too_large(head: &Head, cx: &Cx) -> bool {
    matches!(head.body, Length::Exact(length) if length > cx.app.limits.body_bytes)
}
