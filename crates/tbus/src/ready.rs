//! `--ready-file`: a file that is there while the program can be talked to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::exit::Failure;

/// The file; dropping it removes it.
#[derive(Debug)]
pub(crate) struct ReadyFile(PathBuf);

impl ReadyFile {
    /// Removes what an earlier run has left: nobody may take it for this one's.
    pub(crate) fn clear(path: Option<&Path>) -> Result<(), Failure> {
        let Some(path) = path else { return Ok(()) };
        if let Some(folder) =
            path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
        {
            let error = anyhow::anyhow!("ready file {}: {} is no folder", path.display(), folder.display());
            return Err(Failure::bad(error));
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::system(
                anyhow::Error::new(error).context(format!("ready file {}", path.display())),
            )),
            _ => Ok(()),
        }
    }

    /// Writes the address and a line feed. Who sees the file sees all of it.
    pub(crate) fn write(path: Option<&Path>, address: &str) -> Result<Option<Self>, Failure> {
        let Some(path) = path else { return Ok(None) };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        let written =
            fs::write(&temporary, format!("{address}\n")).and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            // It may not even be there.
            let _ = fs::remove_file(&temporary);
        }
        written.with_context(|| format!("ready file {}", path.display())).map_err(Failure::system)?;
        Ok(Some(Self(path.to_owned())))
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // Somebody else may have removed it.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_there_while_its_owner_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ready");
        fs::write(&path, "stale").unwrap();
        ReadyFile::clear(Some(&path)).unwrap();
        assert!(!path.exists());
        let ready = ReadyFile::write(Some(&path), "127.0.0.1:7007").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "127.0.0.1:7007\n");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file is left");
        drop(ready);
        assert!(!path.exists());
    }
}
