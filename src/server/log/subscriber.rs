//! The `tracing` subscriber: which events are logged, and in which format.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::sync::Arc;

use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

use super::Output;
use crate::config::{LogFormat, LogLevel};

/// The target of our own events.
const OURS: &str = "loiter";

/// The level of the log, which can change.
#[derive(Debug)]
pub(in super::super) struct Level {
    asked: Targets,
    filter: reload::Handle<Targets, Registry>,
}

impl Level {
    /// Logs events of this level and above, unless `RUST_LOG` overrides it.
    pub(in super::super) fn set(&self, level: LogLevel) {
        // It fails only if another subscriber, such as a test's, is used.
        let _ = self.filter.reload(filter(level, self.asked.clone()));
    }
}

/// Sends the events of this process to `stderr`, the output for standard error.
pub(in super::super) fn install(stderr: &Arc<Output>, level: LogLevel, format: LogFormat) -> Level {
    let asked = env::var("RUST_LOG").ok().filter(|directives| !directives.trim().is_empty());
    let (asked, bad) = match asked.as_deref().map(str::parse).transpose() {
        Ok(asked) => (asked, None),
        Err(error) => (None, Some(error)),
    };
    let asked: Targets = asked.unwrap_or_default();
    let (filter, handle) = reload::Layer::new(filter(level, asked.clone()));
    let terminal = io::stderr().is_terminal();
    let colour = terminal && takes_colour(env::var_os("NO_COLOR"), env::var_os("TERM"));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(Arc::clone(stderr))
        .with_ansi(colour)
        // They would be written to standard error directly, which may block.
        .log_internal_errors(false);
    let log = tracing_subscriber::registry().with(filter);
    // This fails only if there is a subscriber already, such as a test's, which is then used.
    let _ = match format {
        LogFormat::Text => log.with(lines).try_init(),
        LogFormat::Auto if terminal => log.with(lines).try_init(),
        LogFormat::Auto | LogFormat::Json => log.with(lines.json()).try_init(),
    };
    if let Some(error) = bad {
        tracing::warn!(%error, "RUST_LOG is invalid; write RUST_LOG=debug or loiter=debug");
    }
    Level { asked, filter: handle }
}

/// Whether a terminal gets colours: not with NO_COLOR (no-color.org), and not a dumb one.
fn takes_colour(no_color: Option<OsString>, term: Option<OsString>) -> bool {
    no_color.is_none_or(|text| text.is_empty()) && term.is_none_or(|term| term != "dumb")
}

/// `RUST_LOG` overrides the level of the targets that it names: a level alone, as in `debug`, names
/// all, and `mio=debug` leaves our own level as set.
fn filter(level: LogLevel, asked: Targets) -> Targets {
    let names_ours = asked.default_level().is_some() || asked.iter().any(|(name, _)| name == OURS);
    if names_ours { asked } else { asked.with_target(OURS, level) }
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
            let filter = filter(LogLevel::WARN, asked.parse().expect(asked));
            let most = |target| {
                let levels = [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR];
                levels.into_iter().find(|level| filter.would_enable(target, level))
            };
            assert_eq!((most("loiter::server"), most("mio::poll")), (Some(own), other), "{asked}");
        }
        let unasked = filter(LogLevel::WARN, Targets::default());
        assert!(unasked.would_enable("loiter", &Level::WARN));
        assert!(!unasked.would_enable("loiter", &Level::INFO));
    }

    #[test]
    fn a_dumb_terminal_is_sent_no_colour() {
        let colour = |no_color: Option<&str>, term: Option<&str>| {
            takes_colour(no_color.map(OsString::from), term.map(OsString::from))
        };
        assert!(colour(None, Some("xterm-256color")) && colour(Some(""), None));
        assert!(!colour(None, Some("dumb")) && !colour(Some("1"), Some("xterm")));
    }
}
