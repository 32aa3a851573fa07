//! Where the T-Server log of `tbus serve` goes.

use std::sync::{Arc, Mutex, PoisonError};

use tbus_server::ServerConfig;
use tlib_capture::{LogConfig, LogHandle, LogSink, LogTarget, Record, Verbosity};

use super::ServeArgs;
use crate::exit::{Failure, say};

/// A log before the first screen is shown.
pub(super) enum Log {
    /// A file or directory, which is open already.
    File { sink: LogSink, handle: LogHandle, level: Verbosity },
    /// Standard output. It may not print before the first screen has, so records wait until then.
    Terminal { gate: Gate, config: Box<LogConfig> },
}

/// Records that wait for their log, and the log once it is there.
type Gate = Arc<Mutex<Gated>>;

pub(super) enum Gated {
    Waiting(Vec<Record>),
    Open(LogSink),
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
            let gate = Arc::new(Mutex::new(Gated::Waiting(Vec::new())));
            return Ok(Self::Terminal { gate, config: Box::new(config) });
        }
        let level = config.verbosity;
        let (sink, handle) = LogSink::start(config, target).map_err(Failure::system)?;
        Ok(Self::File { sink, handle, level })
    }

    /// Has the server write to it.
    pub(super) fn attach(&self, config: &mut ServerConfig) {
        match self {
            Self::File { sink, level, .. } => config.log = Some((sink.clone(), *level)),
            Self::Terminal { config: log, .. } if log.verbosity == Verbosity::None => {}
            Self::Terminal { gate, .. } => {
                let gate = Arc::clone(gate);
                config.tap = Some(Box::new(move |records| push(&gate, records)));
            }
        }
    }

    /// One line for the first screen.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::File { handle, level, .. } => {
                let path = handle.path().map(|path| path.display().to_string()).unwrap_or_default();
                format!("{path}, level {level}")
            }
            Self::Terminal { config, .. } => {
                format!("here, level {} (--log FILE for a file)", config.verbosity)
            }
        }
    }

    /// From now on it may print.
    pub(super) fn show(self) -> Result<LogHandle, Failure> {
        let (gate, config) = match self {
            Self::File { handle, .. } => return Ok(handle),
            Self::Terminal { gate, config } => (gate, config),
        };
        let (sink, handle) = LogSink::start(*config, LogTarget::Stdout).map_err(Failure::system)?;
        let mut gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
        if let Gated::Waiting(records) = &mut *gate {
            sink.push_batch(records);
        }
        *gate = Gated::Open(sink);
        Ok(handle)
    }
}

fn push(gate: &Gate, records: &[Record]) {
    match &mut *gate.lock().unwrap_or_else(PoisonError::into_inner) {
        Gated::Waiting(waiting) => waiting.extend_from_slice(records),
        Gated::Open(sink) => sink.push_batch(&mut records.to_vec()),
    }
}
