//! Levels of lines, and the `verbose` option that says which of them are printed.

use std::fmt;
use std::str::FromStr;

use super::OptionError;

/// How important a line is, most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `Std`: what an operator must see.
    Standard,
    /// `Int`: interactions; also the event blocks and notes, which print no level.
    Interaction,
    /// `Trc`: each message received and sent.
    Trace,
    /// `Dbg`: everything else.
    Debug,
}

impl Level {
    /// The three letters that stand in a line.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Standard => "Std",
            Self::Interaction => "Int",
            Self::Trace => "Trc",
            Self::Debug => "Dbg",
        }
    }
}

/// The `verbose` option: `none`, `standard`, `interaction`, `trace`, `debug` or `all`, each with the levels before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verbosity {
    /// Prints nothing.
    None,
    /// Prints [`Level::Standard`].
    Standard,
    /// Prints [`Level::Interaction`] and what is more important.
    Interaction,
    /// Prints [`Level::Trace`] and what is more important.
    Trace,
    /// Prints [`Level::Debug`] and what is more important.
    Debug,
    /// Prints everything.
    #[default]
    All,
}

impl Verbosity {
    const VALUES: [Self; 6] =
        [Self::None, Self::Standard, Self::Interaction, Self::Trace, Self::Debug, Self::All];

    /// Whether lines of this level are printed.
    #[inline]
    pub const fn allows(self, level: Level) -> bool {
        self as u8 > level as u8
    }

    /// The option's value in the vendor's spelling.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Standard => "standard",
            Self::Interaction => "interaction",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::All => "all",
        }
    }
}

impl fmt::Display for Verbosity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Verbosity {
    type Err = OptionError;

    fn from_str(value: &str) -> Result<Self, OptionError> {
        Self::VALUES
            .into_iter()
            .find(|verbosity| verbosity.name().eq_ignore_ascii_case(value.trim()))
            .ok_or_else(|| {
                OptionError::new("verbose", value, "none, standard, interaction, trace, debug or all")
            })
    }
}
