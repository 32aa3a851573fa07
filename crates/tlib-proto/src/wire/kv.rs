//! The packed key-value list: UserData, Extensions, Reason.
//!
//! u16 pair count; per pair u8 type, u16 key length, u16 value length, key, value. A nested list's value has a 4-byte
//! head (u16 byte length, u16 count) before its pairs: three published samples fit no other size, what the bytes hold
//! is chosen (`protocol-spec/kv-list.md`). Order, duplicate keys and empty strings are kept.

use std::fmt;

use bytes::{Bytes, BytesMut};

use super::build::KvWriter;
use super::error::Part;
use super::head::{self, LIST_COUNT, NESTED_HEAD, PAIR_HEAD};
use super::message::ValueRef;
use super::{EncodeError, Limits, WireError, profile};

/// Checks the pairs of a list; `offset` is where `pairs` starts in what is being read.
pub(super) fn check_pairs(
    mut pairs: &[u8],
    count: u16,
    mut offset: usize,
    depth: usize,
    limit: usize,
) -> Result<(), WireError> {
    for _ in 0..count {
        let Some((bytes, rest)) = pairs.split_first_chunk::<PAIR_HEAD>() else {
            return Err(truncated(Part::PairHead, offset, PAIR_HEAD, pairs.len()));
        };
        let pair = head::pair_head(bytes);
        offset = offset.wrapping_add(PAIR_HEAD);
        let length = pair.key.wrapping_add(pair.value);
        let Some((body, rest)) = rest.split_at_checked(length) else {
            return Err(if pair.key > rest.len() {
                truncated(Part::PairKey, offset, pair.key, rest.len())
            } else {
                let at = offset.wrapping_add(pair.key);
                truncated(Part::PairValue, at, pair.value, rest.len().saturating_sub(pair.key))
            });
        };
        if pair.kind == profile::KIND_LIST {
            let (_, value) = body.split_at_checked(pair.key).unwrap_or((body, &[]));
            check_nested(value, offset.wrapping_add(pair.key), depth.wrapping_add(1), limit)?;
        } else {
            check_fixed(pair.kind, pair.value, Part::PairValue, offset.wrapping_add(pair.key))?;
        }
        pairs = rest;
        offset = offset.wrapping_add(length);
    }
    if pairs.is_empty() {
        Ok(())
    } else {
        Err(WireError::Trailing { part: Part::ListCount, offset, count: pairs.len() })
    }
}

fn check_nested(value: &[u8], offset: usize, depth: usize, limit: usize) -> Result<(), WireError> {
    if depth > limit {
        return Err(WireError::TooDeep { offset, limit });
    }
    let Some((bytes, pairs)) = value.split_first_chunk::<NESTED_HEAD>() else {
        return Err(truncated(Part::NestedHead, offset, NESTED_HEAD, value.len()));
    };
    let (length, count) = head::nested_head(bytes);
    let found = pairs.len().saturating_add(LIST_COUNT);
    if length > found {
        return Err(truncated(Part::NestedHead, offset, length, found));
    }
    if length < found {
        let count = found.saturating_sub(length);
        return Err(WireError::Trailing {
            part: Part::NestedHead,
            offset: offset.saturating_add(length),
            count,
        });
    }
    check_pairs(pairs, count, offset.wrapping_add(NESTED_HEAD), depth, limit)
}

/// Checks a list that is the whole of `bytes`, as in an attribute.
pub(super) fn check_list(bytes: &[u8], offset: usize, limit: usize) -> Result<(), WireError> {
    if limit == 0 {
        return Err(WireError::TooDeep { offset, limit });
    }
    let Some((count, pairs)) = bytes.split_first_chunk::<LIST_COUNT>() else {
        return Err(truncated(Part::ListCount, offset, LIST_COUNT, bytes.len()));
    };
    check_pairs(pairs, head::list_count(count), offset.wrapping_add(LIST_COUNT), 1, limit)
}

/// Checks the length of a value whose kind has a fixed one.
#[inline]
pub(super) fn check_fixed(kind: u8, found: usize, part: Part, offset: usize) -> Result<(), WireError> {
    let expected = match kind {
        profile::KIND_INT => 4,
        profile::KIND_LONG => 8,
        _ => return Ok(()),
    };
    if found == expected {
        Ok(())
    } else {
        Err(WireError::ValueLength { part, offset, kind, expected, found })
    }
}

#[cold]
pub(super) fn truncated(part: Part, offset: usize, needed: usize, left: usize) -> WireError {
    WireError::Truncated { part, offset, needed, left }
}

/// A borrowed, checked list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KvRef<'a> {
    count: u16,
    pairs: &'a [u8],
}

impl<'a> KvRef<'a> {
    /// The list without pairs.
    pub const EMPTY: KvRef<'static> = KvRef { count: 0, pairs: &[] };

    /// Reads a packed list that is the whole of `packed`.
    ///
    /// # Errors
    /// [`WireError`] with the offset inside `packed`.
    pub fn parse(packed: &'a [u8], limits: &Limits) -> Result<Self, WireError> {
        check_list(packed, 0, limits.nesting)?;
        Ok(Self::checked(packed))
    }

    /// The view of a packed list that has been checked before.
    #[inline]
    pub(super) fn checked(packed: &'a [u8]) -> Self {
        match packed.split_first_chunk::<LIST_COUNT>() {
            Some((count, pairs)) => Self { count: head::list_count(count), pairs },
            None => Self::EMPTY,
        }
    }

    #[inline]
    fn nested(value: &'a [u8]) -> Self {
        match value.split_first_chunk::<NESTED_HEAD>() {
            Some((head, pairs)) => Self { count: head::nested_head(head).1, pairs },
            None => Self::EMPTY,
        }
    }

    /// How many pairs the list holds, nested ones not counted.
    pub const fn len(self) -> usize {
        self.count as usize
    }

    /// Whether the list holds no pair.
    pub const fn is_empty(self) -> bool {
        self.count == 0
    }

    /// Bytes of the packed list, as the log prints them in `[347] 00 0c 00 00..`.
    pub const fn packed_len(self) -> usize {
        self.pairs.len().saturating_add(LIST_COUNT)
    }

    /// The packed pairs, without the count before them.
    pub const fn packed_pairs(self) -> &'a [u8] {
        self.pairs
    }

    /// The pairs in their order, duplicates included.
    #[inline]
    pub const fn pairs(self) -> Pairs<'a> {
        Pairs { rest: self.pairs }
    }

    /// The first pair with this key.
    pub fn find(self, key: &str) -> Option<ValueRef<'a>> {
        self.pairs().find(|pair| pair.key == key.as_bytes()).map(|pair| pair.value)
    }

    /// A list of its own with the same pairs.
    pub fn to_owned(self) -> KvList {
        let mut packed = BytesMut::with_capacity(self.packed_len());
        packed.extend_from_slice(&self.count.to_be_bytes());
        packed.extend_from_slice(self.pairs);
        KvList { packed: packed.freeze() }
    }
}

impl fmt::Debug for KvRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.pairs().map(|pair| (pair.key.escape_ascii().to_string(), pair.value)))
            .finish()
    }
}

/// One pair of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairRef<'a> {
    /// The key's bytes, UTF-8 unless the connection has another charset.
    pub key: &'a [u8],
    /// The value.
    pub value: ValueRef<'a>,
}

/// Iterates over the pairs of a checked list; see [`KvRef::pairs`].
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Pairs<'a> {
    type Item = PairRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<PairRef<'a>> {
        let (bytes, rest) = self.rest.split_first_chunk::<PAIR_HEAD>()?;
        let pair = head::pair_head(bytes);
        let (key, rest) = rest.split_at_checked(pair.key)?;
        let (value, rest) = head::split_value(pair.kind, pair.value, rest)?;
        self.rest = rest;
        let value = if pair.kind == profile::KIND_LIST {
            ValueRef::List(KvRef::nested(value))
        } else {
            ValueRef::flat(pair.kind, value)
        };
        Some(PairRef { key, value })
    }
}

/// An owned list, kept packed: one allocation whatever the number of pairs.
#[derive(Clone, PartialEq, Eq)]
pub struct KvList {
    packed: Bytes,
}

impl KvList {
    /// The list without pairs.
    pub fn new() -> Self {
        Self { packed: Bytes::from_static(&[0, 0]) }
    }

    /// Packs the pairs that `fill` writes.
    ///
    /// ```
    /// # use tlib_proto::KvList;
    /// let reason = KvList::build(|list| list.int("RTR", 115))?;
    /// assert_eq!(reason.packed(), b"\x00\x01\x01\x00\x03\x00\x04RTR\x00\x00\x00\x73");
    /// # Ok::<(), tlib_proto::EncodeError>(())
    /// ```
    ///
    /// # Errors
    /// [`EncodeError`] when a key, a value or the whole list is over 65535 bytes.
    pub fn build(
        fill: impl for<'w, 'b> FnOnce(&'w mut KvWriter<'b>) -> &'w mut KvWriter<'b>,
    ) -> Result<Self, EncodeError> {
        let mut packed = BytesMut::new();
        let mut writer = KvWriter::start(&mut packed);
        fill(&mut writer);
        writer.finish()?;
        Ok(Self { packed: packed.freeze() })
    }

    /// Takes over a packed list.
    ///
    /// # Errors
    /// [`WireError`] when the bytes are not one list, or nest deeper than the limit.
    pub fn from_packed(packed: Bytes, limits: &Limits) -> Result<Self, WireError> {
        check_list(&packed, 0, limits.nesting)?;
        Ok(Self { packed })
    }

    /// The borrowed view that all reading goes through.
    #[inline]
    pub fn view(&self) -> KvRef<'_> {
        KvRef::checked(&self.packed)
    }

    /// The packed bytes, as an attribute carries them.
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }
}

impl Default for KvList {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for KvList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
