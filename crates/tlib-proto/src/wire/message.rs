//! Messages: the borrowed view, the owned frame, and what an attribute holds.

use std::fmt;

use bytes::{Bytes, BytesMut};

use super::build::MessageWriter;
use super::error::Part;
use super::head::{self, ATTRIBUTE_HEAD, MESSAGE_HEAD};
use super::kv::{self, KvRef};
use super::{AttributeError, EncodeError, Limits, WireError, profile};
use crate::{AttributeId, MessageId, Timestamp};

/// The value of an attribute or of a pair, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueRef<'a> {
    /// Kind 0: bytes in the connection's charset, UTF-8 unless configured.
    Str(&'a [u8]),
    /// Kind 1: four bytes. `attributes.toml` says which attributes are unsigned; pairs are signed.
    Int(i32),
    /// Kind 2: any bytes.
    Binary(&'a [u8]),
    /// Kind 3: a list.
    List(KvRef<'a>),
    /// Kind 4: UTF-8 by definition, carried unchanged if it is not.
    Unicode(&'a [u8]),
    /// Kind 6: eight bytes, for ConnID and the event sequence number.
    Long(u64),
    /// Any other kind, carried unchanged.
    Other(u8, &'a [u8]),
}

impl<'a> ValueRef<'a> {
    /// A checked value of any kind but list.
    #[inline]
    pub(super) fn flat(kind: u8, bytes: &'a [u8]) -> Self {
        match kind {
            profile::KIND_STRING => Self::Str(bytes),
            profile::KIND_INT => Self::Int(bytes.try_into().map_or(0, i32::from_be_bytes)),
            profile::KIND_BINARY => Self::Binary(bytes),
            profile::KIND_UNICODE => Self::Unicode(bytes),
            profile::KIND_LONG => Self::Long(bytes.try_into().map_or(0, u64::from_be_bytes)),
            _ => Self::Other(kind, bytes),
        }
    }

    /// The kind byte on the wire.
    pub const fn kind(self) -> u8 {
        match self {
            Self::Str(_) => profile::KIND_STRING,
            Self::Int(_) => profile::KIND_INT,
            Self::Binary(_) => profile::KIND_BINARY,
            Self::List(_) => profile::KIND_LIST,
            Self::Unicode(_) => profile::KIND_UNICODE,
            Self::Long(_) => profile::KIND_LONG,
            Self::Other(kind, _) => kind,
        }
    }

    /// What to call the kind in an error.
    pub const fn kind_name(self) -> &'static str {
        match self {
            Self::Str(_) => "string",
            Self::Int(_) => "int",
            Self::Binary(_) => "binary",
            Self::List(_) => "list",
            Self::Unicode(_) => "unicode",
            Self::Long(_) => "long",
            Self::Other(..) => "an unknown kind",
        }
    }

    /// The bytes of a string or unicode value.
    pub const fn as_text(self) -> Option<&'a [u8]> {
        match self {
            Self::Str(bytes) | Self::Unicode(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl<'a> From<&'a str> for ValueRef<'a> {
    fn from(text: &'a str) -> Self {
        Self::Str(text.as_bytes())
    }
}

impl From<i32> for ValueRef<'_> {
    fn from(value: i32) -> Self {
        Self::Int(value)
    }
}

impl<'a> From<KvRef<'a>> for ValueRef<'a> {
    fn from(list: KvRef<'a>) -> Self {
        Self::List(list)
    }
}

/// One attribute of a message, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeRef<'a> {
    /// Which attribute; every u16 is legal.
    pub id: AttributeId,
    /// Its value.
    pub value: ValueRef<'a>,
    /// Head and value as they stand in the frame, for copying them in one piece.
    pub(super) encoded: &'a [u8],
}

/// A borrowed, checked message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MessageRef<'a> {
    frame: &'a [u8],
    id: MessageId,
    count: u16,
}

impl<'a> MessageRef<'a> {
    /// Reads one whole frame, its length field included, and checks every length, count and depth in it.
    ///
    /// # Errors
    /// [`WireError`], which names what was read and at which byte of the frame.
    pub fn parse(frame: &'a [u8], limits: &Limits) -> Result<Self, WireError> {
        let Some((bytes, mut rest)) = frame.split_first_chunk::<MESSAGE_HEAD>() else {
            return Err(kv::truncated(Part::FrameHead, 0, MESSAGE_HEAD, frame.len()));
        };
        let (id, count) = head::message_head(bytes);
        let offset = |rest: &[u8]| frame.len().wrapping_sub(rest.len());
        match head::split_frame(frame, limits)? {
            head::Split::Frame(_, []) => {}
            head::Split::Frame(whole, after) => {
                return Err(WireError::Trailing {
                    part: Part::FrameHead,
                    offset: whole.len(),
                    count: after.len(),
                });
            }
            head::Split::More(needed) => {
                return Err(kv::truncated(
                    Part::FrameHead,
                    0,
                    frame.len().saturating_add(needed),
                    frame.len(),
                ));
            }
        }
        for _ in 0..count {
            let Some((bytes, after)) = rest.split_first_chunk::<ATTRIBUTE_HEAD>() else {
                return Err(kv::truncated(Part::AttributeHead, offset(rest), ATTRIBUTE_HEAD, rest.len()));
            };
            let attribute = head::attribute_head(bytes);
            let part = Part::AttributeValue(attribute.id);
            let Some((value, after_value)) = head::split_value(attribute.kind, attribute.length, after)
            else {
                return Err(kv::truncated(part, offset(after), attribute.length, after.len()));
            };
            if attribute.kind == profile::KIND_LIST {
                kv::check_list(value, offset(after), limits.nesting)?;
            } else {
                kv::check_fixed(attribute.kind, value.len(), part, offset(after))?;
            }
            rest = after_value;
        }
        if !rest.is_empty() {
            let (offset, count) = (offset(rest), rest.len());
            return Err(WireError::Trailing { part: Part::AttributeHead, offset, count });
        }
        Ok(Self { frame, id, count })
    }

    /// The ReferenceID in a frame that [`MessageRef::parse`] refuses, if the attributes up to it can be told apart: who
    /// has sent the frame may wait for an answer to it.
    pub fn reference_of_damaged(frame: &[u8]) -> Option<u32> {
        let attributes = Attributes { rest: frame.get(MESSAGE_HEAD..)? };
        let reference = attributes.clone().find(|attribute| attribute.id == AttributeId::REFERENCE_ID)?;
        match reference.value {
            ValueRef::Int(id) => Some(id.cast_unsigned()).filter(|id| *id != profile::NO_REFERENCE),
            _ => None,
        }
    }

    /// Which message it is.
    pub const fn id(self) -> MessageId {
        self.id
    }

    /// The whole frame, its length field included: what is written to a socket.
    pub const fn frame(self) -> &'a [u8] {
        self.frame
    }

    /// How many attributes the message has.
    pub const fn len(self) -> usize {
        self.count as usize
    }

    /// Whether the message has no attributes.
    pub const fn is_empty(self) -> bool {
        self.count == 0
    }

    /// The attributes in their order, duplicates and unknown ones included.
    #[inline]
    pub fn attributes(self) -> Attributes<'a> {
        Attributes { rest: self.frame.get(MESSAGE_HEAD..).unwrap_or_default() }
    }

    /// The first attribute with this id.
    #[inline]
    pub fn find(self, id: AttributeId) -> Option<ValueRef<'a>> {
        self.attributes().find(|attribute| attribute.id == id).map(|attribute| attribute.value)
    }

    /// The bytes of a string attribute (or unicode, which is as good); `None` when it is absent.
    ///
    /// # Errors
    /// [`AttributeError`] when it is there and of another kind.
    pub fn text(self, id: AttributeId) -> Result<Option<&'a [u8]>, AttributeError> {
        self.typed(id, "string", ValueRef::as_text)
    }

    /// An int attribute as signed number; `None` when it is absent.
    ///
    /// # Errors
    /// [`AttributeError`] when it is there and of another kind.
    pub fn int(self, id: AttributeId) -> Result<Option<i32>, AttributeError> {
        self.typed(id, "int", |value| if let ValueRef::Int(value) = value { Some(value) } else { None })
    }

    /// An int attribute as unsigned number; `None` when it is absent.
    ///
    /// # Errors
    /// [`AttributeError`] when it is there and of another kind.
    pub fn unsigned(self, id: AttributeId) -> Result<Option<u32>, AttributeError> {
        Ok(self.int(id)?.map(i32::cast_unsigned))
    }

    /// A long attribute; `None` when it is absent.
    ///
    /// # Errors
    /// [`AttributeError`] when it is there and of another kind.
    pub fn long(self, id: AttributeId) -> Result<Option<u64>, AttributeError> {
        self.typed(id, "long", |value| if let ValueRef::Long(value) = value { Some(value) } else { None })
    }

    /// A list attribute; `None` when it is absent.
    ///
    /// # Errors
    /// [`AttributeError`] when it is there and of another kind.
    pub fn list(self, id: AttributeId) -> Result<Option<KvRef<'a>>, AttributeError> {
        self.typed(id, "list", |value| if let ValueRef::List(list) = value { Some(list) } else { None })
    }

    /// A binary attribute; `None` when it is absent.
    ///
    /// # Errors
    /// [`AttributeError`] when it is there and of another kind.
    pub fn binary(self, id: AttributeId) -> Result<Option<&'a [u8]>, AttributeError> {
        self.typed(id, "binary", |value| if let ValueRef::Binary(bytes) = value { Some(bytes) } else { None })
    }

    fn typed<T>(
        self,
        id: AttributeId,
        expected: &'static str,
        read: impl FnOnce(ValueRef<'a>) -> Option<T>,
    ) -> Result<Option<T>, AttributeError> {
        let Some(value) = self.find(id) else { return Ok(None) };
        match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(AttributeError { attribute: id, expected, found: value.kind_name() }),
        }
    }

    /// The ReferenceID that an answer must carry. `None` when the attribute is absent or 4294967295, with which
    /// clients say that they want no answer (facts 3.3).
    ///
    /// # Errors
    /// [`AttributeError`] when it is there and not an int.
    pub fn reference_id(self) -> Result<Option<u32>, AttributeError> {
        Ok(self.unsigned(AttributeId::REFERENCE_ID)?.filter(|id| *id != profile::NO_REFERENCE))
    }

    /// When the event was built, by TimeinSecs and TimeinuSecs.
    ///
    /// # Errors
    /// [`AttributeError`] when one of them is not an int.
    pub fn time(self) -> Result<Option<Timestamp>, AttributeError> {
        let micros = self.unsigned(AttributeId::TIMEINU_SECS)?.unwrap_or_default();
        let seconds = self.unsigned(AttributeId::TIMEIN_SECS)?;
        Ok(seconds.map(|seconds| Timestamp::new(seconds.into(), micros)))
    }

    /// A message of its own: copies the frame once.
    pub fn to_owned(self) -> Message {
        Message { frame: Bytes::copy_from_slice(self.frame), id: self.id, count: self.count }
    }
}

impl fmt::Debug for MessageRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ", self.id)?;
        f.debug_map().entries(self.attributes().map(|a| (a.id, a.value))).finish()
    }
}

/// Iterates over the attributes of a checked message; see [`MessageRef::attributes`].
#[derive(Clone, Debug)]
pub struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Attributes<'a> {
    type Item = AttributeRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<AttributeRef<'a>> {
        let (bytes, after) = self.rest.split_first_chunk::<ATTRIBUTE_HEAD>()?;
        let attribute = head::attribute_head(bytes);
        let (value, rest) = head::split_value(attribute.kind, attribute.length, after)?;
        let encoded = self.rest.get(..ATTRIBUTE_HEAD.wrapping_add(value.len()))?;
        self.rest = rest;
        let value = if attribute.kind == profile::KIND_LIST {
            ValueRef::List(KvRef::checked(value))
        } else {
            ValueRef::flat(attribute.kind, value)
        };
        Some(AttributeRef { id: attribute.id, value, encoded })
    }
}

/// An owned message: one checked frame in shared bytes. Cloning shares, sending writes the bytes as they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    frame: Bytes,
    id: MessageId,
    count: u16,
}

impl Message {
    /// Writes a message; see the crate's example.
    ///
    /// # Errors
    /// [`EncodeError`] when something does not fit into a frame.
    pub fn build(
        id: MessageId,
        fill: impl for<'w, 'b> FnOnce(&'w mut MessageWriter<'b>) -> &'w mut MessageWriter<'b>,
    ) -> Result<Self, EncodeError> {
        let mut out = BytesMut::new();
        let mut writer = MessageWriter::start(&mut out, id);
        fill(&mut writer);
        let count = writer.finish(&Limits::default())?;
        Ok(Self { frame: out.freeze(), id, count })
    }

    /// Takes over a whole frame, its length field included.
    ///
    /// # Errors
    /// [`WireError`] as [`MessageRef::parse`].
    pub fn from_frame(frame: Bytes, limits: &Limits) -> Result<Self, WireError> {
        let MessageRef { id, count, .. } = MessageRef::parse(&frame, limits)?;
        Ok(Self { frame, id, count })
    }

    /// The borrowed view that all reading goes through.
    #[inline]
    pub fn view(&self) -> MessageRef<'_> {
        MessageRef { frame: &self.frame, id: self.id, count: self.count }
    }

    /// Which message it is.
    pub const fn id(&self) -> MessageId {
        self.id
    }

    /// The whole frame, its length field included, shared.
    pub const fn frame(&self) -> &Bytes {
        &self.frame
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
