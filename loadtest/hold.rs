//! Holds many connections open at once and reports the lateness and the cost of answers.
//!
//! N connections from many 127.x.y.z addresses, opened at a fixed rate, one `GET /delay/S` on each;
//! with `--idle`, one quick request on each and then nothing; with `--churn`, the same, and then
//! the oldest are replaced at a fixed rate. An https URL gives all of them TLS, each with a handshake
//! of its own. With `--streams`, N requests wait on a few connections by HTTP/2, as many on each as
//! the server's settings allow; what is said of a connection below is then true of a stream.
//! Definitions:
//!
//! - *lateness* is answer − send − S. The send time is taken before the `write` call and the answer
//!   time after the `read` call that completed the answer, both in nanoseconds of the monotonic
//!   clock.
//! - *early* counts answers whose first byte came less than S after the send, without exception; of
//!   a stream, the first byte of its HEADERS frame. A request that the socket did not take whole is
//!   sent when its rest is.
//! - *failed* counts every connection that got no complete 2xx answer, by reason.
//! - *memory* is `Anonymous` in the server's `/proc/PID/smaps_rollup`: heap, stacks and written
//!   data, so user space only. "Before" is after one warm-up request, "waiting" once every request
//!   is sent; the difference is divided by the number that still waited afterwards. All of them
//!   did, in all processes at the same time, if `waiting` is N. Kernel memory is the growth of the
//!   machine's `Slab`: both ends, and every other process.
//! - *CPU* of the load includes the exit of its processes; the server's ends with the last answer.
//!
//! The load runs in separate processes (this program again, with `--share`), as many as the limit
//! on descriptors requires; the first process coordinates, measures and adds up. A TLS connection
//! takes 8 KiB of its memory, a stream 16 bytes. Connections are
//! closed when all processes have reported; everything ends by `--timeout`.
#![allow(unsafe_code)]

#[cfg(target_os = "linux")]
#[path = "hold/coordinator.rs"]
mod coordinator;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    coordinator::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("hold: epoll and 127.0.0.0/8 are Linux's");
}
