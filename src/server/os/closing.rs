//! Closing a TCP listener without losing a connection.
//!
//! Closing a listening socket resets what is in its accept queue, and forgets handshakes under way
//! and connections that `TCP_DEFER_ACCEPT` holds back: their clients count them as established. So
//! before it is closed no new handshake may begin, and those under way must end.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::AsRawFd;

use mio::net::TcpListener;
use socket2::{SockFilter, SockRef};

use crate::base::limits::{DEFER_ACCEPT_SECONDS, SOCKET_TABLE_BYTES};

/// Makes the kernel defer accepting until the client has sent something, or a second has passed; or
/// ends that. Then a connection that is held back is accepted with its first bytes, or when the
/// kernel repeats its SYN-ACK, within about a second of its SYN.
pub(in crate::server) fn defer_accept(listener: &impl AsRawFd, defers: bool) -> io::Result<()> {
    let seconds = if defers { DEFER_ACCEPT_SECONDS } else { 0 };
    let (descriptor, length) = (listener.as_raw_fd(), size_of_val(&seconds) as libc::socklen_t);
    // SAFETY: `seconds` has this length, and is read only during the call.
    let result = unsafe {
        let value = (&raw const seconds).cast();
        libc::setsockopt(descriptor, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, value, length)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Makes the kernel drop SYNs, by a filter that every process may attach to its own sockets. A
/// client repeats a lost SYN after a second, and is then refused, or served by a successor.
///
/// Accepted sockets inherit the filter from now on. That is harmless: the only SYN without ACK that
/// an established connection gets is forged or stale, and would be answered with a challenge
/// (RFC 5961 4).
pub(super) fn drop_syns(listener: &TcpListener) -> io::Result<()> {
    let op = |code: u32, k: u32| SockFilter::new(code as u16, 0, 0, k);
    let is_syn = SockFilter::new((libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16, 0, 1, SYN);
    let ret = libc::BPF_RET | libc::BPF_K;
    SockRef::from(listener).attach_filter(&[
        op(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, FLAGS_OFFSET),
        op(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, SYN | ACK),
        is_syn,
        op(ret, 0),
        op(ret, u32::MAX),
    ])
}

/// Where the filter of a TCP socket finds the flags: it sees the packet from the TCP header on
/// (RFC 9293 3.1).
const FLAGS_OFFSET: u32 = 13;
const SYN: u32 = 0x02;
const ACK: u32 = 0x10;

/// Whether a handshake is under way, or a connection is held back, on this port; also if that
/// cannot be found out.
pub(super) fn handshakes(port: u16) -> bool {
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"].into_iter().any(|table| {
        // Without IPv6 there is no second table.
        let Ok(table) = File::open(table) else { return table.ends_with("tcp") };
        let mut table = BufReader::with_capacity(16 * 1024, table.take(SOCKET_TABLE_BYTES));
        let mut line = String::new();
        loop {
            line.clear();
            match table.read_line(&mut line) {
                Ok(0) => return table.get_ref().limit() == 0,
                Ok(_) if is_handshake(&line, port) => return true,
                Ok(_) => {}
                Err(_) => return true,
            }
        }
    })
}

/// Whether a line of the kernel's table of TCP sockets (proc_net_tcp.txt) is such a handshake:
/// `sl local_address rem_address st …`, in hexadecimal.
fn is_handshake(line: &str, port: u16) -> bool {
    const SYN_RECV: &str = "03";
    let mut words = line.split_ascii_whitespace();
    let local = words.nth(1).and_then(|local| local.rsplit(':').next());
    let local_port = local.and_then(|port| u16::from_str_radix(port, 16).ok());
    words.nth(1) == Some(SYN_RECV) && local_port == Some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_is_recognized() {
        let line = "   1: 0100007F:1F90 0100007F:9C40 03 00000000:00000000 01:00000064 00000000";
        assert!(is_handshake(line, 8080));
        assert!(!is_handshake(line, 80));
        assert!(!is_handshake(line, 0x9C40), "of a client");
        assert!(!is_handshake(&line.replace(" 03 ", " 01 "), 8080));
        assert!(!is_handshake("  sl  local_address rem_address   st tx_queue rx_queue", 8080));
        let line = "   2: 0000000000000000FFFF00000100007F:1F90 \
                    0000000000000000FFFF00000100007F:9C40 03 0";
        assert!(is_handshake(line, 8080));
    }
}
