//! Messages to the service manager, as sd_notify(3) sends them: a datagram to the socket that
//! NOTIFY_SOCKET names.
//!
//! ```text
//! READY=1                          the server listens, or a reload is over
//! RELOADING=1, MONOTONIC_USEC=…    a reload begins
//! STOPPING=1                       it drains
//! MAINPID=…                        another process continues the service
//! STATUS=…                         connections, for `systemctl status`
//! WATCHDOG=1                       every worker answers
//! ```

use std::env;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use crate::server::os::process::monotonic;

/// Longest wait for a manager whose queue is full.
const SEND_TIMEOUT: Duration = Duration::from_millis(100);
/// Time between two looks at what the status line shows.
const STATUS_INTERVAL: Duration = Duration::from_secs(5);

/// The connection to the service manager.
#[derive(Debug)]
pub(super) struct Manager {
    socket: UnixDatagram,
    address: SocketAddr,
    /// Half of the time after which the manager counts the process as dead.
    watchdog: Option<Duration>,
    watchdog_due: Option<Instant>,
    status_due: Instant,
    status: String,
}

impl Manager {
    /// The manager that started this process, if it wants messages.
    pub(super) fn of_environment() -> Option<Manager> {
        let name = env::var("NOTIFY_SOCKET").ok().filter(|name| !name.is_empty())?;
        let manager = Manager::new(&name).map(|manager| {
            let text = |name| env::var(name).ok();
            let watchdog = interval(text("WATCHDOG_USEC"), text("WATCHDOG_PID"));
            Manager { watchdog, watchdog_due: watchdog.map(|_| Instant::now()), ..manager }
        });
        manager
            .inspect_err(|error| tracing::warn!(%error, "NOTIFY_SOCKET={name} cannot be used"))
            .ok()
    }

    fn new(name: &str) -> io::Result<Manager> {
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(SEND_TIMEOUT))?;
        let (watchdog, watchdog_due) = (None, None);
        let (address, status) = (address(name)?, String::new());
        let status_due = Instant::now() + STATUS_INTERVAL;
        Ok(Manager { socket, address, watchdog, watchdog_due, status_due, status })
    }

    fn send(&self, text: &str) {
        if let Err(error) = self.socket.send_to_addr(text.as_bytes(), &self.address) {
            tracing::debug!(%error, text, "the service manager takes no message");
        }
    }

    /// The server listens, or has reloaded.
    pub(super) fn ready(&self) {
        self.send("READY=1");
    }

    /// A reload begins. The time shows that it is the one that was asked for last.
    pub(super) fn reloading(&self) {
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic().as_micros()));
    }

    /// The server drains.
    pub(super) fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// Another process continues the service; it sends the messages from now on. The watchdog is
    /// fed too: what the other one has sent before was refused, and its next message comes late.
    pub(super) fn replaced(self, process: u32) {
        self.send(&format!("MAINPID={process}\nWATCHDOG=1"));
    }

    /// When [`Manager::tick`] is due.
    pub(super) fn due(&self) -> Instant {
        self.watchdog_due.map_or(self.status_due, |due| due.min(self.status_due))
    }

    /// Sends what is due. `report`: the status line, if all workers have answered; without it the
    /// watchdog is not fed, and the manager restarts the service.
    pub(super) fn tick(&mut self, now: Instant, report: impl FnOnce() -> Option<String>) {
        if now < self.due() {
            return;
        }
        let report = report();
        if let (Some(due), Some(interval)) = (self.watchdog_due, self.watchdog)
            && now >= due
        {
            self.watchdog_due = Some(now + interval);
            match report {
                Some(_) => self.send("WATCHDOG=1"),
                None => tracing::error!("a worker does not answer; the watchdog is not fed"),
            }
        }
        if now >= self.status_due {
            self.status_due = now + STATUS_INTERVAL;
            if let Some(status) = report.filter(|status| *status != self.status) {
                self.send(&format!("STATUS={status}"));
                self.status = status;
            }
        }
    }
}

/// Half of the watchdog's time, if it is for this process: the variables are inherited.
fn interval(time: Option<String>, process: Option<String>) -> Option<Duration> {
    let own = std::process::id().to_string();
    let is_for_us = process.is_none_or(|process| process == own);
    let time = time?.parse().ok().filter(|time| is_for_us && *time > 0)?;
    Some(Duration::from_micros(time) / 2)
}

#[cfg(target_os = "linux")]
fn address(name: &str) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(name),
    }
}

#[cfg(not(target_os = "linux"))]
fn address(name: &str) -> io::Result<SocketAddr> {
    SocketAddr::from_pathname(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_worker_that_does_not_answer_starves_the_watchdog() {
        let name = format!("@loiter-notify-{}", std::process::id());
        let receiver = UnixDatagram::bind_addr(&address(&name).expect("a name")).expect("bound");
        receiver.set_nonblocking(true).expect("an option");
        let received = || {
            let mut text = [0; 100];
            let bytes = receiver.recv(&mut text).ok()?;
            Some(String::from_utf8_lossy(&text[..bytes]).into_owned())
        };
        let mut manager = Manager::new(&name).expect("a socket");
        let start = manager.status_due - STATUS_INTERVAL;
        manager.watchdog = Some(Duration::from_secs(1));
        manager.watchdog_due = Some(start);
        let status = |text: &str| Some(text.to_owned());
        manager.tick(start, || status("1 connection"));
        assert_eq!((received(), received()), (status("WATCHDOG=1"), None));
        manager.tick(start + Duration::from_millis(500), || unreachable!("nothing is due"));
        manager.tick(start + Duration::from_secs(1), || None);
        assert_eq!(received(), None, "a worker does not answer");
        manager.tick(start + STATUS_INTERVAL, || status("2 connections"));
        assert_eq!(received(), status("WATCHDOG=1"));
        assert_eq!(received(), status("STATUS=2 connections"));
        manager.tick(start + 2 * STATUS_INTERVAL, || status("2 connections"));
        assert_eq!((received(), received()), (status("WATCHDOG=1"), None), "it has not changed");
        manager.replaced(7);
        assert_eq!(received(), status("MAINPID=7\nWATCHDOG=1"));
    }

    #[test]
    fn a_watchdog_is_for_one_process() {
        let text = |text: &str| Some(text.to_owned());
        let own = Some(std::process::id().to_string());
        let half = Some(Duration::from_secs(1));
        assert_eq!(interval(text("2000000"), own.clone()), half);
        assert_eq!(interval(text("2000000"), None), half);
        assert_eq!(interval(text("2000000"), text("1")), None);
        assert_eq!(interval(text("0"), own.clone()), None);
        assert_eq!(interval(text("soon"), own.clone()), None);
        assert_eq!(interval(None, own), None);
    }
}
