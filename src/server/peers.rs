//! How many connections each address has, when that is bounded.
//!
//! All workers share it: the kernel spreads one client's connections over them all. The lock is
//! taken when a connection begins and when it ends, and only where a bound was asked for.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Connections by address.
#[derive(Debug)]
pub struct Peers {
    most: u32,
    counts: Mutex<HashMap<IpAddr, u32>>,
}

impl Peers {
    /// No connections yet, and up to `most` for each address. The number of addresses is bounded by
    /// that of connections.
    pub fn new(most: u32) -> Peers {
        Peers { most, counts: Mutex::default() }
    }

    /// A connection begins, unless its address has as many as it may.
    pub fn enter(&self, peer: IpAddr) -> bool {
        let mut counts = self.counts();
        let count = counts.entry(peer.to_canonical()).or_default();
        let fits = *count < self.most;
        *count += u32::from(fits);
        fits
    }

    /// One that [entered](Peers::enter) has ended.
    pub fn leave(&self, peer: IpAddr) {
        let mut counts = self.counts();
        if let Some(count) = counts.get_mut(&peer.to_canonical()) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&peer.to_canonical());
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_no_more() {
        let peers = Peers::new(2);
        let (one, other) = (IpAddr::from([1, 1, 1, 1]), IpAddr::from([2, 2, 2, 2]));
        assert!(peers.enter(one) && peers.enter(one));
        assert!(!peers.enter("::ffff:1.1.1.1".parse().unwrap()), "the same address");
        assert!(peers.enter(other));
        peers.leave(one);
        assert!(peers.enter(one));
        for peer in [one, one, other] {
            peers.leave(peer);
        }
        assert!(peers.counts().is_empty());
    }
}
