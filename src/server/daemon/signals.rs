//! The signals that the process handles, and what each of them requests.

use std::borrow::Cow;
use std::ffi::c_int;
use std::io;

use signal_hook::consts::{
    SIGALRM, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM,
    SIGWINCH, SIGXCPU, SIGXFSZ,
};
use signal_hook::iterator::Signals;
use signal_hook::low_level::signal_name;

/// What a signal requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Finish the requests in progress, and end.
    End,
    /// Read the configuration again, and reopen the log files.
    Reload,
    /// Reopen the log files.
    Reopen,
    /// Start a new process that continues the service, and end.
    Upgrade,
    /// Nothing; by default it would end the process.
    Nothing,
    /// Nothing, and it is not logged: a terminal was resized, or a log file reached the limit on
    /// file sizes, which the failed write reports.
    Silence,
}

/// Signals with a meaning.
const WANTED: [c_int; 6] = [SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2];

/// Signals to ignore, on every system.
const UNWANTED: [c_int; 7] = [SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGXCPU, SIGXFSZ, SIGWINCH];

/// Handles every signal that would end the process, except those for a fault, such as SIGSEGV.
pub(super) fn take() -> io::Result<Signals> {
    let signals = Signals::new(WANTED)?;
    for signal in unwanted() {
        // Valgrind, for example, reserves some real-time signals.
        let _ = signals.add_signal(signal);
    }
    Ok(signals)
}

fn unwanted() -> impl Iterator<Item = c_int> {
    UNWANTED.into_iter().chain(others())
}

/// Signals that only Linux has; the numbers of its real-time signals are known at run time.
#[cfg(target_os = "linux")]
fn others() -> impl Iterator<Item = c_int> {
    [libc::SIGPWR, libc::SIGSTKFLT].into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX())
}

#[cfg(not(target_os = "linux"))]
fn others() -> impl Iterator<Item = c_int> {
    std::iter::empty()
}

/// What a signal requests. `terminals`: how many standard streams are terminals, now and
/// `at_start`. SIGHUP reloads, but ends the process if the terminal was closed.
pub(super) fn request(signal: c_int, terminals: usize, at_start: usize) -> Request {
    match signal {
        SIGTERM | SIGINT | SIGQUIT => Request::End,
        SIGHUP if terminals < at_start => Request::End,
        SIGHUP => Request::Reload,
        SIGUSR1 => Request::Reopen,
        SIGUSR2 => Request::Upgrade,
        SIGWINCH if terminals > 0 => Request::Silence,
        SIGXFSZ => Request::Silence,
        _ => Request::Nothing,
    }
}

/// The name of a handled signal, such as SIGHUP or SIGRTMIN+3.
pub(super) fn name(signal: c_int) -> Cow<'static, str> {
    signal_name(signal).map_or_else(|| other_name(signal), Cow::Borrowed)
}

#[cfg(target_os = "linux")]
fn other_name(signal: c_int) -> Cow<'static, str> {
    match signal {
        libc::SIGPWR => "SIGPWR".into(),
        libc::SIGSTKFLT => "SIGSTKFLT".into(),
        _ => format!("SIGRTMIN+{}", signal - libc::SIGRTMIN()).into(),
    }
}

#[cfg(not(target_os = "linux"))]
fn other_name(signal: c_int) -> Cow<'static, str> {
    format!("signal {signal}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_and_what_does_not() {
        for signal in [SIGTERM, SIGINT, SIGQUIT] {
            assert_eq!(request(signal, 3, 3), Request::End);
        }
        assert_eq!(request(SIGUSR1, 0, 3), Request::Reopen);
        assert_eq!(request(SIGUSR2, 3, 3), Request::Upgrade);
        assert_eq!(request(SIGHUP, 0, 0), Request::Reload);
        assert_eq!(request(SIGHUP, 2, 2), Request::Reload);
        assert_eq!(request(SIGHUP, 0, 2), Request::End, "its terminal is gone");
        assert_eq!(request(SIGALRM, 3, 3), Request::Nothing);
        assert_eq!(request(SIGWINCH, 0, 0), Request::Nothing, "sent by somebody");
        assert_eq!(request(SIGWINCH, 1, 1), Request::Silence, "a terminal was resized");
        assert_eq!(request(SIGXFSZ, 0, 0), Request::Silence);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn every_signal_that_is_taken_has_its_name() {
        assert_eq!(name(SIGHUP), "SIGHUP");
        assert_eq!(name(libc::SIGPWR), "SIGPWR");
        assert_eq!(name(libc::SIGRTMIN() + 3), "SIGRTMIN+3");
        assert!(unwanted().all(|signal| name(signal).starts_with("SIG")));
        let faults = [libc::SIGABRT, libc::SIGBUS, libc::SIGSYS, libc::SIGTRAP];
        assert!(unwanted().all(|signal| !faults.contains(&signal)), "a fault must not be ignored");
    }
}
