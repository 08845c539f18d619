//! Changes of a running worker: its settings, and its listeners.
//!
//! Listeners are added first, which can fail; then the settings change, and then listeners are
//! removed, which cannot. So a reload that fails has changed nothing.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use super::{Listener, Worker, WorkerConfig};
use crate::base::limits::LISTENER_SLOTS;
use crate::base::time::Time;
use crate::server::net::{ListenKind, Net};

/// Listeners for a worker to open. Their sockets are sent before the command.
#[derive(Debug)]
pub struct Opening {
    /// The listeners, and what each one's socket is.
    pub listeners: Vec<(Listener, ListenKind)>,
    /// Where the worker reports the outcome: all are open, or none.
    pub done: SyncSender<io::Result<()>>,
}

/// New settings of a worker.
#[derive(Debug)]
pub struct Configuration {
    /// Replaces the present one.
    pub worker: WorkerConfig,
    /// The settings of listeners that stay, by their number.
    pub listeners: Vec<Listener>,
}

impl<N: Net> Worker<N> {
    /// Opens listeners, each in a free slot: it has no socket and no connections.
    pub(super) fn open_listeners(&mut self, new: &[(Listener, ListenKind)]) -> io::Result<()> {
        let mut slots = Vec::new();
        for (_, kind) in new {
            let is_free = |slot: usize| match self.listeners.get(slot) {
                Some(old) => !old.is_open() && old.sessions == 0,
                None => true,
            };
            let unused = |slot: &usize| slots.iter().all(|(other, _)| other != slot);
            let free = (0..LISTENER_SLOTS).filter(unused).find(|slot| is_free(*slot));
            let full = || {
                let why = "the connections of listeners that were removed leave no room for more";
                io::Error::other(why)
            };
            slots.push((free.ok_or_else(full)?, *kind));
        }
        self.net.open_listeners(&slots)?;
        for ((slot, _), (listener, _)) in slots.iter().zip(new) {
            // There may be connections that came before it was registered.
            let listener = Listener { next_accept: Time::START, ..listener.clone() };
            while self.listeners.len() <= *slot {
                self.listeners.push(Listener::closed());
            }
            self.listeners[*slot] = listener;
        }
        Ok(())
    }

    /// Replaces the settings. What waits goes on waiting.
    pub(super) fn configure(&mut self, new: Configuration) {
        self.log();
        self.config = new.worker;
        for listener in &mut self.listeners {
            let same = |new: &&Listener| new.id == listener.id;
            if let Some(new) = new.listeners.iter().find(same).filter(|_| listener.is_open()) {
                listener.configure(new);
            }
        }
        self.buffers.update(self.now, &self.config.app.limits);
        let (unix, server) = (self.net.unix_time(), self.config.app.server_header.as_deref());
        self.shared.date_header.update(self.now, unix, server);
    }

    /// Closes these listeners once their queues are empty.
    pub(super) fn remove_listeners(&mut self, ids: &[u32]) {
        for slot in 0..self.listeners.len() {
            if ids.contains(&self.listeners[slot].id) {
                self.begin_closing(slot);
            }
        }
    }

    /// Replaces the settings by those that follow when they lapse.
    pub(super) fn lapse(&mut self) {
        if let Some((_, app)) = self.config.lapse.take_if(|(at, _)| *at <= self.now) {
            self.config.app = Arc::clone(&app);
        }
    }
}
