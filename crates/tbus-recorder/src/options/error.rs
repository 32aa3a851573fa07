//! What can be wrong with a text of options, and what is only worth a note.

use std::fmt;

use tbus_options::MistakeKind;

/// Something that is allowed and has no effect, or another than its author may think. Specifications have them, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The text's name, usually its path.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What it is about and what becomes of it.
    pub text: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {}: {}", self.file, self.line, self.text)
    }
}

/// Why a text of options is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: line {line}: {kind}")]
pub struct OptionsError {
    /// The text's name, usually its path.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub kind: OptionsErrorKind,
}

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
