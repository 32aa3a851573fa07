//! How a command ends: the exit code, and what stderr says.

use std::io::{self, Write};
use std::process::ExitCode;

/// The exit codes that `tbus --help` documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// A time-out, or something that was expected has not come.
    Unmet = 1,
    /// EventError came back, or what was given is wrong or cannot be read.
    Refused = 2,
    /// No connection, no listener, nothing can be written, or the system failed.
    System = 3,
}

/// How every command ends.
pub(crate) type Outcome = Result<Exit, Failure>;

/// Why a command has stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads standard output any more, which is no error: `tbus ... | head`.
    Closed,
    /// Anything else.
    Failed {
        /// What the process exits with.
        exit: Exit,
        /// What stderr says, causes joined by colons.
        error: anyhow::Error,
    },
}

impl Failure {
    /// Wrong usage or bad input.
    pub(crate) fn bad(error: impl Into<anyhow::Error>) -> Self {
        Self::Failed { exit: Exit::Refused, error: error.into() }
    }

    /// The system has failed.
    pub(crate) fn system(error: impl Into<anyhow::Error>) -> Self {
        Self::Failed { exit: Exit::System, error: error.into() }
    }

    /// Something that was expected has not come.
    pub(crate) fn unmet(error: impl Into<anyhow::Error>) -> Self {
        Self::Failed { exit: Exit::Unmet, error: error.into() }
    }

    /// Writing to standard output has failed.
    pub(crate) fn output(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::system(anyhow::Error::new(error).context("standard output")),
        }
    }

    /// The same failure with more in front of it.
    pub(crate) fn context(self, what: impl std::fmt::Display + Send + Sync + 'static) -> Self {
        match self {
            Self::Closed => Self::Closed,
            Self::Failed { exit, error } => Self::Failed { exit, error: error.context(what) },
        }
    }
}

/// Says a failure on stderr and gives the process's exit code.
pub(crate) fn report(outcome: Outcome) -> ExitCode {
    let exit = match outcome {
        Ok(exit) => exit,
        Err(Failure::Closed) => Exit::Done,
        Err(Failure::Failed { exit, error }) => {
            say(&text(&error));
            exit
        }
    };
    ExitCode::from(exit as u8)
}

/// An error and its causes in one line. Some errors say their cause themselves: it is not said twice.
fn text(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&format!(": {cause}")) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&cause);
        }
    }
    text
}

/// Why a file cannot be read.
pub(crate) fn unreadable(error: &io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::NotFound => anyhow::anyhow!("no such file"),
        _ => anyhow::anyhow!("{error}"),
    }
}

/// The first 40 characters of what the user has given: an error is about it, it need not hold all of it.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// `1 line`, `2 lines`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Writes `tbus: <text>` to stderr.
pub(crate) fn say(text: &str) {
    note(&format!("tbus: {text}"));
}

/// Writes a line to stderr. That nobody reads it is no error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{}", harmless(text));
}

/// A text that cannot steer a terminal, whoever wrote a part of it: control characters but ends of lines and tabs become
/// U+FFFD.
fn harmless(text: &str) -> String {
    let steers = |sign: char| sign.is_control() && !['\n', '\t'].contains(&sign);
    text.chars().map(|sign| if steers(sign) { '\u{fffd}' } else { sign }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(harmless("VQ\u{1b}[2J\r\u{9b}1m\n\té"), "VQ\u{fffd}[2J\u{fffd}\u{fffd}1m\n\té");
    }

    #[test]
    fn long_values_are_cut() {
        let long = "é".repeat(41);
        assert_eq!(cut(&long), format!("{}...", "é".repeat(40)));
        assert_eq!(cut("short"), "short");
        assert_eq!([counted(0, "line"), counted(1, "line")], ["0 lines", "1 line"]);
    }

    #[test]
    fn a_cause_is_said_once() {
        let cause = io::Error::other("no room");
        assert_eq!(text(&anyhow::Error::new(cause).context("log").context("x.log")), "x.log: log: no room");
        let cause = anyhow!("no room").context("cannot write: no room; delete something");
        assert_eq!(text(&cause), "cannot write: no room; delete something");
    }
}
