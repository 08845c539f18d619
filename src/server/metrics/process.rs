//! What the system knows of the process, as far as it is Linux.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The process at a moment. What the system does not show is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    /// When it started, in seconds since 1970.
    pub start_s: Option<f64>,
    /// Time on a processor, in seconds.
    pub cpu_s: Option<f64>,
    /// Memory in use, in bytes.
    pub resident_bytes: Option<u64>,
    /// The same with what is only reserved.
    pub virtual_bytes: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Open descriptors of the thread that has most: each worker may have a table of its own, and
    /// the limit is for each.
    pub open_fds: Option<u64>,
    /// Most descriptors of a table.
    pub max_fds: Option<u64>,
}

/// Ticks in a second, in the fields of `/proc`: it is 100 on every architecture (`USER_HZ`).
const TICKS: f64 = 100.0;
/// Most threads of which the descriptors are counted.
const THREADS_READ: usize = 4096;

impl Process {
    /// Reads what the system shows now.
    pub fn read() -> Process {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The name of the program, which may have blanks, is in parentheses.
        let fields: Vec<&str> = stat
            .rsplit_once(") ")
            .map_or(Vec::new(), |(_, fields)| fields.split_ascii_whitespace().collect());
        let number = |place: usize| fields.get(place).and_then(|text| text.parse::<u64>().ok());
        let ticks = |place| number(place).map(|ticks| ticks as f64 / TICKS);
        Process {
            start_s: ticks(19).and_then(since_1970),
            cpu_s: ticks(11).zip(ticks(12)).map(|(user, system)| user + system),
            resident_bytes: status("VmRSS:"),
            virtual_bytes: number(20),
            threads: number(17),
            open_fds: open_fds(),
            max_fds: max_fds(),
        }
    }
}

/// A moment in seconds after the system's start, in seconds since 1970.
fn since_1970(after_boot_s: f64) -> Option<f64> {
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split(' ').next()?.parse().ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    // Hundredths of a second, as both parts are.
    Some(((now.as_secs_f64() - uptime + after_boot_s) * 100.0).round() / 100.0)
}

/// A line of `/proc/self/status` in KiB, as bytes.
fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The size of a directory of descriptors is their number, since Linux 6.2. Without that they are
/// not counted, as listing 500,000 takes a fifth of a second.
fn open_fds() -> Option<u64> {
    let tasks = fs::read_dir("/proc/self/task").ok()?.take(THREADS_READ);
    let counts = tasks.filter_map(|task| fs::metadata(task.ok()?.path().join("fd")).ok());
    counts.map(|fds| fds.len()).max().filter(|open| *open > 0)
}

fn max_fds() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_read() {
        let first = Process::read();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        assert!(first.start_s.is_some_and(|start| start <= now + 0.1 && now - start < 3600.0));
        assert!(first.resident_bytes < first.virtual_bytes);
        assert!(first.threads >= Some(1) && first.cpu_s >= Some(0.0));
        // Other tests open descriptors of their own meanwhile.
        let files: Vec<_> = (0..50).map(|_| fs::File::open("/proc/self/stat")).collect();
        if first.open_fds.is_some() {
            assert!(Process::read().open_fds >= Some(files.len() as u64 + 3));
        }
        assert!(first.max_fds >= Some(50));
    }
}
