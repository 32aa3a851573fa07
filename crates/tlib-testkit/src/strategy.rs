//! Strategies for messages: every message and attribute id, known and unknown, every kind of value, lists in lists.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use tlib_proto::wire::KvWriter;
use tlib_proto::{AttributeId, KvList, KvRef, Message, MessageId, ValueRef};

/// A value that owns what it holds.
#[derive(Clone, Debug)]
pub enum AnyValue {
    /// Kind 0.
    Str(Vec<u8>),
    /// Kind 1.
    Int(i32),
    /// Kind 2.
    Binary(Vec<u8>),
    /// Kind 3.
    List(Vec<(Vec<u8>, Self)>),
    /// Kind 4.
    Unicode(Vec<u8>),
    /// Kind 6.
    Long(u64),
    /// A kind that the profile does not know.
    Other(u8, Vec<u8>),
}

/// Text as it occurs, text that the log cannot show as it is, and bytes that are no text at all.
pub fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[A-Za-z0-9_:+/.@ -]{0,24}".prop_map(String::into_bytes),
        2 => "\\PC{0,12}".prop_map(String::into_bytes),
        1 => "[\\x00-\\x7f'\"\\\\\t\r\n(){}]{0,12}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..12),
    ]
}

/// A value of any kind; lists nest up to `depth` deep.
pub fn value(depth: u32) -> impl Strategy<Value = AnyValue> {
    let kind = any::<u8>().prop_filter("known kind", |kind| !tlib_proto::wire::is_known_kind(*kind));
    let leaf = prop_oneof![
        4 => text().prop_map(AnyValue::Str),
        3 => any::<i32>().prop_map(AnyValue::Int),
        1 => vec(any::<u8>(), 0..40).prop_map(AnyValue::Binary),
        1 => text().prop_map(AnyValue::Unicode),
        1 => any::<u64>().prop_map(AnyValue::Long),
        1 => (kind, vec(any::<u8>(), 0..12)).prop_map(|(kind, bytes)| AnyValue::Other(kind, bytes)),
    ];
    leaf.prop_recursive(depth, 24, 6, |inner| vec((text(), inner), 0..6).prop_map(AnyValue::List))
}

/// A message id: mostly published ones, never a control id.
pub fn message_id() -> impl Strategy<Value = MessageId> {
    prop_oneof![4 => 0_u16..183, 1 => 0_u16..0xFF00].prop_map(MessageId)
}

/// An attribute id: mostly published ones.
pub fn attribute_id() -> impl Strategy<Value = AttributeId> {
    prop_oneof![6 => 0_u16..149, 1 => any::<u16>()].prop_map(AttributeId)
}

/// Any message.
pub fn message() -> impl Strategy<Value = Message> {
    (message_id(), vec((attribute_id(), value(4)), 0..12)).prop_map(|(id, attributes)| build(id, &attributes))
}

/// The message with these attributes.
///
/// # Panics
/// When they do not fit into a frame, which the strategies here cannot make happen.
pub fn build(id: MessageId, attributes: &[(AttributeId, AnyValue)]) -> Message {
    Message::build(id, |writer| {
        for (id, value) in attributes {
            with(value, |value| {
                writer.value(*id, value);
            });
        }
        writer
    })
    .expect("small values fit")
}

fn with(value: &AnyValue, take: impl FnOnce(ValueRef<'_>)) {
    match value {
        AnyValue::Str(bytes) => take(ValueRef::Str(bytes)),
        AnyValue::Int(value) => take(ValueRef::Int(*value)),
        AnyValue::Binary(bytes) => take(ValueRef::Binary(bytes)),
        AnyValue::Unicode(bytes) => take(ValueRef::Unicode(bytes)),
        AnyValue::Long(value) => take(ValueRef::Long(*value)),
        AnyValue::Other(kind, bytes) => take(ValueRef::Other(*kind, bytes)),
        AnyValue::List(pairs) => {
            let list = list(pairs);
            let view: KvRef<'_> = list.view();
            take(ValueRef::List(view));
        }
    }
}

/// The list with these pairs.
///
/// # Panics
/// When they do not fit into a list, which the strategies here cannot make happen.
pub fn list(pairs: &[(Vec<u8>, AnyValue)]) -> KvList {
    let mut packed = BytesMut::new();
    let mut writer = KvWriter::start(&mut packed);
    for (key, value) in pairs {
        with(value, |value| {
            writer.value(key, value);
        });
    }
    writer.finish().expect("small values fit");
    KvList::from_packed(packed.freeze(), &tlib_proto::Limits::default()).expect("just packed")
}
