//! Output that waits behind what the kernel would not take.

use std::collections::VecDeque;

use crate::base::limits::BACKLOG_PIECE;

/// A queue of bytes in pieces, so that neither end moves the rest. Small additions are joined: a
/// client that sends a few bytes at a time costs no more than the bytes.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pieces: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Backlog {
    /// How many bytes it holds.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// Whether it holds none.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Appends `bytes`.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        match self.pieces.back_mut() {
            Some(last) if last.len() + bytes.len() <= BACKLOG_PIECE => {
                last.extend_from_slice(bytes)
            }
            _ if bytes.is_empty() => {}
            _ => self.pieces.push_back(bytes.to_vec()),
        }
    }

    /// Takes the first piece.
    pub(super) fn pop(&mut self) -> Option<Box<[u8]>> {
        let piece = self.pieces.pop_front()?;
        self.bytes -= piece.len();
        Some(piece.into_boxed_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_in_order_and_small_ones_together() {
        let (mut backlog, mut expected) = (Backlog::default(), Vec::new());
        backlog.push(b"");
        assert!(backlog.is_empty() && backlog.pop().is_none());
        for n in 0..3 * BACKLOG_PIECE / 2 {
            backlog.push(&[n as u8]);
            expected.push(n as u8);
        }
        assert_eq!((backlog.len(), backlog.pieces.len()), (expected.len(), 2));
        assert!(!backlog.is_empty());
        let long = vec![b'x'; 2 * BACKLOG_PIECE];
        backlog.push(&long);
        expected.extend(&long);
        let mut all = Vec::new();
        while let Some(piece) = backlog.pop() {
            all.extend_from_slice(&piece);
            assert_eq!(backlog.len(), expected.len() - all.len());
        }
        assert!(all == expected && backlog.is_empty());
    }

    #[test]
    fn a_piece_is_filled_before_the_next_begins() {
        let mut backlog = Backlog::default();
        (0..BACKLOG_PIECE / 1024).for_each(|_| backlog.push(&[0; 1024]));
        assert_eq!(backlog.pieces.len(), 1);
        backlog.push(b"x");
        assert_eq!(backlog.pieces.len(), 2);
    }
}
