//! Attributes that many messages have alike: encoded once, copied in one piece, and the numbers that differ set in the
//! copy.

use bytes::{BufMut, BytesMut};

use super::build::MessageWriter;
use super::head::{self, ATTRIBUTE_HEAD};
use super::{EncodeError, profile};
use crate::AttributeId;

/// Encoded attributes, to be copied into messages by [`MessageWriter::prebuilt`].
///
/// ```
/// use tlib_proto::{AttributeId, Message, MessageId, wire::Prebuilt};
///
/// let mut head = Prebuilt::new();
/// let sequence = head.long(AttributeId::EVENT_SEQUENCE_NUMBER);
/// head.str(AttributeId::CUSTOMER_ID, "Environment");
/// let event = Message::build(MessageId::EVENT_ACK, |m| m.prebuilt(&head, |values| {
///     values.long(sequence, 15);
/// }))?;
/// assert_eq!(event.view().long(AttributeId::EVENT_SEQUENCE_NUMBER)?, Some(15));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Prebuilt {
    encoded: BytesMut,
    count: u16,
    /// What did not fit; every message that these attributes are copied into ends with it.
    error: Option<EncodeError>,
}

/// Where the value of an int attribute lies in its [`Prebuilt`], in bytes.
#[derive(Clone, Copy, Debug)]
pub struct IntPlace(usize);

/// Where the value of a long attribute lies in its [`Prebuilt`], in bytes.
#[derive(Clone, Copy, Debug)]
pub struct LongPlace(usize);

/// One copy of a [`Prebuilt`], in its message.
#[derive(Debug)]
pub struct Values<'m>(&'m mut [u8]);

impl Prebuilt {
    /// No attributes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an int attribute, 0 where its value is not set.
    pub fn int(&mut self, id: AttributeId) -> IntPlace {
        let place = IntPlace(self.encoded.len().saturating_add(ATTRIBUTE_HEAD));
        self.attribute(profile::KIND_INT, id, &[0; 4]);
        place
    }

    /// Appends a long attribute, 0 where its value is not set.
    pub fn long(&mut self, id: AttributeId) -> LongPlace {
        let place = LongPlace(self.encoded.len().saturating_add(ATTRIBUTE_HEAD));
        self.attribute(profile::KIND_LONG, id, &[0; 8]);
        place
    }

    /// Appends a string attribute that all messages have alike.
    pub fn str(&mut self, id: AttributeId, value: impl AsRef<[u8]>) {
        self.attribute(profile::KIND_STRING, id, value.as_ref());
    }

    fn attribute(&mut self, kind: u8, id: AttributeId, value: &[u8]) {
        let limit = usize::from(u16::MAX);
        match (u16::try_from(value.len()), self.count.checked_add(1)) {
            (Ok(length), Some(count)) => {
                head::put_attribute_head(&mut self.encoded, kind, id, length);
                self.encoded.put_slice(value);
                self.count = count;
            }
            (Err(_), _) => {
                let (what, length) = ("attribute value", value.len());
                self.error.get_or_insert(EncodeError::TooLong { what, length, limit });
            }
            (_, None) => {
                self.error.get_or_insert(EncodeError::TooMany { what: "attributes" });
            }
        }
    }
}

impl Values<'_> {
    /// Sets an int. The place must be of the same [`Prebuilt`].
    #[inline]
    pub fn int(&mut self, place: IntPlace, value: u32) -> &mut Self {
        if let Some(bytes) = self.0.get_mut(place.0..).and_then(<[u8]>::first_chunk_mut) {
            *bytes = value.to_be_bytes();
        }
        self
    }

    /// Sets a long. The place must be of the same [`Prebuilt`].
    #[inline]
    pub fn long(&mut self, place: LongPlace, value: u64) -> &mut Self {
        if let Some(bytes) = self.0.get_mut(place.0..).and_then(<[u8]>::first_chunk_mut) {
            *bytes = value.to_be_bytes();
        }
        self
    }
}

impl MessageWriter<'_> {
    /// Appends prebuilt attributes; `set` sets the values that this message has of its own.
    #[inline(always)]
    pub fn prebuilt(&mut self, prebuilt: &Prebuilt, set: impl FnOnce(&mut Values<'_>)) -> &mut Self {
        if let Some(error) = &prebuilt.error {
            return self.fail(error.clone());
        }
        set(&mut Values(self.encoded(&prebuilt.encoded, prebuilt.count.into())));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, MessageId};

    const INT: AttributeId = AttributeId::TIMEIN_SECS;
    const LONG: AttributeId = AttributeId::EVENT_SEQUENCE_NUMBER;
    const NAME: AttributeId = AttributeId::CUSTOMER_ID;

    fn build(head: &Prebuilt, set: impl FnOnce(&mut Values<'_>)) -> Result<Message, EncodeError> {
        Message::build(MessageId::EVENT_ACK, |m| {
            m.str(AttributeId::THIS_DN, "7001").prebuilt(head, set).int(AttributeId::SESSION_ID, -2)
        })
    }

    #[test]
    fn a_copy_is_what_the_writer_writes() {
        let mut head = Prebuilt::new();
        let long = head.long(LONG);
        head.str(NAME, "Environment");
        let int = head.int(INT);
        let written = |long: u64, int: u32| {
            Message::build(MessageId::EVENT_ACK, |m| {
                m.str(AttributeId::THIS_DN, "7001")
                    .long(LONG, long)
                    .str(NAME, "Environment")
                    .unsigned(INT, int)
                    .int(AttributeId::SESSION_ID, -2)
            })
        };
        assert_eq!(build(&head, |_| {}), written(0, 0));
        for (value, short) in [(1, 2), (u64::MAX, u32::MAX), (0x0102_0304_0506_0708, 0x090A_0B0C)] {
            let copy = build(&head, |values| {
                values.long(long, value).int(int, short);
            });
            assert_eq!(copy, written(value, short));
        }
        // What one message sets is not there in the next.
        assert_eq!(build(&head, |_| {}), written(0, 0));
    }

    #[test]
    fn what_does_not_fit_is_told_by_each_message() {
        let mut long = Prebuilt::new();
        long.str(NAME, [b'x'; 65_536]);
        let error = EncodeError::TooLong { what: "attribute value", length: 65_536, limit: 65_535 };
        assert_eq!(build(&long, |_| {}), Err(error.clone()));
        assert_eq!(build(&long, |_| {}), Err(error));
        let mut many = Prebuilt::new();
        for _ in 0..65_533 {
            many.str(NAME, "");
        }
        assert_eq!(build(&many, |_| {}).map(|message| message.view().len()), Ok(65_535));
        many.str(NAME, "");
        assert_eq!(build(&many, |_| {}), Err(EncodeError::TooMany { what: "attributes" }));
        many.str(NAME, "");
        many.str(NAME, "");
        assert_eq!(build(&many, |_| {}), Err(EncodeError::TooMany { what: "attributes" }));
    }
}
