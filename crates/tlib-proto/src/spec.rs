//! The protocol's published tables as data: what each id means and how that is known.
//!
//! The rows are generated from `protocol-spec`. Everything that nobody has published is here too, as a row whose
//! provenance is [`Provenance::Inferred`] or [`Provenance::Chosen`], so that a program can list it at run time.

use crate::generated;
use crate::ids::{AttributeId, ErrorCode, MessageId};

/// How a fact is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provenance {
    /// Vendor documentation states it.
    Doc,
    /// A public SDK enumeration or header states it.
    Header,
    /// A published log shows it.
    Log,
    /// A third-party tool or client sample relies on it.
    Tool,
    /// Deduced from the other kinds.
    Inferred,
    /// Nobody has published it; this project decided.
    Chosen,
}

impl Provenance {
    /// The code used in `protocol-spec`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Doc => "doc",
            Self::Header => "header",
            Self::Log => "log",
            Self::Tool => "tool",
            Self::Inferred => "inferred",
            Self::Chosen => "chosen",
        }
    }

    /// Whether no outside source states the fact itself.
    pub const fn is_unverified(self) -> bool {
        matches!(self, Self::Inferred | Self::Chosen)
    }
}

impl std::fmt::Display for Provenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Client to server.
    Request,
    /// Server to client.
    Event,
}

impl Direction {
    /// The word used in `protocol-spec`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Event => "event",
        }
    }
}

/// Type of an attribute's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttributeType {
    /// Bytes of a string.
    Str,
    /// Signed four-byte number.
    Int,
    /// Unsigned four-byte number.
    Unsigned,
    /// Eight-byte number: a connection id or a sequence number.
    Long,
    /// Packed key-value list.
    List,
    /// Opaque bytes: a mask.
    Binary,
    /// Not published, or an attribute without a row.
    Unknown,
}

impl AttributeType {
    /// The word used in `protocol-spec`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Str => "str",
            Self::Int => "int",
            Self::Unsigned => "unsigned",
            Self::Long => "long",
            Self::List => "list",
            Self::Binary => "binary",
            Self::Unknown => "unknown",
        }
    }
}

/// How log text shows an attribute's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrintForm {
    /// In single quotes.
    Quoted,
    /// A bare decimal number.
    Decimal,
    /// Sixteen lower-case hex digits.
    Hex16,
    /// Seconds since 1970 and the local time of day in parentheses.
    Time,
    /// The bare name of a message.
    MessageName,
    /// Length, first bytes, then a line per pair.
    List,
    /// A bit mask; the vendor's text of it is not published.
    Mask,
    /// Not published.
    Unknown,
}

impl PrintForm {
    /// The word used in `protocol-spec`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quoted => "quoted",
            Self::Decimal => "decimal",
            Self::Hex16 => "hex16",
            Self::Time => "time",
            Self::MessageName => "message_name",
            Self::List => "list",
            Self::Mask => "mask",
            Self::Unknown => "unknown",
        }
    }
}

/// A message type.
#[derive(Debug)]
pub struct MessageRow {
    /// Its number on the wire.
    pub id: MessageId,
    /// Published name.
    pub name: &'static str,
    /// Who sends it.
    pub direction: Direction,
    /// Events that answer a request successfully; `EventError` is never listed.
    pub answers: &'static [MessageId],
    /// How the answers are known; empty where there are none.
    pub answers_provenance: &'static [Provenance],
    /// Release that brought it, where known.
    pub since: Option<&'static str>,
    /// How id and name are known.
    pub provenance: &'static [Provenance],
    /// What else is worth knowing; may be empty.
    pub note: &'static str,
}

/// An attribute.
#[derive(Debug)]
pub struct AttributeRow {
    /// Its number on the wire.
    pub id: AttributeId,
    /// Published name without the prefix `Attribute`.
    pub name: &'static str,
    /// Type of its value.
    pub ty: AttributeType,
    /// How log text shows it.
    pub print: PrintForm,
    /// Name of the enumeration of its values.
    pub enumeration: Option<&'static str>,
    /// How id and name are known.
    pub provenance: &'static [Provenance],
    /// How the type is known; empty where it is unknown.
    pub type_provenance: &'static [Provenance],
    /// Other spellings of the name that logs hold.
    pub aliases: &'static [&'static str],
    /// How the aliases are known; empty where there are none.
    pub aliases_provenance: &'static [Provenance],
    /// What else is worth knowing; may be empty.
    pub note: &'static str,
}

/// A named value of an enumeration.
#[derive(Debug)]
pub struct EnumValue {
    /// Published name.
    pub name: &'static str,
    /// The number.
    pub value: i64,
    /// How it is known.
    pub provenance: &'static [Provenance],
}

/// An enumeration.
#[derive(Debug)]
pub struct EnumRow {
    /// Published name.
    pub name: &'static str,
    /// Its named values; of two names for one number the preferred one comes first.
    pub values: &'static [EnumValue],
    /// How it is known.
    pub provenance: &'static [Provenance],
    /// What it is about.
    pub note: &'static str,
}

impl EnumRow {
    /// The preferred name of a number.
    pub fn name_of(&self, value: i64) -> Option<&'static str> {
        self.values.iter().find(|row| row.value == value).map(|row| row.name)
    }

    /// The number of a name.
    pub fn value_of(&self, name: &str) -> Option<i64> {
        self.values.iter().find(|row| row.name == name).map(|row| row.value)
    }
}

/// An error code.
#[derive(Debug)]
pub struct ErrorRow {
    /// Its number.
    pub code: ErrorCode,
    /// Published name (`TERR_...`), or a slug of the text where none is published.
    pub name: &'static str,
    /// What it means, shortened.
    pub text: &'static str,
    /// Title of the family of codes it belongs to.
    pub family: &'static str,
    /// How the code is known.
    pub provenance: &'static [Provenance],
    /// What else is worth knowing; may be empty.
    pub note: &'static str,
}

/// A decision of the wire profile.
#[derive(Debug)]
pub struct ChoiceRow {
    /// What it belongs to: `frame`, `kind`, `list`, `session`, `switch`, `log` or `json`.
    pub area: &'static str,
    /// What is decided.
    pub key: &'static str,
    /// What was decided.
    pub value: &'static str,
    /// How it is known.
    pub provenance: &'static [Provenance],
    /// Why, or what is published beside it.
    pub note: &'static str,
}

/// All message types, by id from 0 without a gap.
pub fn messages() -> &'static [MessageRow] {
    generated::messages::MESSAGES
}

/// All attributes, by id from 0 without a gap.
pub fn attributes() -> &'static [AttributeRow] {
    generated::attributes::ATTRIBUTES
}

/// All enumerations.
pub fn enums() -> &'static [EnumRow] {
    generated::enums::ENUMS
}

/// The enumeration of that published name.
pub fn enumeration(name: &str) -> Option<&'static EnumRow> {
    enums().iter().find(|row| row.name == name)
}

/// All error codes, by number.
pub fn errors() -> &'static [ErrorRow] {
    generated::errors::ERRORS
}

/// All decisions of the reference wire profile.
pub fn choices() -> &'static [ChoiceRow] {
    generated::profile::CHOICES
}

/// Defines an open enumeration: every number is legal, some have names.
macro_rules! open_enum {
    (
        $(#[$doc:meta])*
        $name:ident = $published:literal, [$($from:ident)*], $note:literal;
        $($(#[$value_doc:meta])* $constant:ident = $value:literal, $value_name:literal, [$($value_from:ident)*];)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub i32);

        impl $name {
            $($(#[$value_doc])* pub const $constant: Self = Self($value);)*

            /// The enumeration as data.
            pub const ROW: $crate::spec::EnumRow = $crate::spec::EnumRow {
                name: $published,
                values: &[$($crate::spec::EnumValue {
                    name: $value_name,
                    value: $value,
                    provenance: &[$($crate::spec::Provenance::$value_from),*],
                }),*],
                provenance: &[$($crate::spec::Provenance::$from),*],
                note: $note,
            };

            /// The published name, if the number has one.
            pub fn name(self) -> Option<&'static str> {
                Self::ROW.name_of(i64::from(self.0))
            }

            /// The value of that published name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($value_name => Some(Self($value)),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => std::fmt::Display::fmt(&self.0, f),
                }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", self.name().unwrap_or($published), self.0)
            }
        }
    };
}
pub(crate) use open_enum;
