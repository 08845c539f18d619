//! The streams that we have reset lately.

use crate::base::limits::RECENT_RESETS;

/// Their identifiers, as the client may have sent frames on them before it learnt of that.
#[derive(Debug, Default)]
pub(super) struct Resets {
    /// The last ones, in a ring.
    ids: Vec<u32>,
    oldest: usize,
    /// The greatest of those before them: below it, nothing is known.
    forgotten: u32,
}

impl Resets {
    /// Notes that a stream is reset.
    pub(super) fn note(&mut self, id: u32) {
        if self.ids.len() < RECENT_RESETS {
            self.ids.push(id);
        } else if let Some(place) = self.ids.get_mut(self.oldest) {
            self.forgotten = self.forgotten.max(*place);
            *place = id;
            self.oldest = (self.oldest + 1) % RECENT_RESETS;
        }
    }

    /// Whether a stream has been reset, or may have been.
    pub(super) fn has(&self, id: u32) -> bool {
        id <= self.forgotten || self.ids.contains(&id)
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
        // They need not end in the order in which they began.
        let mut resets = Resets::default();
        resets.note(1001);
        (0..most).for_each(|id| resets.note(2 * id + 1));
        assert!(resets.has(1001) && resets.has(999) && !resets.has(1003));
        assert_eq!(resets.ids.len(), RECENT_RESETS);
    }
}
