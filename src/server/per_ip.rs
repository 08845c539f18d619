//! Counts the connections of each IP address, if there is a limit.
//!
//! All workers share the counts, since the kernel distributes the connections of a client over all
//! of them. The lock is taken when a connection opens and closes, and only if there is a limit.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The connections of each IP address.
#[derive(Debug)]
pub struct ConnectionsPerIp {
    most: u32,
    counts: Mutex<HashMap<IpAddr, u32>>,
}

impl ConnectionsPerIp {
    /// At most `most` connections for each address. There are never more addresses than
    /// connections.
    pub fn new(most: u32) -> ConnectionsPerIp {
        ConnectionsPerIp { most, counts: Mutex::default() }
    }

    /// Counts a connection, unless its address has reached the limit; returns whether it did.
    pub fn acquire(&self, peer: IpAddr) -> bool {
        let mut counts = self.counts();
        let count = counts.entry(peer.to_canonical()).or_default();
        let fits = *count < self.most;
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
