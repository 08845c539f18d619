//! The configuration of processes: of this one, and of running servers, from `/proc`.
//!
//! The command line and environment of a server are parsed as the server parsed them, so its
//! address can come from a flag, a variable or a file. For port 0, and for inherited sockets, the
//! sockets of the process are searched.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::config::{self, ConfigErrors, Environment, Invocation};

/// Reads the configuration of this process, which may have changed in its file.
pub fn own() -> Result<Invocation, ConfigErrors> {
    config::read(env::args_os(), &own_environment())
}

/// The environment of this process.
pub(super) fn own_environment() -> Environment {
    let variables = config::environment(env::vars_os());
    config::without_foreign_sockets(variables, std::process::id())
}

/// The same for the server with this process ID, as it would read it now; an error if it is none.
pub(super) fn invocation(number: u32) -> Result<Result<Invocation, ConfigErrors>, String> {
    let args = command_line(number)?.ok_or_else(|| {
        format!("process {number} is another program; give the process ID of a loiter")
    })?;
    Ok(config::read_in(&folder(number), args, &environment(number)))
}

/// The URLs of the server with this process ID, or why there are none.
pub(super) fn urls(number: u32) -> Result<Vec<String>, String> {
    let folder = folder(number);
    let settings = match invocation(number)? {
        Ok(Invocation::Run(settings)) => settings,
        Ok(_) => return Err(format!("process {number} does not serve")),
        Err(wrong) => {
            let wrong = wrong.to_string().replace("loiter: ", "").replace('\n', ", ");
            return Err(format!("process {number} has invalid settings: {wrong}"));
        }
    };
    let urls = config::health_urls(&settings, &folder, &|| bound(number));
    match urls.is_empty() {
        true => Err(format!("process {number} has no listener to check")),
        false => Ok(urls),
    }
}

/// Whether process 1 is a server, or an init program started with a server's command line.
pub(super) fn is_container() -> bool {
    std::process::id() != FIRST && matches!(command_line(FIRST), Ok(Some(_)))
}

/// The main process of a container.
pub(super) const FIRST: u32 = 1;

/// The command line of a loiter process; `None` for another program.
pub(super) fn command_line(number: u32) -> Result<Option<Vec<OsString>>, String> {
    let text = fs::read(format!("/proc/{number}/cmdline")).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("there is no process {number}"),
        _ => format!("process {number} cannot be inspected: {error}"),
    })?;
    let own = env::current_exe().unwrap_or_default();
    Ok(from_our_name(&text, own.file_name().unwrap_or(OsStr::new("loiter"))))
}

/// The arguments, each terminated by a zero byte, from the first that is a program called `name`:
/// an init program has its own arguments before it.
fn from_our_name(text: &[u8], name: &OsStr) -> Option<Vec<OsString>> {
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    let args = text.split(|byte| *byte == 0).map(|arg| OsString::from_vec(arg.to_vec()));
    let args: Vec<_> = args.skip_while(|arg| Path::new(arg).file_name() != Some(name)).collect();
    (!args.is_empty()).then_some(args)
}

/// The environment it was started with. If that is not readable, as for another user, the
/// environment of this process: in a container they are the same.
fn environment(number: u32) -> Environment {
    let Ok(text) = fs::read(format!("/proc/{number}/environ")) else {
        return own_environment();
    };
    let pairs = text.split(|byte| *byte == 0).filter_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let part = |part: &[u8]| OsString::from_vec(part.to_vec());
        Some((part(&pair[..at]), part(&pair[at + 1..])))
    });
    config::without_foreign_sockets(config::environment(pairs), number)
}

/// Its working directory; this process's, if that is not readable.
fn folder(number: u32) -> PathBuf {
    let folder = PathBuf::from(format!("/proc/{number}/cwd"));
    if folder.read_link().is_ok() { folder } else { PathBuf::new() }
}

/// The TCP addresses that the process listens on, without the duplicates of further workers.
fn bound(number: u32) -> Vec<SocketAddr> {
    let own = sockets(number);
    let mut all = Vec::new();
    for table in ["tcp", "tcp6"] {
        let Ok(file) = File::open(format!("/proc/{number}/net/{table}")) else { continue };
        let lines = BufReader::new(file).lines().map_while(Result::ok);
        for (address, inode) in lines.filter_map(|line| listening(&line)) {
            if own.contains(&inode) && !all.contains(&address) {
                all.push(address);
            }
        }
    }
    all
}

/// The inodes of the sockets of the process.
fn sockets(number: u32) -> BTreeSet<u64> {
    let names = |folder: PathBuf| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.filter_map(Result::ok).map(|entry| entry.path())
    };
    let threads = names(format!("/proc/{number}/task").into());
    let descriptors = threads.flat_map(|thread| names(thread.join("fd")));
    let targets = descriptors.filter_map(|descriptor| fs::read_link(descriptor).ok());
    let inode = |target: PathBuf| {
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    targets.filter_map(inode).collect()
}

/// The local address and inode in a line of `/proc/net/tcp` or `tcp6`, if the socket listens.
fn listening(line: &str) -> Option<(SocketAddr, u64)> {
    const LISTENS: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (address, port) = fields.get(1)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    // Four bytes in network order at a time, printed as a number in this machine's byte order.
    let word =
        |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).map(u32::to_ne_bytes).ok();
    let ip = match address.len() {
        8 => IpAddr::from(word(0)?),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            IpAddr::from(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    let inode = fields.get(9)?.parse().ok()?;
    (*fields.get(3)? == LISTENS).then_some((SocketAddr::new(ip, port), inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_init_program_may_come_before_the_server() {
        let from = |text: &str| {
            let args = from_our_name(text.replace(' ', "\0").as_bytes(), OsStr::new("loiter"))?;
            let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
            Some(args.join(" "))
        };
        assert_eq!(from("/loiter -port 9000 ").as_deref(), Some("/loiter -port 9000"));
        assert_eq!(from("/sbin/docker-init -- /loiter :80 ").as_deref(), Some("/loiter :80"));
        assert_eq!(from("loiter --prefix /a  ").as_deref(), Some("loiter --prefix /a "));
        assert_eq!(from("/sbin/init splash "), None);
        assert_eq!(from("/usr/bin/loiterer /loiter.d/x "), None);
        assert_eq!(from(""), None);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn the_kernels_tables_are_read() {
        let four = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  \
                    1000        0 4242 1 0000000000000000 100 0 0 10 0";
        let read = |line: &str| listening(line).map(|(at, inode)| (at.to_string(), inode));
        assert_eq!(read(four), Some(("127.0.0.1:8080".to_owned(), 4242)));
        assert_eq!(read(&four.replace(" 0A ", " 01 ")), None);
        let six = four.replace("0100007F:1F90", "00000000000000000000000001000000:0050");
        assert_eq!(read(&six), Some(("[::1]:80".to_owned(), 4242)));
        assert_eq!(
            read("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when"),
            None
        );
        assert_eq!(read(&four[..30]), None);
        assert_eq!(read(&four.replace("0100007F", "0100é7")), None);
    }
}
