//! Writing messages and lists. Lengths and counts are patched in by one helper, and everything that does not fit is
//! an error at the end, so that a chain of calls needs no `?` in its middle.

use bytes::{BufMut, BytesMut};

use super::head::{self, LIST_COUNT, PAIR_HEAD};
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
        self.bytes(profile::KIND_STRING, id, value.as_ref())
    }

    /// Appends an int attribute.
    #[inline]
    pub fn int(&mut self, id: AttributeId, value: i32) -> &mut Self {
        self.four(id, value.to_be_bytes())
    }

    /// Appends an int attribute that is unsigned by `attributes.toml`.
    #[inline]
    pub fn unsigned(&mut self, id: AttributeId, value: u32) -> &mut Self {
        self.four(id, value.to_be_bytes())
    }

    /// Appends a long attribute.
    #[inline]
    pub fn long(&mut self, id: AttributeId, value: u64) -> &mut Self {
        self.eight(id, value.to_be_bytes())
    }

    /// Appends a list attribute.
    #[inline]
    pub fn list(&mut self, id: AttributeId, value: KvRef<'_>) -> &mut Self {
        self.packed(id, value)
    }

    /// Appends a list attribute whose pairs `fill` writes, straight into the frame.
    ///
    /// ```
    /// # use tlib_proto::{AttributeId, Message, MessageId};
    /// let message = Message::build(MessageId::EVENT_USER_EVENT, |m| {
    ///     m.list_of(AttributeId::USER_DATA, |list| list.str("Skill", "billing").int("Tries", 2))
    /// })?;
    /// assert_eq!(message.view().list(AttributeId::USER_DATA)?.map(|list| list.len()), Some(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn list_of(
        &mut self,
        id: AttributeId,
        fill: impl for<'w, 'k> FnOnce(&'w mut KvWriter<'k>) -> &'w mut KvWriter<'k>,
    ) -> &mut Self {
        let Some(count) = self.count.checked_add(1) else {
            return self.fail(EncodeError::TooMany { what: "attributes" });
        };
        let start = self.out.len();
        head::put_attribute_head(self.out, profile::KIND_LIST, id, 0);
        let mut writer = KvWriter::start(self.out);
        fill(&mut writer);
        let done = writer.finish();
        let length = self.out.len().saturating_sub(start).saturating_sub(head::ATTRIBUTE_HEAD);
        // The list's writer holds it to 65535 bytes.
        match (done, u16::try_from(length)) {
            (Ok(()), Ok(short)) => {
                head::patch_u16(self.out, start.saturating_add(head::ATTRIBUTE_LENGTH_AT), short);
                self.count = count;
                self
            }
            (Err(error), _) => {
                self.out.truncate(start);
                self.fail(error)
            }
            (Ok(()), Err(_)) => {
                self.out.truncate(start);
                self.fail(EncodeError::TooLong { what: "attribute value", length, limit: U16_MAX })
            }
        }
    }

    /// Appends `AttributeUserEvent`, whose value is a message id.
    #[inline]
    pub fn user_event(&mut self, message: MessageId) -> &mut Self {
        self.int(AttributeId::USER_EVENT, message.0.into())
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
        match value {
            ValueRef::Int(number) => self.int(id, number),
            ValueRef::Long(number) => self.long(id, number),
            ValueRef::List(list) => self.packed(id, list),
            ValueRef::Str(bytes)
            | ValueRef::Binary(bytes)
            | ValueRef::Unicode(bytes)
            | ValueRef::Other(_, bytes) => self.bytes(value.kind(), id, bytes),
        }
    }

    fn four(&mut self, id: AttributeId, value: [u8; 4]) -> &mut Self {
        if let Some(out) = self.next() {
            head::put_attribute_4(out, profile::KIND_INT, id, value);
        }
        self
    }

    /// Appends attributes that are encoded already, and gives their copy. When they are too many, it is an empty one.
    #[inline]
    pub(super) fn encoded(&mut self, attributes: &[u8], count: usize) -> &mut [u8] {
        let Ok(count) = u16::try_from(usize::from(self.count).saturating_add(count)) else {
            self.fail(EncodeError::TooMany { what: "attributes" });
            return &mut [];
        };
        self.count = count;
        let start = self.out.len();
        self.out.put_slice(attributes);
        self.out.get_mut(start..).unwrap_or_default()
    }

    fn eight(&mut self, id: AttributeId, value: [u8; 8]) -> &mut Self {
        if let Some(out) = self.next() {
            head::put_attribute_8(out, profile::KIND_LONG, id, value);
        }
        self
    }

    fn bytes(&mut self, kind: u8, id: AttributeId, bytes: &[u8]) -> &mut Self {
        match self.count.checked_add(1) {
            Some(count) if head::fits_short(self.out, bytes, &[]) => {
                self.count = count;
                let head = head::attribute_bytes(kind, id, head::short_length(bytes).into());
                head::put_short(self.out, head, bytes, &[]);
                self
            }
            _ => self.long_bytes(kind, id, bytes),
        }
    }

    #[inline(never)]
    fn long_bytes(&mut self, kind: u8, id: AttributeId, bytes: &[u8]) -> &mut Self {
        let Ok(short) = u16::try_from(bytes.len()) else { return self.too_long(bytes.len()) };
        if let Some(out) = self.next() {
            head::put_attribute_head(out, kind, id, short);
            out.put_slice(bytes);
        }
        self
    }

    fn packed(&mut self, id: AttributeId, list: KvRef<'_>) -> &mut Self {
        let length = list.packed_len();
        let Ok(short) = u16::try_from(length) else { return self.too_long(length) };
        if let Some(out) = self.next() {
            head::put_attribute_head(out, profile::KIND_LIST, id, short);
            put_list(out, list);
        }
        self
    }

    /// Counts one more attribute and gives the place for it, unless there are too many.
    #[inline]
    fn next(&mut self) -> Option<&mut BytesMut> {
        match self.count.checked_add(1) {
            Some(count) => {
                self.count = count;
                Some(self.out)
            }
            None => {
                self.fail(EncodeError::TooMany { what: "attributes" });
                None
            }
        }
    }

    #[cold]
    fn too_long(&mut self, length: usize) -> &mut Self {
        self.fail(EncodeError::TooLong { what: "attribute value", length, limit: U16_MAX })
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
        self.bytes(profile::KIND_STRING, key.as_ref(), value.as_ref())
    }

    /// Appends an int pair.
    #[inline]
    pub fn int(&mut self, key: impl AsRef<[u8]>, value: i32) -> &mut Self {
        self.bytes(profile::KIND_INT, key.as_ref(), &value.to_be_bytes())
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
    #[inline]
    pub fn value(&mut self, key: impl AsRef<[u8]>, value: ValueRef<'_>) -> &mut Self {
        let key = key.as_ref();
        match value {
            ValueRef::Int(number) => self.bytes(profile::KIND_INT, key, &number.to_be_bytes()),
            ValueRef::Long(number) => self.bytes(profile::KIND_LONG, key, &number.to_be_bytes()),
            ValueRef::List(list) => self.nested(key, list),
            ValueRef::Str(bytes)
            | ValueRef::Binary(bytes)
            | ValueRef::Unicode(bytes)
            | ValueRef::Other(_, bytes) => self.bytes(value.kind(), key, bytes),
        }
    }

    fn bytes(&mut self, kind: u8, key: &[u8], bytes: &[u8]) -> &mut Self {
        match self.count.checked_add(1) {
            Some(count) if head::fits_short(self.out, key, bytes) => {
                self.count = count;
                let (key_length, value_length) = (head::short_length(key), head::short_length(bytes));
                let head = head::pair_bytes(kind, key_length.into(), value_length.into());
                head::put_short(self.out, head, key, bytes);
                self.bounded()
            }
            _ => self.long_bytes(kind, key, bytes),
        }
    }

    #[inline(never)]
    fn long_bytes(&mut self, kind: u8, key: &[u8], bytes: &[u8]) -> &mut Self {
        if let Some(head) = self.next(kind, key, bytes.len()) {
            self.out.put_slice(&head);
            self.out.put_slice(key);
            self.out.put_slice(bytes);
        }
        self.bounded()
    }

    fn nested(&mut self, key: &[u8], list: KvRef<'_>) -> &mut Self {
        let length = list.packed_len();
        let head = self.next(profile::KIND_LIST, key, length.saturating_add(LIST_COUNT));
        if let (Some(head), Ok(short)) = (head, u16::try_from(length)) {
            self.out.put_slice(&head);
            self.out.put_slice(key);
            self.out.put_u16(short);
            put_list(self.out, list);
        }
        self.bounded()
    }

    /// Counts one more pair and gives its head, unless something is too long.
    fn next(&mut self, kind: u8, key: &[u8], length: usize) -> Option<[u8; PAIR_HEAD]> {
        match (u16::try_from(key.len()), u16::try_from(length), self.count.checked_add(1)) {
            (Ok(key_length), Ok(value_length), Some(count)) => {
                self.count = count;
                Some(head::pair_bytes(kind, key_length, value_length))
            }
            _ => {
                self.refuse(key.len(), length);
                None
            }
        }
    }

    #[cold]
    fn refuse(&mut self, key: usize, value: usize) {
        self.fail(if key > U16_MAX {
            EncodeError::TooLong { what: "pair key", length: key, limit: U16_MAX }
        } else if value > U16_MAX {
            EncodeError::TooLong { what: "pair value", length: value, limit: U16_MAX }
        } else {
            EncodeError::TooMany { what: "pairs" }
        });
    }

    /// A list that is already too long must not grow on: its memory is bounded by the first pair over the limit.
    #[inline]
    fn bounded(&mut self) -> &mut Self {
        if self.out.len().wrapping_sub(self.start) > U16_MAX { self.too_long() } else { self }
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
