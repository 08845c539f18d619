//! What a running server is made of, and how it changes: a start is the first reload.

use std::io;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::inherited::{Heritage, Inherited};
use super::listen::Address;
use super::log::Output;
use super::os::descriptors;
use super::plan::{Earlier, Plan};
use super::registry::{self, Configured, Next, Registry, Resolved};
use super::start_error::StartError;
use super::worker::{Command, Configuration, Opening};
use super::{Drain, Handle, Mailbox};
use crate::base::limits::{ADMIN_LAST, COMMAND_PATIENCE};
use crate::config::{Listen, Setting, Settings};
use defaults::RunTimeDefaults;

mod defaults;

/// What a running server is made of.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) settings: Settings,
    pub(super) plan: Arc<Plan>,
    pub(super) registry: Registry,
    /// Where the access log goes without a file of its own.
    pub(super) stderr: Option<Arc<Output>>,
    /// The default modifiers that were set at run time, until they lapse.
    pub(super) defaults: Option<RunTimeDefaults>,
}

/// The settings that only a restart changes: threads and their descriptor tables begin with them.
const FIXED: [&str; 3] = ["workers", "private-fd-tables", "read-until-would-block"];

impl Handle {
    /// Replaces the settings without closing a connection: what waits is answered when it is due,
    /// and requests that come later are under the new settings. An error leaves everything as it
    /// was.
    ///
    /// Returns the names of settings that have changed, but only for a restart.
    pub fn reload(&self, settings: &Settings) -> Result<Vec<&'static str>, StartError> {
        if let Some((_, bad)) = settings.check().into_iter().next() {
            return Err(StartError::Modifiers(bad));
        }
        // One at a time. What may take long is done without the lock of what is running, or a
        // signal to stop would wait for it.
        let _turn = self.shared.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut settings = settings.clone();
        let before = self.settings();
        settings.api.readiness = before.api.readiness.clone();
        // Its worker may wait for what is running, so that must not be locked.
        self.open_admin(&settings, Heritage::default())?;
        let unchanged = self.reload_workers(&settings);
        let admin = if unchanged.is_ok() { &settings } else { &before };
        match admin.admin {
            // It has been ended, or is about to be.
            _ if matches!(unchanged, Err(StartError::Stopping)) => {}
            None => self.shared.admin.end(),
            Some(_) if unchanged.is_err() => drop(self.open_admin(&before, Heritage::default())),
            Some(_) => {}
        }
        unchanged
    }

    fn reload_workers(&self, settings: &Settings) -> Result<Vec<&'static str>, StartError> {
        let running = self.running();
        let new = running.registry.unresolved(settings);
        let (last, plan) = (running.settings.clone(), Arc::clone(&running.plan));
        let stderr = running.stderr.clone();
        drop(running);
        let unchanged = FIXED.into_iter().filter(|name| differs(name, &last, settings)).collect();
        // What is in effect is shown, and the next reload names what still waits for a restart.
        let settings = &Settings {
            workers: last.workers,
            private_fd_tables: last.private_fd_tables,
            read_until_would_block: last.read_until_would_block,
            ..settings.clone()
        };
        let plan = Arc::new(Plan::new(settings, stderr.as_ref(), Earlier::Plan(&plan, &last))?);
        let resolve = |listen: Listen| Ok((registry::resolve(&listen)?, listen.bind));
        let resolved: Vec<_> = new.into_iter().map(resolve).collect::<Result<_, _>>()?;
        let settings = settings.clone();
        self.apply(&mut self.running(), settings, plan, Heritage::default(), &resolved)?;
        Ok(unchanged)
    }

    /// Begins to listen, as the settings that it was started with say.
    pub(super) fn listen(&self, settings: Settings, inherited: Heritage) -> Result<(), StartError> {
        let mut running = self.running();
        let plan = Arc::clone(&running.plan);
        self.apply(&mut running, settings, plan, inherited, &[])
    }

    fn apply(
        &self,
        running: &mut Running,
        settings: Settings,
        plan: Arc<Plan>,
        inherited: Heritage,
        resolved: &[Resolved],
    ) -> Result<(), StartError> {
        let next = running.registry.next(&settings, plan.workers, inherited, resolved)?;
        self.serve(&next, &settings, &plan, &running.registry)?;
        let removed = running.registry.replace(next);
        let ids: Arc<[u32]> = removed.iter().map(|bound| bound.id()).collect();
        // The workers' copies are closed when their queues are empty.
        removed.into_iter().for_each(|mut bound| bound.remove_file());
        if !ids.is_empty() {
            self.send(|_| Command::Remove(Arc::clone(&ids)));
        }
        plan.journal.resize(settings.journal, settings.journal_bytes);
        (running.settings, running.plan, running.defaults) = (settings, plan, None);
        Ok(())
    }

    /// Has the workers open what is new, and then serve with the new settings.
    fn serve(
        &self,
        next: &Next,
        settings: &Settings,
        plan: &Plan,
        old: &Registry,
    ) -> Result<(), StartError> {
        let all = next.listeners(settings, plan, old)?;
        let new: Vec<&Configured> = all.iter().filter(|listener| listener.is_new).collect();
        for (number, mailbox) in self.shared.mailboxes.iter().enumerate() {
            let opened = mailbox.open(&new, number, plan.workers);
            if let Err(error) = opened {
                let ids: Arc<[u32]> = new.iter().map(|new| new.listener.id).collect();
                self.send(|_| Command::Remove(Arc::clone(&ids)));
                return Err(StartError::Workers(error));
            }
        }
        self.send(|_| {
            let listeners = all.iter().map(|configured| configured.listener.clone()).collect();
            Command::Configure(Box::new(Configuration { worker: plan.worker(), listeners }))
        });
        Ok(())
    }

    /// The settings in effect.
    pub fn settings(&self) -> Settings {
        self.running().settings.clone()
    }

    /// The addresses it listens on, in the order of the settings and with the actual ports.
    pub fn addresses(&self) -> Vec<Address> {
        self.running().registry.addresses().cloned().collect()
    }

    /// What a successor needs: copies of the sockets of all listeners, and a random CA.
    pub fn heritage(&self) -> io::Result<Heritage> {
        let running = self.running();
        let ca = running.plan.secure.as_ref().and_then(|secure| secure.portable_ca());
        let (mut sockets, exclusive) = running.registry.sockets()?;
        drop(running);
        if let Some(admin) = self.shared.admin.handle() {
            sockets.extend(admin.heritage()?.sockets.into_iter().map(Inherited::for_admin));
        }
        Ok(Heritage { sockets, ca, exclusive })
    }

    /// Leaves the listeners and their files to a successor, which is to be asked from now on what
    /// is asked of the admin listener.
    pub(super) fn hand_over(&self) {
        self.running().registry.release(true);
        if let Some(admin) = self.shared.admin.handle() {
            admin.running().registry.release(true);
            // Its sockets are the successor's too: a filter that drops SYNs would be as well.
            admin.drain(Drain { handed_over: true, ..Drain::from(ADMIN_LAST) });
        }
    }

    pub(super) fn running(&self) -> MutexGuard<'_, Running> {
        self.shared.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mailbox {
    /// Has a worker open listeners, and waits until it has.
    fn open(&self, new: &[&Configured], number: usize, workers: usize) -> io::Result<()> {
        let (mut listeners, mut sockets) = (Vec::new(), Vec::new());
        for new in new {
            for socket in new.sockets(number, workers) {
                listeners.push((new.listener.clone(), new.kind()));
                sockets.push(socket);
            }
        }
        if listeners.is_empty() {
            return Ok(());
        }
        let (done, outcome) = sync_channel(1);
        descriptors::send(&self.waker, &sockets)?;
        self.send(Command::Open(Opening { listeners, done }));
        outcome.recv_timeout(COMMAND_PATIENCE).map_err(|_| io::Error::other("a worker hangs"))?
    }
}

fn differs(name: &str, one: &Settings, other: &Settings) -> bool {
    Setting::named(name).is_some_and(|row| (row.show)(one) != (row.show)(other))
}

#[cfg(test)]
mod tests;
