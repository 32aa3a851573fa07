//! The files of a log: their names, their succession and their end.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use tlib_proto::Timestamp;

use super::clock::LocalClock;
use super::{Expire, LogError};

/// The regular files of one log: the one that is written and those before it.
#[derive(Debug)]
pub(super) struct Segments {
    directory: PathBuf,
    base: String,
    /// The file that is always written, if there is one; full segments are renamed then.
    fixed: Option<PathBuf>,
    current: PathBuf,
}

impl Segments {
    /// Begins the log of a file, and gives the open file with its name. `None` for its segments when it is not a
    /// regular file.
    pub(super) fn at_file(
        path: &Path,
        clock: &LocalClock,
    ) -> Result<(Option<Self>, File, PathBuf), LogError> {
        let fail = |source| LogError::Open { path: path.into(), source };
        let found = match fs::metadata(path) {
            Ok(found) if !found.is_file() => {
                let file = OpenOptions::new().append(true).open(path).map_err(fail)?;
                return Ok((None, file, path.into()));
            }
            Ok(found) => Some(found),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(fail(error)),
        };
        // Through a link to what it names: renaming the link itself would cut it off.
        let path = match found {
            Some(_) => fs::canonicalize(path).map_err(fail)?,
            None => path.into(),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let segments = Self {
            directory: path.parent().map(Path::to_owned).unwrap_or_default(),
            base: name.strip_suffix(".log").unwrap_or(&name).into(),
            fixed: Some(path.clone()),
            current: path.clone(),
        };
        if let Some(found) = found.filter(|found| found.len() > 0) {
            // Renaming a file that somebody still writes would take it away from them.
            drop(lock(open(&path)?, &path)?);
            let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let modified = Timestamp::from_duration(modified.unwrap_or_default());
            segments.retire(&path, clock, modified)?;
        }
        let file = lock(open(&path)?, &path)?;
        Ok((Some(segments), file, path))
    }

    /// Begins a log in a directory, and gives the open file with its name.
    pub(super) fn in_directory(
        directory: &Path,
        base: &str,
        clock: &LocalClock,
        at: Timestamp,
    ) -> Result<(Self, File), LogError> {
        fs::create_dir_all(directory).map_err(|source| LogError::Open { path: directory.into(), source })?;
        let clean = |c: char| if c.is_alphanumeric() || "._-@".contains(c) { c } else { '_' };
        let base = base.chars().map(clean).collect();
        let mut segments = Self { directory: directory.into(), base, fixed: None, current: PathBuf::new() };
        let file = segments.create(clock, at)?;
        Ok((segments, file))
    }

    /// The file that is written.
    pub(super) fn current(&self) -> &Path {
        &self.current
    }

    /// Begins the next file. `began` is when the present one was begun. When this fails, the present one is still
    /// there under its name.
    pub(super) fn next(
        &mut self,
        clock: &LocalClock,
        began: Timestamp,
        at: Timestamp,
    ) -> Result<File, LogError> {
        let Some(path) = self.fixed.clone() else { return self.create(clock, at) };
        let old = self.retire(&path, clock, began)?;
        open(&path).and_then(|file| lock(file, &path)).inspect_err(|_| {
            if let Some(old) = old {
                // Best effort: without it the present file merely keeps the name of a full segment.
                let _ = fs::rename(old, &path);
            }
        })
    }

    /// Deletes the oldest files until no more than the allowed number is left.
    pub(super) fn expire(&self, expire: Expire) -> Result<(), LogError> {
        let Expire::Files(keep) = expire else { return Ok(()) };
        let keep = usize::try_from(keep.get()).unwrap_or(usize::MAX) - 1;
        let mut old = self.old().map_err(|source| LogError::Expire { path: self.folder().into(), source })?;
        // The stamp sorts by time, but for the hour that is repeated when summer time ends.
        old.sort();
        let excess = old.len().saturating_sub(keep);
        for path in old.into_iter().take(excess) {
            match fs::remove_file(&path) {
                Err(source) if source.kind() != ErrorKind::NotFound => {
                    return Err(LogError::Expire { path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn old(&self) -> io::Result<Vec<PathBuf>> {
        let mut old = Vec::new();
        for entry in fs::read_dir(self.folder())? {
            let name = entry?.file_name();
            let path = self.directory.join(&name);
            if name.to_str().is_some_and(|name| is_segment(name, &self.base)) && path != self.current {
                old.push(path);
            }
        }
        Ok(old)
    }

    fn folder(&self) -> &Path {
        // The parent of a bare file name is empty, which is no directory that can be listed.
        if self.directory.as_os_str().is_empty() { Path::new(".") } else { &self.directory }
    }

    fn create(&mut self, clock: &LocalClock, at: Timestamp) -> Result<File, LogError> {
        let path = self.free_name(clock, at);
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&path)
            .map_err(|source| LogError::Open { path: path.clone(), source })?;
        self.current = path;
        Ok(file)
    }

    /// Gives a file the name of a full segment; says which, or nothing when the file has gone.
    fn retire(&self, path: &Path, clock: &LocalClock, began: Timestamp) -> Result<Option<PathBuf>, LogError> {
        let to = self.free_name(clock, began);
        match fs::rename(path, &to) {
            Ok(()) => Ok(Some(to)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(LogError::Rename { from: path.into(), to, source }),
        }
    }

    /// The name of a segment begun at this time, or as many milliseconds later as it takes to be the first.
    fn free_name(&self, clock: &LocalClock, mut at: Timestamp) -> PathBuf {
        loop {
            let path = self.directory.join(format!("{}.{}.log", self.base, clock.file_stamp(at)));
            if fs::symlink_metadata(&path).is_err() {
                return path;
            }
            at = match at.micros {
                999_000.. => Timestamp::new(at.seconds + 1, 0),
                micros => Timestamp::new(at.seconds, micros + 1000),
            };
        }
    }
}

/// Opens for appending: a file that somebody empties while it is written gets no hole.
fn open(path: &Path) -> Result<File, LogError> {
    let open = OpenOptions::new().append(true).create(true).open(path);
    open.map_err(|source| LogError::Open { path: path.into(), source })
}

/// Keeps a second process from writing, and renaming, the same file. Only where a lock does not keep readers away.
fn lock(file: File, path: &Path) -> Result<File, LogError> {
    if cfg!(unix) && matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
        return Err(LogError::Busy { path: path.into() });
    }
    Ok(file)
}

/// Whether a file name is `<base>.YYYYMMDD_HHMMSS_mmm.log`.
fn is_segment(name: &str, base: &str) -> bool {
    const PATTERN: &[u8] = b".dddddddd_dddddd_ddd.log";
    name.strip_prefix(base).is_some_and(|stamp| {
        stamp.len() == PATTERN.len()
            && stamp.bytes().zip(PATTERN).all(|(byte, pattern)| match pattern {
                b'd' if byte.is_ascii_digit() => true,
                _ => byte == *pattern && byte != b'd',
            })
    })
}
