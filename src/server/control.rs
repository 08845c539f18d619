//! What the admin endpoints ask of a server, done through its [`Handle`].

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::Handle;
use super::metrics::{prometheus, stats};
use super::worker::Command;
use crate::base::limits::REPLY_TIMEOUT;
use crate::config;
use crate::http::control::{Control, Defaults};
use crate::http::journal::SharedJournal;

/// A server under the control of its admin listener.
pub(super) struct Controller {
    handle: Handle,
    /// Host names of this server, in lower case.
    names: Vec<String>,
    /// Whether an exit was asked for.
    exits: AtomicBool,
}

/// Ends the process with a status, or drains it without one.
pub(super) struct ExitHook(Box<dyn Fn(Option<u8>) + Send + Sync>);

impl fmt::Debug for ExitHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExitHook").finish()
    }
}

impl Controller {
    pub(super) fn new(handle: Handle, names: Vec<String>) -> Controller {
        Controller { handle, names, exits: AtomicBool::new(false) }
    }
}

impl Control for Controller {
    fn metrics(&self) -> String {
        prometheus(&self.handle.report())
    }

    fn stats(&self) -> String {
        stats(&self.handle.report())
    }

    fn reset_stats(&self) {
        self.handle.reset_stats();
    }

    fn settings(&self) -> String {
        config::in_effect(&self.handle.settings_in_effect())
    }

    fn defaults(&self) -> Defaults {
        self.handle.defaults()
    }

    fn set_defaults(&self, list: &str, ttl: Option<Duration>) -> Result<(), String> {
        self.handle.set_defaults(list, ttl).map_err(|bad| bad.to_string())
    }

    fn clear_defaults(&self) {
        self.handle.clear_defaults();
    }

    fn journal(&self) -> Option<SharedJournal> {
        self.handle.journal()
    }

    fn set_ready(&self, on: bool) {
        self.handle.shared.admin.readiness.set(on);
    }

    fn silent_workers(&self) -> Vec<usize> {
        self.handle.silent_workers()
    }

    fn exit(&self, status: Option<u8>, wait: Duration) -> Result<(), String> {
        if self.exits.swap(true, Ordering::Relaxed) {
            return Err("an exit was asked for already".to_owned());
        }
        let handle = self.handle.clone();
        let run = move || {
            // Nothing is sent: this is a wait.
            let (_sender, never) = channel::<()>();
            let _ = never.recv_timeout(wait);
            handle.exit(status);
        };
        let thread = thread::Builder::new().name("exit".into()).spawn(run);
        thread.map(drop).map_err(|error| format!("no thread is available: {error}"))
    }

    fn has_name(&self, host: &str) -> bool {
        self.names.iter().any(|name| name == host)
    }
}

impl Handle {
    /// The journal of requests, if one is kept.
    pub(super) fn journal(&self) -> Option<SharedJournal> {
        self.running().plan.app.journal.clone()
    }

    /// Sets what an exit through the admin listener does, with its status if it has one. Without
    /// this, it drains the server. Only the first call counts.
    pub fn on_exit(&self, exit: impl Fn(Option<u8>) + Send + Sync + 'static) {
        let _ = self.shared.admin.exit.set(ExitHook(Box::new(exit)));
    }

    fn exit(&self, status: Option<u8>) {
        // Its worker replies after the turn that has answered the request.
        if let Some(admin) = self.shared.admin.handle() {
            admin.silent_workers();
        }
        match self.shared.admin.exit.get() {
            Some(ExitHook(exit)) => exit(status),
            None => self.drain(&self.settings()),
        }
    }

    /// The workers, by number from 0, that do not reply within a second. Those that have ended are
    /// not among them. It must not be called by one of the workers.
    pub fn silent_workers(&self) -> Vec<usize> {
        let (reply, replies) = channel();
        self.send(|_| Command::Ping(reply.clone()));
        drop(reply);
        let mut silent: Vec<usize> = (0..self.shared.mailboxes.len()).collect();
        let deadline = Instant::now() + REPLY_TIMEOUT;
        while !silent.is_empty() {
            match replies.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(number) => silent.retain(|one| *one != number),
                // The others have ended, and their commands with them.
                Err(RecvTimeoutError::Disconnected) => return Vec::new(),
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        silent
    }
}
