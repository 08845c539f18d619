//! Layer 5, the shell: sockets, clocks and threads.
//!
//! [`Server`] starts and stops the workers. It installs no signal handler and prints nothing, so a
//! test can run several; `daemon` is the program around it (feature `cli`).

pub mod access_log;
mod admin;
mod admission;
mod capacity;
mod cgroup;
mod control;
#[cfg(feature = "cli")]
pub mod daemon;
mod datagram_queue;
#[cfg(feature = "cli")]
pub mod healthcheck;
pub mod identity;
mod inherited;
mod listen;
mod log;
mod memory;
pub mod metrics;
pub mod net;
mod os;
pub mod per_ip;
mod plan;
#[cfg(feature = "cli")]
pub mod process;
mod registry;
mod reload;
#[cfg(feature = "cli")]
pub mod reload_command;
mod report;
mod requests;
mod resolve;
mod secure;
pub mod session;
pub mod sim;
mod socket_file;
mod start;
mod start_error;
mod stats;
pub mod token_bucket;
mod trim;
pub mod worker;

use std::cell::Cell;
use std::io::Write;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use mio::net::UnixStream;

use crate::base::limits::LOG_FLUSH;
use crate::config::Settings;
use admin::Admin;
use capacity::Capacity;
pub use inherited::{Heritage, Inherited};
pub use listen::Address;
use reload::Running;
pub use requests::{ReceivedRequest, Requests, TooFew};
use socket_file::SocketFile;
pub use start_error::StartError;
pub use worker::Drain;
use worker::{Command, WorkerStats};

/// A running server. Dropping it stops it.
///
/// ```
/// use std::io::{Read, Write};
///
/// let server = loiter::Server::builder().listen("127.0.0.1:0").start()?;
/// let mut client = std::net::TcpStream::connect(server.address())?;
/// client.write_all(b"GET /delay/0.01 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
/// server.stop();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Server {
    addresses: Vec<Address>,
    handle: Handle,
    threads: Vec<JoinHandle<WorkerStats>>,
    capacity: Capacity,
    ca_pem: Option<String>,
}

impl Server {
    /// A server inside a program, with one worker by default.
    pub fn builder() -> Builder {
        let settings = Settings { workers: 1, private_fd_tables: false, ..Settings::default() };
        Builder { settings, listen: Vec::new(), given: Vec::new() }
    }

    /// Starts a server with these settings. When this returns, it listens.
    #[cfg_attr(all(doc, not(internals)), doc(hidden))]
    pub fn start(settings: Settings) -> Result<Server, StartError> {
        Server::start_with(settings, Heritage::default())
    }

    fn start_with(settings: Settings, heritage: Heritage) -> Result<Server, StartError> {
        start::start(settings, None, heritage)
    }

    /// Its addresses at the start, in the order of the settings and with the actual ports.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Its first TCP address.
    ///
    /// # Panics
    ///
    /// If there is none: all listeners are Unix sockets or UDP.
    #[track_caller]
    pub fn address(&self) -> std::net::SocketAddr {
        self.addresses.iter().find_map(Address::tcp).expect("the server listens for TCP")
    }

    /// The URL of its first HTTP listener, such as `http://127.0.0.1:8080`, without the prefix.
    /// `https:` only if that listener has nothing else.
    ///
    /// # Panics
    ///
    /// If there is none: all listeners are Unix sockets or echo.
    #[track_caller]
    pub fn url(&self) -> String {
        self.addresses.iter().find_map(Address::url).expect("the server listens for HTTP")
    }

    /// The URL of its first listener with TLS; see [`Server::ca_pem`].
    ///
    /// ```
    /// let server = loiter::Server::builder().listen("127.0.0.1:0").start()?;
    /// assert_eq!(server.https_url(), Some(server.url().replace("http:", "https:")));
    /// let server = loiter::Server::builder().listen("http://127.0.0.1:0").start()?;
    /// assert_eq!(server.https_url(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn https_url(&self) -> Option<String> {
        self.addresses.iter().find_map(Address::https_url)
    }

    /// The certificate, in PEM, that a client must trust to use `https://` with the server's own
    /// CA; `None` if no listener has TLS.
    ///
    /// ```
    /// let server = loiter::Server::builder().listen("127.0.0.1:0").start()?;
    /// assert!(server.ca_pem().is_some_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE-")));
    /// let server = loiter::Server::builder().listen("http://127.0.0.1:0").start()?;
    /// assert_eq!(server.ca_pem(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Most connections at a time, by the settings and the limits on descriptors and memory.
    pub fn capacity(&self) -> u64 {
        self.capacity.all
    }

    /// A handle to stop it from elsewhere.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops it and waits until it has ended.
    pub fn stop(self) {
        drop(self);
    }

    /// Waits until it has ended; a [`Handle`] must stop it.
    pub fn join(mut self) -> WorkerStats {
        self.wait()
    }

    fn wait(&mut self) -> WorkerStats {
        let totals = self.wait_for_workers();
        self.handle.close_log(Instant::now() + LOG_FLUSH);
        totals
    }

    fn wait_for_workers(&mut self) -> WorkerStats {
        let mut totals = WorkerStats::default();
        for thread in self.threads.drain(..) {
            // A worker that panicked has printed that on standard error.
            totals.add(&thread.join().unwrap_or_default());
        }
        self.handle.end_journal();
        self.handle.shared.admin.end();
        totals
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.stop();
        self.wait();
    }
}

/// Sends commands to the workers of a server.
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    mailboxes: Vec<Mailbox>,
    running: Mutex<Running>,
    /// Held for the whole of a reload.
    reloading: Mutex<()>,
    reporting: report::Reporting,
    admin: Admin,
}

/// The command channel of one worker, and the socket that wakes it.
#[derive(Debug)]
struct Mailbox {
    commands: Sender<Command>,
    waker: UnixStream,
}

impl Mailbox {
    fn send(&self, command: Command) {
        // A worker that has ended needs no command, and a full socket wakes it too.
        let _ = self.commands.send(command);
        let _ = (&self.waker).write(&[1]);
    }
}

impl Handle {
    /// Stops accepting, gives the requests in progress time to finish, then ends. Returns at once.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let server = loiter::Server::builder().listen("127.0.0.1:0").start()?;
    /// server.handle().drain(Duration::from_secs(5));
    /// assert_eq!(server.join().cut_off, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drain(&self, how: impl Into<Drain>) {
        let drain = how.into();
        self.shared.admin.readiness.drain();
        // The first worker serves the sockets that have files.
        let files = Cell::new(self.running().registry.release(drain.handed_over));
        self.send(|_| Command::Drain(drain, files.take()));
    }

    /// Removes the files of its Unix sockets: its process is about to end.
    pub(super) fn remove_socket_files(&self) {
        self.running().registry.release(false).into_iter().for_each(SocketFile::remove);
    }

    /// Closes all connections and ends. Returns at once.
    pub fn stop(&self) {
        self.shared.admin.readiness.drain();
        self.remove_socket_files();
        self.send(|_| Command::Stop);
    }

    /// Reopens the file of the access log after log rotation; returns whether it has a file.
    pub fn reopen_log(&self) -> bool {
        let running = self.running();
        let log = running.plan.log.as_ref().filter(|log| log.owned);
        log.map(|log| log.reopen()).is_some()
    }

    /// Writes what is queued for the access log, until `deadline`; later lines are lost.
    fn close_log(&self, deadline: Instant) {
        let log = self.running().plan.log.clone();
        if let Some(log) = log {
            log.close(deadline);
        }
    }

    /// Its workers have ended: so has every request in the journal, as the admin listener shows.
    fn end_journal(&self) {
        let journal = self.running().plan.journal.clone();
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        journal.end(u64::try_from(unix.as_micros()).unwrap_or(u64::MAX));
    }

    /// Sends each worker its command.
    fn send(&self, command: impl Fn(usize) -> Command) {
        for (number, mailbox) in self.shared.mailboxes.iter().enumerate() {
            mailbox.send(command(number));
        }
    }
}

/// Builds a server inside a program.
#[derive(Clone, Debug)]
pub struct Builder {
    settings: Settings,
    listen: Vec<String>,
    /// The names and values of [`Builder::setting`].
    given: Vec<(String, String)>,
}

impl Builder {
    /// Adds an address, written as for `--listen`; port 0 is a free one. Without any, the server
    /// listens on 127.0.0.1:8080.
    pub fn listen(mut self, address: &str) -> Builder {
        self.listen.push(address.to_owned());
        self
    }

    /// Worker threads; 0 means one per CPU.
    pub fn workers(mut self, workers: usize) -> Builder {
        self.settings.workers = workers;
        self
    }

    /// Keeps this many requests, the last ones, for [`Server::requests`].
    pub fn journal(mut self, requests: usize) -> Builder {
        self.settings.journal = requests;
        self
    }

    /// Sets what `--NAME VALUE` does; `loiter --help` lists them.
    ///
    /// ```
    /// let go = loiter::Server::builder().setting("compat", "go-httpbin").listen("127.0.0.1:0");
    /// go.clone().setting("max-body-size", "1MiB").setting("with", "delay=10ms").start()?;
    /// let error = go.setting("max-body-size", "big").start().expect_err("no size");
    /// assert!(error.to_string().starts_with("max-body-size: `big` is not a size; give bytes"));
    /// # Ok::<(), loiter::StartError>(())
    /// ```
    pub fn setting(mut self, name: &str, value: &str) -> Builder {
        self.given.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Changes a field of the settings.
    #[cfg_attr(all(doc, not(internals)), doc(hidden))]
    pub fn set(mut self, change: impl FnOnce(&mut Settings)) -> Builder {
        change(&mut self.settings);
        self
    }

    /// Starts it. When this returns, it listens.
    pub fn start(mut self) -> Result<Server, StartError> {
        self.settings.set_all(&self.given).map_err(StartError::Setting)?;
        if !self.listen.is_empty() {
            let parse = |text: &String| text.parse().map_err(StartError::Address);
            self.settings.listen = self.listen.iter().map(parse).collect::<Result<_, _>>()?;
        }
        Server::start(self.settings)
    }
}
