//! Going over IN or OUT once: read only, or read and written.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tbus_db::{DatabaseUrl, DbError, ErrorKind};
use tbus_workbench::anonymize::{CopyError, anonymize_database, search_database};
use tempfile::NamedTempFile;
use tlib_capture::anonymize::{Anonymizer, CaptureChange, Leftovers, RawSearch};
use tlib_capture::packet::{ReadOptions, WriteError};

use super::kind::{Kind, Place};
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

/// Goes over IN or OUT and writes nothing.
pub(super) fn read(
    anonymizer: &mut Anonymizer,
    kind: Kind,
    from: &Place,
    what: &'static str,
) -> Result<(), Failure> {
    match from.path() {
        Some(path) if kind != Kind::Database => stream(anonymizer, kind, path, None, io::sink(), what),
        _ => database(anonymizer, &from.url(), None, what).map_err(|error| failure(error, None)),
    }
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

/// Goes over IN and writes the result, which is there when all of it is.
pub(super) fn write(
    anonymizer: &mut Anonymizer,
    kind: Kind,
    from: &Place,
    to: &Place,
) -> Result<(), Failure> {
    let Some(path) = to.path() else {
        return database(anonymizer, &from.url(), Some(&to.url()), "replacing")
            .map_err(|error| failure(error, None));
    };
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let file = NamedTempFile::new_in(folder).map_err(|error| cannot_write(path, error))?;
    match from.path() {
        Some(from) if kind != Kind::Database => {
            let out = BufWriter::with_capacity(256 << 10, file.as_file());
            stream(anonymizer, kind, from, Some(path), out, "replacing")?;
        }
        _ => {
            let temporary = DatabaseUrl::sqlite(file.path());
            database(anonymizer, &from.url(), Some(&temporary), "replacing")
                .map_err(|error| failure(error, Some(path)))?;
        }
    }
    file.persist(path).map_err(|error| cannot_write(path, error.error))?;
    Ok(())
}

/// Searches all that OUT has, understood or not.
pub(super) fn search(search: &RawSearch, out: &Place, leftovers: &mut Leftovers) -> Result<(), Failure> {
    match out.path() {
        Some(path) => search.search(open(path)?, leftovers).map_err(|error| cannot_read(path, &error)),
        None => search_database(search, &out.url(), leftovers).map_err(unusable),
    }
}

fn database(
    anonymizer: &mut Anonymizer,
    from: &DatabaseUrl,
    to: Option<&DatabaseUrl>,
    what: &'static str,
) -> Result<(), CopyError> {
    let bar = match io::stderr().is_terminal() {
        true => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_message(what),
        false => ProgressBar::hidden(),
    };
    let bar = match ProgressStyle::with_template("{msg} {human_pos} rows") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    };
    let done = anonymize_database(anonymizer, from, to, &mut |rows| {
        if rows % 256 == 0 {
            bar.set_position(rows);
        }
    });
    bar.finish_and_clear();
    done
}

/// What a copy that has failed means; `to` is what the result would have been called, if that is a file.
fn failure(error: CopyError, to: Option<&Path>) -> Failure {
    match (error, to) {
        (CopyError::Write(error), Some(to)) => cannot_write(to, error),
        (CopyError::Read(error) | CopyError::Write(error), _) => unusable(error),
        (error, _) => Failure::bad(error),
    }
}

fn unusable(error: DbError) -> Failure {
    match error.kind() {
        ErrorKind::Unreachable => {
            Failure::system(anyhow!("{error}; start the PostgreSQL server, or name another one or a file"))
        }
        ErrorKind::Broken | ErrorKind::Busy | ErrorKind::Full => Failure::system(error),
        _ => Failure::bad(error),
    }
}

/// A log or a capture. `to` is what the result will be called.
fn stream(
    anonymizer: &mut Anonymizer,
    kind: Kind,
    from: &Path,
    to: Option<&Path>,
    mut out: impl Write,
    what: &'static str,
) -> Result<(), Failure> {
    let file = open(from)?;
    let bar = bar(&file, what);
    let input = bar.wrap_read(file);
    let done = if kind == Kind::Capture {
        let done = anonymizer.capture(input, &mut out, ReadOptions::default());
        done.map(|_| ()).map_err(|error| match (error, to) {
            (CaptureChange::Write(WriteError::Io(error)), Some(to)) => cannot_write(to, error),
            (error, _) => Failure::bad(anyhow::Error::new(error).context(from.display().to_string())),
        })
    } else {
        anonymizer.log(input, &mut out).map_err(|error| match to {
            // Reading a file hardly fails once it is open; writing does.
            Some(to) => cannot_write(to, error),
            None => cannot_read(from, &error),
        })
    };
    bar.finish_and_clear();
    done
}
