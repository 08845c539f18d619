//! The process around the server: its log, its signals, what it says and how it ends.
//!
//! The main thread only waits for signals. A second thread waits for the workers, and wakes it when
//! they are done, so that a drain which is finished early ends the process early.
//!
//! ```text
//! SIGTERM, SIGINT    finish what is under way, for at most --shutdown-timeout; then exit 0
//!   a second one     cut off what is left; exit 0
//!   a third one      exit 1 at once, whatever the workers do
//! SIGUSR1            open the access log anew
//! ```
//!
//! SIGPIPE is ignored, which Rust's runtime does before `main`: a client that is gone is an error
//! of one write and not the end of the process.

use std::env;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::process::{self, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;
use signal_hook::low_level::signal_name;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::{Handle, Server, StartError};
use crate::config::{Listen, LogFormat, LogLevel, Settings};

/// Serves until a signal ends it, and says with which status the process should end.
pub fn run(settings: Settings) -> ExitCode {
    start_log(settings.log_level, settings.log_format);
    match serve(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => complain(format_args!("loiter: {failure}"), 1),
    }
}

/// Prints a text that was asked for, and ends its last line.
pub fn say(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    let text = text.strip_suffix('\n').unwrap_or(text);
    // A reader that has seen enough, such as `head`, is no failure.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    ExitCode::SUCCESS
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

/// How the targets of our own log lines begin.
const OURS: &str = "loiter";

/// How far the end has come.
#[derive(Clone, Copy)]
enum Phase {
    Serving,
    Draining,
    Stopping,
}

fn serve(settings: Settings) -> Result<(), Failure> {
    // Before the workers: a signal during the start is kept, and a worker with a descriptor table
    // of its own has the handler's pipe in it, on whichever thread the handler runs.
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGUSR1]).map_err(Failure::Process)?;
    let timeout = settings.shutdown_timeout;
    let server = Server::start(settings).map_err(Failure::Start)?;
    let handle = server.handle();
    announce(server.addresses());
    tracing::info!(capacity = server.capacity(), "connections that can be held at a time");
    let wake = signals.handle();
    let waiter = thread::Builder::new()
        .name("join".into())
        .spawn(move || {
            let totals = server.join();
            wake.close();
            totals
        })
        .map_err(Failure::Process)?;
    let phase = obey(&mut signals, &handle, timeout);
    match (phase, waiter.join()) {
        (Phase::Draining | Phase::Stopping, Ok(totals)) => {
            tracing::info!(?totals, "stopped");
            Ok(())
        }
        _ => Err(Failure::Ended),
    }
}

/// Does what signals ask for, until the server has ended.
fn obey(signals: &mut Signals, handle: &Handle, timeout: Duration) -> Phase {
    let mut phase = Phase::Serving;
    let mut asked = Instant::now();
    for signal in signals.forever() {
        let name = signal_name(signal).unwrap_or("signal");
        phase = match (signal, phase) {
            (SIGUSR1, phase) => {
                handle.reopen_log();
                phase
            }
            (_, Phase::Serving) => {
                tracing::info!("{name}: finishing requests in flight, for at most {timeout:?}");
                handle.drain(timeout);
                asked = Instant::now();
                Phase::Draining
            }
            // Who signals a process and then its group means one signal, not two.
            (_, Phase::Draining) if asked.elapsed() < SAME_SIGNAL => Phase::Draining,
            (_, Phase::Draining) => {
                tracing::info!("{name} again: stopping now");
                handle.stop();
                Phase::Stopping
            }
            (_, Phase::Stopping) => process::exit(1),
        };
    }
    phase
}

/// One line per listener for people and programs, and on a terminal a first thing to try.
fn announce(addresses: &[Listen]) {
    let mut text = String::new();
    for address in addresses {
        text.push_str(&format!("listening {address}\n"));
    }
    let url = addresses.iter().find(|address| matches!(address, Listen::Http(_)));
    if let (Some(url), true) = (url, io::stdout().is_terminal()) {
        text.push_str(&suggestions(&url.to_string()));
    }
    say(&text);
}

/// Three commands to try. One cannot ask everywhere for "every address", only for one of them.
fn suggestions(url: &str) -> String {
    let url = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
    format!(
        "\nTry:\n  curl {url}/delay/3\n  curl {url}/get?a=1\n  \
         wrk -t2 -c1000 -d10s {url}/delay/1\n\n"
    )
}

/// Sends the log to standard error.
fn start_log(level: LogLevel, format: LogFormat) {
    let asked = env::var("RUST_LOG").ok().filter(|directives| !directives.trim().is_empty());
    let (asked, bad) = match asked.as_deref().map(str::parse).transpose() {
        Ok(asked) => (asked, None),
        Err(error) => (None, Some(error)),
    };
    let filter = filter(level, asked.unwrap_or_default());
    let terminal = io::stderr().is_terminal();
    let colour = terminal && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(colour);
    let log = tracing_subscriber::registry().with(filter);
    // Both fail only where a log exists already, such as a test's; then that one is used.
    let _ = match format {
        LogFormat::Text => log.with(lines).try_init(),
        LogFormat::Auto if terminal => log.with(lines).try_init(),
        LogFormat::Auto | LogFormat::Json => log.with(lines.json()).try_init(),
    };
    if let Some(error) = bad {
        tracing::warn!(%error, "RUST_LOG is not understood; write RUST_LOG=debug or loiter=debug");
    }
}

/// `RUST_LOG` has the last word, but only on what it names: a level alone, as in `debug`, names
/// everything, and `mio=debug` leaves our own level as it was set.
fn filter(level: LogLevel, asked: Targets) -> Targets {
    let names_us = asked.default_level().is_some() || asked.iter().any(|(name, _)| name == OURS);
    if names_us { asked } else { asked.with_target(OURS, level_filter(level)) }
}

const fn level_filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_log_rules_over_what_it_names() {
        use tracing::Level;
        for (asked, own, other) in [
            ("mio=debug", Level::WARN, Some(Level::DEBUG)),
            ("mio=debug,loiter=error", Level::ERROR, Some(Level::DEBUG)),
            ("loiter=trace", Level::TRACE, None),
            ("info", Level::INFO, Some(Level::INFO)),
            ("loiter::server::sim=trace", Level::WARN, None),
        ] {
            let filter = filter(LogLevel::Warn, asked.parse().expect(asked));
            let most = |target| {
                let levels = [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR];
                levels.into_iter().find(|level| filter.would_enable(target, level))
            };
            assert_eq!((most("loiter::server"), most("mio::poll")), (Some(own), other), "{asked}");
        }
        let unasked = filter(LogLevel::Warn, Targets::default());
        assert!(unasked.would_enable("loiter", &Level::WARN));
        assert!(!unasked.would_enable("loiter", &Level::INFO));
    }

    #[test]
    fn suggestions_name_an_address_that_can_be_asked() {
        assert!(suggestions("http://0.0.0.0:80").contains("curl http://127.0.0.1:80/delay/3\n"));
        assert!(suggestions("http://[::]:80").contains("http://[::1]:80/get?a=1\n"));
        assert!(suggestions("http://192.0.2.1:80").contains("http://192.0.2.1:80/delay/1\n"));
    }
}
