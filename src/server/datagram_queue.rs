//! Datagrams that wait to be sent back, by their due time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::base::limits::{HELD_DATAGRAM_BYTES, HELD_DATAGRAMS};
use crate::base::time::Time;
use crate::http::modifiers::Plan;
use crate::http::modifiers::plan::echo_due;

/// The datagrams of one listener that wait, each with its sender.
///
/// A full queue drops the newest, as the kernel does. If it dropped the oldest, then under more
/// load than it holds each would be displaced before it is due, and nothing would come back.
#[derive(Debug)]
pub(super) struct DatagramQueue<A> {
    heap: BinaryHeap<Waiting<A>>,
    bytes: usize,
    /// How many have come.
    arrivals: u64,
}

#[derive(Debug)]
struct Waiting<A> {
    due: Time,
    arrival: u64,
    bytes: Box<[u8]>,
    sender: A,
}

impl<A> Default for DatagramQueue<A> {
    fn default() -> DatagramQueue<A> {
        DatagramQueue { heap: BinaryHeap::new(), bytes: 0, arrivals: 0 }
    }
}

impl<A> DatagramQueue<A> {
    /// Takes in a datagram that had arrived at `now`. A fault loses it, and so does a full queue.
    pub(super) fn push(&mut self, plan: &Plan, now: Time, bytes: &[u8], sender: A) {
        let full = self.heap.len() >= HELD_DATAGRAMS || self.bytes >= HELD_DATAGRAM_BYTES;
        if plan.fault.is_some() || full {
            return;
        }
        let due = echo_due(now, plan.delay_us);
        self.bytes += bytes.len();
        self.arrivals += 1;
        self.heap.push(Waiting { due, arrival: self.arrivals, bytes: bytes.into(), sender });
    }

    /// The first that is due: the bytes and the sender.
    pub(super) fn due(&self, now: Time) -> Option<(&[u8], &A)> {
        let first = self.heap.peek().filter(|first| first.due <= now)?;
        Some((&first.bytes, &first.sender))
    }

    /// Removes the first.
    pub(super) fn pop(&mut self) {
        self.bytes -= self.heap.pop().map_or(0, |first| first.bytes.len());
    }

    /// When the first is due.
    pub(super) fn next(&self) -> Time {
        self.heap.peek().map_or(Time::NEVER, |first| first.due)
    }
}

/// The greatest is the first of the heap: the earliest due, and of several the first to arrive.
impl<A> Ord for Waiting<A> {
    fn cmp(&self, other: &Waiting<A>) -> Ordering {
        (other.due, other.arrival).cmp(&(self.due, self.arrival))
    }
}

impl<A> PartialOrd for Waiting<A> {
    fn partial_cmp(&self, other: &Waiting<A>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<A> PartialEq for Waiting<A> {
    fn eq(&self, other: &Waiting<A>) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<A> Eq for Waiting<A> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::modifiers::{Fault, FaultKind};

    fn delayed(delay_us: u64) -> Plan {
        Plan { delay_us, ..Plan::default() }
    }

    fn at(us: u64) -> Time {
        Time::from_micros(us)
    }

    /// Removes all that is due.
    fn take(queue: &mut DatagramQueue<u32>, now: Time) -> Vec<(Vec<u8>, u32)> {
        let mut all = Vec::new();
        while let Some((bytes, sender)) = queue.due(now) {
            all.push((bytes.to_vec(), *sender));
            queue.pop();
        }
        all
    }

    #[test]
    fn datagrams_come_back_by_due_time_and_never_early() {
        let mut queue = DatagramQueue::default();
        assert_eq!(queue.next(), Time::NEVER);
        for (delay_us, now, bytes, sender) in
            [(300, 0, b"a", 1), (100, 50, b"b", 2), (249, 51, b"c", 1), (0, 60, b"d", 3)]
        {
            queue.push(&delayed(delay_us), at(now), bytes, sender);
        }
        assert_eq!(queue.next(), at(60));
        assert_eq!(take(&mut queue, at(150)), [(b"d".to_vec(), 3)]);
        assert_eq!((queue.next(), take(&mut queue, at(150))), (at(151), vec![]));
        assert_eq!(take(&mut queue, at(151)), [(b"b".to_vec(), 2)]);
        // The same due time: in the order of arrival.
        assert_eq!(take(&mut queue, at(301)), [(b"a".to_vec(), 1), (b"c".to_vec(), 1)]);
        assert_eq!((queue.next(), queue.bytes), (Time::NEVER, 0));
    }

    #[test]
    fn a_fault_loses_a_datagram() {
        let fault = Some(Fault { kind: FaultKind::Close, at: None });
        let mut queue = DatagramQueue::default();
        queue.push(&Plan { fault, ..Plan::default() }, at(0), b"a", 1);
        assert_eq!(queue.next(), Time::NEVER);
    }

    #[test]
    fn a_full_queue_loses_the_newest() {
        for (length, most) in [(1, HELD_DATAGRAMS), (60_000, HELD_DATAGRAM_BYTES / 60_000 + 1)] {
            let mut queue = DatagramQueue::default();
            let bytes = vec![b'x'; length];
            for sender in 0..most as u32 + 9 {
                queue.push(&delayed(1_000_000), at(u64::from(sender)), &bytes, sender);
            }
            let senders: Vec<u32> = take(&mut queue, at(2_000_000)).iter().map(|x| x.1).collect();
            assert_eq!(senders, (0..most as u32).collect::<Vec<_>>());
        }
    }
}
