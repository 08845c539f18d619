//! Counts the connections of each IP address, if there is a limit.
//!
//! All workers share the counts, since the kernel distributes the connections of a client over all
//! of them. The lock is taken when a connection opens and closes, and only if there is a limit.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The connections of each IP address.
#[derive(Debug, Default)]
pub struct ConnectionsPerIp {
    /// Never more addresses than connections.
    counts: Mutex<HashMap<IpAddr, u32>>,
}

impl ConnectionsPerIp {
    /// Counts a connection, unless its address has `most` already; returns whether it did.
    pub fn acquire(&self, peer: IpAddr, most: u32) -> bool {
        let mut counts = self.counts();
        let count = counts.entry(peer.to_canonical()).or_default();
        let fits = *count < most;
        *count += u32::from(fits);
        fits
    }

    /// A connection that was [counted](ConnectionsPerIp::acquire) has closed.
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
    fn an_address_has_a_limited_number_of_connections() {
        let per_ip = ConnectionsPerIp::default();
        let (one, other) = (IpAddr::from([1, 1, 1, 1]), IpAddr::from([2, 2, 2, 2]));
        assert!(per_ip.acquire(one, 2) && per_ip.acquire(one, 2));
        assert!(!per_ip.acquire("::ffff:1.1.1.1".parse().unwrap(), 2), "the same address");
        assert!(per_ip.acquire(other, 2));
        per_ip.release(one);
        assert!(per_ip.acquire(one, 2));
        for peer in [one, one, other] {
            per_ip.release(peer);
        }
        assert!(per_ip.counts().is_empty());
    }
}
