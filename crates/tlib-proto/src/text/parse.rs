//! Reading attribute lines, our own and those of others.
//!
//! Lines are bytes: a log may be in any charset. What a line cannot mean becomes a [`Complaint`] with its place, and
//! the rest of the block is read on; only a block that cannot become a message at all is a [`TextError`].

use std::borrow::Cow;

use bytes::BytesMut;

use super::grammar::{self, Pair, Value};
use crate::spec::{AttributeType, PrintForm};
use crate::wire::{KvWriter, Limits};
use crate::{AttributeId, EncodeError, KvList, Message, MessageId, ValueRef, WireError};

/// A line of a message block that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Line number in what was read, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// A text that does not hold a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// No line of the form `message <Name>` was found.
    #[error("no `message <Name>` line found")]
    NoMessage,
    /// The name is none of the published ones, and not of the form `Message203`.
    #[error("line {line}: {name:?} is not the name of a message")]
    UnknownMessage {
        /// Line number from 1.
        line: usize,
        /// The name as read.
        name: String,
    },
    /// What was read does not fit into a frame.
    #[error("line {line}: {source}")]
    TooBig {
        /// Line number of the `message` line, from 1.
        line: usize,
        /// Which limit.
        source: EncodeError,
    },
    /// Lists nest too deep.
    #[error("line {line}: {source}")]
    TooDeep {
        /// Line number of the `message` line, from 1.
        line: usize,
        /// Which limit.
        source: WireError,
    },
}

/// The name in a line that begins a message block: `message X`, `@.. <function>: message X`, and the client forms
/// `request to 65200(TServer) message X` and `received from 65200(SIP_Server)host:port(fd=4) message X(refid=5)`.
pub fn heading(line: &[u8]) -> Option<&str> {
    let line = line.trim_ascii_end();
    if line.first().is_none_or(u8::is_ascii_whitespace) {
        return None;
    }
    let name = match line.strip_prefix(b"message ") {
        Some(name) => name,
        None => {
            let at = memchr::memmem::rfind(line, b" message ")?;
            line.get(at..)?.strip_prefix(b" message ")?
        }
    };
    let (rest, name) = grammar::word(name).ok()?;
    if rest.is_empty() || rest.starts_with(b"(") { std::str::from_utf8(name).ok() } else { None }
}

/// Reads the first message block of a text, and what was left out of it. Lines before it are passed over; it ends at
/// an empty line or at one that does not begin with white space.
///
/// # Errors
/// [`TextError`] when there is no block, or when it cannot be a message.
pub fn parse_message(text: &[u8]) -> Result<(Message, Vec<Complaint>), TextError> {
    let mut reader: Option<Reader> = None;
    for (n, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let number = n.saturating_add(1);
        match &mut reader {
            None => {
                if let Some(name) = heading(line) {
                    reader = Some(Reader::start(name, number)?);
                }
            }
            Some(reader) => {
                if !reader.line(line) {
                    break;
                }
            }
        }
    }
    reader.ok_or(TextError::NoMessage)?.finish()
}

/// Reads one message block, line by line.
#[derive(Debug)]
pub struct Reader {
    id: MessageId,
    heading_line: usize,
    line: usize,
    attributes: Vec<(AttributeId, Value)>,
    /// The lists among the attributes: where, how many pairs their heads speak of, and on which line.
    heads: Vec<(usize, usize, usize)>,
    /// Whether pair lines belong to the last attribute.
    in_list: bool,
    complaints: Vec<Complaint>,
}

impl Reader {
    /// Starts a block whose heading, on line `line`, names this message.
    ///
    /// # Errors
    /// [`TextError::UnknownMessage`].
    pub fn start(name: &str, line: usize) -> Result<Self, TextError> {
        let id = MessageId::from_name(name)
            .ok_or_else(|| TextError::UnknownMessage { line, name: name.chars().take(80).collect() })?;
        let (attributes, heads, complaints) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { id, heading_line: line, line, attributes, heads, in_list: false, complaints })
    }

    /// Takes the next line, without its line feed. `false` when the line does not belong to the block any more: it is empty,
    /// or neither indented nor an attribute nor a pair of an open list.
    pub fn line(&mut self, line: &[u8]) -> bool {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // What was pasted into a mail or a ticket has often lost the blanks at the beginning of its lines.
        let indented = line.first().is_some_and(u8::is_ascii_whitespace)
            || line.starts_with(b"Attribute")
            || (self.in_list && matches!(line.first(), Some(b'\'' | b'"')));
        if line.trim_ascii().is_empty() || !indented {
            return false;
        }
        self.line = self.line.saturating_add(1);
        let body = line.trim_ascii_start();
        let tabs = line.iter().take_while(|byte| **byte == b'\t').count();
        let result = if body.starts_with(b"Attribute") {
            self.attribute_line(body)
        } else if body.starts_with(b"'") || body.starts_with(b"\"") {
            // Blanks instead of tabs: every pair line is taken for one of the outermost list.
            self.pair_line(body, tabs.max(2))
        } else if body.starts_with(b"(") {
            Err("a remark without an attribute name".into())
        } else {
            Err(format!("neither an attribute nor a pair: {}", excerpt(body)).into())
        };
        if let Err(reason) = result {
            self.complaints.push(Complaint { line: self.line, reason: reason.into_owned() });
        }
        true
    }

    /// Ends the block.
    ///
    /// # Errors
    /// [`TextError`] when the values do not fit into a frame.
    pub fn finish(mut self) -> Result<(Message, Vec<Complaint>), TextError> {
        self.settle_lists();
        let line = self.heading_line;
        let too_big = |source| TextError::TooBig { line, source };
        let mut packed = Vec::with_capacity(self.attributes.len());
        for (id, value) in &self.attributes {
            packed.push(match value {
                Value::List(pairs) => (*id, Some(pack(pairs, line, 1)?)),
                _ => (*id, None),
            });
        }
        let message = Message::build(self.id, |writer| {
            for ((id, value), (_, list)) in self.attributes.iter().zip(&packed) {
                match list {
                    Some(list) => writer.list(*id, list.view()),
                    None => writer.value(*id, flat(value)),
                };
            }
            writer
        })
        .map_err(too_big)?;
        Ok((message, self.complaints))
    }

    fn attribute_line(&mut self, body: &[u8]) -> Result<(), Cow<'static, str>> {
        // The pairs of an attribute that is left out are left out with it, and not given to the one before.
        self.in_list = false;
        let (value, name) = grammar::attribute_name(body).map_err(|_| "an attribute without a name")?;
        let name = std::str::from_utf8(name).unwrap_or_default();
        let id = AttributeId::from_name(name)
            .ok_or_else(|| format!("Attribute{name} has no published id and cannot be sent"))?;
        let read = attribute_value(id, value).ok_or_else(|| unreadable(value))?;
        self.in_list = matches!(read, Value::List(_));
        if let (true, Some(count)) = (self.in_list, grammar::stated_count(value)) {
            self.heads.push((self.attributes.len(), count, self.line));
        }
        self.attributes.push((id, read));
        Ok(())
    }

    /// Holds every list against the number of pairs that its head speaks of. Published logs have lost the indent of
    /// inner pairs: when there are too many, and one nested list that they can belong to, they do.
    fn settle_lists(&mut self) {
        for (index, stated, line) in std::mem::take(&mut self.heads) {
            let Some((_, Value::List(pairs))) = self.attributes.get_mut(index) else { continue };
            if let Some(surplus) = pairs.len().checked_sub(stated)
                && surplus > 0
            {
                adopt(pairs, surplus);
            }
            if pairs.len() != stated {
                let reason = format!("the list's head says {stated} pairs, found {}", pairs.len());
                self.complaints.push(Complaint { line, reason });
            }
        }
        self.complaints.sort_by_key(|complaint| complaint.line);
    }

    /// `depth` counts tabs: 2 is the attribute's own list, 3 the innermost one that is open there, and so on.
    fn pair_line(&mut self, body: &[u8], depth: usize) -> Result<(), Cow<'static, str>> {
        match self.attributes.last_mut() {
            _ if !self.in_list => Err("a pair that follows no list".into()),
            Some((_, Value::List(pairs))) => push_pair(pairs, body, depth.saturating_sub(2), 1),
            _ => Err("a pair that follows no list".into()),
        }
    }
}

/// Moves the `surplus` pairs behind the only nested list into it. With several nested lists nobody can know which pair
/// is whose.
fn adopt(pairs: &mut Vec<Pair>, surplus: usize) {
    let mut nested = pairs.iter().enumerate().filter(|(_, pair)| matches!(pair.value, Value::List(_)));
    let (Some((at, _)), None) = (nested.next(), nested.next()) else { return };
    let first = at.saturating_add(1);
    let Some(end) = first.checked_add(surplus).filter(|end| *end <= pairs.len()) else { return };
    let moved: Vec<Pair> = pairs.drain(first..end).collect();
    if let Some(Pair { value: Value::List(inner), .. }) = pairs.get_mut(at) {
        inner.extend(moved);
    }
}

/// Appends the pair in `body` to the list that is `down` levels below `pairs`, as far as lists are open there. `pairs`
/// itself is `level` levels deep.
fn push_pair(pairs: &mut Vec<Pair>, body: &[u8], down: usize, level: usize) -> Result<(), Cow<'static, str>> {
    if level > Limits::default().nesting {
        return Err("lists nest too deep".into());
    }
    let next = level.saturating_add(1);
    if let (Some(down), Some(Pair { value: Value::List(_), .. })) = (down.checked_sub(1), pairs.last())
        && let Some(Pair { value: Value::List(inner), .. }) = pairs.last_mut()
    {
        return push_pair(inner, body, down, next);
    }
    let (after, key) = grammar::pair_key(body).ok_or_else(|| unreadable(body))?;
    let value = match after.strip_prefix(b"(list)").map(<[u8]>::trim_ascii_start) {
        None => grammar::token(after.trim_ascii_start(), AttributeType::Unknown)
            .ok_or_else(|| unreadable(after))?,
        Some(first) => {
            let mut inner = Vec::new();
            if !first.is_empty() {
                push_pair(&mut inner, first, 0, next)?;
            }
            Value::List(inner)
        }
    };
    pairs.push(Pair { key, value });
    Ok(())
}

fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    format!("{short:?}")
}

#[cold]
fn unreadable(bytes: &[u8]) -> Cow<'static, str> {
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() { "no value".into() } else { format!("unreadable value {}", excerpt(bytes)).into() }
}

fn pack(pairs: &[Pair], line: usize, depth: usize) -> Result<KvList, TextError> {
    let limit = Limits::default().nesting;
    if depth > limit {
        return Err(TextError::TooDeep { line, source: WireError::TooDeep { offset: 0, limit } });
    }
    let mut packed = BytesMut::new();
    let mut writer = KvWriter::start(&mut packed);
    for pair in pairs {
        match &pair.value {
            Value::List(inner) => {
                let inner = pack(inner, line, depth.saturating_add(1))?;
                writer.list(&pair.key, inner.view());
            }
            value => {
                writer.value(&pair.key, flat(value));
            }
        }
    }
    writer.finish().map_err(|source| TextError::TooBig { line, source })?;
    KvList::from_packed(packed.freeze(), &Limits::default())
        .map_err(|source| TextError::TooDeep { line, source })
}

fn flat(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Str(bytes) => ValueRef::Str(bytes),
        Value::Int(value) => ValueRef::Int(*value),
        Value::Binary(bytes) => ValueRef::Binary(bytes),
        Value::Unicode(bytes) => ValueRef::Unicode(bytes),
        Value::Long(value) => ValueRef::Long(*value),
        Value::Other(kind, bytes) => ValueRef::Other(*kind, bytes),
        Value::List(_) => ValueRef::List(crate::KvRef::EMPTY),
    }
}

fn attribute_value(id: AttributeId, text: &[u8]) -> Option<Value> {
    if text.starts_with(b"[") {
        return grammar::list_head(text).ok().map(|_| Value::List(Vec::new()));
    }
    if id.row().is_some_and(|row| row.print == PrintForm::MessageName)
        && let Some(message) =
            std::str::from_utf8(text).ok().and_then(|name| MessageId::from_name(name.trim_end()))
    {
        return Some(Value::Int(message.0.into()));
    }
    grammar::token(text, id.ty())
}
