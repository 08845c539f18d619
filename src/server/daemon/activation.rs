//! The sockets that this process has inherited: from a service manager, which opens them so that
//! clients can connect before the service runs (sd_listen_fds(3)), or from the server that this
//! process replaces.
//!
//! ```text
//! LISTEN_FDS=2  LISTEN_PID=…  LISTEN_FDNAMES=web:echo    descriptors 3 and 4, for this process
//! LOITER_UPGRADE=PID,CHANNEL,FD=NAME,FD=NAME…            of its predecessor, and where to report
//! ```
//!
//! The second has its own variable, because a parent cannot know the LISTEN_PID of its child before
//! the child runs.

use std::io::{self, Read, Write};
use std::os::fd::RawFd;
use std::os::unix::net::UnixStream;

use socket2::{Domain, SockRef, Type};

use crate::base::limits::MAX_INHERITED;
use crate::config::{Environment, SOCKETS, UPGRADE};
use crate::server::os::process::take_inherited;
use crate::server::process::own_environment;
use crate::server::{Heritage, Inherited};

/// The first descriptor of a service manager's.
const FIRST: RawFd = 3;

/// A server that waits until this process can replace it.
#[derive(Debug)]
pub(super) struct Predecessor {
    /// Its process ID.
    pub(super) process: u32,
    channel: UnixStream,
}

impl Predecessor {
    /// Reports that this process serves. If the other one has ended meanwhile, this one goes on.
    pub(super) fn ready(mut self) {
        let _ = self.channel.write_all(READY);
    }
}

/// What a process that replaces another one writes when it serves.
pub(super) const READY: &[u8] = b"ready\n";

/// Takes over what the environment describes, once: the sockets, checked, and the server that this
/// process replaces. An error is a sentence.
pub(super) fn take() -> Result<(Heritage, Option<Predecessor>), String> {
    let variables = own_environment();
    let mut heritage =
        Heritage { exclusive: variables.contains_key(SOCKETS), ..Heritage::default() };
    let mut predecessor = None;
    let described = match variables.get(UPGRADE) {
        Some(text) => {
            let bad = || format!("{UPGRADE} is set by a loiter for the one that replaces it");
            let (process, channel, all) = upgrade(text).ok_or_else(bad)?;
            let channel = take_inherited(channel).map_err(|_| bad())?;
            let mut channel = UnixStream::from(channel);
            heritage.ca = received_ca(&mut channel).map_err(|_| bad())?;
            predecessor = Some(Predecessor { process, channel });
            all
        }
        None => activation(&variables)?,
    };
    for (number, name) in described {
        let socket = take_inherited(number).map_err(|error| {
            format!("the inherited socket `{name}`, descriptor {number}, is not open: {error}")
        })?;
        prepare(&SockRef::from(&socket)).map_err(|wrong| {
            format!("the inherited socket `{name}`, descriptor {number}, {wrong}")
        })?;
        heritage.sockets.push(Inherited { name, socket });
    }
    Ok((heritage, predecessor))
}

/// The random CA of the predecessor, if it has one.
fn received_ca(channel: &mut UnixStream) -> io::Result<Option<String>> {
    let mut text = String::new();
    channel.take(MOST_CA_BYTES).read_to_string(&mut text)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Much more than a certificate and its key need, in PEM.
const MOST_CA_BYTES: u64 = 64 * 1024;

/// The descriptors that a service manager has opened, and their names.
fn activation(variables: &Environment) -> Result<Vec<(RawFd, String)>, String> {
    let Some(count) = variables.get(SOCKETS) else { return Ok(Vec::new()) };
    let count = count.trim().parse().ok().filter(|count| *count <= MAX_INHERITED);
    let count = count
        .ok_or_else(|| format!("{SOCKETS} must be a number of sockets, at most {MAX_INHERITED}"))?;
    let names: Vec<&str> = match variables.get("LISTEN_FDNAMES") {
        Some(names) => names.split(':').collect(),
        None => vec![UNNAMED; count],
    };
    if names.len() != count {
        let (names, sockets) = (names.len(), count);
        return Err(format!(
            "LISTEN_FDNAMES has {names} names for {sockets} sockets; give one for each"
        ));
    }
    Ok((FIRST..).zip(names.into_iter().map(str::to_owned)).collect())
}

/// The name of a socket without one, as sd_listen_fds_with_names(3) has it.
const UNNAMED: &str = "unknown";

/// The process that is replaced, the channel to it, and the sockets with their names.
type Described = (u32, RawFd, Vec<(RawFd, String)>);

/// The predecessor, its channel, and the descriptors and names of its sockets.
fn upgrade(text: &str) -> Option<Described> {
    let mut fields = text.split(',');
    let (process, channel) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let socket = |field: &str| {
        let (number, name) = field.split_once('=')?;
        Some((number.parse().ok()?, name.to_owned()))
    };
    Some((process, channel, fields.map(socket).collect::<Option<_>>()?))
}

/// The reverse.
pub(super) fn describe<'a>(
    process: u32,
    channel: RawFd,
    sockets: impl Iterator<Item = (RawFd, &'a str)>,
) -> String {
    let mut text = format!("{process},{channel}");
    for (number, name) in sockets {
        // A name that has a comma cannot be written in a setting either.
        let name: String = name.chars().filter(|c| *c != ',' && !c.is_control()).collect();
        text.push_str(&format!(",{number}={name}"));
    }
    text
}

/// Checks that a socket can be served, and sets what is set for our own. An error is the end of a
/// sentence.
fn prepare(socket: &SockRef) -> Result<(), String> {
    let check = |error: io::Error| format!("is not a socket: {error}");
    let kind = socket.r#type().map_err(check)?;
    let domain = socket.local_addr().map_err(check)?.domain();
    if ![Domain::IPV4, Domain::IPV6, Domain::UNIX].contains(&domain) {
        return Err("is neither for IP nor a Unix socket; remove it".to_owned());
    }
    match kind {
        Type::STREAM if !listens(socket).map_err(check)? => {
            return Err("does not listen; use ListenStream= with Accept=no".to_owned());
        }
        Type::STREAM => {}
        Type::DGRAM if domain != Domain::UNIX => {}
        _ => return Err("is for neither connections nor UDP; use ListenStream=".to_owned()),
    }
    if kind == Type::STREAM && domain != Domain::UNIX {
        // Accepted sockets inherit both.
        socket.set_tcp_nodelay(true).and_then(|()| socket.set_keepalive(true)).map_err(check)?;
    }
    socket.set_nonblocking(true).map_err(check)
}

/// Whether a socket listens.
#[cfg(not(target_vendor = "apple"))]
fn listens(socket: &SockRef) -> io::Result<bool> {
    socket.is_listener()
}

/// macOS does not report it; accepting fails instead.
#[cfg(target_vendor = "apple")]
fn listens(_: &SockRef) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::unix::net::{UnixDatagram, UnixListener};

    use super::*;
    use crate::config::environment;

    #[test]
    fn a_manager_names_each_socket() {
        let read = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, text)| ((*name).into(), (*text).into()));
            activation(&environment(pairs))
        };
        let named = |names: &[&str]| {
            Ok((3..).zip(names.iter().map(|name| (*name).to_owned())).collect::<Vec<_>>())
        };
        assert_eq!(read(&[]), named(&[]));
        assert_eq!(read(&[("LISTEN_FDS", "0")]), named(&[]));
        assert_eq!(read(&[("LISTEN_FDS", "2")]), named(&["unknown", "unknown"]));
        let two = ("LISTEN_FDS", "2");
        assert_eq!(read(&[two, ("LISTEN_FDNAMES", "a.socket:b")]), named(&["a.socket", "b"]));
        for (count, names) in [("2", "a"), ("1", "a:b"), ("-1", "a"), ("many", "a"), ("999999", "")]
        {
            assert!(read(&[("LISTEN_FDS", count), ("LISTEN_FDNAMES", names)]).is_err(), "{count}");
        }
    }

    #[test]
    fn what_is_described_is_read_back() {
        let text = describe(7, 9, [(10, "web"), (11, "[::1]:0"), (12, "a,b\n")].into_iter());
        let names = ["web", "[::1]:0", "ab"].map(str::to_owned);
        assert_eq!(upgrade(&text), Some((7, 9, (10..).zip(names).collect())));
        for bad in ["", "7", "x,9", "7,9,10", "7,9,x=web", "7,9,"] {
            assert_eq!(upgrade(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_what_can_be_served_is_taken() {
        let local = "127.0.0.1:0";
        let listener = TcpListener::bind(local).expect("a port");
        let stream = TcpStream::connect(listener.local_addr().expect("bound")).expect("connected");
        let udp = UdpSocket::bind(local).expect("a port");
        let path = std::env::temp_dir().join(format!("loiter-inherited-{}", std::process::id()));
        let unix = UnixListener::bind(&path).expect("a socket file");
        let (one, _other) = UnixDatagram::pair().expect("a pair");
        assert_eq!(prepare(&SockRef::from(&listener)), Ok(()));
        assert_eq!(prepare(&SockRef::from(&udp)), Ok(()));
        assert_eq!(prepare(&SockRef::from(&unix)), Ok(()));
        let wrong = prepare(&SockRef::from(&stream)).expect_err("connected");
        assert!(wrong.starts_with("does not listen"), "{wrong}");
        let wrong = prepare(&SockRef::from(&one)).expect_err("for nothing that is served");
        assert!(wrong.starts_with("is for neither"), "{wrong}");
        let file = std::fs::File::open(std::env::current_exe().expect("a file")).expect("open");
        let wrong = prepare(&SockRef::from(&file)).expect_err("a file");
        assert!(wrong.starts_with("is not a socket"), "{wrong}");
        std::fs::remove_file(path).expect("a socket file");
    }
}
