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
/// Where an attribute's value length stands in its head.
pub(super) const ATTRIBUTE_LENGTH_AT: usize = ATTRIBUTE_HEAD.saturating_sub(2);
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

/// Cuts the value off what follows its head; `None` when it is not all there.
///
/// Most numbers are as long as their kind says. Taking them by that, after a compare, lets the processor go on to the
/// next head before it has this one's length.
#[inline]
pub(super) fn split_value(kind: u8, length: usize, after: &[u8]) -> Option<(&[u8], &[u8])> {
    match (kind, length) {
        (profile::KIND_INT, 4) => after.split_at_checked(4),
        (profile::KIND_LONG, 8) => after.split_at_checked(8),
        _ => after.split_at_checked(length),
    }
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

/// The head of an attribute, to be written with its value.
#[inline]
pub(super) fn attribute_bytes(kind: u8, id: AttributeId, length: u16) -> [u8; ATTRIBUTE_HEAD] {
    let [i, d] = id.0.to_be_bytes();
    let [l, n] = length.to_be_bytes();
    [kind, i, d, l, n]
}

#[inline]
pub(super) fn put_attribute_head(out: &mut BytesMut, kind: u8, id: AttributeId, length: u16) {
    out.put_slice(&attribute_bytes(kind, id, length));
}

/// The head of a pair, to be written with its key and value.
#[inline]
pub(super) fn pair_bytes(kind: u8, key: u16, value: u16) -> [u8; PAIR_HEAD] {
    let [a, b] = key.to_be_bytes();
    let [c, d] = value.to_be_bytes();
    [kind, a, b, c, d]
}

/// Head and value of an attribute of four bytes in one piece.
#[inline]
pub(super) fn put_attribute_4(out: &mut BytesMut, kind: u8, id: AttributeId, value: [u8; 4]) {
    let [i, d] = id.0.to_be_bytes();
    let [a, b, c, e] = value;
    out.put_slice(&[kind, i, d, 0, 4, a, b, c, e]);
}

/// Head and value of an attribute of eight bytes in one piece.
#[inline]
pub(super) fn put_attribute_8(out: &mut BytesMut, kind: u8, id: AttributeId, value: [u8; 8]) {
    let [i, d] = id.0.to_be_bytes();
    let [a, b, c, e, f, g, h, k] = value;
    out.put_slice(&[kind, i, d, 0, 8, a, b, c, e, f, g, h, k]);
}

/// What [`put_short`] writes at once.
const BLOCK: usize = 64;

/// Longest texts for [`put_short`], together: what a block holds besides a head.
const SHORT: usize = BLOCK.saturating_sub(5);

/// Whether [`put_short`] can write these texts: they are short, and the buffer need not grow.
#[inline(always)]
pub(super) fn fits_short(out: &BytesMut, first: &[u8], second: &[u8]) -> bool {
    first.len().saturating_add(second.len()) <= SHORT && out.capacity().wrapping_sub(out.len()) >= BLOCK
}

/// Writes a head and two texts that [`fits_short`].
///
/// For short texts the time goes into calls of `memcpy` and into the buffer's length, so a block of zeros is appended, the
/// parts are written into it, and what is left of it is cut off.
#[inline(always)]
pub(super) fn put_short(out: &mut BytesMut, head: [u8; 5], first: &[u8], second: &[u8]) {
    let end = out.len().wrapping_add(5).wrapping_add(first.len()).wrapping_add(second.len());
    out.put_slice(&[0; BLOCK]);
    let block = out.last_chunk_mut::<BLOCK>();
    if let Some((place, rest)) = block.and_then(|block| block.split_first_chunk_mut::<5>()) {
        *place = head;
        if let Some((place, rest)) = rest.split_at_mut_checked(first.len()) {
            copy_short(place, first);
            if let Some((place, _)) = rest.split_at_mut_checked(second.len()) {
                copy_short(place, second);
            }
        }
    }
    out.truncate(end);
}

/// A length of a short text, in the big-endian form of its head.
#[inline(always)]
pub(super) fn short_length(text: &[u8]) -> u8 {
    u8::try_from(text.len().min(SHORT)).unwrap_or_default()
}

/// Copies into a place of the same length: the beginning in one piece, and the end, which may overlap it, in another.
#[inline(always)]
fn copy_short(to: &mut [u8], from: &[u8]) {
    match from.len() {
        8..=16 => copy_ends::<8>(to, from),
        4..=7 => copy_ends::<4>(to, from),
        17..=32 => copy_ends::<16>(to, from),
        33.. => copy_ends::<32>(to, from),
        _ => {
            for (to, from) in to.iter_mut().zip(from).take(3) {
                *to = *from;
            }
        }
    }
}

/// Copies the first and the last `N` bytes: all of `N` to twice `N`.
#[inline(always)]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk::<N>()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<N>(), from.last_chunk::<N>()) {
        *to = *from;
    }
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

#[cfg(test)]
mod tests {
    use bytes::{BufMut, BytesMut};

    use super::{BLOCK, fits_short, put_short};
    use crate::wire::{KvWriter, MessageWriter};
    use crate::{AttributeId, Limits, MessageId, MessageRef};

    #[test]
    fn short_texts_of_every_length_are_written_as_they_are() {
        let text: Vec<u8> = (1..=200).collect();
        for (first, second) in (0..BLOCK).flat_map(|first| (0..BLOCK).map(move |second| (first, second))) {
            let (first, second) = (&text[..first], &text[100..100 + second]);
            let mut out = BytesMut::with_capacity(3 + BLOCK);
            out.put_slice(b"abc");
            if fits_short(&out, first, second) {
                let capacity = out.capacity();
                put_short(&mut out, [9; 5], first, second);
                assert_eq!(out, [&b"abc"[..], &[9; 5], first, second].concat());
                assert_eq!(out.capacity(), capacity);
            } else {
                assert!(first.len() + second.len() + 5 > BLOCK);
            }
        }
    }

    /// The same bytes, whether there is room for a block or not.
    #[test]
    fn texts_of_every_length_are_written_into_any_buffer() {
        let text: Vec<u8> = (0..=255).collect();
        for (length, room) in (0..=70).flat_map(|length| [0, 8, 40, 72, 1000].map(|room| (length, room))) {
            let (text, key) = (&text[..length], &text[256 - length..]);
            let mut packed = BytesMut::with_capacity(room);
            let mut writer = KvWriter::start(&mut packed);
            writer.str(key, text).int(text, -2);
            writer.finish().expect("fits");
            let mut out = BytesMut::with_capacity(room);
            let mut writer = MessageWriter::start(&mut out, MessageId::EVENT_USER_EVENT);
            writer
                .str(AttributeId::THIS_DN, text)
                .list_of(AttributeId::USER_DATA, |list| list.str(key, text).int(text, -2));
            assert_eq!(writer.finish(&Limits::default()), Ok(2));
            let length = [u8::try_from(length).expect("short")];
            let head = [&[0, 2, 0, 0], &length[..], &[0], &length[..]].concat();
            let expected =
                [&head[..], key, text, &[1, 0], &length[..], &[0, 4], text, &[255, 255, 255, 254]].concat();
            assert_eq!(packed, expected);
            let message = MessageRef::parse(&out, &Limits::default()).expect("decodes");
            assert_eq!(message.text(AttributeId::THIS_DN), Ok(Some(text)));
            let list = message.list(AttributeId::USER_DATA).expect("a list").expect("is there");
            assert_eq!(list.packed_pairs(), &packed[2..]);
        }
    }
}
