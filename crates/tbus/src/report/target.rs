//! Where a report goes: standard output, or a file that is there when it is whole.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use indicatif::{HumanBytes, ProgressBar};
use tbus_reporting::report::ReportError;
use tempfile::NamedTempFile;

use crate::exit::Failure;

/// After how long a report that is being written says so.
const PATIENCE: Duration = Duration::from_secs(2);

/// The output of a report.
pub(super) struct Target {
    place: Place,
    progress: Progress,
}

enum Place {
    Stdout(BufWriter<io::StdoutLock<'static>>),
    /// Written beside the file of that name, which it becomes at the end.
    New(BufWriter<NamedTempFile>, PathBuf),
    /// Something that is there and is no ordinary file, such as a pipe.
    There(BufWriter<std::fs::File>, PathBuf),
}

/// How much was written, on a terminal.
struct Progress {
    hidden: bool,
    since: Instant,
    bytes: u64,
    bar: Option<ProgressBar>,
}

impl Target {
    /// Opens the file, or standard output for none and for `-`.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, Failure> {
        let place = match file.filter(|path| *path != Path::new("-")) {
            None => Place::Stdout(BufWriter::with_capacity(64 << 10, io::stdout().lock())),
            Some(path) => Self::file(path).map_err(|error| cannot(path, &error))?,
        };
        // On the terminal itself the report is what is seen.
        let hidden = matches!(place, Place::Stdout(_)) && io::stdout().is_terminal();
        Ok(Self { place, progress: Progress { hidden, since: Instant::now(), bytes: 0, bar: None } })
    }

    fn file(path: &Path) -> io::Result<Place> {
        let is_special = std::fs::metadata(path).is_ok_and(|data| !data.is_file());
        if is_special {
            return Ok(Place::There(BufWriter::new(std::fs::File::create(path)?), path.to_owned()));
        }
        let folder =
            path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".tbus-report-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any new file: the user's mask takes away what it takes away.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        Ok(Place::New(BufWriter::with_capacity(64 << 10, builder.tempfile_in(folder)?), path.to_owned()))
    }

    /// Writes a text as it is.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.write_all(text.as_bytes()).map_err(|error| self.broken(error))
    }

    /// What an error of the report means here: writing is this target's.
    pub(super) fn failure(&self, error: ReportError) -> Failure {
        match error {
            ReportError::Output(error) => self.broken(error),
            error => super::failure(error),
        }
    }

    fn broken(&self, error: io::Error) -> Failure {
        match &self.place {
            Place::Stdout(_) => Failure::output(error),
            Place::New(_, path) | Place::There(_, path) => cannot(path, &error),
        }
    }

    /// Has everything written, and gives a new file its name.
    pub(super) fn close(mut self) -> Result<(), Failure> {
        self.flush().map_err(|error| self.broken(error))?;
        if let Some(bar) = self.progress.bar.take() {
            bar.finish_and_clear();
        }
        if let Place::New(file, path) = self.place {
            let file = file.into_inner().map_err(|error| cannot(&path, error.error()))?;
            file.persist(&path).map_err(|error| cannot(&path, &error.error))?;
        }
        Ok(())
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.place {
            Place::Stdout(out) => out.write(bytes),
            Place::New(out, _) => out.write(bytes),
            Place::There(out, _) => out.write(bytes),
        }?;
        self.progress.add(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.place {
            Place::Stdout(out) => out.flush(),
            Place::New(out, _) => out.flush(),
            Place::There(out, _) => out.flush(),
        }
    }
}

impl Progress {
    fn add(&mut self, bytes: usize) {
        let before = self.bytes;
        self.bytes = before.saturating_add(bytes as u64);
        // Not at each of the many small pieces.
        if !self.hidden && before >> 16 != self.bytes >> 16 && self.since.elapsed() > PATIENCE {
            // Without a terminal it draws nothing.
            let bar = self.bar.get_or_insert_with(ProgressBar::new_spinner);
            bar.set_message(format!("{} written", HumanBytes(self.bytes)));
            bar.tick();
        }
    }
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    let text = match error.kind() {
        io::ErrorKind::NotFound => "its folder does not exist".to_owned(),
        _ => error.to_string(),
    };
    Failure::system(anyhow!("{}: cannot be written: {text}", path.display()))
}
