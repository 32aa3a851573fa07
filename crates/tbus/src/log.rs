//! Where the log of `tbus serve` and `tbus record` goes.

use std::path::PathBuf;

use clap::Args;
use tlib_capture::{Expire, LogConfig, LogHandle, LogSink, LogTarget, Segment, Verbosity};

use crate::exit::{Failure, say};

/// Options of every command that keeps a log.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Where the log goes; without it, to the terminal
    #[arg(long, value_name = "FILE|DIR/|-")]
    log: Option<String>,
    /// How much is logged: none, standard, interaction, trace, debug or all
    #[arg(long, value_name = "LEVEL", default_value_t = Verbosity::All)]
    pub(crate) log_level: Verbosity,
    /// When a log file is full: false, or a size such as '100 KB' or '10 MB'
    #[arg(long, value_name = "SIZE", default_value = "10 MB")]
    log_segment: Segment,
    /// How many log files are kept: false, or a number
    #[arg(long, value_name = "FILES", default_value = "10")]
    log_expire: Expire,
}

impl LogArgs {
    /// The arguments `--log PLACE --log-level LEVEL`, for commands whose other options for the log are the defaults.
    pub(crate) fn at(place: String, log_level: Verbosity) -> Self {
        Self { log: Some(place), log_level, log_segment: Segment::default(), log_expire: Expire::default() }
    }

    /// The file that `--log` names, if it is one.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match LogTarget::parse(self.log.as_deref().unwrap_or("-"), "") {
            LogTarget::File(path) => Some(path),
            _ => None,
        }
    }

    /// Whether a place for the log was given.
    pub(crate) const fn is_named(&self) -> bool {
        self.log.is_some()
    }
}

/// A log before the first screen is shown.
pub(crate) enum Log {
    /// A file or directory, which is open already: its name is on the screen.
    File(LogSink, LogHandle),
    /// Standard output, which may not print before the screen has.
    Terminal(Box<LogConfig>),
}

impl Log {
    /// Opens the log of these arguments; `kind` is the application's type in the header, unless it is a T-Server.
    pub(crate) fn open(args: &LogArgs, application: &str, kind: Option<&str>) -> Result<Self, Failure> {
        let mut config = LogConfig::new(application);
        if let Some(kind) = kind {
            kind.clone_into(&mut config.application_type);
        }
        config.verbosity = args.log_level;
        config.segment = args.log_segment;
        config.expire = args.log_expire;
        config.on_error = Box::new(|error| say(&error.to_string()));
        let target = LogTarget::parse(args.log.as_deref().unwrap_or("-"), application);
        if let LogTarget::Stdout = target {
            return Ok(Self::Terminal(Box::new(config)));
        }
        let (sink, handle) = LogSink::start(config, target).map_err(Failure::system)?;
        Ok(Self::File(sink, handle))
    }

    /// One line for the first screen.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::File(sink, handle) => {
                let path = handle.path().map(|path| path.display().to_string()).unwrap_or_default();
                format!("{path}, level {}", sink.verbosity())
            }
            Self::Terminal(config) => format!("here, level {} (--log FILE for a file)", config.verbosity),
        }
    }

    /// The running log; from now on it may print.
    pub(crate) fn start(self) -> Result<(LogSink, LogHandle), Failure> {
        match self {
            Self::File(sink, handle) => Ok((sink, handle)),
            Self::Terminal(config) => LogSink::start(*config, LogTarget::Stdout).map_err(Failure::system),
        }
    }
}
