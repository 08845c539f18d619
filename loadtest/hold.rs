//! Holds many connections open at once, and reports how late answers are and what each costs.
//!
//! N connections from many 127.x.y.z addresses, at a fixed rate, one `GET /delay/S` on each; with
//! `--idle`, one quick request on each and then nothing; with `--churn`, the same, and then the
//! oldest end at a rate, a new one in the place of each. The rules of its arithmetic:
//!
//! - *lateness* is answer − send − S. The send time is taken before the `write` call and the answer
//!   time after the `read` call that completed the answer, both in nanoseconds of the monotonic
//!   clock.
//! - *early* counts answers whose first byte came less than S after the send: not one is excused.
//! - *failed* counts every connection that got no complete 2xx answer, by reason.
//! - *memory* is `Anonymous` in the server's `/proc/PID/smaps_rollup`: heap, stacks and written
//!   data, so user space alone. "Before" is after one warm-up request, "waiting" once every request
//!   is sent; the difference is divided by how many still waited after it was taken. That all of
//!   them did, in all processes at the same time, is seen from `waiting` being N. The kernel's part
//!   is the growth of the whole machine's `Slab`: for both ends, and for whoever else runs.
//! - *CPU* of the load includes the end of its processes; the server's, only until the last answer.
//!
//! The load runs in processes of its own (this program again, with `--share`), as many as the limit
//! on descriptors asks for; the first one only coordinates, measures and adds up. Connections end
//! when all processes have reported, and all of it ends by `--timeout`.
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
