//! The heads of frames, attributes and pairs: the one place that knows the reference profile's layout.
//!
//! | part | bytes |
//! |--|--|
//! | frame | u32 length of what follows, u16 message id, u16 attribute count |
//! | attribute | u8 kind, u16 attribute id, u16 value length |
//! | pair | u8 type, u16 key length, u16 value length |
//! | nested list | u16 length of what follows, u16 pair count |
//!
//! All big-endian; `protocol-spec/frame.md` and `kv-list.md` show worked bytes.

use bytes::{BufMut, Bytes, BytesMut};

use super::profile;
use super::{Limits, WireError};
use crate::{AttributeId, MessageId};

/// Length of a frame's message id and attribute count: the least that its length field may claim.
const FRAME_MINIMUM: usize = profile::HEAD_BYTES.saturating_sub(profile::LENGTH_BYTES);

pub(super) const MESSAGE_HEAD: usize = profile::HEAD_BYTES;
pub(super) const ATTRIBUTE_HEAD: usize = profile::ATTRIBUTE_HEAD_BYTES;
pub(super) const PAIR_HEAD: usize = profile::PAIR_HEAD_BYTES;
pub(super) const LIST_COUNT: usize = profile::LIST_COUNT_BYTES;
pub(super) const NESTED_HEAD: usize = profile::NESTED_HEAD_BYTES;

#[derive(Clone, Copy)]
pub(super) struct AttributeHead {
    pub(super) kind: u8,
    pub(super) id: AttributeId,
    pub(super) length: usize,
}

#[derive(Clone, Copy)]
pub(super) struct PairHead {
    pub(super) kind: u8,
    pub(super) key: usize,
    pub(super) value: usize,
}

#[inline]
fn be16(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high, low])
}

#[inline]
pub(super) fn message_head(bytes: &[u8; MESSAGE_HEAD]) -> (MessageId, u16) {
    let [_, _, _, _, i, d, c, n] = *bytes;
    (MessageId(be16(i, d)), be16(c, n))
}

#[inline]
pub(super) fn attribute_head(bytes: &[u8; ATTRIBUTE_HEAD]) -> AttributeHead {
    let [kind, i, d, l, n] = *bytes;
    AttributeHead { kind, id: AttributeId(be16(i, d)), length: usize::from(be16(l, n)) }
}

#[inline]
pub(super) fn pair_head(bytes: &[u8; PAIR_HEAD]) -> PairHead {
    let [kind, a, b, c, d] = *bytes;
    PairHead { kind, key: usize::from(be16(a, b)), value: usize::from(be16(c, d)) }
}

#[inline]
pub(super) fn list_count(bytes: &[u8; LIST_COUNT]) -> u16 {
    u16::from_be_bytes(*bytes)
}

/// Byte length (of the count and the pairs) and pair count of a nested list.
#[inline]
pub(super) fn nested_head(bytes: &[u8; NESTED_HEAD]) -> (usize, u16) {
    let [l, n, a, b] = *bytes;
    (usize::from(be16(l, n)), be16(a, b))
}

#[inline]
pub(super) fn put_message_head(out: &mut BytesMut, id: MessageId) {
    let [i, d] = id.0.to_be_bytes();
    out.put_slice(&[0, 0, 0, 0, i, d, 0, 0]);
}

#[inline]
pub(super) fn put_attribute_head(out: &mut BytesMut, kind: u8, id: AttributeId, length: u16) {
    let [i, d] = id.0.to_be_bytes();
    let [l, n] = length.to_be_bytes();
    out.put_slice(&[kind, i, d, l, n]);
}

#[inline]
pub(super) fn put_pair_head(out: &mut BytesMut, kind: u8, key: u16, value: u16) {
    let [a, b] = key.to_be_bytes();
    let [c, d] = value.to_be_bytes();
    out.put_slice(&[kind, a, b, c, d]);
}

/// Writes the length and the count of the frame that starts at `start`; the frame reaches to the end of `out`.
#[inline]
pub(super) fn patch_message_head(out: &mut BytesMut, start: usize, length: u32, count: u16) {
    if let Some(head) = out.get_mut(start..).and_then(<[u8]>::first_chunk_mut::<MESSAGE_HEAD>) {
        let [a, b, c, d] = length.to_be_bytes();
        let [n, m] = count.to_be_bytes();
        let [_, _, _, _, i, j, _, _] = *head;
        *head = [a, b, c, d, i, j, n, m];
    }
}

/// Overwrites two bytes at `at`: a count or a length that is known only after what it counts.
#[inline]
pub(super) fn patch_u16(out: &mut BytesMut, at: usize, value: u16) {
    if let Some(place) = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<2>) {
        *place = value.to_be_bytes();
    }
}

/// What the start of a buffer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split<'a> {
    /// A complete frame, its length field included, and what follows it.
    Frame(&'a [u8], &'a [u8]),
    /// Not a complete frame yet; this many more bytes are missing at least.
    More(usize),
}

/// Finds the frame at the start of `buffer`. Says nothing about what is inside it.
///
/// # Errors
/// [`WireError::FrameTooLong`] and [`WireError::FrameTooShort`], as soon as the length field is there.
#[inline]
pub fn split_frame<'a>(buffer: &'a [u8], limits: &Limits) -> Result<Split<'a>, WireError> {
    let Some((length, body)) = buffer.split_first_chunk::<{ profile::LENGTH_BYTES }>() else {
        return Ok(Split::More(profile::LENGTH_BYTES.saturating_sub(buffer.len())));
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length > limits.frame {
        return Err(WireError::FrameTooLong { length, limit: limits.frame });
    }
    if length < FRAME_MINIMUM {
        return Err(WireError::FrameTooShort { length });
    }
    if length > body.len() {
        return Ok(Split::More(length.saturating_sub(body.len())));
    }
    match buffer.split_at_checked(length.saturating_add(profile::LENGTH_BYTES)) {
        Some((frame, rest)) => Ok(Split::Frame(frame, rest)),
        None => Ok(Split::More(1)),
    }
}

/// A frame without attributes, such as a keep-alive ping ([`profile::CONTROL_PING`]) or its answer
/// ([`profile::CONTROL_PONG`]).
pub fn control_frame(id: MessageId) -> Bytes {
    let mut out = BytesMut::with_capacity(MESSAGE_HEAD);
    put_message_head(&mut out, id);
    patch_message_head(&mut out, 0, u32::try_from(FRAME_MINIMUM).unwrap_or_default(), 0);
    out.freeze()
}
