//! The table of connections: numbered slots with generations.
//!
//! A reused slot has a new generation, so the [`Token`] of a removed value finds nothing. Slots are
//! allocated in chunks that never move: growing costs one chunk, never a copy of all.

/// The key of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// Index of its slot.
    pub index: u32,
    /// How many values the slot held before, modulo 2^32.
    pub generation: u32,
}

/// Slots in one chunk.
const CHUNK: usize = 256;

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    state: State<T>,
}

#[derive(Debug)]
enum State<T> {
    Taken(T),
    Free { next: u32 },
}

/// Values of one type in numbered slots.
#[derive(Debug)]
pub struct Slab<T> {
    chunks: Vec<Box<[Slot<T>]>>,
    /// Head of the free list; `slots()` when no slot is free.
    free: u32,
    len: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab { chunks: Vec::new(), free: 0, len: 0 }
    }
}

impl<T> Slab<T> {
    /// The number of values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The token of the next value inserted.
    fn vacant_token(&self) -> Token {
        let generation = self.slot(self.free).map_or(0, |slot| slot.generation);
        Token { index: self.free, generation }
    }

    /// Inserts a value and returns its token.
    pub fn insert(&mut self, value: T) -> Token {
        if self.free as usize == self.chunks.len() * CHUNK {
            self.grow();
        }
        let token = self.vacant_token();
        let slot = self.slot_mut(token.index).expect("a free slot was made");
        let State::Free { next } = std::mem::replace(&mut slot.state, State::Taken(value)) else {
            unreachable!("the free list names only free slots")
        };
        self.free = next;
        self.len += 1;
        token
    }

    /// The value of this token, unless it was removed.
    pub fn get_mut(&mut self, token: Token) -> Option<&mut T> {
        match self.slot_mut(token.index)? {
            Slot { generation, state: State::Taken(value) } if *generation == token.generation => {
                Some(value)
            }
            _ => None,
        }
    }

    /// The value in this slot, if any.
    pub fn at_mut(&mut self, index: u32) -> Option<&mut T> {
        match &mut self.slot_mut(index)?.state {
            State::Taken(value) => Some(value),
            State::Free { .. } => None,
        }
    }

    /// The token of the value in this slot, if any.
    pub fn token_at(&self, index: u32) -> Option<Token> {
        let slot = self.slot(index)?;
        let taken = matches!(slot.state, State::Taken(_));
        taken.then_some(Token { index, generation: slot.generation })
    }

    /// The number of slots, taken and free.
    pub fn slots(&self) -> u32 {
        (self.chunks.len() * CHUNK) as u32
    }

    /// Removes the value of this token and returns it, unless it was removed before.
    pub fn remove(&mut self, token: Token) -> Option<T> {
        self.get_mut(token)?;
        let next = self.free;
        let slot = self.slot_mut(token.index)?;
        slot.generation = slot.generation.wrapping_add(1);
        let state = std::mem::replace(&mut slot.state, State::Free { next });
        self.free = token.index;
        self.len -= 1;
        match state {
            State::Taken(value) => Some(value),
            State::Free { .. } => None,
        }
    }

    /// The tokens of all values, in slot order.
    pub fn tokens(&self) -> impl Iterator<Item = Token> {
        (0..self.slots()).filter_map(|index| self.token_at(index))
    }

    fn grow(&mut self) {
        let first = (self.chunks.len() * CHUNK) as u32;
        let slot = |i| Slot { generation: 0, state: State::Free { next: first + i + 1 } };
        self.chunks.push((0..CHUNK as u32).map(slot).collect());
    }

    fn slot(&self, index: u32) -> Option<&Slot<T>> {
        self.chunks.get(index as usize / CHUNK).map(|chunk| &chunk[index as usize % CHUNK])
    }

    fn slot_mut(&mut self, index: u32) -> Option<&mut Slot<T>> {
        self.chunks.get_mut(index as usize / CHUNK).map(|chunk| &mut chunk[index as usize % CHUNK])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use std::collections::HashMap;

    #[test]
    fn a_token_of_a_removed_value_finds_nothing() {
        let mut slab = Slab::default();
        let a = slab.insert('a');
        assert!(!slab.is_empty());
        assert_eq!(slab.remove(a), Some('a'));
        assert!(slab.is_empty());
        let vacant = slab.vacant_token();
        let b = slab.insert('b');
        assert_eq!((vacant, b.index), (b, a.index));
        assert!(slab.get_mut(a).is_none() && slab.remove(a).is_none());
        assert_eq!((slab.token_at(b.index), slab.get_mut(b)), (Some(b), Some(&mut 'b')));
    }

    #[test]
    fn it_agrees_with_a_map_whatever_is_done() {
        let (mut slab, mut map, mut random) = (Slab::default(), HashMap::new(), Random::new(7));
        let mut dead = Vec::new();
        for step in 0..20_000u64 {
            if random.below(5) < 3 {
                assert!(map.insert(slab.insert(step), step).is_none());
            } else if let Some(&token) = map.keys().next() {
                assert_eq!(slab.remove(token), map.remove(&token));
                dead.push(token);
            }
        }
        assert_eq!((slab.len(), slab.tokens().count()), (map.len(), map.len()));
        assert!(map.iter().all(|(&token, value)| slab.get_mut(token) == Some(&mut value.clone())));
        assert!(dead.iter().all(|&token| slab.get_mut(token).is_none()));
    }
}
