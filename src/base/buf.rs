//! A buffer that is filled at its end and emptied at its front.
//!
//! A worker has two of them, shared by all its connections: one for input, one for output. A
//! connection owns bytes only between turns, and only when some are left over ([`Buf::save`]).

/// Bytes between two cursors: the front moves with [`consume`](Buf::consume), the end with what is
/// appended to [`tail`](Buf::tail).
#[derive(Debug, Default)]
pub struct Buf {
    bytes: Vec<u8>,
    start: usize,
}

impl Buf {
    /// An empty buffer with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Buf {
        Buf { bytes: Vec::with_capacity(capacity), start: 0 }
    }

    /// What has not been consumed.
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// How many bytes have not been consumed.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Whether everything has been consumed.
    pub fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Drops the first `bytes` unread bytes. Asking for more than there are drops all.
    pub fn consume(&mut self, bytes: usize) {
        self.start += bytes.min(self.len());
        if self.is_empty() {
            self.clear();
        }
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }

    /// The end, to append to. What is already there must be left alone.
    pub fn tail(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Makes room for `bytes` more without moving the end; what was consumed gives way first.
    pub fn make_room(&mut self, bytes: usize) {
        if self.bytes.capacity() - self.bytes.len() < bytes {
            self.bytes.drain(..self.start);
            self.start = 0;
            self.bytes.reserve(bytes);
        }
    }

    /// Moves the first `bytes` unread bytes to the end of `to`. Nothing is copied if they are all
    /// there is and `to` is empty: the two change places.
    pub fn pass(&mut self, bytes: usize, to: &mut Buf) {
        if to.is_empty() && bytes >= self.len() {
            return std::mem::swap(self, to);
        }
        to.bytes.extend_from_slice(self.unread().get(..bytes).unwrap_or_default());
        self.consume(bytes);
    }

    /// Puts `front` before what is unread.
    pub fn prepend(&mut self, front: &[&[u8]]) {
        let rest = self.bytes.split_off(self.start);
        self.clear();
        for part in front {
            self.bytes.extend_from_slice(part);
        }
        self.bytes.extend_from_slice(&rest);
    }

    /// Takes what a connection had left over.
    pub fn load(&mut self, kept: Box<[u8]>) {
        debug_assert!(self.is_empty(), "a shared buffer is empty between turns");
        if kept.len() > self.bytes.capacity() {
            self.bytes = kept.into_vec();
        } else if !kept.is_empty() {
            self.bytes.extend_from_slice(&kept);
        }
    }

    /// Gives away what is unread, in a box of exactly its size (none when there is nothing), and is
    /// empty again. What is longer than `usual` is not copied, it goes with its room.
    pub fn save(&mut self, usual: usize) -> Box<[u8]> {
        if self.bytes.capacity() > usual {
            let mut bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(usual));
            bytes.drain(..std::mem::take(&mut self.start));
            return bytes.into_boxed_slice();
        }
        if self.bytes.is_empty() {
            return Box::default();
        }
        let kept = Box::from(self.unread());
        self.clear();
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_over_comes_back_in_order() {
        let mut buf = Buf::with_capacity(8);
        buf.tail().extend_from_slice(b"abcdef");
        buf.consume(2);
        let kept = buf.save(8);
        assert_eq!((&*kept, buf.len()), (&b"cdef"[..], 0));
        buf.load(kept);
        buf.prepend(&[b"12", b"3"]);
        buf.tail().push(b'!');
        assert_eq!(buf.unread(), b"123cdef!");
        buf.consume(100);
        assert!(buf.is_empty() && buf.save(8).is_empty());
    }

    #[test]
    fn what_is_passed_on_is_copied_behind_what_is_there_or_changes_places() {
        let (mut from, mut to) = (Buf::with_capacity(8), Buf::with_capacity(16));
        from.tail().extend_from_slice(b"abcdef");
        from.pass(2, &mut to);
        from.pass(2, &mut to);
        assert_eq!((from.unread(), to.unread()), (&b"ef"[..], &b"abcd"[..]));
        to.clear();
        from.pass(2, &mut to);
        assert_eq!((from.unread(), to.unread()), (&b""[..], &b"ef"[..]));
        assert_eq!(to.tail().capacity(), 8);
    }

    #[test]
    fn room_is_made_by_what_was_consumed() {
        let mut buf = Buf::with_capacity(8);
        buf.tail().extend_from_slice(b"abcdefgh");
        buf.consume(6);
        buf.make_room(6);
        assert_eq!(buf.unread(), b"gh");
        assert_eq!(buf.tail().capacity(), 8);
    }
}
