//! What can be wrong with a text of options, and what is only worth a note.

use std::fmt;

use tbus_options::MistakeKind;

/// Something that is allowed and has no effect here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The text's name, usually its path.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// The option, or the section in its brackets.
    pub name: String,
    /// What it is about and what becomes of it.
    pub text: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {}: {}", self.file, self.line, self.text)
    }
}

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
        /// The section, cut.
        name: String,
        /// What is there instead.
        hint: String,
    },
    /// A section for the second time.
    #[error("section [{name}] is there twice, first in line {first}; join them")]
    SectionTwice {
        /// The section.
        name: String,
        /// Where it was first.
        first: usize,
    },
    /// A name that cannot stand in the path of a request.
    #[error(
        "{found:?} cannot be the name of a service: write 1 to 64 letters, digits, points, hyphens, underscores"
    )]
    ServiceName {
        /// The name, cut.
        found: String,
    },
    /// More services than there may be.
    #[error("there are more than {limit} services")]
    TooManyServices {
        /// Most services.
        limit: usize,
    },
    /// No section of a service.
    #[error("there is no service: write [service.NAME] and its options below it, e.g. _rep_userevent_dn")]
    NoService,
    /// A service that shall report and is not told where.
    #[error(
        "service {service} has _rep_userevent_enable and no _rep_userevent_dn; name a DN, e.g. REPORTING"
    )]
    NoDn {
        /// The service.
        service: String,
    },
    /// An option that is not known.
    #[error("section [{section}] has no option {name}{hint}")]
    UnknownOption {
        /// The section.
        section: String,
        /// The option, cut.
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
}
