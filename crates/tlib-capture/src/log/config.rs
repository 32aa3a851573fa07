//! What a log is told at its start.

use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf, is_separator};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use tlib_proto::Timestamp;

use super::{LogError, OptionError, Verbosity};

/// Everything about a log but where it goes.
#[non_exhaustive]
pub struct LogConfig {
    /// `Application name:`, and the base of file names in a directory.
    pub application: String,
    /// `Application type:`; `TServer (1)` unless changed.
    pub application_type: String,
    /// The version in `@` lines; `8.1.000.62`, as in the published log, unless changed.
    pub version: String,
    /// `Command line:`; that of this process unless changed.
    pub command_line: String,
    /// `Host name:`; that of this host unless changed.
    pub host_name: String,
    /// `Host info:`; operating system and architecture unless changed.
    pub host_info: String,
    /// The zone of every time in the log and in file names; the system's unless changed.
    pub zone: TimeZone,
    /// What is printed; everything unless changed.
    pub verbosity: Verbosity,
    /// When a file is full; at 10 MB unless changed.
    pub segment: Segment,
    /// How many files are kept; 10 unless changed.
    pub expire: Expire,
    /// How many bytes of records may wait for the log's thread before publishers have to; 8 MiB unless changed.
    pub pending_bytes: usize,
    /// How long the thread gathers records before it writes them in one go, at most 200 ms; 1 ms unless changed.
    pub gather: Duration,
    /// The clock for what no record has a time for: header, start lines and last line. The system's unless changed.
    pub clock: Box<dyn Fn() -> Timestamp + Send>,
    /// Called on the log's thread with the first error of each outage; nothing unless changed.
    pub on_error: Box<dyn Fn(&LogError) + Send>,
}

impl LogConfig {
    /// The defaults for an application of this name.
    pub fn new(application: impl Into<String>) -> Self {
        let arguments: Vec<_> = std::env::args_os().map(|part| part.to_string_lossy().into_owned()).collect();
        Self {
            application: application.into(),
            application_type: "TServer (1)".into(),
            version: "8.1.000.62".into(),
            command_line: arguments.join(" "),
            host_name: host_name(),
            host_info: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            zone: TimeZone::system(),
            verbosity: Verbosity::default(),
            segment: Segment::default(),
            expire: Expire::default(),
            pending_bytes: 8 << 20,
            gather: Duration::from_millis(1),
            clock: Box::new(system_clock),
            on_error: Box::new(|_| ()),
        }
    }
}

impl fmt::Debug for LogConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogConfig")
            .field("application", &self.application)
            .field("verbosity", &self.verbosity)
            .field("segment", &self.segment)
            .field("expire", &self.expire)
            .finish_non_exhaustive()
    }
}

fn system_clock() -> Timestamp {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_duration(now.unwrap_or_default())
}

fn host_name() -> String {
    // Without a system call of our own: Linux shows it as a file, Windows as a variable.
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .or_else(|| std::env::var("HOSTNAME").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".into())
}

/// Where a log goes.
#[derive(Clone, Debug)]
pub enum LogTarget {
    /// Exactly this file. When it is full it is renamed to `<base>.YYYYMMDD_HHMMSS_mmm.log`, by the time at which it
    /// was begun, with `<base>` the file's name without `.log`, and begun again.
    ///
    /// A file that is there already, unless it is empty, is renamed in the same way, by its modification time: what
    /// an earlier run wrote is neither cut nor mixed with this run's lines. What is no regular file (a pipe, a
    /// device) is written as it is and has no segments.
    File(PathBuf),
    /// Files named `<base>.YYYYMMDD_HHMMSS_mmm.log` in this directory, which is made if it is not there. Characters
    /// of the base that a file name may not have everywhere become `_`.
    Directory(PathBuf, String),
    /// Standard output, without header and segments. That nobody reads it any more is no error.
    Stdout,
    /// Memory, without segments; for tests and demonstrations.
    Memory(MemoryLog),
}

impl LogTarget {
    /// Reads the argument `FILE`, `DIR/` or `-`; a directory that exists needs no slash. `base` begins the file names
    /// in a directory.
    pub fn parse(argument: &str, base: &str) -> Self {
        if argument == "-" {
            return Self::Stdout;
        }
        let path = Path::new(argument);
        if argument.ends_with(is_separator) || path.is_dir() {
            return Self::Directory(path.into(), base.into());
        }
        Self::File(path.into())
    }
}

/// A log in memory; clones share it. It grows without limit.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog {
    bytes: Arc<Mutex<Vec<u8>>>,
    header: bool,
}

impl MemoryLog {
    /// An empty log that will get no header.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty log that will get a header.
    pub fn with_header() -> Self {
        Self { header: true, ..Self::default() }
    }

    /// What has been written so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.lock()).into_owned()
    }

    pub(super) const fn has_header(&self) -> bool {
        self.header
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        // Bytes have no invariant that a panic of another thread could have broken.
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::io::Write for MemoryLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The `segment` option: when a file is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// `false`: never.
    Never,
    /// `10 MB`, `100 KB`, or a number of KB: before the block that would make it larger than so many bytes.
    Bytes(u64),
}

impl Default for Segment {
    fn default() -> Self {
        Self::Bytes(10 << 20)
    }
}

impl FromStr for Segment {
    type Err = OptionError;

    fn from_str(value: &str) -> Result<Self, OptionError> {
        let error = || OptionError::new("segment", value, "false, or a size such as 100 KB or 10 MB");
        let text = value.trim();
        if text.eq_ignore_ascii_case("false") {
            return Ok(Self::Never);
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit = match unit.trim().to_ascii_uppercase().as_str() {
            "" | "KB" => 1 << 10,
            "MB" => 1 << 20,
            _ => return Err(error()),
        };
        let number: u64 = number.parse().map_err(|_| error())?;
        number.checked_mul(unit).filter(|size| *size > 0).map(Self::Bytes).ok_or_else(error)
    }
}

/// The `expire` option: how many files are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expire {
    /// `false`: all of them.
    Never,
    /// `10` or `10 file`: so many, the one that is being written included (chosen).
    Files(NonZeroU32),
}

impl Default for Expire {
    fn default() -> Self {
        Self::Files(NonZeroU32::MIN.saturating_add(9))
    }
}

impl FromStr for Expire {
    type Err = OptionError;

    fn from_str(value: &str) -> Result<Self, OptionError> {
        let text = value.trim();
        if text.eq_ignore_ascii_case("false") {
            return Ok(Self::Never);
        }
        let number = text.strip_suffix("file").unwrap_or(text).trim_end();
        number.parse().map(Self::Files).map_err(|_| {
            OptionError::new(
                "expire",
                value,
                "false, or a number of files such as 10 (days are not supported)",
            )
        })
    }
}
