//! What the admin listener asks of the server, and whether the server wants requests.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use super::journal::SharedJournal;

/// A server, as its admin endpoints see it.
pub trait Control: Send + Sync {
    /// The metrics in Prometheus' text format.
    fn metrics(&self) -> String;

    /// The counters as a JSON document, those of lateness since [`reset_stats`](Self::reset_stats).
    fn stats(&self) -> String;

    /// Begins the counts of lateness again.
    fn reset_stats(&self);

    /// The settings in effect as a configuration file, without secrets.
    fn settings(&self) -> String;

    /// The modifiers that are the server's defaults now.
    fn defaults(&self) -> Defaults;

    /// Replaces them by a list as `--with` takes it, for this long if there is an end; after it,
    /// those of the settings are in effect. An error is a sentence about the list.
    fn set_defaults(&self, list: &str, ttl: Option<Duration>) -> Result<(), String>;

    /// Returns to those of the settings.
    fn clear_defaults(&self);

    /// The journal of its requests, if it keeps one.
    fn journal(&self) -> Option<SharedJournal>;

    /// Switches readiness on or off.
    fn set_ready(&self, on: bool);

    /// The workers, by number from 0, that do not answer within 900 ms.
    fn silent_workers(&self) -> Vec<usize>;

    /// Ends the process with this status, or drains it without one, after this time. Returns at
    /// once: the answer is sent first. An error is a sentence.
    fn exit(&self, status: Option<u8>, wait: Duration) -> Result<(), String>;

    /// Whether the operator or the machine gave this server the host name, which is in lower case.
    fn has_name(&self, host: &str) -> bool;
}

/// The modifiers that are the server's defaults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
    /// As a list that `--with` takes; empty for none.
    pub list: String,
    /// Whether they were set at run time; if not, they are those of the settings.
    pub at_run_time: bool,
    /// How long they are still in effect; `None` without an end.
    pub left: Option<Duration>,
}

/// A [`Control`] that is shared. Two are equal if they are the same.
#[derive(Clone)]
pub struct SharedControl(pub Arc<dyn Control>);

/// Without the server, as the code that formats all of it would be in the program: it and that of
/// `Resolver` were 180 KB.
impl fmt::Debug for SharedControl {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("SharedControl")
    }
}

impl Deref for SharedControl {
    type Target = dyn Control + 'static;

    fn deref(&self) -> &(dyn Control + 'static) {
        &*self.0
    }
}

impl PartialEq for SharedControl {
    fn eq(&self, other: &SharedControl) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Whether a server wants requests. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicU8>);

const SWITCHED_OFF: u8 = 1;
const DRAINING: u8 = 2;
const STARTING: u8 = 4;

impl Readiness {
    /// That of a server which does not listen yet.
    pub fn starting() -> Readiness {
        Readiness(Arc::new(AtomicU8::new(STARTING)))
    }

    /// The server listens.
    pub fn started(&self) {
        self.0.fetch_and(!STARTING, Ordering::Relaxed);
    }

    /// Switches it off, or on again.
    pub fn set(&self, on: bool) {
        match on {
            true => self.0.fetch_and(!SWITCHED_OFF, Ordering::Relaxed),
            false => self.0.fetch_or(SWITCHED_OFF, Ordering::Relaxed),
        };
    }

    /// The shutdown has begun: it wants no request from now on.
    pub fn drain(&self) {
        self.0.fetch_or(DRAINING, Ordering::Relaxed);
    }

    /// Why it wants none, in a few words; `None` if it is ready.
    pub fn refusal(&self) -> Option<&'static str> {
        let state = self.0.load(Ordering::Relaxed);
        [(DRAINING, "draining"), (STARTING, "starting"), (SWITCHED_OFF, "switched off")]
            .into_iter()
            .find_map(|(bit, why)| (state & bit != 0).then_some(why))
    }
}

/// Always equal: it is state, and the settings that are compared have none.
impl PartialEq for Readiness {
    fn eq(&self, _: &Readiness) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_it_and_nothing_ends_a_drain() {
        let readiness = Readiness::default();
        let other = readiness.clone();
        assert_eq!(other.refusal(), None);
        readiness.set(false);
        assert_eq!(other.refusal(), Some("switched off"));
        readiness.set(true);
        assert_eq!(other.refusal(), None);
        readiness.drain();
        readiness.set(true);
        assert_eq!(other.refusal(), Some("draining"));
        let readiness = Readiness::starting();
        assert_eq!(readiness.refusal(), Some("starting"));
        readiness.started();
        assert_eq!(readiness.refusal(), None);
    }
}
