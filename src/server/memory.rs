//! How much memory the process may still take, by the limits of its control groups.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::cgroup::{MemoryLimit, reclaimable};
use crate::base::limits::{MEMORY_FILE_BYTES, MEMORY_RESERVE};

/// Watches the groups that limit memory. Each worker has its own, in its own descriptor table.
#[derive(Debug, Default)]
pub(super) struct MemoryGauge {
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    limit: u64,
    usage: File,
    stat: File,
}

impl MemoryGauge {
    /// A gauge of these groups. One whose files cannot be opened is left out.
    pub(super) fn open(limits: &[MemoryLimit]) -> MemoryGauge {
        let groups = limits.iter().filter_map(|limit| {
            let usage = File::open(&limit.usage).ok()?;
            Some(Group { limit: limit.bytes, usage, stat: File::open(&limit.stat).ok()? })
        });
        MemoryGauge { groups: groups.collect() }
    }

    /// Bytes that the process may still take beside the reserve; `None` without a limit.
    pub(super) fn spare(&self) -> Option<u64> {
        self.groups.iter().filter_map(|group| group.spare().ok()).min()
    }
}

impl Group {
    /// Files in the cache fill a group sooner or later. They count as free, but it costs more to
    /// find out how much they are, so that is done only if the rest is not enough.
    fn spare(&self) -> io::Result<u64> {
        let used = read(&self.usage)?.trim().parse().map_err(io::Error::other)?;
        let mut free = self.limit.saturating_sub(used);
        if free < self.limit / 4 {
            free = free.saturating_add(reclaimable(&read(&self.stat)?));
        }
        Ok(free.min(self.limit).saturating_sub(reserve(self.limit)))
    }
}

/// What is kept free of so many bytes: for what is taken between two looks at the memory, and for
/// documents, which are made whole.
pub(super) fn reserve(limit: u64) -> u64 {
    (limit / 8).clamp(*MEMORY_RESERVE.start(), *MEMORY_RESERVE.end())
}

/// The beginning of a file. The kernel makes its text anew for each read at its start.
fn read(file: &File) -> io::Result<String> {
    let mut bytes = vec![0; MEMORY_FILE_BYTES];
    let length = file.read_at(&mut bytes, 0)?;
    bytes.truncate(length);
    String::from_utf8(bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn the_tightest_group_counts_and_its_cached_files_are_free() {
        let folder = std::env::temp_dir().join(format!("loiter-gauge-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a scratch folder");
        let write = |name: &str, text: &str| -> PathBuf {
            let path = folder.join(name);
            fs::write(&path, text).expect("a scratch file");
            path
        };
        let limit = |mib: u64, name: &str, used: u64, cached: u64| MemoryLimit {
            bytes: mib * MIB,
            usage: write(name, &format!("{}\n", used * MIB)),
            stat: write(&format!("{name}.stat"), &format!("inactive_file {}\n", cached * MIB)),
        };
        let (small, large) = (limit(80, "small", 30, 20), limit(800, "large", 100, 0));
        let spare =
            |limits: &[MemoryLimit]| MemoryGauge::open(limits).spare().map(|bytes| bytes / MIB);
        assert_eq!(spare(&[small.clone(), large.clone()]), Some(40));
        assert_eq!(spare(std::slice::from_ref(&large)), Some(636));
        write("small", &(75 * MIB).to_string());
        assert_eq!(spare(std::slice::from_ref(&small)), Some(15));
        write("small.stat", "");
        assert_eq!(spare(std::slice::from_ref(&small)), Some(0));
        write("small", "?");
        assert_eq!(spare(&[small, large]), Some(636));
        assert_eq!(spare(&[]), None);
        fs::remove_dir_all(&folder).expect("it is there");
    }

    #[test]
    fn the_reserve_is_an_eighth_within_bounds() {
        for (limit, reserved) in [(6, 3), (16, 3), (32, 4), (400, 50), (1000, 64)] {
            assert_eq!(reserve(limit * MIB), reserved * MIB, "of {limit} MiB");
        }
    }
}
