//! The state that modifiers share.

use super::Selection;
use crate::base::time::Time;

/// Stub.
#[derive(Debug, Default)]
pub struct State;

/// Stub.
#[derive(Debug)]
pub struct Selected {
    /// Seed.
    pub seed: u64,
    /// Active.
    pub active: bool,
}

impl State {
    /// Stub.
    pub fn select(&self, selection: &Selection, own_seed: u64, _now: Time) -> Selected {
        Selected { seed: selection.seed.unwrap_or(own_seed), active: true }
    }

    /// Stub.
    pub fn queue(&self, _: &str, _: u32, service_us: u64, _: Time, _: u64) -> (u64, bool) {
        (service_us, false)
    }
}
