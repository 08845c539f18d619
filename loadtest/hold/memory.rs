//! The server's user-space memory: `Anonymous` of `/proc/PID/smaps_rollup`.
//!
//! Anonymous pages are heap, stacks and written data. What the kernel holds for a socket is not in
//! it, nor are the pages of the program file, which are shared with whoever else runs it.

use std::{fs, io};

pub(crate) fn anonymous_bytes(pid: u32) -> io::Result<u64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path)
        .map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
    let kib = text.lines().find_map(|line| {
        line.strip_prefix("Anonymous:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    });
    Ok(kib.ok_or_else(|| io::Error::other(format!("{path}: no Anonymous line")))? * 1024)
}
