//! The thing that is written to, and what is known about its troubles.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::LogError;

/// Where bytes go.
pub(super) enum Output {
    /// A file, with its name.
    File(File, PathBuf),
    /// Anything else, with what the vendor calls this type of output.
    Stream(Box<dyn Write + Send>, &'static str),
    /// A stream whose reader is gone.
    Gone,
}

impl Output {
    /// The vendor's name of this type of output.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::File(..) => "file",
            Self::Stream(_, kind) => kind,
            Self::Gone => "none",
        }
    }

    /// What to call it in a header or an error.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(_, path) => path.display().to_string(),
            other => other.kind().into(),
        }
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// How many bytes were written before which error.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
        let result = match self {
            Self::File(file, _) => write_all(file, bytes),
            Self::Stream(stream, _) => write_all(stream, bytes).and_then(|()| flush(stream, bytes.len())),
            Self::Gone => Ok(()),
        };
        match result {
            // `tbus | head` is not an error, and what would be written has no reader.
            Err((_, error)) if error.kind() == ErrorKind::BrokenPipe && matches!(self, Self::Stream(..)) => {
                *self = Self::Gone;
                Ok(())
            }
            other => other,
        }
    }
}

/// As `Write::write_all`, which does not say how far it got.
fn write_all(to: &mut impl Write, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match to.write(rest) {
            Ok(0) => return Err((bytes.len() - rest.len(), ErrorKind::WriteZero.into())),
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err((bytes.len() - rest.len(), error)),
        }
    }
    Ok(())
}

fn flush(stream: &mut impl Write, written: usize) -> Result<(), (usize, io::Error)> {
    stream.flush().map_err(|error| (written, error))
}

/// What the outside can ask about a log while its thread has the file.
#[derive(Debug, Default)]
pub(super) struct Status {
    first: Mutex<Option<Arc<LogError>>>,
    lost: AtomicU64,
}

impl Status {
    pub(super) fn keep(&self, error: LogError) -> Arc<LogError> {
        let error = Arc::new(error);
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| Arc::clone(&error));
        error
    }

    pub(super) fn first(&self) -> Option<Arc<LogError>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn lose(&self, lines: u64) {
        self.lost.fetch_add(lines, Ordering::Relaxed);
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}
