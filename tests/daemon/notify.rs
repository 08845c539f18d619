//! What a service manager is sent (sd_notify(3)).

use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Command;

use super::process::*;

/// The manager's end.
struct Manager(UnixDatagram);

impl Manager {
    fn at(address: &SocketAddr) -> Manager {
        let socket = UnixDatagram::bind_addr(address).expect("a name");
        socket.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        Manager(socket)
    }

    /// Waits for the next message that is neither the status nor for the watchdog.
    fn message(&self) -> String {
        loop {
            let text = self.any();
            if !text.starts_with("STATUS=") && !text.starts_with("WATCHDOG=") {
                return text;
            }
        }
    }

    fn any(&self) -> String {
        let mut text = [0; 1000];
        loop {
            match self.0.recv(&mut text) {
                Ok(bytes) => return String::from_utf8_lossy(&text[..bytes]).into_owned(),
                // A read with a timeout is not begun again after the process was stopped.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("no message: {error}"),
            }
        }
    }
}

fn abstract_name(name: &str) -> (String, SocketAddr) {
    let name = format!("loiter-{name}-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a short name");
    (format!("@{name}"), address)
}

fn started(socket: &str, variables: &[(&str, &str)]) -> Daemon {
    let mut command = command(BIN);
    command.env("NOTIFY_SOCKET", socket).envs(variables.iter().copied());
    Daemon::of(command.args(["--listen", "127.0.0.1:0", "--workers", "1"]))
}

#[test]
fn a_life_is_reported() {
    let folder = Folder::new("notify");
    let path = folder.file("socket");
    let manager = Manager::at(&SocketAddr::from_pathname(&path).expect("a short path"));
    let mut daemon = started(&path.display().to_string(), &[]);
    assert_eq!(manager.message(), "READY=1");
    daemon.signal("HUP");
    let reloading = manager.message();
    let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect(&reloading);
    assert!(time.parse::<u64>().is_ok_and(|time| time > 0), "{reloading}");
    assert_eq!(manager.message(), "READY=1");
    daemon.signal("TERM");
    assert_eq!(manager.message(), "STOPPING=1");
    assert_eq!(daemon.ended(), Some(0));
}

#[test]
fn the_watchdog_is_fed_at_half_its_time() {
    let (name, address) = abstract_name("watchdog");
    let manager = Manager::at(&address);
    let daemon = started(&name, &[("WATCHDOG_USEC", "200000")]);
    let next = |wanted: &str| while manager.any() != wanted {};
    next("READY=1");
    (0..5).for_each(|_| next("WATCHDOG=1"));
    daemon.stop();
}

#[test]
fn a_watchdog_for_another_process_is_not_fed() {
    let (name, address) = abstract_name("other-watchdog");
    let manager = Manager::at(&address);
    let own = std::process::id().to_string();
    let mut daemon = started(&name, &[("WATCHDOG_USEC", "1000"), ("WATCHDOG_PID", &own)]);
    assert_eq!(manager.any(), "READY=1");
    ask(&mut daemon.connect(), "/get", "");
    daemon.signal("TERM");
    assert_eq!(manager.any(), "STOPPING=1");
    assert_eq!(daemon.ended(), Some(0));
}

#[test]
fn a_successor_is_reported_and_speaks_from_then_on() {
    let (name, address) = abstract_name("successor");
    let manager = Manager::at(&address);
    let mut daemon = started(&name, &[("WATCHDOG_USEC", "200000")]);
    assert_eq!(manager.message(), "READY=1");
    daemon.signal("USR2");
    let main = manager.message();
    let process = main.strip_prefix("MAINPID=").and_then(|rest| rest.strip_suffix("\nWATCHDOG=1"));
    let process = process.expect(&main).to_owned();
    eventually("the end of the first", || daemon.child.try_wait().expect("ours").is_some());
    let signal = |name: &str| {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status();
        assert!(sent.expect("a shell").success());
    };
    while manager.any() != "WATCHDOG=1" {}
    signal("HUP");
    assert!(manager.message().starts_with("RELOADING=1\n"));
    assert_eq!(manager.message(), "READY=1");
    signal("TERM");
    assert_eq!(manager.message(), "STOPPING=1");
}
