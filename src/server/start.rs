//! Starts the workers one after another. Each opens its listeners in its own thread and descriptor
//! table; a failure is reported before any worker serves.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Instant, SystemTime};

use mio::unix::pipe;

use super::access_log::AccessLog;
use super::listen::{Address, Group, Open};
use super::log::{Output, Target};
use super::os::{self, Os};
use super::per_ip::ConnectionsPerIp;
use super::secure::Secure;
use super::socket_file::SocketFile;
use super::worker::{Command, Worker, WorkerConfig, WorkerStats};
use super::{Handle, Mailbox, Server, Shared};
use crate::base::limits::{DESCRIPTORS_RESERVED, Limits, MAX_LISTENERS, MAX_REFUSALS};
use crate::config::{BadValue, Bind, Listen, Settings};
use crate::http::app::App;
use crate::http::modifiers::state::State;

/// Why a server did not start. Displayed, it includes advice.
#[derive(Debug)]
pub enum StartError {
    /// The address is invalid.
    Address(BadValue),
    /// The modifiers of the server or a listener are invalid.
    Modifiers(BadValue),
    /// A certificate or another part of TLS is invalid.
    Tls(BadValue),
    /// The host name does not resolve.
    Resolve(Bind, io::Error),
    /// Listening on the address failed.
    Listen(Address, io::Error),
    /// Opening the access log failed.
    Log(io::Error),
    /// The machine's host name is not known.
    Hostname(io::Error),
    /// The system has no thread, poll or pipe to give.
    System(io::Error),
}

impl std::error::Error for StartError {}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Address(error) | StartError::Modifiers(error) | StartError::Tls(error) => {
                error.fmt(f)
            }
            StartError::Resolve(bind, error) => write!(
                f,
                "cannot resolve the host of {bind}: {error}; give an address, such as \
                 127.0.0.1, or add the name to /etc/hosts"
            ),
            StartError::Listen(address, error) => {
                write!(f, "cannot listen on {address}: {error}; {}", advice(address, error))
            }
            StartError::Log(error) => write!(
                f,
                "cannot open the access log {error}; give a file in a directory that this user can \
                 write to with --access-log-file"
            ),
            StartError::Hostname(error) => write!(
                f,
                "cannot get this machine's host name: {error}; remove --use-real-hostname"
            ),
            StartError::System(error) => {
                write!(f, "no thread or descriptor is available: {error}; check `ulimit -a`")
            }
        }
    }
}

fn advice(address: &Address, error: &io::Error) -> &'static str {
    match (error.kind(), address) {
        (ErrorKind::AddrInUse, Address::Unix(_)) => {
            "another server uses this socket file; choose another with --listen unix:PATH"
        }
        (ErrorKind::AddrInUse, _) => {
            "another program uses this port; choose another with --listen HOST:PORT, or port 0 for \
             any free one"
        }
        (ErrorKind::PermissionDenied, Address::Unix(_)) => {
            "choose a directory that this user can write to"
        }
        (ErrorKind::Other, Address::Unix(_)) => {
            "only root can set any owner; other users can only set a group they are in"
        }
        (ErrorKind::PermissionDenied, _) => {
            "choose a port above 1023, or grant the capability CAP_NET_BIND_SERVICE"
        }
        (ErrorKind::AddrNotAvailable, _) => {
            "this machine does not have this address; try 127.0.0.1, or 0.0.0.0 for every interface"
        }
        _ => "choose another address with --listen",
    }
}

/// Starts a server. Without a file of its own the access log goes to `stderr`, which the caller
/// closes, or to a new output.
pub(super) fn start(
    settings: Settings,
    stderr: Option<&Arc<Output>>,
) -> Result<Server, StartError> {
    if let Some((_, bad)) = settings.check().into_iter().next() {
        return Err(StartError::Modifiers(bad));
    }
    let mut groups = resolve(&settings.listen)?;
    let secure = Secure::new(&settings).map_err(StartError::Tls)?;
    if let Some(secure) = &secure {
        for (group, listen) in groups.iter_mut().zip(&settings.listen) {
            group.tls = secure.acceptor(listen).map_err(StartError::Tls)?;
        }
    }
    let mut plan = Plan::new(&settings, stderr)?;
    Arc::make_mut(&mut plan.app).ca = secure.map(|secure| secure.ca());
    let plan = Arc::new(plan);
    let mut starter = Starter { plan, threads: vec![], mailboxes: vec![], groups: vec![] };
    let started = starter.spawn_all(groups);
    // On an error, dropping it stops the workers that did start.
    let server = starter.finish();
    started.map(|()| server)
}

/// The addresses to listen on. Two names may resolve to the same address, which is an error.
fn resolve(listen: &[Listen]) -> Result<Vec<Group>, StartError> {
    let mut groups: Vec<Group> = Vec::new();
    for listen in listen {
        let group = Group::resolve(listen)
            .map_err(|error| StartError::Resolve(listen.bind.clone(), error))?;
        let known = || addresses(&groups);
        if let Some(twice) = group
            .addresses
            .iter()
            .find(|address| known().any(|other| other == *address) && address.port() != 0)
        {
            return Err(StartError::Address(
                BadValue::new(format!(
                    "`{}` is {twice}, which is listened on already",
                    listen.bind
                ))
                .advise("give each address once"),
            ));
        }
        if known().count() + group.addresses.len() > MAX_LISTENERS {
            let why = format!("more than {MAX_LISTENERS} listeners");
            return Err(StartError::System(io::Error::new(ErrorKind::InvalidInput, why)));
        }
        groups.push(group);
    }
    Ok(groups)
}

/// What protocols and endpoints read, with each worker's share of the limits.
fn app(settings: &Settings, workers: usize) -> Result<App, StartError> {
    let mut app = settings.app();
    if settings.real_hostname {
        app.hostname = os::hostname().map_err(StartError::Hostname)?;
    }
    share(&mut app.limits, workers);
    Ok(app)
}

/// Divides the limits for the whole server among the workers.
fn share(limits: &mut Limits, workers: usize) {
    // Each worker can buffer for at least one connection, so that `echo_bytes` holds.
    let least = limits.echo_bytes.min(limits.all_echo_bytes);
    limits.all_echo_bytes = limits.all_echo_bytes.div_ceil(workers).max(least);
    if limits.delayed != usize::MAX {
        limits.delayed = limits.delayed.div_ceil(workers);
    }
    if limits.egress != u64::MAX {
        limits.egress = limits.egress.div_ceil(workers as u64);
    }
}

/// The addresses of these listeners.
fn addresses(groups: &[Group]) -> impl Iterator<Item = &Address> {
    groups.iter().flat_map(|group| &group.addresses)
}

/// Their socket files.
fn socket_files(groups: &[Group]) -> impl Iterator<Item = SocketFile> {
    addresses(groups).filter_map(Address::file).filter_map(SocketFile::of)
}

/// Descriptors for connections.
fn descriptors(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(DESCRIPTORS_RESERVED)
}

/// The part of them for connections that are being refused.
fn refusals(limit: u64) -> usize {
    (descriptors(limit) / 8).min(MAX_REFUSALS)
}

/// Most connections of one worker. With private descriptor tables each worker can use the whole
/// limit; otherwise the workers share it, and run out of descriptors together.
fn capacity(settings: &Settings, limit: u64, workers: usize) -> usize {
    let most = descriptors(limit) - refusals(limit);
    let wanted = settings.max_connections.map_or(usize::MAX, |most| most.div_ceil(workers));
    most.min(wanted).max(1)
}

fn open_log(
    settings: &Settings,
    epoch: SystemTime,
    stderr: Option<&Arc<Output>>,
) -> Result<Option<AccessLog>, StartError> {
    let Some(format) = settings.access_log else { return Ok(None) };
    let target = match (&settings.access_log_file, stderr) {
        (Some(path), _) => Target::File(path.clone()),
        (None, Some(stderr)) => return Ok(Some(AccessLog::beside(stderr, format, epoch))),
        (None, None) => Target::Stderr,
    };
    let log = AccessLog::start(target, format, epoch, settings.private_fd_tables);
    log.map(Some).map_err(StartError::Log)
}

/// Everything that is derived from the settings for all workers.
struct Plan {
    /// Shared, so that documents are rendered once.
    app: Arc<App>,
    /// Shared, so that a request counts on any worker.
    state: Arc<State>,
    workers: usize,
    /// Most connections of one worker, and most of its connections that are being refused.
    capacity: usize,
    refusals: usize,
    descriptor_limit: u64,
    max_per_ip: Option<u32>,
    per_ip: Arc<ConnectionsPerIp>,
    log: Option<Arc<AccessLog>>,
    private_fd_tables: bool,
    read_until_would_block: bool,
    defer_accept: bool,
    /// [`Time::START`](crate::base::time::Time::START) for all workers.
    start: Instant,
}

impl Plan {
    fn new(settings: &Settings, stderr: Option<&Arc<Output>>) -> Result<Plan, StartError> {
        let limit = os::raise_descriptor_limit().map_err(StartError::System)?;
        let (start, epoch) = (Instant::now(), SystemTime::now());
        let workers = match settings.workers {
            0 => thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        Ok(Plan {
            app: Arc::new(app(settings, workers)?),
            state: Arc::new(State::new(workers)),
            workers,
            capacity: capacity(settings, limit, workers),
            refusals: refusals(limit),
            descriptor_limit: limit,
            max_per_ip: settings.max_connections_per_ip,
            per_ip: Arc::default(),
            log: open_log(settings, epoch, stderr)?.map(Arc::new),
            private_fd_tables: settings.private_fd_tables,
            read_until_would_block: settings.read_until_would_block,
            defer_accept: settings.defer_accept,
            start,
        })
    }

    /// The configuration of one worker.
    fn worker(&self) -> WorkerConfig {
        WorkerConfig {
            app: Arc::clone(&self.app),
            capacity: self.capacity,
            refusals: self.refusals,
            max_per_ip: self.max_per_ip,
            per_ip: Arc::clone(&self.per_ip),
            sink: self.log.as_deref().map(AccessLog::sink),
        }
    }

    /// Most connections of the server. Workers without descriptor tables of their own share one.
    fn server_capacity(&self) -> u64 {
        let all = (self.capacity * self.workers) as u64;
        match self.private_fd_tables {
            true => all,
            false => all.min(self.descriptor_limit.saturating_sub(DESCRIPTORS_RESERVED as u64)),
        }
    }
}

struct Starter {
    plan: Arc<Plan>,
    threads: Vec<JoinHandle<WorkerStats>>,
    mailboxes: Vec<Mailbox>,
    /// The listeners of the first worker.
    groups: Vec<Group>,
}

impl Starter {
    /// Starts all workers. Those after the first listen on the ports that the first has bound.
    fn spawn_all(&mut self, groups: Vec<Group>) -> Result<(), StartError> {
        self.groups = self.spawn(0, groups)?;
        for number in 1..self.plan.workers {
            let is_shared = |group: &&Group| !matches!(group.addresses[..], [Address::Unix(_)]);
            let groups = self.groups.iter().filter(is_shared).cloned().collect();
            self.spawn(number, groups)?;
        }
        Ok(())
    }

    /// Starts one worker, and returns its listeners with their actual ports once it listens.
    fn spawn(&mut self, number: usize, groups: Vec<Group>) -> Result<Vec<Group>, StartError> {
        let (waker, wake) = pipe::new().map_err(StartError::System)?;
        let (commands, inbox) = mpsc::channel();
        let (started, outcome) = mpsc::sync_channel(1);
        let worker = WorkerStart { number, groups, plan: Arc::clone(&self.plan), inbox, wake };
        let thread = thread::Builder::new()
            .name(format!("worker-{number}"))
            .spawn(move || worker.run(&started))
            .map_err(StartError::System)?;
        self.threads.push(thread);
        let groups = outcome.recv().map_err(|_| {
            StartError::System(io::Error::other("a worker ended before it listened"))
        })??;
        self.mailboxes.push(Mailbox { commands, waker });
        Ok(groups)
    }

    /// The server, with the workers that were started.
    fn finish(self) -> Server {
        let Starter { plan, threads, mailboxes, groups } = self;
        let socket_files = Mutex::new(socket_files(&groups).collect());
        let addresses = addresses(&groups).cloned().collect();
        let capacity = plan.server_capacity();
        let shared = Arc::new(Shared { mailboxes, socket_files, log: plan.log.clone() });
        let ca_pem = plan.app.ca.as_ref().map(|ca| ca.certificate.clone());
        Server { addresses, handle: Handle { shared }, threads, capacity, ca_pem }
    }
}

/// What a worker's thread starts with.
struct WorkerStart {
    /// From 0; the first one chooses the ports.
    number: usize,
    groups: Vec<Group>,
    plan: Arc<Plan>,
    inbox: Receiver<Command>,
    wake: pipe::Receiver,
}

impl WorkerStart {
    /// Serves until the end. Sends its listeners once it listens, or why it does not.
    fn run(self, started: &SyncSender<Result<Vec<Group>, StartError>>) -> WorkerStats {
        match self.worker() {
            Ok((worker, groups)) => {
                let _ = started.send(Ok(groups));
                worker.run().0
            }
            Err(error) => {
                let _ = started.send(Err(error));
                WorkerStats::default()
            }
        }
    }

    /// The descriptor table is split first, so that later descriptors are in this one alone.
    fn worker(self) -> Result<(Worker<Os>, Vec<Group>), StartError> {
        let plan = &*self.plan;
        if plan.private_fd_tables
            && let Err(error) = os::unshare_descriptors()
        {
            tracing::debug!(%error, "no private descriptor table");
        }
        let (mut sockets, mut listeners, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for group in &self.groups {
            let defers = plan.defer_accept && !group.breaks_at_connect(&plan.app);
            let opened = group.open(self.number == 0, defers).map_err(|(address, error)| {
                socket_files(&groups).for_each(SocketFile::remove);
                StartError::Listen(address, error)
            })?;
            let mut addresses = Vec::new();
            for Open { socket, listener, address } in opened {
                sockets.push(socket);
                listeners.push(listener);
                addresses.push(address);
            }
            groups.push(group.at(addresses));
        }
        let os = Os::new(sockets, self.wake, plan.start, plan.read_until_would_block)
            .inspect_err(|_| socket_files(&groups).for_each(SocketFile::remove))
            .map_err(StartError::System)?;
        let seed = RandomState::new().build_hasher().finish();
        let worker = Worker::new(os, plan.worker(), listeners, self.inbox, seed);
        Ok((worker.with_state(Arc::clone(&plan.state), self.number), groups))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_worker_may_collect_for_one_connection() {
        for (workers, all, each) in [(1, 1000, 1000), (4, 1000, 250), (64, 1000, 100), (64, 50, 50)]
        {
            let mut limits = Limits { echo_bytes: 100, all_echo_bytes: all, ..Limits::default() };
            share(&mut limits, workers);
            assert_eq!(limits.all_echo_bytes, each, "{workers} workers");
        }
    }

    #[test]
    fn the_real_host_name_is_used_only_if_set() {
        let uname = std::process::Command::new("uname").arg("-n").output().expect("uname");
        let real = String::from_utf8(uname.stdout).expect("a plain name");
        let name = |real_hostname| {
            let settings = Settings { real_hostname, ..Settings::default() };
            app(&settings, 1).map(|app| app.hostname).ok()
        };
        assert_eq!(name(true).as_deref(), Some(real.trim_end()));
        assert_eq!(name(false).as_deref(), Some("loiter"));
    }
}
