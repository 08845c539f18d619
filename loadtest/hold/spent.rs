//! Memory and CPU time of the server and the kernel, read from `/proc`.
//!
//! The server's memory is `Anonymous` in `smaps_rollup`: heap, stacks and written data, without the
//! pages of the program file, which are shared with other processes. Kernel memory for its sockets
//! is not included; `Slab` of the whole machine includes it, for both ends together.

use super::socket;
use std::{fs, io};

/// One reading.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    /// User memory of the server, in bytes.
    pub(crate) server: u64,
    /// The pages that it has changed and shares with no other process, in bytes.
    pub(crate) private_dirty: u64,
    /// The kernel's objects, in bytes.
    pub(crate) kernel: u64,
    /// The server's user CPU time, in seconds.
    pub(crate) user_s: f64,
    /// Its system CPU time, in seconds.
    pub(crate) system_s: f64,
}

impl Spent {
    pub(crate) fn by(pid: u32) -> io::Result<Spent> {
        let path = format!("/proc/{pid}/stat");
        let stat = text(&path)?;
        // The process name, in parentheses, may contain spaces; user time is the 12th field after
        // it.
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
        let seconds = |at| ticks(at).map(|ticks| ticks / socket::ticks_per_second());
        let unread = || io::Error::other(format!("{path}: no times"));
        Ok(Spent {
            server: bytes(&format!("/proc/{pid}/smaps_rollup"), "Anonymous:")?,
            private_dirty: bytes(&format!("/proc/{pid}/smaps_rollup"), "Private_Dirty:")?,
            kernel: bytes("/proc/meminfo", "Slab:")?,
            user_s: seconds(11).ok_or_else(unread)?,
            system_s: seconds(12).ok_or_else(unread)?,
        })
    }
}

fn bytes(path: &str, name: &str) -> io::Result<u64> {
    let text = text(path)?;
    let kib = text.lines().find_map(|line| {
        line.strip_prefix(name)?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    });
    Ok(kib.ok_or_else(|| io::Error::other(format!("{path}: no line {name}")))? * 1024)
}

fn text(path: &str) -> io::Result<String> {
    fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))
}
