//! The streams that we have reset lately.

use crate::base::limits::RECENT_RESETS;

/// Their identifiers, as the client may have sent frames on them before it learnt of that.
#[derive(Debug, Default)]
pub(super) struct Resets {
    /// The last ones, in a ring.
    ids: Vec<u32>,
    oldest: usize,
}

impl Resets {
    /// Notes that a stream is reset.
    pub(super) fn note(&mut self, id: u32) {
        if self.ids.len() < RECENT_RESETS {
            self.ids.push(id);
        } else if let Some(place) = self.ids.get_mut(self.oldest) {
            *place = id;
            self.oldest = (self.oldest + 1) % RECENT_RESETS;
        }
    }

    /// Whether a stream has been reset, or may have been: of those before the oldest that is known,
    /// nothing is known once the ring is full.
    pub(super) fn has(&self, id: u32) -> bool {
        let unknown = self.ids.len() >= RECENT_RESETS;
        let before = |oldest: &u32| unknown && id < *oldest;
        self.ids.contains(&id) || self.ids.get(self.oldest).is_some_and(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_reset_is_known() {
        let mut resets = Resets::default();
        assert!(!resets.has(1));
        let most = RECENT_RESETS as u32;
        for id in 0..most + 2 {
            assert!(!resets.has(4 * id + 3));
            resets.note(4 * id + 3);
            assert!(resets.has(4 * id + 3));
        }
        assert!(resets.has(3) && resets.has(1), "forgotten");
        assert!(!resets.has(4 * 5 + 1) && !resets.has(4 * most + 9));
        assert_eq!(resets.ids.len(), RECENT_RESETS);
    }
}
