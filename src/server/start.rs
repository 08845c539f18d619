//! Starts the workers, without listeners. They get these as they would by a reload, from then on: a
//! failure is reported before any worker serves.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use mio::net::UnixStream;

use super::admin::{Admin, take_inherited};
use super::inherited::Heritage;
use super::log::Output;
use super::metrics::Ended;
use super::os::{self, Os};
use super::plan::{Earlier, Plan};
use super::registry::Registry;
use super::reload::Running;
use super::report::Reporting;
use super::start_error::StartError;
use super::worker::{Command, Worker, WorkerStats};
use super::{Handle, Mailbox, Server, Shared};
use crate::config::Settings;
use crate::http::control::Readiness;

/// Starts a server. Without a file of its own the access log goes to `stderr`, which the caller
/// closes, or to a new output.
pub(super) fn start(
    mut settings: Settings,
    stderr: Option<&Arc<Output>>,
    mut heritage: Heritage,
) -> Result<Server, StartError> {
    let ca = heritage.ca.take();
    let admin = Admin::new(Readiness::starting());
    // The admin listener's own server shows the readiness of the other.
    if settings.api.control.is_none() {
        settings.api.readiness = admin.readiness.clone();
    }
    let before = ca.as_deref().map_or(Earlier::Nothing, Earlier::Authority);
    let plan = Arc::new(Plan::new(&settings, stderr, before)?);
    let foreign = heritage.sockets.iter().map(|inherited| inherited.socket.as_raw_fd()).collect();
    let (threads, mailboxes, reporting) = (vec![], vec![], Reporting::default());
    let mut starter = Starter { plan, threads, mailboxes, foreign, reporting };
    let workers = starter.spawn_all();
    // On an error, dropping it stops the workers that did start.
    let mut server = starter.finish(settings.clone(), stderr, admin);
    workers?;
    let for_admin = take_inherited(&settings, &mut heritage)?;
    // First, as what is accepted must be served.
    server.handle.open_admin(&settings, for_admin)?;
    server.handle.listen(settings, heritage)?;
    server.handle.shared.admin.readiness.started();
    server.addresses = server.handle.addresses();
    Ok(server)
}

struct Starter {
    plan: Arc<Plan>,
    threads: Vec<JoinHandle<WorkerStats>>,
    mailboxes: Vec<Mailbox>,
    /// Sockets of which workers with a descriptor table of their own must not keep a copy.
    foreign: Vec<RawFd>,
    reporting: Reporting,
}

impl Starter {
    fn spawn_all(&mut self) -> Result<(), StartError> {
        (0..self.plan.workers).try_for_each(|number| self.spawn(number))
    }

    /// Starts one worker, and returns once its descriptor table is its own.
    fn spawn(&mut self, number: usize) -> Result<(), StartError> {
        let (waker, wake) = UnixStream::pair().map_err(StartError::System)?;
        let (commands, inbox) = mpsc::channel();
        let (started, outcome) = mpsc::sync_channel(1);
        let (plan, foreign) = (Arc::clone(&self.plan), self.foreign.clone());
        let ended = Arc::clone(&self.reporting.ended);
        let worker = WorkerStart { number, foreign, plan, ended, inbox, wake };
        let name = match self.plan.app.control.is_some() {
            true => "admin".to_owned(),
            false => format!("worker-{number}"),
        };
        let thread = thread::Builder::new()
            .name(name)
            .spawn(move || worker.run(&started))
            .map_err(StartError::System)?;
        self.threads.push(thread);
        self.mailboxes.push(Mailbox { commands, waker });
        let ended = || io::Error::other("a worker ended before it started");
        outcome.recv().map_err(|_| StartError::System(ended()))?.map_err(StartError::System)
    }

    /// The server, with the workers that were started.
    fn finish(self, settings: Settings, stderr: Option<&Arc<Output>>, admin: Admin) -> Server {
        let Starter { plan, threads, mailboxes, reporting, .. } = self;
        let (capacity, ca_pem) = (plan.capacity, plan.ca_pem());
        let (registry, stderr) = (Registry::default(), stderr.cloned());
        let running = Mutex::new(Running { settings, plan, registry, stderr, defaults: None });
        let reloading = Mutex::default();
        let shared = Arc::new(Shared { mailboxes, running, reloading, reporting, admin });
        let handle = Handle { shared };
        Server { addresses: Vec::new(), handle, threads, capacity, ca_pem }
    }
}

/// What a worker's thread starts with.
struct WorkerStart {
    /// From 0.
    number: usize,
    foreign: Vec<RawFd>,
    plan: Arc<Plan>,
    ended: Arc<Ended>,
    inbox: Receiver<Command>,
    wake: UnixStream,
}

impl WorkerStart {
    /// Serves until the end. Reports when it can take commands, or why it cannot.
    fn run(self, started: &SyncSender<io::Result<()>>) -> WorkerStats {
        match self.worker() {
            Ok(worker) => {
                let _ = started.send(Ok(()));
                worker.run().0
            }
            Err(error) => {
                let _ = started.send(Err(error));
                WorkerStats::default()
            }
        }
    }

    /// The descriptor table is split first, so that later descriptors are in this one alone.
    fn worker(self) -> io::Result<Worker<Os>> {
        let plan = &*self.plan;
        if plan.private_fd_tables {
            match os::unshare_descriptors() {
                Ok(()) => os::close_copies(&self.foreign),
                Err(error) => tracing::debug!(%error, "no private descriptor table"),
            }
        }
        let os = Os::new(self.wake, plan.clock, plan.read_until_would_block)?;
        let seed = RandomState::new().build_hasher().finish();
        let worker = Worker::new(os, plan.worker(), Vec::new(), self.inbox, seed);
        Ok(worker.with_state(Arc::clone(&plan.state), self.number).with_ended(self.ended))
    }
}
