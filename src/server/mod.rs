//! Layer 5, the shell: sockets, clocks and threads, and nothing else that could be elsewhere.
//!
//! [`Server`] starts the workers and tells them when to end. It installs no signal handler and
//! prints nothing, so a test can have one, or several; the program around it is [`daemon`].

pub mod access;
mod admission;
pub mod daemon;
pub mod healthcheck;
mod listen;
mod log;
pub mod net;
mod os;
pub mod per_ip;
mod resolve;
pub mod session;
pub mod sim;
mod socket_file;
mod start;
mod stats;
pub mod token_bucket;
mod trim;
pub mod worker;

use std::io::Write;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::unix::pipe;

use crate::base::limits::LOG_FLUSH;
use crate::config::Settings;
use access::AccessLog;
pub use listen::Address;
use socket_file::SocketFile;
pub use start::StartError;
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
    capacity: u64,
}

impl Server {
    /// A server for use inside a program, on one thread unless told otherwise.
    pub fn builder() -> Builder {
        let settings = Settings { workers: 1, private_fd_tables: false, ..Settings::default() };
        Builder { settings, listen: Vec::new() }
    }

    /// Starts a server with these settings. It listens when this returns.
    pub fn start(settings: Settings) -> Result<Server, StartError> {
        start::start(settings, None)
    }

    /// Where it listens, in the order of the settings and with the real ports.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// The first address on which it listens for TCP.
    ///
    /// # Panics
    ///
    /// When there is none: the server has only socket files or datagrams.
    pub fn address(&self) -> std::net::SocketAddr {
        let tcp = |address: &Address| match address {
            Address::Http(at) | Address::TcpEcho(at) => Some(*at),
            Address::UdpEcho(_) | Address::Unix(_) => None,
        };
        self.addresses.iter().find_map(tcp).expect("the server listens for TCP")
    }

    /// Most connections it can hold, by the descriptor limit and the settings.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Something to end it with from elsewhere.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Ends it now, and waits until it has ended.
    pub fn stop(self) {
        drop(self);
    }

    /// Waits until it has ended, which something else must bring about.
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
            // A worker that panicked has said so on standard error; the others still count.
            let one = thread.join().unwrap_or_default();
            totals.connections += one.connections;
            totals.requests += one.requests;
            totals.cut_off += one.cut_off;
            totals.left += one.left;
        }
        totals
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.stop();
        self.wait();
    }
}

/// Tells a server's workers what to do.
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    mailboxes: Vec<Mailbox>,
    /// Taken when the server begins to end, so that a successor's are left alone.
    socket_files: Mutex<Vec<SocketFile>>,
    log: Option<Arc<AccessLog>>,
}

/// One worker's commands, and how to wake it for them.
#[derive(Debug)]
struct Mailbox {
    commands: Sender<Command>,
    waker: pipe::Sender,
}

impl Handle {
    /// Stops accepting, lets what was begun end within this time, then ends. Returns at once.
    pub fn drain(&self, within: Duration) {
        self.tell(&Command::Drain(within));
    }

    /// Ends now. Returns at once.
    pub fn stop(&self) {
        self.tell(&Command::Stop);
    }

    /// Opens the access log's file anew, after it was rotated away; whether it has a file.
    pub fn reopen_log(&self) -> bool {
        let log = self.shared.log.as_ref().filter(|log| log.has_file());
        log.map(|log| log.reopen()).is_some()
    }

    /// Access log lines that were lost.
    pub fn dropped_log_lines(&self) -> u64 {
        self.shared.log.as_ref().map_or(0, |log| log.dropped())
    }

    /// Writes what is queued for the access log, until `deadline` at most. Nothing logs after it.
    fn close_log(&self, deadline: Instant) {
        if let Some(log) = &self.shared.log {
            log.close(deadline);
        }
    }

    fn tell(&self, command: &Command) {
        let files = self.shared.socket_files.lock().map(|mut files| std::mem::take(&mut *files));
        for file in files.unwrap_or_default() {
            file.remove();
        }
        for mailbox in &self.shared.mailboxes {
            // A worker that has ended needs no command; a full pipe wakes it just as well.
            let _ = mailbox.commands.send(command.clone());
            let _ = (&mailbox.waker).write(&[1]);
        }
    }
}

/// Settings of a server that is to be started inside a program.
#[derive(Clone, Debug)]
pub struct Builder {
    settings: Settings,
    listen: Vec<String>,
}

impl Builder {
    /// Listens here, as `--listen` does; may be called more than once.
    pub fn listen(mut self, address: &str) -> Builder {
        self.listen.push(address.to_owned());
        self
    }

    /// Threads that serve; 0 is one per CPU.
    pub fn workers(mut self, workers: usize) -> Builder {
        self.settings.workers = workers;
        self
    }

    /// Changes any setting.
    pub fn set(mut self, change: impl FnOnce(&mut Settings)) -> Builder {
        change(&mut self.settings);
        self
    }

    /// Starts it. It listens when this returns.
    pub fn start(mut self) -> Result<Server, StartError> {
        if !self.listen.is_empty() {
            let parse = |text: &String| text.parse().map_err(StartError::Address);
            self.settings.listen = self.listen.iter().map(parse).collect::<Result<_, _>>()?;
        }
        Server::start(self.settings)
    }
}
