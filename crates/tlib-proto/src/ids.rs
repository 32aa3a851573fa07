//! Numbers of messages, attributes and errors. Every number is legal on the wire; most have a published name.

use std::fmt;

use crate::generated::{attributes, errors, messages, profile};
use crate::spec::{AttributeRow, AttributeType, Direction, ErrorRow, MessageRow};

/// Number of a message type. Constants such as [`MessageId::EVENT_USER_EVENT`] name the published ones.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub u16);

impl MessageId {
    /// The row of the published table.
    pub fn row(self) -> Option<&'static MessageRow> {
        messages::MESSAGES.get(usize::from(self.0))
    }

    /// The published name.
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.name)
    }

    /// The id of a published name, or of the form `Message203` for an id without one.
    ///
    /// ```
    /// # use tlib_proto::MessageId;
    /// assert_eq!(MessageId::from_name("EventUserEvent"), Some(MessageId::EVENT_USER_EVENT));
    /// assert_eq!(MessageId::from_name("Message203"), Some(MessageId(203)));
    /// assert_eq!(MessageId::from_name("Message96"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(id) = lookup(messages::MESSAGE_NAMES, name) {
            return Some(id);
        }
        let id = Self(number(name.strip_prefix("Message")?)?);
        id.row().is_none().then_some(id)
    }

    /// Whether clients send it. False for an id without a row.
    pub fn is_request(self) -> bool {
        self.row().is_some_and(|row| row.direction == Direction::Request)
    }

    /// Whether the server sends it. False for an id without a row.
    pub fn is_event(self) -> bool {
        self.row().is_some_and(|row| row.direction == Direction::Event)
    }

    /// Whether it is one of the profile's own messages, such as the keep-alive, which are never logged.
    pub const fn is_control(self) -> bool {
        self.0 >= profile::CONTROL_BASE
    }

    /// What answers this request successfully. `EventError` answers any request and is not listed; empty for events,
    /// unknown ids and requests whose answer nobody has published.
    pub fn answers(self) -> &'static [Self] {
        self.row().map_or(&[], |row| row.answers)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "Message{}", self.0),
        }
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name().unwrap_or("Message"), self.0)
    }
}

/// Number of an attribute. Constants such as [`AttributeId::THIS_DN`] name the published ones.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributeId(pub u16);

impl AttributeId {
    /// The row of the published table.
    pub fn row(self) -> Option<&'static AttributeRow> {
        attributes::ATTRIBUTES.get(usize::from(self.0))
    }

    /// The published name without the prefix `Attribute`.
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.name)
    }

    /// The id of a published name or a known other spelling, both without the prefix `Attribute`, or of a decimal
    /// number that has no name.
    ///
    /// ```
    /// # use tlib_proto::AttributeId;
    /// assert_eq!(AttributeId::from_name("ThisDN"), Some(AttributeId::THIS_DN));
    /// assert_eq!(AttributeId::from_name("149"), Some(AttributeId(149)));
    /// assert_eq!(AttributeId::from_name("20"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(id) = lookup(attributes::ATTRIBUTE_NAMES, name) {
            return Some(id);
        }
        let id = Self(number(name)?);
        id.row().is_none().then_some(id)
    }

    /// Type of its value; [`AttributeType::Unknown`] for an id without a row.
    pub fn ty(self) -> AttributeType {
        self.row().map_or(AttributeType::Unknown, |row| row.ty)
    }
}

impl fmt::Display for AttributeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => fmt::Display::fmt(&self.0, f),
        }
    }
}

impl fmt::Debug for AttributeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name().unwrap_or("Attribute"), self.0)
    }
}

/// An error code. Constants such as [`ErrorCode::NOT_CONFIGURED`] name the known ones.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(pub u32);

impl ErrorCode {
    /// The row of the table of known codes.
    pub fn row(self) -> Option<&'static ErrorRow> {
        let at = errors::ERRORS.binary_search_by_key(&self, |row| row.code).ok()?;
        errors::ERRORS.get(at)
    }

    /// The published name, or our slug where none is published.
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.name)
    }

    /// What the code means, shortened.
    pub fn text(self) -> Option<&'static str> {
        self.row().map(|row| row.text)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => write!(f, "{} ({text})", self.0),
            None => fmt::Display::fmt(&self.0, f),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name().unwrap_or("Error"), self.0)
    }
}

/// Finds a name in a table sorted by name.
fn lookup<T: Copy>(names: &[(&str, T)], name: &str) -> Option<T> {
    let at = names.binary_search_by(|(row, _)| (*row).cmp(name)).ok()?;
    names.get(at).map(|(_, id)| *id)
}

/// A decimal number without sign or leading zeros.
fn number(digits: &str) -> Option<u16> {
    let plain =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_id() {
        for row in crate::spec::messages() {
            assert_eq!(MessageId::from_name(row.name), Some(row.id));
            assert_eq!(row.id.to_string(), row.name);
            assert_ne!(row.id.is_request(), row.id.is_event());
        }
        for row in crate::spec::attributes() {
            assert_eq!(AttributeId::from_name(row.name), Some(row.id));
            assert_eq!(row.id.ty(), row.ty);
            for alias in row.aliases {
                assert_eq!(AttributeId::from_name(alias), Some(row.id));
            }
        }
        for row in crate::spec::errors() {
            assert_eq!(row.code.name(), Some(row.name));
        }
        for row in crate::spec::enums() {
            for value in row.values {
                assert_eq!(row.value_of(value.name), Some(value.value));
            }
        }
    }

    #[test]
    fn rows_stand_at_their_ids() {
        for (at, row) in crate::spec::messages().iter().enumerate() {
            assert_eq!(usize::from(row.id.0), at);
        }
        for (at, row) in crate::spec::attributes().iter().enumerate() {
            assert_eq!(usize::from(row.id.0), at);
        }
    }

    #[test]
    fn numbers_stand_for_ids_without_a_name_only() {
        for (text, id) in [
            ("Message203", Some(203)),
            ("Message65535", Some(65535)),
            ("Message96", None),
            ("Message0203", None),
            ("Message+203", None),
            ("Message65536", None),
            ("Message", None),
            ("message203", None),
            ("203", None),
            ("eventuserevent", None),
            ("", None),
        ] {
            assert_eq!(MessageId::from_name(text), id.map(MessageId), "{text}");
        }
        for (text, id) in
            [("149", Some(149)), ("148", None), ("0149", None), ("AttributeThisDN", None), ("", None)]
        {
            assert_eq!(AttributeId::from_name(text), id.map(AttributeId), "{text}");
        }
    }

    #[test]
    fn text_forms() {
        assert_eq!(format!("{:?} {0}", MessageId::EVENT_USER_EVENT), "EventUserEvent(96) EventUserEvent");
        assert_eq!(format!("{:?} {0}", MessageId(203)), "Message(203) Message203");
        assert_eq!(format!("{:?} {0}", AttributeId(149)), "Attribute(149) 149");
        assert_eq!(ErrorCode::NOT_CONFIGURED.to_string(), "59 (DN not configured)");
        assert_eq!(format!("{:?} {0}", ErrorCode(7)), "Error(7) 7");
    }

    #[test]
    fn answers_of_requests() {
        assert_eq!(MessageId(48).answers(), [MessageId::EVENT_ACK]);
        assert_eq!(MessageId::EVENT_ACK.answers(), []);
        assert_eq!(MessageId(9999).answers(), []);
        assert!(MessageId(profile::CONTROL_PING).is_control() && !MessageId(182).is_control());
    }
}
