//! A restart that loses nothing: a new process is started with copies of all listeners, and once it
//! serves, this one drains. Until then both accept, so no connection finds nobody.

use std::env;
use std::ffi::OsString;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;

use socket2::SockRef;

use super::activation::{READY, describe};
use crate::base::limits::UPGRADE_TIMEOUT;
use crate::config::{SOCKETS, UPGRADE};
use crate::server::process::own_environment;
use crate::server::{Heritage, Inherited};

/// How this process was started.
#[derive(Clone, Debug)]
pub(super) struct Program {
    path: PathBuf,
    args: Vec<OsString>,
}

impl Program {
    /// The program by the name that it was started with, so that a link or a file that is replaced
    /// leads to the new version. Called at the start: afterwards the file may have been deleted.
    pub(super) fn of_process() -> io::Result<Program> {
        let args: Vec<OsString> = env::args_os().collect();
        let name = args.first().map(Path::new).filter(|name| name.components().count() > 1);
        let searched = || {
            let name = args.first()?;
            let folders = env::var_os("PATH")?;
            env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
        };
        let path = match name.map(Path::to_path_buf).or_else(searched) {
            Some(path) if path.is_file() => std::path::absolute(path)?,
            _ => env::current_exe()?,
        };
        Ok(Program { path, args })
    }

    /// A command that starts it as this process was, with these sockets.
    fn command(&self, channel: &UnixStream, sockets: &[Inherited]) -> Command {
        let mut command = Command::new(&self.path);
        if let Some((name, rest)) = self.args.split_first() {
            command.arg0(name).args(rest);
        }
        // Those are for this process.
        for variable in ["LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_PID"] {
            command.env_remove(variable);
        }
        if env::var("WATCHDOG_PID").is_ok_and(|other| other != std::process::id().to_string()) {
            command.env_remove("WATCHDOG_USEC");
        }
        // LISTEN_FDS stays if it counts: then nothing but what was inherited is listened on.
        if !own_environment().contains_key(SOCKETS) {
            command.env_remove(SOCKETS);
        }
        let all = sockets.iter().map(|one| (one.socket.as_raw_fd(), one.name.as_str()));
        command.env(UPGRADE, describe(std::process::id(), channel.as_raw_fd(), all));
        command
    }
}

/// A new process that does not serve yet.
#[derive(Debug)]
pub(super) struct Upgrade {
    channel: UnixStream,
}

impl Upgrade {
    /// Starts the new process, and calls `done` with its process ID when it serves, or with why it
    /// does not: then it is no longer there. The error is a sentence.
    pub(super) fn begin(
        program: &Program,
        heritage: &Heritage,
        done: impl FnOnce(Result<u32, String>) + Send + 'static,
    ) -> io::Result<Upgrade> {
        let (mut channel, theirs) = UnixStream::pair()?;
        channel.set_read_timeout(Some(UPGRADE_TIMEOUT))?;
        // A key must not be seen in an environment. The few KiB fit into the channel.
        channel.set_nonblocking(true)?;
        channel.write_all(heritage.ca.as_deref().unwrap_or_default().as_bytes())?;
        channel.set_nonblocking(false)?;
        channel.shutdown(Shutdown::Write)?;
        let ours = channel.try_clone()?;
        // The copies for the child are closed here when they are dropped. No other thread of this
        // process starts programs, so no other one inherits them.
        SockRef::from(&theirs).set_cloexec(false)?;
        for Inherited { socket, .. } in &heritage.sockets {
            SockRef::from(socket).set_cloexec(false)?;
        }
        let child = program.command(&theirs, &heritage.sockets).spawn()?;
        let wait = move || done(ready(ours, child));
        thread::Builder::new().name("upgrade".into()).spawn(wait)?;
        Ok(Upgrade { channel })
    }

    /// Gives it up: the new process is killed.
    pub(super) fn cancel(&self) {
        // The thread that waits for it then reads the end.
        let _ = self.channel.shutdown(Shutdown::Both);
    }
}

/// Waits until a new process serves; kills it if it does not.
fn ready(mut channel: UnixStream, mut child: Child) -> Result<u32, String> {
    let mut word = [0; READY.len()];
    let read = channel.read_exact(&mut word);
    if read.is_ok() && word == READY {
        return Ok(child.id());
    }
    let ended = child.try_wait().ok().flatten();
    let _ = child.kill();
    let status = ended.map_or_else(|| child.wait(), Ok);
    let shown = status.map_or_else(|error| error.to_string(), |status| status.to_string());
    Err(match read {
        Ok(()) => "the new process is another program".to_owned(),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            format!("the new process did not serve within {UPGRADE_TIMEOUT:?}")
        }
        Err(_) => format!("the new process ended before it served: {shown}"),
    })
}
