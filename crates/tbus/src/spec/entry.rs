//! A row of any table of the specification.

use tlib_proto::spec::{self, AttributeRow, ChoiceRow, EnumRow, EnumValue, ErrorRow, MessageRow, Provenance};

/// A row of any table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entry {
    Message(&'static MessageRow),
    Attribute(&'static AttributeRow),
    Enum(&'static EnumRow),
    Value(&'static EnumRow, &'static EnumValue),
    Error(&'static ErrorRow),
    Choice(&'static ChoiceRow),
}

impl Entry {
    /// Every row that there is.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let values = |row: &'static EnumRow| row.values.iter().map(move |value| Self::Value(row, value));
        (spec::errors().iter().map(Self::Error))
            .chain(spec::messages().iter().map(Self::Message))
            .chain(spec::attributes().iter().map(Self::Attribute))
            .chain(
                spec::enums().iter().flat_map(move |row| std::iter::once(Self::Enum(row)).chain(values(row))),
            )
            .chain(spec::choices().iter().map(Self::Choice))
    }

    /// What kind of row it is.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::Attribute(_) => "attribute",
            Self::Enum(_) => "enum",
            Self::Value(..) => "value",
            Self::Error(_) => "error",
            Self::Choice(_) => "profile",
        }
    }

    /// Its number, where it has one.
    pub(super) fn number(self) -> Option<i64> {
        match self {
            Self::Message(row) => Some(row.id.0.into()),
            Self::Attribute(row) => Some(row.id.0.into()),
            Self::Value(_, value) => Some(value.value),
            Self::Error(row) => Some(row.code.0.into()),
            Self::Enum(_) | Self::Choice(_) => None,
        }
    }

    /// Its name as published.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Message(row) => row.name,
            Self::Attribute(row) => row.name,
            Self::Enum(row) => row.name,
            Self::Value(_, value) => value.name,
            Self::Error(row) => row.name,
            Self::Choice(row) => row.key,
        }
    }

    /// How it is known.
    pub(super) const fn provenance(self) -> &'static [Provenance] {
        match self {
            Self::Message(row) => row.provenance,
            Self::Attribute(row) => row.provenance,
            Self::Enum(row) => row.provenance,
            Self::Value(_, value) => value.provenance,
            Self::Error(row) => row.provenance,
            Self::Choice(row) => row.provenance,
        }
    }

    /// What else is worth knowing; may be empty.
    pub(super) const fn note(self) -> &'static str {
        match self {
            Self::Message(row) => row.note,
            Self::Attribute(row) => row.note,
            Self::Enum(row) => row.note,
            Self::Value(..) => "",
            Self::Error(row) => row.note,
            Self::Choice(row) => row.note,
        }
    }

    /// Whether the name stands for this row, in any of its spellings.
    pub(super) fn is_called(self, name: &str, same: fn(&str, &str) -> bool) -> bool {
        if same(self.name(), name) {
            return true;
        }
        match self {
            Self::Attribute(row) => {
                let bare =
                    name.get(..9).filter(|prefix| same(prefix, "Attribute")).and_then(|_| name.get(9..));
                let called =
                    |name: &str| same(row.name, name) || row.aliases.iter().any(|alias| same(alias, name));
                called(name) || bare.is_some_and(called)
            }
            // `CallType.Inbound` names one value of several that are called `Inbound`; `CallTypeInbound` is how SDKs
            // spell it.
            Self::Value(row, value) => {
                let (list, rest) = (name.get(..row.name.len()), name.get(row.name.len()..));
                list.zip(rest).is_some_and(|(list, rest)| {
                    same(row.name, list) && same(value.name, rest.strip_prefix('.').unwrap_or(rest))
                })
            }
            _ => false,
        }
    }
}
