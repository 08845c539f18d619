//! The limits that the process's control groups set: memory and the number of threads, by cgroup v1
//! and v2, inside a container and outside.
//!
//! `/proc/self/cgroup` names the group, `/proc/self/mountinfo` where its hierarchy is mounted. Each
//! group up to the mount point may have a limit, and all of them hold. In a container the path in
//! `/proc/self/cgroup` may be the host's, which does not exist there; then the mount point is the
//! group itself.
//!
//! The CPU quota is not read here: `std::thread::available_parallelism` knows it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::base::limits::{CGROUP_FILE_BYTES, CGROUP_LEVELS};

/// The limits in effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cgroup {
    /// The groups that limit memory, from the process's own upward.
    pub(super) memory: Vec<MemoryLimit>,
    /// How many more threads may be started.
    pub(super) threads: Option<u64>,
}

/// A group that limits memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MemoryLimit {
    /// The limit in bytes.
    pub(super) bytes: u64,
    /// The file with the bytes in use.
    pub(super) usage: PathBuf,
    /// The file with what they are used for.
    pub(super) stat: PathBuf,
}

/// Where a controller's group is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    version: Version,
    mount: PathBuf,
    /// The group below the mount point; empty for the mount point itself.
    below: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

impl Cgroup {
    /// The limits of this process. Without control groups there are none.
    pub(super) fn read() -> Cgroup {
        Cgroup::read_by(&read_file)
    }

    /// The same; `read` returns the text of a file, if there is one.
    fn read_by(read: &impl Fn(&Path) -> Option<String>) -> Cgroup {
        let groups = read(Path::new("/proc/self/cgroup")).unwrap_or_default();
        let mounts = read(Path::new("/proc/self/mountinfo")).unwrap_or_default();
        let places = |controller| places(&groups, &mounts, controller);
        let levels = |controller| places(controller).into_iter().flat_map(|place| place.levels());
        let memory = levels("memory").filter_map(|(version, at)| memory_limit(read, version, &at));
        let threads = levels("pids").filter_map(|(_, at)| {
            let most = limit(&read(&at.join("pids.max"))?)?;
            Some(most.saturating_sub(limit(&read(&at.join("pids.current"))?)?))
        });
        Cgroup { memory: memory.collect(), threads: threads.min() }
    }
}

impl Place {
    /// The group and those above it, up to the mount point.
    fn levels(self) -> Vec<(Version, PathBuf)> {
        let Place { version, mount, below } = self;
        let paths = below.ancestors().map(|path| (version, mount.join(path)));
        paths.take(CGROUP_LEVELS).collect()
    }
}

/// Where the groups of a controller are: in a hybrid hierarchy the memory controller belongs to v1,
/// and v2 is mounted without it.
fn places(groups: &str, mounts: &str, controller: &str) -> Vec<Place> {
    let lines = groups.lines().filter_map(|line| {
        // Such as `4:cpu,cpuacct:/path`; v2 has an empty list.
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        let listed = controllers.split(',').any(|name| name == controller);
        let version = if controllers.is_empty() { Version::V2 } else { Version::V1 };
        (listed || version == Version::V2).then_some((version, path))
    });
    let found = lines.filter_map(|(version, path)| {
        let (root, mount) = mounts.lines().find_map(|line| mount_of(line, version, controller))?;
        Some(Place { version, below: below(path, &root), mount: mount.into() })
    });
    found.collect()
}

/// The root and the mount point of a line of mountinfo (proc(5)), if the controller is there.
fn mount_of(line: &str, version: Version, controller: &str) -> Option<(String, String)> {
    let (mount, kind) = line.split_once(" - ")?;
    let mut kind = kind.split(' ');
    let (name, options) = (kind.next()?, kind.nth(1)?);
    let fits = match version {
        Version::V2 => name == "cgroup2",
        Version::V1 => name == "cgroup" && options.split(',').any(|option| option == controller),
    };
    let mut fields = mount.split(' ').skip(3);
    let (root, point) = (fields.next()?, fields.next()?);
    // Only the space of what mountinfo escapes is seen in paths.
    fits.then(|| (root.replace("\\040", " "), point.replace("\\040", " ")))
}

/// The group's path below a mount point that shows the hierarchy from `root` on.
fn below(path: &str, root: &str) -> PathBuf {
    // A path above the namespace's root begins with `/..`: nothing of it can be seen.
    let rest = Path::new(path).strip_prefix(root).ok();
    let visible = rest.filter(|rest| !rest.starts_with(".."));
    visible.unwrap_or(Path::new("")).to_owned()
}

/// The memory limit of the group in the folder `at`, if it has one.
fn memory_limit(
    read: &impl Fn(&Path) -> Option<String>,
    version: Version,
    at: &Path,
) -> Option<MemoryLimit> {
    let value = |name: &str| limit(&read(&at.join(name))?);
    let (bytes, usage) = match version {
        Version::V1 => (value("memory.limit_in_bytes"), "memory.usage_in_bytes"),
        // Above `high` the processes are slowed down and their memory is reclaimed.
        Version::V2 => {
            let limits = [value("memory.max"), value("memory.high")];
            (limits.into_iter().flatten().min(), "memory.current")
        }
    };
    let (usage, stat) = (at.join(usage), at.join("memory.stat"));
    bytes.map(|bytes| MemoryLimit { bytes, usage, stat })
}

/// A value of a file; `None` for `max`, and for v1's number beyond any memory.
fn limit(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|value| *value < 1 << 60)
}

/// How many bytes of a group's memory the kernel takes back by itself, by its `memory.stat`: files
/// that are cached, without those that are mapped, such as the program.
pub(super) fn reclaimable(stat: &str) -> u64 {
    // In v1 those with `total_` include the groups below, which is what v2 always does.
    let prefix = if stat.contains("\ntotal_cache ") { "total_" } else { "" };
    let value = |name: &str| {
        let name = format!("{prefix}{name}");
        let values = stat.lines().filter_map(|line| line.split_once(' '));
        let value = values.filter(|(key, _)| *key == name).find_map(|(_, value)| limit(value));
        value.unwrap_or_default()
    };
    let mapped = value(if prefix.is_empty() { "file_mapped" } else { "mapped_file" });
    (value("inactive_file") + value("active_file")).saturating_sub(mapped)
}

/// The beginning of a file, as far as it is needed.
fn read_file(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(CGROUP_FILE_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;
    /// Docker on a host with v2, with a namespace of its own: `/sys/fs/cgroup` is the group.
    const DOCKER_V2: &[(&str, &str)] = &[
        ("/proc/self/cgroup", "0::/\n"),
        (
            "/proc/self/mountinfo",
            "646 645 0:29 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n",
        ),
        ("/sys/fs/cgroup/memory.max", "16777216\n"),
        ("/sys/fs/cgroup/memory.high", "max\n"),
        ("/sys/fs/cgroup/pids.max", "64\n"),
        ("/sys/fs/cgroup/pids.current", "3\n"),
    ];
    /// A service of systemd with `MemoryHigh=`, in a slice with `MemoryMax=`.
    const SYSTEMD_V2: &[(&str, &str)] = &[
        ("/proc/self/cgroup", "0::/system.slice/loiter.service\n"),
        ("/proc/self/mountinfo", "26 25 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
        ("/sys/fs/cgroup/system.slice/loiter.service/memory.max", "max\n"),
        ("/sys/fs/cgroup/system.slice/loiter.service/memory.high", "134217728\n"),
        ("/sys/fs/cgroup/system.slice/loiter.service/pids.max", "max\n"),
        ("/sys/fs/cgroup/system.slice/memory.max", "67108864\n"),
        ("/sys/fs/cgroup/system.slice/memory.high", "max\n"),
    ];
    /// Docker on a host with v1, without a namespace: the mount's root is the container's group.
    const DOCKER_V1: &[(&str, &str)] = &[
        (
            "/proc/self/cgroup",
            "5:pids:/docker/ab12\n4:memory:/docker/ab12\n2:cpu,cpuacct:/docker/ab12\n",
        ),
        (
            "/proc/self/mountinfo",
            "36 35 0:32 /docker/ab12 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n\
             37 35 0:33 /docker/ab12 /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n",
        ),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "33554432\n"),
        ("/sys/fs/cgroup/pids/pids.max", "max\n"),
        ("/sys/fs/cgroup/pids/pids.current", "3\n"),
    ];
    /// A hybrid: v2 without controllers beside v1, whose root has no limit.
    const HYBRID: &[(&str, &str)] = &[
        ("/proc/self/cgroup", "4:memory:/a b/c\n0::/\n"),
        (
            "/proc/self/mountinfo",
            "35 31 0:32 / /cg\\040v1/memory rw - cgroup cgroup rw,memory\n\
             41 31 0:38 / /cg/unified rw - cgroup2 cgroup2 rw\n",
        ),
        ("/cg v1/memory/a b/c/memory.limit_in_bytes", "9223372036854771712\n"),
        ("/cg v1/memory/a b/memory.limit_in_bytes", "1048576\n"),
        ("/cg v1/memory/memory.limit_in_bytes", "9223372036854771712\n"),
    ];
    /// Kubernetes with v2 and the host's namespace: the path is the host's, not the container's.
    const HOST_PATH: &[(&str, &str)] = &[
        ("/proc/self/cgroup", "0::/../../pod1/c2\n"),
        ("/proc/self/mountinfo", "646 645 0:29 /../.. /sys/fs/cgroup ro - cgroup2 cgroup rw\n"),
        ("/sys/fs/cgroup/memory.max", "8388608\n"),
    ];

    fn read(files: &[(&str, &str)]) -> Cgroup {
        let text = |path: &Path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path);
            file.map(|(_, text)| (*text).to_owned())
        };
        Cgroup::read_by(&text)
    }

    #[test]
    fn the_limits_of_containers_and_services() {
        for (name, files, limits, threads) in [
            ("Docker, v2", DOCKER_V2, &[(16 * MIB, "/sys/fs/cgroup")][..], Some(61)),
            (
                "systemd, v2",
                SYSTEMD_V2,
                &[
                    (128 * MIB, "/sys/fs/cgroup/system.slice/loiter.service"),
                    (64 * MIB, "/sys/fs/cgroup/system.slice"),
                ],
                None,
            ),
            ("Docker, v1", DOCKER_V1, &[(32 * MIB, "/sys/fs/cgroup/memory")], None),
            ("hybrid", HYBRID, &[(MIB, "/cg v1/memory/a b")], None),
            ("a path of the host", HOST_PATH, &[(8 * MIB, "/sys/fs/cgroup")], None),
            ("nothing", &[], &[], None),
        ] {
            let found = read(files);
            let seen = found.memory.iter().map(|limit| {
                (limit.bytes, limit.usage.parent().and_then(Path::to_str).expect("a folder"))
            });
            assert_eq!(seen.collect::<Vec<_>>(), limits, "{name}");
            assert_eq!(found.threads, threads, "{name}");
        }
        let [limit] = &read(DOCKER_V1).memory[..] else { panic!("one limit") };
        assert!(limit.usage.ends_with("memory.usage_in_bytes"), "{limit:?}");
        assert!(read(DOCKER_V2).memory[0].usage.ends_with("memory.current"));
    }

    #[test]
    fn what_is_malformed_limits_nothing() {
        for group in ["", "0", "0:", "x:y:z", "0::", "0::/a/../..", "4:memory:b"] {
            let valid = "1 2 3 / /m rw - cgroup2 c rw";
            for mount in ["", " - ", "1 2 3 - cgroup2", valid, "- cgroup"] {
                let files = [
                    ("/proc/self/cgroup", group),
                    ("/proc/self/mountinfo", mount),
                    ("/m/memory.max", "-1"),
                ];
                assert_eq!(read(&files), Cgroup::default(), "{group} {mount}");
            }
        }
        let deep = format!("0::{}\n", "/a".repeat(1000));
        let mounts = "1 2 3 / /m rw - cgroup2 c rw";
        let places = places(&deep, mounts, "memory");
        assert_eq!(places[0].clone().levels().len(), CGROUP_LEVELS);
    }

    #[test]
    fn cached_files_can_be_taken_back_unless_they_are_mapped() {
        let v2 = "anon 5\nfile 900\nfile_mapped 100\ninactive_file 600\nactive_file 300\n";
        assert_eq!(reclaimable(v2), 800);
        let v1 = "cache 9\nmapped_file 1\ninactive_file 4\nactive_file 3\ntotal_cache 90\n\
                  total_mapped_file 10\ntotal_inactive_file 40\ntotal_active_file 30\n";
        assert_eq!(reclaimable(v1), 60);
        assert_eq!(reclaimable("file_mapped 100\n"), 0);
        assert_eq!(reclaimable(""), 0);
    }
}
