//! Going over a file once: read only, or read and written.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tbus_workbench::anonymize::{CopyError, anonymize_sqlite};
use tempfile::NamedTempFile;
use tlib_capture::anonymize::{Anonymizer, CaptureChange};
use tlib_capture::packet::{ReadOptions, WriteError};

use super::kind::Kind;
use crate::exit::{Failure, unreadable};

/// Opens a file to read.
pub(super) fn open(path: &Path) -> Result<File, Failure> {
    let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
    match file.metadata() {
        Ok(data) if data.is_dir() => {
            Err(Failure::bad(anyhow!("{}: is a directory; name the files in it", path.display())))
        }
        Ok(data) if !data.is_file() => {
            Err(Failure::bad(anyhow!("{}: no regular file; it is read more than once", path.display())))
        }
        _ => Ok(file),
    }
}

pub(super) fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    Failure::bad(unreadable(error).context(path.display().to_string()))
}

fn cannot_write(path: &Path, error: impl Into<anyhow::Error>) -> Failure {
    Failure::system(error.into().context(format!("{}: cannot be written", path.display())))
}

/// A bar on stderr, if that is a terminal.
fn bar(file: &File, what: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(
        file.metadata().ok().map(|data| data.len()),
        ProgressDrawTarget::stderr(),
    );
    match ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes}") {
        Ok(style) => bar.with_style(style).with_message(what),
        Err(_) => bar,
    }
}

/// Goes over a file and writes nothing.
pub(super) fn read(
    anonymizer: &mut Anonymizer,
    kind: Kind,
    from: &Path,
    what: &'static str,
) -> Result<(), Failure> {
    stream(anonymizer, kind, from, None, io::sink(), what)
}

/// Whether a result can be put there. What is no regular file, such as a device, would be replaced by one.
pub(super) fn is_free(to: &Path) -> Result<(), Failure> {
    if to == Path::new("-") {
        return Err(Failure::bad(anyhow!("-: OUT is a file; it takes its name when all of it is written")));
    }
    match std::fs::metadata(to) {
        Ok(data) if data.is_dir() => Err(Failure::bad(anyhow!("{}: is a directory", to.display()))),
        Ok(data) if !data.is_file() => {
            Err(Failure::bad(anyhow!("{}: is there and no regular file; it is not replaced", to.display())))
        }
        _ => Ok(()),
    }
}

/// Goes over a file and writes the result, which is there when all of it is.
pub(super) fn write(anonymizer: &mut Anonymizer, kind: Kind, from: &Path, to: &Path) -> Result<(), Failure> {
    let folder =
        to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let file = NamedTempFile::new_in(folder).map_err(|error| cannot_write(to, error))?;
    let out = BufWriter::with_capacity(256 << 10, file.as_file());
    stream(anonymizer, kind, from, Some((to, file.path())), out, "replacing")?;
    file.persist(to).map_err(|error| cannot_write(to, error.error))?;
    Ok(())
}

/// `to` is what the result will be called, and what it is called until it is whole.
fn stream(
    anonymizer: &mut Anonymizer,
    kind: Kind,
    from: &Path,
    to: Option<(&Path, &Path)>,
    mut out: impl Write,
    what: &'static str,
) -> Result<(), Failure> {
    let file = open(from)?;
    let bar = bar(&file, what);
    let input = bar.wrap_read(file);
    let done = match kind {
        Kind::Log => anonymizer.log(input, &mut out).map_err(|error| match to {
            // Reading a file hardly fails once it is open; writing does.
            Some((to, _)) => cannot_write(to, error),
            None => cannot_read(from, &error),
        }),
        Kind::Capture => {
            let done = anonymizer.capture(input, &mut out, ReadOptions::default());
            done.map(|_| ()).map_err(|error| match (error, to) {
                (CaptureChange::Write(WriteError::Io(error)), Some((to, _))) => cannot_write(to, error),
                (error, _) => Failure::bad(anyhow::Error::new(error).context(from.display().to_string())),
            })
        }
        Kind::Database => {
            let done = anonymize_sqlite(anonymizer, from, to.map(|(_, temporary)| temporary));
            done.map_err(|error| match (&error, to) {
                (CopyError::Statement { path, .. }, Some((to, temporary))) if path == temporary => {
                    cannot_write(to, error)
                }
                _ => Failure::bad(error),
            })
        }
    };
    bar.finish_and_clear();
    done
}
