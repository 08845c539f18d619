//! Unix sockets to listen on, and their files.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::base::limits::LISTEN_BACKLOG;
use crate::config::{SocketName, UnixSocket};

/// Opens a socket. Its file replaces one that a dead server left.
pub(super) fn listen(unix: &UnixSocket) -> io::Result<Socket> {
    let address = SockAddr::unix(unix.name.path())?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    let SocketName::File(path) = &unix.name else {
        socket.bind(&address)?;
        socket.listen(LISTEN_BACKLOG)?;
        return Ok(socket);
    };
    remove_stale(path, &address)?;
    let socket = without_permissions(socket)?;
    socket.bind(&address)?;
    // No client can connect before it listens.
    let opened = set_access(unix).and_then(|()| socket.listen(LISTEN_BACKLOG));
    if let Err(error) = opened {
        let _ = fs::remove_file(path);
        return Err(error);
    }
    Ok(socket)
}

/// Removes all permissions from a socket, and so from the file that it will be bound to. On Linux
/// the file gets the permissions of the socket, less the umask, which all threads share and nothing
/// here changes. On other systems the file has the permissions that the umask leaves until
/// [`set_access`] is called.
fn without_permissions(socket: Socket) -> io::Result<Socket> {
    if !cfg!(target_os = "linux") {
        return Ok(socket);
    }
    let file = File::from(OwnedFd::from(socket));
    file.set_permissions(Permissions::from_mode(0o000))?;
    Ok(Socket::from(OwnedFd::from(file)))
}

/// Sets the owner and then the permissions of a socket's file, if it has one, so that no other
/// owner ever has them.
pub(super) fn set_access(unix: &UnixSocket) -> io::Result<()> {
    let SocketName::File(path) = &unix.name else { return Ok(()) };
    let (owner, group) = (unix.owner.as_ref(), unix.group.as_ref());
    if owner.is_some() || group.is_some() {
        lchown(path, owner.map(|user| user.id), group.map(|group| group.id))
            .map_err(|error| io::Error::other(format!("its owner cannot be changed: {error}")))?;
    }
    fs::set_permissions(path, Permissions::from_mode(unix.mode))
}

/// Removes the socket file of a dead server; any other file is an error.
fn remove_stale(path: &Path, address: &SockAddr) -> io::Result<()> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(
            ErrorKind::AlreadyExists,
            "the file exists and is not a socket",
        ));
    }
    // A stopped server with a full queue would block us.
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?;
    match probe.connect(address) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        _ => Err(ErrorKind::AddrInUse.into()),
    }
}

/// A socket file of ours. Its inode identifies it, as another server may have replaced the file.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl SocketFile {
    /// The file that has this name now.
    pub(super) fn of(path: &Path) -> Option<SocketFile> {
        let inode = path.symlink_metadata().ok()?.ino();
        Some(SocketFile { path: path.to_owned(), inode })
    }

    /// Removes the file, if it was not replaced.
    pub(super) fn remove(self) {
        if self.path.symlink_metadata().is_ok_and(|metadata| metadata.ino() == self.inode) {
            // It may have been removed just now.
            let _ = fs::remove_file(self.path);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_socket_file_has_no_permissions_at_first() {
        let path = std::env::temp_dir().join(format!("loiter-narrow-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).expect("a socket");
        let socket = without_permissions(socket).expect("a socket takes permissions");
        let bound = socket.bind(&SockAddr::unix(&path).expect("a short path"));
        let mode = fs::symlink_metadata(&path).map(|metadata| metadata.mode() & 0o777);
        let _ = fs::remove_file(&path);
        assert!(bound.is_ok());
        assert_eq!(mode.ok(), Some(0));
    }
}
