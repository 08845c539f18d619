//! The file with the process ID.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use crate::server::process::command_line;

/// A file that has the ID of this process. It is removed when this is dropped, unless another
/// process has written its own.
#[derive(Debug)]
pub(super) struct PidFile {
    path: PathBuf,
}

impl PidFile {
    /// Writes the file, whole or not at all. One that a dead process left is replaced, and that of
    /// `predecessor`; that of another running server is an error, as a sentence.
    pub(super) fn write(path: &Path, predecessor: Option<u32>) -> Result<PidFile, String> {
        let own = process::id();
        let is_other = |other: &u32| *other != own && Some(*other) != predecessor;
        if let Some(other) = read(path).ok().filter(is_other)
            && matches!(command_line(other), Ok(Some(_)))
        {
            return Err(format!(
                "the PID file {} belongs to another loiter, process {other}; give each its own \
                 with --pid-file",
                path.display()
            ));
        }
        let file = PidFile { path: path.to_owned() };
        match file.replace(own) {
            Ok(()) => Ok(file),
            Err(error) => Err(format!(
                "cannot write the PID file {}: {error}; give a file in a directory that this user \
                 can write to with --pid-file",
                path.display()
            )),
        }
    }

    /// Writes the file again, after a successor that failed.
    pub(super) fn restore(&self) {
        if let Err(error) = self.replace(process::id()) {
            tracing::error!(%error, "cannot write the PID file {} again", self.path.display());
        }
    }

    /// Renames a new file to the name, so that readers see the old one or the new one.
    fn replace(&self, number: u32) -> io::Result<()> {
        let mut new = self.path.clone().into_os_string();
        new.push(format!(".{number}"));
        let written = fs::write(&new, format!("{number}\n"));
        written.and_then(|()| fs::rename(&new, &self.path)).inspect_err(|_| {
            let _ = fs::remove_file(&new);
        })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if read(&self.path).is_ok_and(|number| number == process::id()) {
            // It may have been removed just now.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The process ID in a file.
pub(in crate::server) fn read(path: &Path) -> io::Result<u32> {
    let text = fs::read_to_string(path)?;
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it has no process ID"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_if_its_process_is_no_other_server() {
        let path = std::env::temp_dir().join(format!("loiter-pid-file-{}", process::id()));
        let own = format!("{}\n", process::id());
        for old in ["", "no number", "0", "4000000000", "1\n", &own] {
            fs::write(&path, old).expect("a scratch file");
            let file = PidFile::write(&path, None).expect(old);
            assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some(own.as_str()), "{old}");
            drop(file);
            assert!(!path.exists(), "{old}");
        }
        let file = PidFile::write(&path, None).expect("there is none");
        fs::write(&path, "1\n").expect("a successor writes it");
        file.restore();
        assert_eq!(read(&path).ok(), Some(process::id()));
        fs::write(&path, "1\n").expect("a successor writes it");
        drop(file);
        assert_eq!(read(&path).ok(), Some(1), "it is not ours");
        fs::remove_file(&path).expect("a scratch file");
        let missing = path.join("in/no/folder");
        let wrong = PidFile::write(&missing, None).expect_err("no folder");
        assert!(wrong.contains("cannot write the PID file"), "{wrong}");
    }
}
