//! The heads of a connection's waiting streams: what is equal is kept once.
//!
//! Requests that wait at the same time differ in little: a path, or a number in one field. So a few
//! heads of a connection are shared, and a stream keeps the number of one, and what its own head
//! has in place of the middle of that. A head unlike all of them is the stream's own.

use std::borrow::Cow;

use crate::base::limits::{KEPT_BYTES, KEPT_FREE_BYTES, KEPT_HEADS};

/// The number in place of a shared head's, for a head that is like none of them.
pub(super) const OWN: u8 = u8::MAX;

/// The shared heads of a connection.
#[derive(Debug, Default)]
pub(super) struct KeptHeads {
    /// At most [`KEPT_HEADS`]; one without users is free.
    heads: Vec<SharedHead>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct SharedHead {
    text: Box<[u8]>,
    /// How many streams have it.
    users: u32,
}

/// Bytes before a middle: the lengths of what is before and after it, in two bytes each.
const LENGTHS: usize = 4;

impl SharedHead {
    /// What a stream with this text keeps beside it: nothing if they are equal, else the lengths of
    /// their common beginning and end, and the middle. `None` if that is most of the text.
    fn difference(&self, text: &[u8]) -> Option<Vec<u8>> {
        if *self.text == *text {
            return Some(Vec::new());
        }
        let common = |pairs: &mut dyn Iterator<Item = (&u8, &u8)>| {
            pairs.take_while(|(own, other)| own == other).count().min(u16::MAX.into())
        };
        let before = common(&mut text.iter().zip(&self.text));
        let (rest, other) = (text.get(before..)?, self.text.get(before..)?);
        let after = common(&mut rest.iter().rev().zip(other.iter().rev()));
        let middle = rest.get(..rest.len() - after)?;
        let mut own = Vec::with_capacity(LENGTHS + middle.len());
        own.extend_from_slice(&(before as u16).to_le_bytes());
        own.extend_from_slice(&(after as u16).to_le_bytes());
        own.extend_from_slice(middle);
        (2 * own.len() <= text.len()).then_some(own)
    }

    /// The text of which a stream keeps this difference.
    fn with(&self, difference: &[u8]) -> Option<Vec<u8>> {
        let (&[a, b, c, d], middle) = difference.split_first_chunk::<LENGTHS>()?;
        let (before, after) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
        let before = self.text.get(..before.into())?;
        let after = self.text.get(self.text.len().checked_sub(after.into())?..)?;
        Some([before, middle, after].concat())
    }
}

impl KeptHeads {
    /// Keeps a head: returns the number of the shared head that it resembles most, and what the
    /// stream itself keeps, which is all of it if the number is [`OWN`]. `None` if the connection
    /// keeps too much already: more than [`KEPT_BYTES`] with this one. It must be given back by
    /// [`release`](KeptHeads::release).
    pub(super) fn keep(&mut self, text: &[u8]) -> Option<(u8, Vec<u8>)> {
        let used = (0..).zip(&self.heads).filter(|(_, head)| head.users > 0);
        let alike = used.filter_map(|(number, head)| Some((number, head.difference(text)?)));
        let Some((number, own)) = least(alike) else { return self.keep_new(text) };
        let bytes = self.bytes + cost(&own);
        if bytes > KEPT_BYTES {
            return None;
        }
        self.bytes = bytes;
        self.heads.get_mut(usize::from(number))?.users += 1;
        Some((number, own))
    }

    /// Keeps a head that is like none: as a shared one if there is room.
    fn keep_new(&mut self, text: &[u8]) -> Option<(u8, Vec<u8>)> {
        if self.bytes + text.len() > KEPT_BYTES {
            return None;
        }
        self.bytes += text.len();
        let free = self.heads.iter().position(|head| head.users == 0);
        let number = free.unwrap_or(self.heads.len());
        if number >= KEPT_HEADS {
            return Some((OWN, text.to_vec()));
        }
        let head = SharedHead { text: text.into(), users: 1 };
        match self.heads.get_mut(number) {
            Some(free) => *free = head,
            None => self.heads.push(head),
        }
        Some((number as u8, Vec::new()))
    }

    /// The text of a kept head, of which the stream has this number and these bytes.
    pub(super) fn text<'a>(&'a self, number: u8, own: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(head) = self.heads.get(usize::from(number)) else { return Cow::Borrowed(own) };
        match own {
            [] => Cow::Borrowed(&head.text),
            own => head.with(own).unwrap_or_default().into(),
        }
    }

    /// Gives a head back. A shared one goes with its last user.
    pub(super) fn release(&mut self, number: u8, own: &[u8]) {
        if number == OWN {
            self.bytes -= own.len();
            return;
        }
        let Some(head) = self.heads.get_mut(usize::from(number)) else { return };
        self.bytes -= cost(own);
        head.users -= 1;
        if head.users == 0 {
            self.bytes -= head.text.len();
            *head = SharedHead::default();
        }
    }

    /// All bytes kept, at most [`KEPT_BYTES`]; differences of up to [`KEPT_FREE_BYTES`] do not
    /// count.
    #[cfg(any(test, debug_assertions))]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The one with the least difference. Equal heads, as most are, end the search.
fn least(heads: impl Iterator<Item = (u8, Vec<u8>)>) -> Option<(u8, Vec<u8>)> {
    let mut least: Option<(u8, Vec<u8>)> = None;
    for (number, own) in heads {
        if least.as_ref().is_none_or(|(_, other)| own.len() < other.len()) {
            least = Some((number, own));
        }
        if least.as_ref().is_some_and(|(_, own)| own.is_empty()) {
            break;
        }
    }
    least
}

/// What a stream's own bytes count.
fn cost(own: &[u8]) -> usize {
    if own.len() > KEPT_FREE_BYTES { own.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head(path: &str, agent: &str) -> Vec<u8> {
        format!(":method: GET\r\n:path: {path}\r\nuser-agent: {agent}\r\n\r\n").into_bytes()
    }

    type Kept = (u8, Vec<u8>);

    fn text(heads: &KeptHeads, kept: &Kept) -> Vec<u8> {
        heads.text(kept.0, &kept.1).into_owned()
    }

    fn release(heads: &mut KeptHeads, kept: Kept) {
        heads.release(kept.0, &kept.1);
    }

    #[test]
    fn what_is_equal_is_kept_once() {
        let mut heads = KeptHeads::default();
        let keep = |heads: &mut KeptHeads, path: &str, agent: &str| {
            let bytes = head(path, agent);
            let kept = heads.keep(&bytes).unwrap();
            assert_eq!(text(heads, &kept), bytes);
            kept
        };
        let first = keep(&mut heads, "/delay/1", "aaaa");
        let bytes = heads.bytes();
        assert_eq!((&first, bytes), (&(0, Vec::new()), head("/delay/1", "aaaa").len()));
        let same = keep(&mut heads, "/delay/1", "aaaa");
        assert_eq!(same, (0, Vec::new()));
        // A path, or a field's value.
        let path = keep(&mut heads, "/delay/22", "aaaa");
        assert_eq!((path.0, &path.1[LENGTHS..]), (0, b"22".as_slice()));
        let value = keep(&mut heads, "/delay/1", "aab");
        assert_eq!((value.0, &value.1[LENGTHS..]), (0, b"b".as_slice()));
        assert_eq!(heads.bytes(), bytes);
        let other = keep(&mut heads, &"x".repeat(60), &"y".repeat(60));
        assert_eq!(other, (1, Vec::new()));
        // The closest one is taken.
        let close = keep(&mut heads, &"x".repeat(60), &"y".repeat(59));
        assert_eq!((close.0, close.1.len()), (1, LENGTHS));
        // The first goes, its text stays for the others.
        release(&mut heads, first);
        assert_eq!(text(&heads, &path), head("/delay/22", "aaaa"));
        for kept in [same, path, value, other, close] {
            release(&mut heads, kept);
        }
        assert_eq!(heads.bytes(), 0);
        assert_eq!(keep(&mut heads, "/", "c"), (0, Vec::new()));
        assert_eq!(heads.heads.len(), 2);
    }

    #[test]
    fn what_a_connection_keeps_is_bounded() {
        let mut heads = KeptHeads::default();
        let mut kept = Vec::new();
        for n in 0..100 {
            let letter = char::from(b'!' + n).to_string();
            kept.extend(heads.keep(&head(&format!("/{n}"), &letter.repeat(60_000))));
        }
        assert_eq!(kept.len(), KEPT_BYTES / 60_000);
        assert_eq!(heads.heads.len(), KEPT_HEADS);
        assert!(matches!(kept.last(), Some((OWN, _))));
        // Long differences count, and short ones do not.
        let long = head(&"/".repeat(50_000), &"!".repeat(60_000));
        assert_eq!(heads.keep(&long), None);
        kept.extend(heads.keep(&head("/short", &"!".repeat(60_000))));
        assert_eq!(kept.len(), KEPT_BYTES / 60_000 + 1);
        kept.into_iter().for_each(|kept| release(&mut heads, kept));
        assert_eq!(heads.bytes(), 0);
    }

    proptest! {
        /// Whatever is kept and released in whatever order, each head comes back as it was.
        #[test]
        fn heads_come_back(
            steps in prop::collection::vec((0..60_usize, 0..4_usize, 0..12_usize), 0..200),
        ) {
            let mut heads = KeptHeads::default();
            let mut waiting: Vec<(Kept, Vec<u8>)> = Vec::new();
            for (pick, path, agent) in steps {
                if pick < waiting.len() {
                    let (kept, bytes) = waiting.swap_remove(pick);
                    prop_assert_eq!(text(&heads, &kept), bytes);
                    release(&mut heads, kept);
                } else {
                    let bytes = head(&"/".repeat(20 * path + 1), &"ab".repeat(agent));
                    waiting.push((heads.keep(&bytes).unwrap(), bytes));
                }
                for (kept, bytes) in &waiting {
                    prop_assert_eq!(&text(&heads, kept), bytes);
                }
                prop_assert!(heads.heads.len() <= KEPT_HEADS);
            }
            waiting.into_iter().for_each(|(kept, _)| release(&mut heads, kept));
            prop_assert_eq!(heads.bytes(), 0);
        }
    }
}
