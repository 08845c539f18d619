//! A buffer that is filled at its end and emptied at its front.
//!
//! All connections of a worker share one for input and one for output. A connection owns bytes only
//! between turns, and only when some are left over ([`Buf::save`]).

use super::limits::{PAGE_ALIGNED_BYTES, PAGE_BYTES};

/// Bytes between two cursors: the front moves with [`consume`](Buf::consume), the end with what is
/// appended to [`tail`](Buf::tail).
#[derive(Debug, Default)]
pub struct Buf {
    bytes: Vec<u8>,
    start: usize,
}

impl Buf {
    /// An empty buffer of `capacity` bytes; a large one holds up to a page less.
    pub fn with_capacity(capacity: usize) -> Buf {
        let mut buf = Buf { bytes: Vec::with_capacity(capacity), start: 0 };
        buf.clear();
        buf
    }

    /// The bytes that are not consumed yet.
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// The same, to be changed in place.
    pub fn unread_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }

    /// The number of unread bytes.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Whether no bytes are unread.
    pub fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Drops the first `bytes` unread bytes, or all if there are fewer.
    pub fn consume(&mut self, bytes: usize) {
        self.start += bytes.min(self.len());
        if self.is_empty() {
            self.clear();
        }
    }

    /// Drops everything. A large buffer then begins at a page: on Zen 3 `rep movsb` is 20 times
    /// slower when the destination is slightly above the source modulo 4,096. The kernel's bytes
    /// mostly begin at a page and `malloc`'s 16 bytes behind one, so without this an echo of large
    /// pieces takes twice the CPU.
    pub fn clear(&mut self) {
        let page = self.bytes.as_ptr().align_offset(PAGE_BYTES);
        self.start = if self.bytes.capacity() >= PAGE_ALIGNED_BYTES { page } else { 0 };
        self.bytes.resize(self.start, 0);
    }

    /// The bytes as a vector, to append to. The caller must not change the existing ones.
    pub fn tail(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Makes room for `bytes` more bytes: drops the consumed ones first, then allocates.
    pub fn make_room(&mut self, bytes: usize) {
        if self.bytes.capacity() - self.bytes.len() < bytes {
            self.bytes.drain(..self.start);
            self.start = 0;
            self.bytes.reserve(bytes);
        }
    }

    /// Moves the first `bytes` unread bytes to the end of `to`. If they are all there are and `to`
    /// is empty, the buffers are swapped and nothing is copied.
    pub fn move_to(&mut self, bytes: usize, to: &mut Buf) {
        if to.is_empty() && bytes >= self.len() {
            return std::mem::swap(self, to);
        }
        to.bytes.extend_from_slice(self.unread().get(..bytes).unwrap_or_default());
        self.consume(bytes);
    }

    /// Inserts `front` before the unread bytes.
    pub fn prepend(&mut self, front: &[&[u8]]) {
        let rest = self.bytes.split_off(self.start);
        self.clear();
        for part in front {
            self.bytes.extend_from_slice(part);
        }
        self.bytes.extend_from_slice(&rest);
    }

    /// Restores the bytes that [`save`](Buf::save) returned. The buffer must be empty.
    pub fn load(&mut self, kept: Box<[u8]>) {
        debug_assert!(self.is_empty(), "a shared buffer is empty between turns");
        if kept.len() > self.bytes.capacity() {
            (self.bytes, self.start) = (kept.into_vec(), 0);
        } else if !kept.is_empty() {
            if kept.len() > self.bytes.capacity() - self.start {
                // Give up the page boundary rather than allocate more.
                self.bytes.clear();
                self.start = 0;
            }
            self.bytes.extend_from_slice(&kept);
        }
    }

    /// The same for what [`save_long`](Buf::save_long) returned.
    pub fn load_long(&mut self, kept: Buf) {
        self.load(kept.bytes.into_boxed_slice());
        self.consume(kept.start);
    }

    /// The same as [`save`](Buf::save) for bytes that are consumed in many steps: a buffer that has
    /// grown keeps its consumed bytes while they are the fewer ones. If the rest were moved in each
    /// step, the work would grow with the square of the length.
    pub fn save_long(&mut self, usual: usize) -> Buf {
        if self.bytes.capacity() > usual && self.start < self.len() {
            self.bytes.shrink_to_fit();
            return std::mem::replace(self, Buf::with_capacity(usual));
        }
        Buf { bytes: self.save(usual).into_vec(), start: 0 }
    }

    /// Empties the buffer and returns the unread bytes in a box of exactly their size. A buffer
    /// that has grown beyond `usual` bytes gives its memory away instead of copying.
    pub fn save(&mut self, usual: usize) -> Box<[u8]> {
        if self.bytes.capacity() > usual {
            let Buf { mut bytes, start } = std::mem::replace(self, Buf::with_capacity(usual));
            bytes.drain(..start);
            return bytes.into_boxed_slice();
        }
        if self.is_empty() {
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
    fn what_is_left_of_much_stays_where_it_is_until_it_is_less_than_half() {
        let mut buf = Buf::with_capacity(8);
        buf.tail().extend_from_slice(b"0123456789");
        for (consumed, start) in [(1, 1), (3, 4), (1, 0), (2, 2), (2, 0)] {
            buf.consume(consumed);
            let (unread, kept) = (buf.unread().to_vec(), buf.save_long(2));
            assert!(buf.is_empty() && kept.unread() == unread);
            assert_eq!((kept.start, kept.bytes.capacity()), (start, unread.len() + start));
            buf = Buf::with_capacity(4);
            buf.load_long(kept);
            assert_eq!(buf.unread(), unread);
        }
    }

    #[test]
    fn what_is_passed_on_is_copied_behind_what_is_there_or_changes_places() {
        let (mut from, mut to) = (Buf::with_capacity(8), Buf::with_capacity(16));
        from.tail().extend_from_slice(b"abcdef");
        from.move_to(2, &mut to);
        from.move_to(2, &mut to);
        assert_eq!((from.unread(), to.unread()), (&b"ef"[..], &b"abcd"[..]));
        to.clear();
        from.move_to(2, &mut to);
        assert_eq!((from.unread(), to.unread()), (&b""[..], &b"ef"[..]));
        assert_eq!(to.tail().capacity(), 8);
    }

    #[test]
    fn room_is_made_by_what_was_consumed() {
        let mut buf = Buf::with_capacity(8);
        buf.tail().extend_from_slice(b"abcdefgh");
        buf.consume(6);
        buf.make_room(6);
        assert_eq!((buf.tail().len(), buf.unread()), (2, &b"gh"[..]));
        assert_eq!(buf.tail().capacity(), 8);
        // Consumed bytes stay where there is room without theirs.
        buf.tail().extend_from_slice(b"ijk");
        buf.consume(2);
        buf.make_room(3);
        assert_eq!((buf.tail().len(), buf.unread()), (5, &b"ijk"[..]));
        // Memory is allocated where there is none.
        buf.make_room(6);
        assert_eq!(buf.unread(), b"ijk");
        assert!(buf.tail().capacity() >= 9);
    }

    #[test]
    fn what_fits_is_copied_and_what_does_not_fit_is_moved() {
        let mut buf = Buf::with_capacity(8);
        let memory = buf.tail().as_ptr();
        buf.load(Box::from(*b"abcdefgh"));
        assert_eq!((buf.tail().as_ptr(), buf.tail().capacity()), (memory, 8));
        assert_eq!(&*buf.save(8), b"abcdefgh");
        assert_eq!(buf.tail().as_ptr(), memory);
        buf.load(Box::from(*b"abcdefghi"));
        assert_eq!((buf.tail().capacity(), buf.unread()), (9, &b"abcdefghi"[..]));
        let memory = buf.tail().as_ptr();
        let kept = buf.save(8);
        assert_eq!((&*kept, kept.as_ptr()), (&b"abcdefghi"[..], memory));
        assert_eq!(buf.tail().capacity(), 8);
    }

    #[test]
    fn a_large_one_begins_at_a_page_whenever_it_is_empty() {
        let begins = |buf: &mut Buf| buf.tail().as_ptr_range().end.align_offset(PAGE_BYTES) == 0;
        let mut buf = Buf::with_capacity(PAGE_ALIGNED_BYTES);
        assert!(begins(&mut buf) && buf.is_empty());
        buf.load(Box::from(*b"abc"));
        buf.consume(1);
        assert_eq!(buf.unread(), b"bc");
        assert_eq!(&*buf.save(PAGE_ALIGNED_BYTES), b"bc");
        assert!(begins(&mut buf));
        // What fits behind it leaves it there.
        let room = buf.tail().capacity() - buf.tail().len();
        buf.load(vec![b'x'; room].into());
        assert_eq!(buf.unread().as_ptr().align_offset(PAGE_BYTES), 0);
        assert_eq!(buf.save(PAGE_ALIGNED_BYTES).len(), room);
        // One that is longer than the room comes and goes with its own.
        buf.load(vec![b'x'; PAGE_ALIGNED_BYTES + 1].into());
        assert_eq!(buf.len(), PAGE_ALIGNED_BYTES + 1);
        assert_eq!(buf.save(PAGE_ALIGNED_BYTES).len(), PAGE_ALIGNED_BYTES + 1);
        assert!(begins(&mut buf) && buf.is_empty() && buf.save(PAGE_ALIGNED_BYTES).is_empty());
        // One that leaves no room for the page does not change the room.
        for _ in 0..9 {
            let room = buf.tail().capacity();
            buf.load(vec![b'x'; room - 1].into());
            assert_eq!(buf.save(PAGE_ALIGNED_BYTES + 4096).len(), room - 1);
            assert!(begins(&mut buf) && buf.tail().capacity() == room);
        }
        buf.make_room(PAGE_ALIGNED_BYTES);
        buf.tail().extend_from_slice(b"abc");
        assert_eq!(buf.unread(), b"abc");
        buf.consume(3);
        assert!(begins(&mut buf));
    }
}
