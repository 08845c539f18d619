//! The heads of a connection's waiting streams: equal ones are kept once.
//!
//! Requests that wait at the same time differ mostly in nothing, or in their path. So a few heads
//! of a connection are shared, and a stream keeps the number of one, and its own path if that is
//! another. A head unlike all of them is the stream's own.

use std::borrow::Cow;
use std::ops::Range;

use crate::base::limits::{KEPT_BYTES, KEPT_HEADS, KEPT_PATH_BYTES};

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
    /// Where the path is in it.
    path: Range<usize>,
    /// How many streams have it.
    users: u32,
}

impl SharedHead {
    /// The text before and after the path.
    fn parts(&self) -> Option<(&[u8], &[u8])> {
        Some((self.text.get(..self.path.start)?, self.text.get(self.path.end..)?))
    }
}

impl KeptHeads {
    /// Keeps a head whose path is at `path` in its text: returns the number of the shared head, and
    /// what the stream itself keeps, which is its path if that is another, or all if the number is
    /// [`OWN`]. `None` if the connection keeps too much already: more than [`KEPT_BYTES`] with this
    /// one. It must be given back by [`release`](KeptHeads::release).
    pub(super) fn keep(&mut self, text: &[u8], path: Range<usize>) -> Option<(u8, Vec<u8>)> {
        let parts = (text.get(..path.start)?, text.get(path.end..)?);
        let own_path = text.get(path.clone())?;
        // The lengths differ first; equal texts are compared once.
        let alike = |head: &SharedHead| head.users > 0 && head.parts() == Some(parts);
        let known = (0..).zip(&mut self.heads).find(|(_, head)| alike(head));
        let Some((number, head)) = known else { return self.keep_new(text, path) };
        let same = head.text.get(head.path.clone()) == Some(own_path);
        let own_path = if same { &[] } else { own_path };
        let bytes = self.bytes + path_cost(own_path);
        if bytes > KEPT_BYTES {
            return None;
        }
        self.bytes = bytes;
        head.users += 1;
        Some((number, own_path.to_vec()))
    }

    /// Keeps a head that is like none: as a shared one if there is room.
    fn keep_new(&mut self, text: &[u8], path: Range<usize>) -> Option<(u8, Vec<u8>)> {
        if self.bytes + text.len() > KEPT_BYTES {
            return None;
        }
        self.bytes += text.len();
        let free = self.heads.iter().position(|head| head.users == 0);
        let number = free.unwrap_or(self.heads.len());
        if number >= KEPT_HEADS {
            return Some((OWN, text.to_vec()));
        }
        let head = SharedHead { text: text.into(), path, users: 1 };
        match self.heads.get_mut(number) {
            Some(free) => *free = head,
            None => self.heads.push(head),
        }
        Some((number as u8, Vec::new()))
    }

    /// The text of a kept head, of which the stream has this number and these bytes.
    pub(super) fn text<'a>(&'a self, number: u8, own: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(head) = self.heads.get(usize::from(number)) else { return Cow::Borrowed(own) };
        match head.parts() {
            Some((before, after)) if !own.is_empty() => [before, own, after].concat().into(),
            _ => Cow::Borrowed(&head.text),
        }
    }

    /// Gives a head back. A shared one goes with its last user.
    pub(super) fn release(&mut self, number: u8, own: &[u8]) {
        if number == OWN {
            self.bytes -= own.len();
            return;
        }
        let Some(head) = self.heads.get_mut(usize::from(number)) else { return };
        self.bytes -= path_cost(own);
        head.users -= 1;
        if head.users == 0 {
            self.bytes -= head.text.len();
            *head = SharedHead::default();
        }
    }

    /// All bytes kept, at most [`KEPT_BYTES`]; paths of up to [`KEPT_PATH_BYTES`] do not count.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.bytes
    }
}

/// What a stream's own path counts.
fn path_cost(path: &[u8]) -> usize {
    if path.len() > KEPT_PATH_BYTES { path.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A head with this path, and the place of the path.
    fn head(path: &str, agent: &str) -> (Vec<u8>, Range<usize>) {
        let start = ":method: GET\r\n:path: ";
        let text = format!("{start}{path}\r\nuser-agent: {agent}\r\n\r\n");
        (text.into_bytes(), start.len()..start.len() + path.len())
    }

    type Kept = (u8, Vec<u8>);

    fn text(heads: &KeptHeads, kept: &Kept) -> Vec<u8> {
        heads.text(kept.0, &kept.1).into_owned()
    }

    fn release(heads: &mut KeptHeads, kept: Kept) {
        heads.release(kept.0, &kept.1);
    }

    #[test]
    fn equal_heads_are_kept_once() {
        let mut heads = KeptHeads::default();
        let keep = |heads: &mut KeptHeads, path, agent| {
            let (bytes, range) = head(path, agent);
            let kept = heads.keep(&bytes, range).unwrap();
            assert_eq!(text(heads, &kept), bytes);
            kept
        };
        let shared = |head: u8, path: &str| (head, path.as_bytes().to_vec());
        let first = keep(&mut heads, "/delay/1", "a");
        let bytes = heads.bytes();
        assert_eq!((&first, bytes), (&shared(0, ""), head("/delay/1", "a").0.len()));
        let others = [keep(&mut heads, "/delay/1", "a"), keep(&mut heads, "/delay/22", "a")];
        assert_eq!(others, [shared(0, ""), shared(0, "/delay/22")]);
        assert_eq!(heads.bytes(), bytes);
        assert_eq!(keep(&mut heads, "/delay/1", "b"), shared(1, ""));
        release(&mut heads, shared(1, ""));
        // The first goes, its text stays for the others.
        release(&mut heads, first);
        assert_eq!(text(&heads, &others[1]), head("/delay/22", "a").0);
        others.into_iter().for_each(|kept| release(&mut heads, kept));
        assert_eq!(heads.bytes(), 0);
        assert_eq!(keep(&mut heads, "/", "c"), shared(0, ""));
        assert_eq!(heads.heads.len(), 2);
    }

    #[test]
    fn what_a_connection_keeps_is_bounded() {
        let mut heads = KeptHeads::default();
        let large = "x".repeat(60_000);
        let mut kept = Vec::new();
        for n in 0..100 {
            let (bytes, range) = head(&format!("/{n}"), &format!("{large}{n}"));
            kept.extend(heads.keep(&bytes, range));
        }
        assert_eq!(kept.len(), KEPT_BYTES / 60_000);
        assert_eq!(heads.heads.len(), KEPT_HEADS);
        assert!(matches!(kept.last(), Some((OWN, _))));
        // Long paths count, and short ones do not.
        let (bytes, range) = head(&format!("/{large}"), &format!("{large}0"));
        assert_eq!(heads.keep(&bytes, range), None);
        let (bytes, range) = head("/short", &format!("{large}0"));
        kept.extend(heads.keep(&bytes, range));
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
                    let (bytes, range) = head(&"/".repeat(20 * path + 1), &"a".repeat(agent));
                    waiting.push((heads.keep(&bytes, range).unwrap(), bytes));
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
