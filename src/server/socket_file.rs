//! Unix sockets: who may connect to one, and what becomes of its file.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::base::limits::LISTEN_BACKLOG;
use crate::config::{SocketName, UnixSocket};

/// A socket that listens. Its file replaces that of a server that has died.
pub(super) fn listen(unix: &UnixSocket) -> io::Result<Socket> {
    let address = SockAddr::unix(unix.name.path())?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    let SocketName::File(path) = &unix.name else {
        socket.bind(&address)?;
        socket.listen(LISTEN_BACKLOG)?;
        return Ok(socket);
    };
    make_way(path, &address)?;
    let socket = narrowed(socket)?;
    socket.bind(&address)?;
    // Nobody can connect before it listens.
    let opened = open_up(path, unix).and_then(|()| socket.listen(LISTEN_BACKLOG));
    if let Err(error) = opened {
        let _ = fs::remove_file(path);
        return Err(error);
    }
    Ok(socket)
}

/// The socket, with no permissions for the file that it will be bound to. Linux gives that file
/// the socket's own, less the umask, which belongs to all threads and is left alone. Elsewhere the
/// file has what the umask leaves until [`open_up`] has come.
fn narrowed(socket: Socket) -> io::Result<Socket> {
    if !cfg!(target_os = "linux") {
        return Ok(socket);
    }
    let file = File::from(OwnedFd::from(socket));
    file.set_permissions(Permissions::from_mode(0o000))?;
    Ok(Socket::from(OwnedFd::from(file)))
}

/// Gives the file its owner and then its permissions, so that they are never another's.
fn open_up(path: &Path, unix: &UnixSocket) -> io::Result<()> {
    let (owner, group) = (unix.owner.as_ref(), unix.group.as_ref());
    if owner.is_some() || group.is_some() {
        lchown(path, owner.map(|user| user.id), group.map(|group| group.id))
            .map_err(|error| io::Error::other(format!("its owner cannot be changed: {error}")))?;
    }
    fs::set_permissions(path, Permissions::from_mode(unix.mode))
}

/// Removes a socket file that a dead server left; anything else stays, and is an error to bind to.
fn make_way(path: &Path, address: &SockAddr) -> io::Result<()> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(ErrorKind::AlreadyExists, "there is a file that is no socket"));
    }
    // A server that is stopped, its queue full, would make us wait for ever.
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?;
    match probe.connect(address) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        _ => Err(ErrorKind::AddrInUse.into()),
    }
}

/// A socket file that we made, known by its inode: the name may be another server's by now.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl SocketFile {
    /// The file of this name, as it is now.
    pub(super) fn of(path: &Path) -> Option<SocketFile> {
        let inode = path.symlink_metadata().ok()?.ino();
        Some(SocketFile { path: path.to_owned(), inode })
    }

    /// Removes it, if it is still there.
    pub(super) fn remove(self) {
        if self.path.symlink_metadata().is_ok_and(|metadata| metadata.ino() == self.inode) {
            // Somebody else may just have done so.
            let _ = fs::remove_file(self.path);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_socket_file_begins_with_no_permissions_whatever_the_umask() {
        let path = std::env::temp_dir().join(format!("loiter-narrow-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).expect("a socket");
        let socket = narrowed(socket).expect("a socket takes permissions");
        let bound = socket.bind(&SockAddr::unix(&path).expect("a short path"));
        let mode = fs::symlink_metadata(&path).map(|metadata| metadata.mode() & 0o777);
        let _ = fs::remove_file(&path);
        assert!(bound.is_ok());
        assert_eq!(mode.ok(), Some(0));
    }
}
