//! The process around the server: its log, its signals, what it says and how it ends.
//!
//! The main thread only waits for signals. A second thread waits for the workers, and wakes it when
//! they are done, so that a drain which is finished early ends the process early.
//!
//! ```text
//! SIGTERM, SIGINT, SIGQUIT   finish what is under way, for at most --shutdown-timeout; then exit 0
//!   a second one             cut off what is left; exit 0
//!   a third one              exit 1 at once, whatever the workers do
//! SIGHUP, SIGUSR1            open the access log anew
//! SIGUSR2, SIGALRM, …        ignored, but logged
//! ```
//!
//! SIGPIPE is ignored, which Rust's runtime does before `main`: a client that is gone is an error
//! of one write and not the end of the process.
//!
//! From the start of the server to its end nothing here writes to a standard stream itself: a pipe
//! that nobody reads would keep this thread from its signals.

mod signals;

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::iterator::Signals;

use super::log::{Output, Target, subscriber};
use super::{Address, Handle, StartError, start};
use crate::base::limits::LOG_FLUSH;
use crate::config::Settings;
use signals::Request;

/// Serves until a signal ends it, and says with which status the process should end.
pub fn run(settings: Settings) -> ExitCode {
    // Signals come before any thread: a signal during the start is kept, and a thread with a
    // descriptor table of its own has the handler's pipe in it, on whichever the handler runs.
    let begun = signals::take().and_then(|signals| {
        Ok((signals, Output::start(Target::Stderr, settings.private_fd_tables)?))
    });
    let (mut signals, stderr) = match begun {
        Ok(begun) => begun,
        Err(error) => return complain(format_args!("loiter: {}", Failure::Process(error)), 1),
    };
    subscriber::install(&stderr, settings.log_level, settings.log_format);
    let (status, deadline) = match serve(settings, &mut signals, &stderr) {
        Ok(deadline) => (ExitCode::SUCCESS, deadline),
        Err(failure) => {
            stderr.send(format!("loiter: {failure}\n").as_bytes());
            (ExitCode::FAILURE, Instant::now() + LOG_FLUSH)
        }
    };
    stderr.close(deadline.max(Instant::now() + LAST_FLUSH));
    status
}

/// Prints a text that was asked for, and ends its last line.
pub fn say(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    let text = text.strip_suffix('\n').unwrap_or(text);
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        // A reader that has seen enough, such as `head`, is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(format_args!("loiter: cannot write to standard output: {error}"), 1)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Says on standard error what is wrong, and gives the exit status for it. Every such line starts
/// with our name, which a [`ConfigError`](crate::config::ConfigError) brings along.
pub fn complain(wrong: impl fmt::Display, status: u8) -> ExitCode {
    // With standard error gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{wrong}");
    ExitCode::from(status)
}

/// Why the server does not run, or no longer does.
enum Failure {
    Start(StartError),
    Process(io::Error),
    Ended,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Start(error) => error.fmt(f),
            Failure::Process(error) => write!(
                f,
                "cannot set up the process: {error}; look at its limits (ulimit -n, ulimit -u)"
            ),
            Failure::Ended => f.write_str("the server ended though nobody stopped it"),
        }
    }
}

/// A signal so soon after the first is the same one, arriving by another way.
const SAME_SIGNAL: Duration = Duration::from_millis(20);

/// Time that standard error has at least when the other logs have used up [`LOG_FLUSH`]: it tells
/// of those that took no more.
const LAST_FLUSH: Duration = Duration::from_millis(200);

/// How far the end has come.
#[derive(Clone, Copy)]
enum Phase {
    Serving,
    Draining,
    Stopping,
}

/// Serves until the end, and says until when the logs may still be written.
fn serve(
    settings: Settings,
    signals: &mut Signals,
    stderr: &Arc<Output>,
) -> Result<Instant, Failure> {
    let (timeout, private) = (settings.shutdown_timeout, settings.private_fd_tables);
    let mut server = start::start(settings, Some(stderr)).map_err(Failure::Start)?;
    let handle = server.handle();
    let stdout = Output::start(Target::Stdout, private).map_err(Failure::Process)?;
    stdout.send(announcement(server.addresses()).as_bytes());
    stdout.finish();
    tracing::info!(capacity = server.capacity(), "connections that can be held at a time");
    let wake = signals.handle();
    let waiter = thread::Builder::new()
        .name("join".into())
        .spawn(move || {
            let totals = server.wait_for_workers();
            wake.close();
            // Dropped by the main thread: it would wait for the access log here.
            (server, totals)
        })
        .map_err(Failure::Process)?;
    let phase = handle_signals(signals, &handle, timeout);
    let ended = waiter.join();
    if let (Phase::Draining | Phase::Stopping, Ok((_, totals))) = (phase, &ended) {
        let super::WorkerStats { connections, requests, cut_off, left, .. } = totals;
        tracing::info!(connections, requests, cut_off, left, "stopped");
    }
    let deadline = Instant::now() + LOG_FLUSH;
    handle.close_log(deadline);
    stdout.close(deadline);
    match (phase, ended) {
        (Phase::Draining | Phase::Stopping, Ok(_)) => Ok(deadline),
        _ => Err(Failure::Ended),
    }
}

/// Does what signals ask for, until the server has ended. Each is acted on before it is logged.
fn handle_signals(signals: &mut Signals, handle: &Handle, timeout: Duration) -> Phase {
    let at_start = terminals();
    let mut phase = Phase::Serving;
    let mut asked = Instant::now();
    for signal in signals.forever() {
        let name = signals::name(signal);
        match (signals::request(signal, terminals(), at_start), phase) {
            (Request::Silence, _) => {}
            (Request::Nothing, _) => tracing::info!("{name}: ignored"),
            (Request::Reopen, _) => {
                let reopens = handle.reopen_log();
                let what = if reopens { "opening the access log anew" } else { "no log to reopen" };
                tracing::info!("{name}: {what}");
            }
            (Request::End, Phase::Serving) => {
                handle.drain(timeout);
                (phase, asked) = (Phase::Draining, Instant::now());
                tracing::info!("{name}: finishing requests in flight, for at most {timeout:?}");
            }
            // Who signals a process and then its group means one signal, not two.
            (Request::End, _) if asked.elapsed() < SAME_SIGNAL => {}
            (Request::End, Phase::Draining) => {
                handle.stop();
                (phase, asked) = (Phase::Stopping, Instant::now());
                tracing::info!("{name} again: stopping now");
            }
            (Request::End, Phase::Stopping) => process::exit(1),
        }
    }
    phase
}

/// How many of the standard streams are terminals: one that was closed is none any more.
fn terminals() -> usize {
    let all = [io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()];
    all.into_iter().filter(|terminal| *terminal).count()
}

/// One line per listener for people and programs, and on a terminal a first thing to try.
fn announcement(addresses: &[Address]) -> String {
    let mut text = String::new();
    for address in addresses {
        text.push_str(&format!("listening {address}\n"));
    }
    let url = addresses.iter().find(|address| matches!(address, Address::Http(_)));
    if let (Some(url), true) = (url, io::stdout().is_terminal()) {
        text.push_str(&suggestions(&url.to_string()));
    }
    text
}

/// Three commands to try. One cannot ask everywhere for "every address", only for one of them. A
/// shell may take `?` and `[` for patterns, and zsh then runs nothing.
fn suggestions(url: &str) -> String {
    let url = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
    format!(
        "\nTry:\n  curl '{url}/delay/3'\n  curl '{url}/get?a=1'\n  \
         wrk -t2 -c1000 -d10s '{url}/delay/1'\n\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_name_an_address_that_can_be_asked() {
        assert!(suggestions("http://0.0.0.0:80").contains("curl 'http://127.0.0.1:80/delay/3'\n"));
        assert!(suggestions("http://[::]:80").contains("'http://[::1]:80/get?a=1'\n"));
        assert!(suggestions("http://192.0.2.1:80").contains("'http://192.0.2.1:80/delay/1'\n"));
    }
}
