//! The signals that the process takes, and what each of them asks for.

use std::borrow::Cow;
use std::ffi::c_int;
use std::io;

use signal_hook::consts::{
    SIGALRM, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM,
    SIGWINCH, SIGXCPU, SIGXFSZ,
};
use signal_hook::iterator::Signals;
use signal_hook::low_level::signal_name;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// To finish what is in flight, and end.
    End,
    /// To open the logs anew.
    Reopen,
    /// Nothing: it is sent by habit, or meant for another program, and would kill by default.
    Nothing,
    /// Nothing that is worth a line: a terminal was resized, or a log has reached the limit on the
    /// size of files, which the failed write reports.
    Silence,
}

/// Those that ask for something.
const WANTED: [c_int; 5] = [SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1];

/// Those that do not, on every system.
const UNWANTED: [c_int; 8] =
    [SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGXCPU, SIGXFSZ, SIGWINCH];

/// Takes every signal that would otherwise end the process, except those that report a fault in it
/// (SIGSEGV, SIGABRT and the like).
pub(super) fn take() -> io::Result<Signals> {
    let signals = Signals::new(WANTED)?;
    for signal in unwanted() {
        // Emulators such as valgrind keep some real-time signals to themselves.
        let _ = signals.add_signal(signal);
    }
    Ok(signals)
}

fn unwanted() -> impl Iterator<Item = c_int> {
    UNWANTED.into_iter().chain(others())
}

/// Signals that only Linux has; it has the names of the real-time ones at run time only.
#[cfg(target_os = "linux")]
fn others() -> impl Iterator<Item = c_int> {
    [libc::SIGPWR, libc::SIGSTKFLT].into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX())
}

#[cfg(not(target_os = "linux"))]
fn others() -> impl Iterator<Item = c_int> {
    std::iter::empty()
}

/// What this signal asks for, with so many standard streams that are terminals and so many that
/// were at the start. SIGHUP has two meanings: from an operator it asks for new logs, but when the
/// terminal that loiter was started from is gone, it is the end of a session.
pub(super) fn request(signal: c_int, terminals: usize, at_start: usize) -> Request {
    match signal {
        SIGTERM | SIGINT | SIGQUIT => Request::End,
        SIGHUP if terminals < at_start => Request::End,
        SIGHUP | SIGUSR1 => Request::Reopen,
        SIGWINCH if terminals > 0 => Request::Silence,
        SIGXFSZ => Request::Silence,
        _ => Request::Nothing,
    }
}

/// The name of a signal that is taken, such as SIGHUP or SIGRTMIN+3.
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
        assert_eq!(request(SIGHUP, 0, 0), Request::Reopen);
        assert_eq!(request(SIGHUP, 2, 2), Request::Reopen);
        assert_eq!(request(SIGHUP, 0, 2), Request::End, "its terminal is gone");
        assert_eq!(request(SIGUSR2, 3, 3), Request::Nothing);
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
