//! How many connections and workers the limits of the process allow.

use std::fmt;
use std::thread;

use super::cgroup::Cgroup;
use super::memory::MemoryGauge;
use crate::base::limits::{CONNECTION_BYTES, DESCRIPTORS_RESERVED, MAX_REFUSALS, THREADS_RESERVED};
use crate::config::Settings;

/// How many connections the server has at a time, and why no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Capacity {
    /// Most connections of one worker.
    pub(super) each: usize,
    /// Most of its connections that are being refused, in addition.
    pub(super) refusals: usize,
    /// Most connections of the server.
    pub(super) all: u64,
    /// What keeps it from having more.
    pub(super) bound: Bound,
}

/// What bounds the number of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// `--max-connections`.
    Setting,
    /// The descriptor limit (`ulimit -n`).
    Descriptors,
    /// The memory limit of a control group.
    Memory,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bound::Setting => "--max-connections",
            Bound::Descriptors => "the descriptor limit",
            Bound::Memory => "the memory limit",
        })
    }
}

impl Capacity {
    /// The capacity with this descriptor limit, and this memory that may still be taken, if it is
    /// limited. With private descriptor tables each worker can use the whole descriptor limit;
    /// otherwise the workers share it, and run out of descriptors together.
    ///
    /// What a connection takes is an estimate. So more connections than memory allows by it can be
    /// set; those that would not fit are refused, as any beyond the capacity.
    pub(super) fn new(
        settings: &Settings,
        descriptor_limit: u64,
        workers: usize,
        memory: Option<u64>,
    ) -> Capacity {
        let free = usize::try_from(descriptor_limit).unwrap_or(usize::MAX);
        let free = free.saturating_sub(DESCRIPTORS_RESERVED);
        let refusals = (free / 8).min(MAX_REFUSALS);
        let share = |all: Option<u64>| {
            let share = all.map(|all| all.div_ceil(workers as u64));
            share.map_or(usize::MAX, |each| usize::try_from(each).unwrap_or(usize::MAX))
        };
        let wanted = share(settings.max_connections.map(|most| most as u64));
        let memory = memory.map(|bytes| bytes / CONNECTION_BYTES);
        let fits = if settings.max_connections.is_none() { share(memory) } else { usize::MAX };
        let each = (free - refusals).min(wanted).min(fits).max(1);
        let mut all = (each * workers) as u64;
        let mut bound = match each {
            _ if each == wanted => Bound::Setting,
            _ if each == fits || fits == 0 => Bound::Memory,
            _ => Bound::Descriptors,
        };
        if !settings.private_fd_tables && (free as u64) < all {
            (all, bound) = (free as u64, Bound::Descriptors);
        }
        if let Some(fits) = memory.filter(|fits| *fits < all && bound == Bound::Setting) {
            tracing::warn!(
                connections = all,
                fits,
                "the memory limit may not be enough for so many connections: those that do not fit \
                 are refused"
            );
        }
        Capacity { each, refusals, all, bound }
    }
}

/// Bytes that the process may still take; `None` without a limit.
pub(super) fn spare_memory(cgroup: &Cgroup) -> Option<u64> {
    MemoryGauge::open(&cgroup.memory).spare()
}

/// The number of workers: one for each CPU of the quota unless it is set, and no more than there
/// may be threads.
pub(super) fn workers(wanted: usize, cgroup: &Cgroup) -> usize {
    let workers = match wanted {
        0 => thread::available_parallelism().map_or(1, usize::from),
        count => count,
    };
    let most = cgroup.threads.map_or(u64::MAX, |all| all.saturating_sub(THREADS_RESERVED)).max(1);
    let allowed = workers.min(usize::try_from(most).unwrap_or(usize::MAX));
    if allowed < workers {
        tracing::warn!(
            workers = allowed,
            wanted = workers,
            "the limit on threads (pids.max) does not allow a worker for each"
        );
    }
    allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_all_limits_is_the_capacity() {
        let mib = |mib: u64| Some(mib << 20);
        for (wanted, descriptors, workers, memory, private, expected) in [
            (None, 20_000, 2, None, true, (19_912, 39_824, Bound::Descriptors)),
            (None, 20_000, 2, None, false, (19_912, 19_976, Bound::Descriptors)),
            (None, 20_000, 2, mib(12), true, (1024, 2048, Bound::Memory)),
            (None, 20_000, 2, mib(1200), true, (19_912, 39_824, Bound::Descriptors)),
            (None, 20_000, 1, mib(0), true, (1, 1, Bound::Memory)),
            (Some(11), 20_000, 2, None, true, (6, 12, Bound::Setting)),
            (Some(11), 20_000, 2, mib(12), true, (6, 12, Bound::Setting)),
            (Some(9000), 20_000, 2, mib(12), true, (4500, 9000, Bound::Setting)),
            (Some(90_000), 20_000, 2, mib(12), true, (19_912, 39_824, Bound::Descriptors)),
            (None, 10, 1, None, true, (1, 1, Bound::Descriptors)),
        ] {
            let settings = Settings {
                max_connections: wanted,
                private_fd_tables: private,
                ..Settings::default()
            };
            let capacity = Capacity::new(&settings, descriptors, workers, memory);
            let seen = (capacity.each, capacity.all, capacity.bound);
            assert_eq!(seen, expected, "{wanted:?} {descriptors} {workers} {memory:?}");
        }
    }

    #[test]
    fn no_more_workers_than_threads() {
        for (wanted, threads, expected) in
            [(4, None, 4), (4, Some(64), 4), (4, Some(10), 2), (4, Some(0), 1), (1, Some(9), 1)]
        {
            let cgroup = Cgroup { threads, ..Cgroup::default() };
            assert_eq!(workers(wanted, &cgroup), expected, "{wanted} {threads:?}");
        }
        assert!(workers(0, &Cgroup::default()) >= 1);
    }
}
