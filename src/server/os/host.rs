//! The machine's name.

use std::ffi::CStr;
use std::io;

/// The machine's host name.
pub(in crate::server) fn hostname() -> io::Result<String> {
    // Longer than the limit of any system.
    let mut name = [0u8; 257];
    // SAFETY: the length leaves out the last byte of `name`, which stays zero and ends the name.
    if unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let name = CStr::from_bytes_until_nul(&name).map_err(io::Error::other)?;
    Ok(name.to_string_lossy().into_owned())
}
