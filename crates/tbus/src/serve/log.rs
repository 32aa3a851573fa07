//! Where the T-Server log of `tbus serve` goes.

use tlib_capture::{LogConfig, LogHandle, LogSink, LogTarget};

use super::ServeArgs;
use crate::exit::{Failure, say};

/// A log before the first screen is shown.
pub(super) enum Log {
    /// A file or directory, which is open already: its name is on the screen.
    File(LogSink, LogHandle),
    /// Standard output, which may not print before the screen has.
    Terminal(Box<LogConfig>),
}

impl Log {
    /// Opens the log of these arguments.
    pub(super) fn open(args: &ServeArgs, application: &str) -> Result<Self, Failure> {
        let mut config = LogConfig::new(application);
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
    pub(super) fn describe(&self) -> String {
        match self {
            Self::File(sink, handle) => {
                let path = handle.path().map(|path| path.display().to_string()).unwrap_or_default();
                format!("{path}, level {}", sink.verbosity())
            }
            Self::Terminal(config) => format!("here, level {} (--log FILE for a file)", config.verbosity),
        }
    }

    /// The running log; from now on it may print.
    pub(super) fn start(self) -> Result<(LogSink, LogHandle), Failure> {
        match self {
            Self::File(sink, handle) => Ok((sink, handle)),
            Self::Terminal(config) => LogSink::start(*config, LogTarget::Stdout).map_err(Failure::system),
        }
    }
}
