//! A request that waits for its answer.

use std::borrow::Cow;

use arrayvec::ArrayVec;

use super::{Exchange, Phase, Playing};
use crate::base::limits::SHORT_BODY;
use crate::base::time::Time;
use crate::endpoint;
use crate::http::modifiers::plan::Plan;
use crate::http::reply::{Body, Kept, Modified};
use crate::http::request::Request;
use crate::proto::Cx;

/// A request in one allocation: the bytes from which its protocol reads it again, and the numbers
/// that are not in them. It is all that a delayed request costs beside its connection and exchange.
#[derive(Debug, Default)]
pub struct Parked(Box<[u8]>);

/// Bytes of a number.
const NUMBER: usize = size_of::<u64>();

impl Parked {
    /// Keeps these bytes and numbers.
    pub fn new(bytes: Cow<[u8]>, numbers: &[u64]) -> Parked {
        let mut kept = match bytes {
            Cow::Owned(bytes) => bytes,
            Cow::Borrowed(bytes) => {
                let mut kept = Vec::with_capacity(bytes.len() + NUMBER * numbers.len());
                kept.extend_from_slice(bytes);
                kept
            }
        };
        kept.reserve_exact(NUMBER * numbers.len());
        kept.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        Parked(kept.into_boxed_slice())
    }

    /// The bytes, behind which it has so many numbers.
    pub fn bytes(&self, numbers: usize) -> &[u8] {
        let end = self.0.len().saturating_sub(NUMBER * numbers);
        self.0.get(..end).unwrap_or_default()
    }

    /// The numbers, of which it has so many.
    pub fn numbers(&self, numbers: usize) -> impl Iterator<Item = u64> {
        let kept = self.0.get(self.bytes(numbers).len()..).unwrap_or_default();
        kept.as_chunks().0.iter().map(|number| u64::from_le_bytes(*number))
    }
}

impl Exchange {
    /// Its protocol has the random number of its request: it need not be [parked](Exchange::park).
    /// The plan of a modified one has its own.
    pub fn derive_seed(&mut self) {
        if !matches!(self.reply.body, Body::Modified(_)) {
            self.reply.kept.add(Kept::NO_SEED);
        }
    }

    /// Whether its body is made, and so short that it is kept rather than made again.
    pub fn is_short(&self) -> bool {
        match &self.reply.body {
            Body::Empty => true,
            Body::Whole(body) => body.len() <= SHORT_BODY,
            _ => false,
        }
    }

    /// Lets it wait, with its request, until it is due: the bytes of its head and of the body that
    /// was kept.
    pub fn park(&mut self, bytes: Cow<[u8]>, request: &Request) {
        let mut kept = ArrayVec::<u64, 4>::new();
        if !self.reply.kept.has(Kept::NO_SEED) {
            kept.push(request.seed);
        }
        if let Body::Modified(modified) = &mut self.reply.body
            && modified.plan.is_delay_only()
        {
            self.reply.kept.add(Kept::DELAY);
            kept.push(modified.plan.delay_us);
            self.reply.body = std::mem::replace(&mut modified.body, Body::Empty);
        }
        if request.body_bytes != request.body.len() as u64 {
            self.reply.kept.add(Kept::CONTENT);
            kept.push(request.body_bytes);
        }
        if let Phase::Playing(Playing::Plain { before_us: before_us @ 1.., .. }) = self.phase {
            self.reply.kept.add(Kept::RECEIVED);
            kept.push(before_us.into());
        }
        let request = Parked::new(bytes, &kept);
        self.phase = Phase::Waiting { request, due: Time::NEVER };
    }

    /// The bytes that were [parked](Exchange::park), if it waits.
    pub fn parked_bytes(&self) -> &[u8] {
        match &self.phase {
            Phase::Waiting { request, .. } => request.bytes(self.parked_numbers()),
            Phase::Playing(_) => &[],
        }
    }

    /// How many numbers were [parked](Exchange::park) with its request.
    pub fn parked_numbers(&self) -> usize {
        let kept = self.reply.kept;
        let others =
            [Kept::DELAY, Kept::CONTENT, Kept::RECEIVED].map(|one| usize::from(kept.has(one)));
        usize::from(!kept.has(Kept::NO_SEED)) + others.iter().sum::<usize>()
    }

    /// Microseconds from the head of its request, if that waits, until it had arrived.
    pub(super) fn received_us(&self) -> u64 {
        match &self.phase {
            Phase::Waiting { request, .. } if self.reply.kept.has(Kept::RECEIVED) => {
                request.numbers(self.parked_numbers()).last().unwrap_or_default()
            }
            _ => 0,
        }
    }

    /// Gives a request that was [parked](Exchange::park), and has been read again, what it had: its
    /// parameters, its random number unless its protocol has that, and the length of its body. Its
    /// delay, which began when it had `arrived`, is counted.
    pub fn restore(&mut self, cx: &mut Cx, request: &mut Request, parked: &Parked, arrived: Time) {
        let delay_us = self.reply.after_us;
        let due = arrived.after_us(delay_us).after_us(1);
        cx.worker.metrics.delays.answered(due, delay_us, cx.clock.now);
        cx.worker.metrics.reads_clock = true;
        let mut numbers = parked.numbers(self.parked_numbers());
        let kept = std::mem::take(&mut self.reply.kept);
        if !kept.has(Kept::NO_SEED) {
            request.seed = numbers.next().unwrap_or_default();
        }
        if kept.has(Kept::DELAY) {
            let plan = Plan::delay_only(request.seed, numbers.next().unwrap_or_default());
            let body = std::mem::replace(&mut self.reply.body, Body::Empty);
            self.reply.body = Body::Modified(Box::new(Modified { plan, body }));
        }
        if kept.has(Kept::CONTENT) {
            request.body_bytes = numbers.next().unwrap_or_default();
        }
        request.params = endpoint::params_of(cx.app, self.reply.route, &request.target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_numbers_come_back() {
        for bytes in [Cow::Borrowed(b"GET /".as_slice()), Cow::Owned(b"GET /".to_vec())] {
            let parked = Parked::new(bytes, &[7 << 40, 1]);
            assert_eq!(parked.bytes(2), b"GET /");
            assert_eq!(parked.numbers(2).collect::<Vec<_>>(), [7 << 40, 1]);
        }
        assert_eq!(Parked::new(Cow::Borrowed(b""), &[3]).numbers(1).next(), Some(3));
        assert_eq!(Parked::default().numbers(1).next(), None);
    }
}
