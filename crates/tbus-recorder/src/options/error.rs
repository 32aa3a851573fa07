//! What can be wrong with a text of options, and what is only worth a note.

use tbus_options::MistakeKind;
pub use tbus_options::Notice;

/// Why a text of options is refused, and where.
pub type OptionsError = tbus_options::OptionsError<OptionsErrorKind>;

/// What is wrong with a text of options.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsErrorKind {
    /// It is no INI text.
    #[error(transparent)]
    Text(#[from] MistakeKind),
    /// A section that is not known.
    #[error("there is no section [{name}]{hint}")]
    UnknownSection {
        /// The section.
        name: String,
        /// `; did you mean ..?` or the sections there are.
        hint: String,
    },
    /// An option that is not known.
    #[error("section [{section}] has no option {name}{hint}")]
    UnknownOption {
        /// The section.
        section: String,
        /// The option.
        name: String,
        /// `; did you mean ..?` or nothing.
        hint: String,
    },
    /// An option for the second time.
    #[error("{name} is there twice, first in line {first}; delete one of them")]
    Twice {
        /// The option.
        name: String,
        /// Where it was first.
        first: usize,
    },
    /// A value that the option cannot have.
    #[error("{name} = {found}: {legal}")]
    Value {
        /// The option.
        name: String,
        /// The value, cut.
        found: String,
        /// What it can be.
        legal: String,
    },
    /// A key in two lists, or twice in one.
    #[error("key {key:?} of {name} is in {other} already (line {first}); a key can be in one place only")]
    KeyTwice {
        /// The key.
        key: String,
        /// The option.
        name: String,
        /// The option that has it.
        other: String,
        /// Its line.
        first: usize,
    },
}
