//! A message as a log shows it.

use std::borrow::Cow;

use tlib_proto::text::{Reader as TextReader, TextError};
use tlib_proto::{Message, MessageId};

use super::record::{Complaint, Origin, Position};
use super::scan::Body;
use super::split::{FieldAt, FieldKind};
use super::time::{offset_of, time_in_secs};

/// A message with its attributes and pairs, split where they stand. Values are as printed: quoted strings with their quotes,
/// list heads, bare numbers.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// What the heading says beside the name.
    pub origin: Origin<'a>,
    /// Name of the message as printed; empty for damaged blocks.
    pub name: &'a [u8],
    pub(super) at: Position<'a>,
    pub(super) text: &'a [u8],
    pub(super) fields: &'a [FieldAt],
    pub(super) body: Body,
    /// What was said of the block already.
    pub(super) complaints: &'a [Complaint],
}

/// An attribute of a block.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    /// Name without `Attribute` in front.
    pub name: &'a [u8],
    /// Value as printed.
    pub value: &'a [u8],
    /// Number of its line in the file, from 1.
    pub line: u64,
    text: &'a [u8],
    /// What follows in the block.
    rest: &'a [FieldAt],
    first_line: u64,
}

/// A pair of a list.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// 1 for the pairs of an attribute's own list, 2 for those of a list in it, and so on. The pairs of an inner list follow
    /// the pair that holds it.
    pub depth: u8,
    /// Key as printed, without its quotes.
    pub key: &'a [u8],
    /// Whether the key is printed `"escaped"`.
    pub escaped: bool,
    /// Value as printed; `(list)` for an inner list.
    pub value: &'a [u8],
    /// Number of its line in the file, from 1.
    pub line: u64,
}

/// An attribute, a pair, or a line that is neither, in their order.
#[derive(Clone, Copy, Debug)]
pub enum Field<'a> {
    /// An attribute; the pairs of a list follow.
    Attribute(Attribute<'a>),
    /// A pair.
    Pair(Pair<'a>),
    /// A line that cannot be read, or a remark in parentheses.
    Other(&'a [u8]),
}

impl<'a> Pair<'a> {
    fn of(text: &'a [u8], field: &FieldAt, first_line: u64) -> Self {
        Self {
            depth: field.depth,
            key: field.name.text(text),
            escaped: field.kind == FieldKind::EscapedPair,
            value: field.value.text(text),
            line: first_line.saturating_add(field.line.into()),
        }
    }

    /// What stands between single quotes, which is a string as it is.
    pub fn quoted(&self) -> Option<&'a [u8]> {
        quoted(self.value)
    }
}

impl<'a> Attribute<'a> {
    /// What stands between single quotes, which is a string as it is.
    pub fn quoted(&self) -> Option<&'a [u8]> {
        quoted(self.value)
    }

    /// The pairs of a list, those of inner lists among them.
    pub fn pairs(&self) -> impl Iterator<Item = Pair<'a>> + use<'a> {
        let (text, first_line) = (self.text, self.first_line);
        self.rest
            .iter()
            .take_while(|field| field.kind != FieldKind::Attribute)
            .filter(|field| field.kind != FieldKind::Other)
            .map(move |field| Pair::of(text, field, first_line))
    }
}

/// `'text'` without its quotes.
fn quoted(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(b"'")?.strip_suffix(b"'")
}

/// The fields of a block, see [`Block::fields`].
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    text: &'a [u8],
    rest: &'a [FieldAt],
    first_line: u64,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(match first.kind {
            FieldKind::Attribute => Field::Attribute(Attribute {
                name: first.name.text(self.text),
                value: first.value.text(self.text),
                line: self.first_line.saturating_add(first.line.into()),
                text: self.text,
                rest,
                first_line: self.first_line,
            }),
            FieldKind::Other => Field::Other(first.value.text(self.text)),
            _ => Field::Pair(Pair::of(self.text, first, self.first_line)),
        })
    }
}

impl<'a> Block<'a> {
    /// The message's number; `None` if the name is not published.
    pub fn id(&self) -> Option<MessageId> {
        std::str::from_utf8(self.name).ok().and_then(MessageId::from_name)
    }

    /// Everything in its order.
    pub fn fields(&self) -> Fields<'a> {
        Fields { text: self.text, rest: self.fields, first_line: self.at.line }
    }

    /// The attributes.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        self.fields().filter_map(|field| match field {
            Field::Attribute(attribute) => Some(attribute),
            _ => None,
        })
    }

    /// The value of the first attribute of this name (without `Attribute` in front), as printed.
    pub fn attribute(&self, name: &[u8]) -> Option<&'a [u8]> {
        let is_it =
            |field: &&FieldAt| field.kind == FieldKind::Attribute && field.name.text(self.text) == name;
        self.fields.iter().find(is_it).map(|field| field.value.text(self.text))
    }

    /// The same without single quotes: the string as it is, or the value as printed if it is no quoted string.
    pub fn text_of(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.attribute(name).map(|value| quoted(value).unwrap_or(value))
    }

    /// Seconds by which the clock behind `AttributeTimeinSecs` is ahead of UTC, from ten hours behind to just under fourteen
    /// ahead; `None` where no such clock is printed. What prints the block again needs it.
    pub fn utc_offset(&self) -> Option<i32> {
        let (seconds, clock) = time_in_secs(self.attribute(b"TimeinSecs")?)?;
        i32::try_from(offset_of(seconds, clock)).ok()
    }

    /// Makes the message, and says what was left out of it beyond what the record's complaints say already.
    ///
    /// # Errors
    /// [`TextError`] when the name is not that of a message, or the values do not fit into a frame.
    pub fn to_message(&self) -> Result<(Message, Vec<Complaint>), TextError> {
        let heading = self.at.line.saturating_add(self.body.line.into()).saturating_sub(1);
        let number = usize::try_from(heading).unwrap_or(usize::MAX);
        let mut reader = TextReader::start(&String::from_utf8_lossy(self.name), number)?;
        let body = self.text.get(self.body.at..).unwrap_or_default();
        // Places of the lines that were taken: the codec counts only those.
        let mut taken = Vec::new();
        let mut at = self.body.at;
        for (n, line) in (0_u64..).zip(body.split_inclusive(|byte| *byte == b'\n')) {
            if reader.line(line.strip_suffix(b"\n").unwrap_or(line)) {
                taken.push((n, at));
            }
            at = at.saturating_add(line.len());
        }
        let (message, complaints) = reader.finish()?;
        let place = |complaint: tlib_proto::text::Complaint| {
            let index = complaint.line.checked_sub(number)?.checked_sub(1)?;
            let (n, at) = *taken.get(index)?;
            Some(Complaint {
                line: heading.saturating_add(1).saturating_add(n),
                byte: self.at.byte.saturating_add(u64::try_from(at).unwrap_or_default()),
                reason: Cow::Owned(complaint.reason),
            })
        };
        let known = |complaint: &Complaint| self.complaints.iter().any(|known| known.line == complaint.line);
        let new = complaints.into_iter().filter_map(place).filter(|complaint| !known(complaint));
        Ok((message, new.collect()))
    }
}
