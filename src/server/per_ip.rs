//! How many connections each address has, when that is bounded.
//!
//! All workers share it: the kernel spreads one client's connections over them all. The lock is
//! taken when a connection begins and when it ends, and only where a bound was asked for.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Connections by address.
#[derive(Debug)]
pub struct ConnectionsPerIp {
    most: u32,
    counts: Mutex<HashMap<IpAddr, u32>>,
}

impl ConnectionsPerIp {
    /// No connections yet, and up to `most` for each address. The number of addresses is bounded by
    /// that of connections.
    pub fn new(most: u32) -> ConnectionsPerIp {
        ConnectionsPerIp { most, counts: Mutex::default() }
    }

    /// A connection begins, unless its address has as many as it may.
    pub fn acquire(&self, peer: IpAddr) -> bool {
        let mut counts = self.counts();
        let count = counts.entry(peer.to_canonical()).or_default();
        let fits = *count < self.most;
        *count += u32::from(fits);
        fits
    }

    /// One that [acquired](ConnectionsPerIp::acquire) has ended.
    pub fn release(&self, peer: IpAddr) {
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
        let per_ip = ConnectionsPerIp::new(2);
        let (one, other) = (IpAddr::from([1, 1, 1, 1]), IpAddr::from([2, 2, 2, 2]));
        assert!(per_ip.acquire(one) && per_ip.acquire(one));
        assert!(!per_ip.acquire("::ffff:1.1.1.1".parse().unwrap()), "the same address");
        assert!(per_ip.acquire(other));
        per_ip.release(one);
        assert!(per_ip.acquire(one));
        for peer in [one, one, other] {
            per_ip.release(peer);
        }
        assert!(per_ip.counts().is_empty());
    }
}
