//! Writing messages and lists. Lengths and counts are patched in by one helper, and everything that does not fit is
//! an error at the end, so that a chain of calls needs no `?` in its middle.

use bytes::{BufMut, BytesMut};

use super::head::{self, LIST_COUNT};
use super::kv::KvRef;
use super::message::{AttributeRef, MessageRef, ValueRef};
use super::{EncodeError, Limits, profile};
use crate::{AttributeId, MessageId};

const U16_MAX: usize = 65_535;

/// Writes one message at the end of a buffer; the buffer may hold other messages before it.
///
/// Every method gives the writer back, and [`MessageWriter::finish`] says whether all of it fitted. When it did not,
/// the buffer is as it was before.
#[derive(Debug)]
pub struct MessageWriter<'b> {
    out: &'b mut BytesMut,
    id: MessageId,
    start: usize,
    count: u16,
    error: Option<EncodeError>,
}

impl<'b> MessageWriter<'b> {
    /// Starts a message at the end of `out`.
    pub fn start(out: &'b mut BytesMut, id: MessageId) -> Self {
        let start = out.len();
        head::put_message_head(out, id);
        Self { out, id, start, count: 0, error: None }
    }

    /// Appends a string attribute.
    #[inline]
    pub fn str(&mut self, id: AttributeId, value: impl AsRef<[u8]>) -> &mut Self {
        self.value(id, ValueRef::Str(value.as_ref()))
    }

    /// Appends an int attribute.
    #[inline]
    pub fn int(&mut self, id: AttributeId, value: i32) -> &mut Self {
        self.value(id, ValueRef::Int(value))
    }

    /// Appends an int attribute that is unsigned by `attributes.toml`.
    #[inline]
    pub fn unsigned(&mut self, id: AttributeId, value: u32) -> &mut Self {
        self.value(id, ValueRef::Int(value.cast_signed()))
    }

    /// Appends a long attribute.
    #[inline]
    pub fn long(&mut self, id: AttributeId, value: u64) -> &mut Self {
        self.value(id, ValueRef::Long(value))
    }

    /// Appends a list attribute.
    #[inline]
    pub fn list(&mut self, id: AttributeId, value: KvRef<'_>) -> &mut Self {
        self.value(id, ValueRef::List(value))
    }

    /// Appends `AttributeUserEvent`, whose value is a message id.
    #[inline]
    pub fn user_event(&mut self, message: MessageId) -> &mut Self {
        self.value(AttributeId::USER_EVENT, ValueRef::Int(message.0.into()))
    }

    /// Appends what `value` holds, or nothing.
    #[inline]
    pub fn optional(&mut self, id: AttributeId, value: Option<ValueRef<'_>>) -> &mut Self {
        if let Some(value) = value { self.value(id, value) } else { self }
    }

    /// Appends a copy of an attribute, byte for byte.
    #[inline]
    pub fn attribute(&mut self, attribute: AttributeRef<'_>) -> &mut Self {
        let Some(count) = self.count.checked_add(1) else {
            return self.fail(EncodeError::TooMany { what: "attributes" });
        };
        self.count = count;
        self.out.put_slice(attribute.encoded);
        self
    }

    /// Appends a copy of an attribute, if there is one.
    #[inline]
    pub fn optional_attribute(&mut self, attribute: Option<AttributeRef<'_>>) -> &mut Self {
        if let Some(attribute) = attribute { self.attribute(attribute) } else { self }
    }

    /// Appends copies of all attributes of a message that `keep` says yes to, in their order.
    pub fn copy(&mut self, from: MessageRef<'_>, keep: impl Fn(AttributeId) -> bool) -> &mut Self {
        for attribute in from.attributes().filter(|attribute| keep(attribute.id)) {
            self.attribute(attribute);
        }
        self
    }

    /// Appends an attribute of any kind.
    #[inline]
    pub fn value(&mut self, id: AttributeId, value: ValueRef<'_>) -> &mut Self {
        let length = match value {
            ValueRef::Int(_) => 4,
            ValueRef::Long(_) => 8,
            ValueRef::List(list) => list.packed_len(),
            ValueRef::Str(bytes)
            | ValueRef::Binary(bytes)
            | ValueRef::Unicode(bytes)
            | ValueRef::Other(_, bytes) => bytes.len(),
        };
        let Ok(short) = u16::try_from(length) else {
            return self.fail(EncodeError::TooLong { what: "attribute value", length, limit: U16_MAX });
        };
        let Some(count) = self.count.checked_add(1) else {
            return self.fail(EncodeError::TooMany { what: "attributes" });
        };
        self.count = count;
        head::put_attribute_head(self.out, value.kind(), id, short);
        match value {
            ValueRef::Int(value) => self.out.put_i32(value),
            ValueRef::Long(value) => self.out.put_u64(value),
            ValueRef::List(list) => put_list(self.out, list),
            ValueRef::Str(bytes)
            | ValueRef::Binary(bytes)
            | ValueRef::Unicode(bytes)
            | ValueRef::Other(_, bytes) => self.out.put_slice(bytes),
        }
        self
    }

    /// Appends attributes that are encoded already, and gives their copy. When they are too many, it is an empty one.
    #[inline]
    pub(super) fn encoded(&mut self, attributes: &[u8], count: u16) -> &mut [u8] {
        let Some(count) = self.count.checked_add(count) else {
            self.fail(EncodeError::TooMany { what: "attributes" });
            return &mut [];
        };
        self.count = count;
        let start = self.out.len();
        self.out.put_slice(attributes);
        self.out.get_mut(start..).unwrap_or_default()
    }

    #[cold]
    pub(super) fn fail(&mut self, error: EncodeError) -> &mut Self {
        self.error.get_or_insert(error);
        self
    }

    /// Ends the message and gives the number of its attributes.
    ///
    /// # Errors
    /// [`EncodeError`]: the first thing that did not fit, or the whole frame. The buffer is then cut back to where
    /// the message began.
    pub fn finish(self, limits: &Limits) -> Result<u16, EncodeError> {
        let length = self.out.len().saturating_sub(self.start).saturating_sub(profile::LENGTH_BYTES);
        let error = match (self.error, u32::try_from(length)) {
            (Some(error), _) => error,
            (None, Ok(short)) if length <= limits.frame => {
                head::patch_message_head(self.out, self.start, short, self.count);
                return Ok(self.count);
            }
            _ => EncodeError::FrameTooLong { message: self.id, length, limit: limits.frame },
        };
        self.out.truncate(self.start);
        Err(error)
    }
}

fn put_list(out: &mut BytesMut, list: KvRef<'_>) {
    out.put_u16(u16::try_from(list.len()).unwrap_or(u16::MAX));
    out.put_slice(list.packed_pairs());
}

/// Writes one packed list at the end of a buffer.
#[derive(Debug)]
pub struct KvWriter<'b> {
    out: &'b mut BytesMut,
    start: usize,
    count: u16,
    error: Option<EncodeError>,
}

impl<'b> KvWriter<'b> {
    /// Starts a list at the end of `out`.
    pub fn start(out: &'b mut BytesMut) -> Self {
        let start = out.len();
        out.put_u16(0);
        Self { out, start, count: 0, error: None }
    }

    /// Appends a string pair.
    #[inline]
    pub fn str(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        self.value(key, ValueRef::Str(value.as_ref()))
    }

    /// Appends an int pair.
    #[inline]
    pub fn int(&mut self, key: impl AsRef<[u8]>, value: i32) -> &mut Self {
        self.value(key, ValueRef::Int(value))
    }

    /// Appends a nested list.
    #[inline]
    pub fn list(&mut self, key: impl AsRef<[u8]>, value: KvRef<'_>) -> &mut Self {
        self.value(key, ValueRef::List(value))
    }

    /// Appends copies of all pairs of a list.
    pub fn extend(&mut self, list: KvRef<'_>) -> &mut Self {
        for pair in list.pairs() {
            self.value(pair.key, pair.value);
        }
        self
    }

    /// Appends a pair of any kind.
    pub fn value(&mut self, key: impl AsRef<[u8]>, value: ValueRef<'_>) -> &mut Self {
        let key = key.as_ref();
        let length = match value {
            ValueRef::Int(_) => 4,
            ValueRef::Long(_) => 8,
            ValueRef::List(list) => list.packed_len().saturating_add(LIST_COUNT),
            ValueRef::Str(bytes)
            | ValueRef::Binary(bytes)
            | ValueRef::Unicode(bytes)
            | ValueRef::Other(_, bytes) => bytes.len(),
        };
        let Ok(key_length) = u16::try_from(key.len()) else {
            return self.fail(EncodeError::TooLong { what: "pair key", length: key.len(), limit: U16_MAX });
        };
        let Ok(value_length) = u16::try_from(length) else {
            return self.fail(EncodeError::TooLong { what: "pair value", length, limit: U16_MAX });
        };
        let Some(count) = self.count.checked_add(1) else {
            return self.fail(EncodeError::TooMany { what: "pairs" });
        };
        self.count = count;
        head::put_pair_head(self.out, value.kind(), key_length, value_length);
        self.out.put_slice(key);
        match value {
            ValueRef::Int(value) => self.out.put_i32(value),
            ValueRef::Long(value) => self.out.put_u64(value),
            ValueRef::List(list) => {
                self.out.put_u16(value_length.saturating_sub(2));
                put_list(self.out, list);
            }
            ValueRef::Str(bytes)
            | ValueRef::Binary(bytes)
            | ValueRef::Unicode(bytes)
            | ValueRef::Other(_, bytes) => self.out.put_slice(bytes),
        }
        // A list that is already too long must not grow on: its memory is bounded by the first pair over the limit.
        if self.out.len().saturating_sub(self.start) > U16_MAX { self.too_long() } else { self }
    }

    #[cold]
    fn too_long(&mut self) -> &mut Self {
        let length = self.out.len().saturating_sub(self.start);
        self.out.truncate(self.start.saturating_add(LIST_COUNT));
        self.fail(EncodeError::TooLong { what: "packed list", length, limit: U16_MAX })
    }

    #[cold]
    fn fail(&mut self, error: EncodeError) -> &mut Self {
        self.error.get_or_insert(error);
        self
    }

    /// Ends the list.
    ///
    /// # Errors
    /// [`EncodeError`]: the first thing that did not fit. The buffer is then cut back to where the list began.
    pub fn finish(self) -> Result<(), EncodeError> {
        if let Some(error) = self.error {
            self.out.truncate(self.start);
            return Err(error);
        }
        head::patch_u16(self.out, self.start, self.count);
        Ok(())
    }
}
