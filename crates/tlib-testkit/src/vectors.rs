//! Golden frames: annotated hex and JSON side by side, usable from any language (`protocol-spec/vectors`).

use std::fmt::Write;

use tlib_proto::spec::AttributeType;
use tlib_proto::wire::profile;
use tlib_proto::{AttributeId, ErrorCode, KvRef, MessageId, MessageRef, ValueRef};

/// Bytes in a line; longer values go on in lines without a comment.
const LINE: usize = 16;

/// Where comments begin: behind a full line at the depth of a value.
const COMMENT: usize = 54;

/// The frame as hex, with what each head and value means behind `#`.
pub fn annotate(message: MessageRef<'_>) -> String {
    let mut out = Annotated { text: String::new(), rest: message.frame() };
    out.take(4, 0, format!("length: {} bytes follow", message.frame().len() - 4));
    let name = match message.id() {
        MessageId(profile::CONTROL_PING) => "keep-alive ping".to_owned(),
        MessageId(profile::CONTROL_PONG) => "keep-alive pong".to_owned(),
        id => id.to_string(),
    };
    out.take(2, 0, format!("message {}: {name}", message.id().0));
    out.take(2, 0, many(message.len(), "attribute"));
    for attribute in message.attributes() {
        let (id, value) = (attribute.id, attribute.value);
        out.take(5, 1, format!("{} Attribute{id} ({}): value length", kind(value), id.0));
        match value {
            ValueRef::List(list) => out.list(list, 2),
            ValueRef::Int(number) => out.take(4, 2, int(id, number)),
            value => out.value(value, 2),
        }
    }
    assert!(out.rest.is_empty(), "every byte is annotated");
    out.text
}

/// Reads hex with blanks, line breaks and comments behind `#`.
///
/// # Errors
/// The line that is no hex.
pub fn read_hex(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let digits = line.split('#').next().unwrap_or_default();
        for digits in digits.split_whitespace() {
            bytes.push(u8::from_str_radix(digits, 16).map_err(|error| format!("line {}: {error}", n + 1))?);
        }
    }
    Ok(bytes)
}

fn kind(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Other(kind, _) => format!("kind {kind},"),
        known => format!("{} ({}),", known.kind_name(), known.kind()),
    }
}

/// An int of an attribute, as that attribute reads it.
fn int(id: AttributeId, number: i32) -> String {
    let unsigned = number.cast_unsigned();
    match id {
        AttributeId::USER_EVENT => match u16::try_from(number) {
            Ok(message) => format!("{number}, {}", MessageId(message)),
            Err(_) => number.to_string(),
        },
        AttributeId::ERROR_CODE => ErrorCode(unsigned).to_string(),
        id if id.ty() == AttributeType::Unsigned => unsigned.to_string(),
        _ => number.to_string(),
    }
}

fn many(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Text in a comment, which must stay in its line.
fn quoted(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => format!("'{text}'"),
        Ok(text) => text.escape_debug().to_string(),
        Err(_) => "bytes that are not UTF-8".to_owned(),
    }
}

struct Annotated<'a> {
    text: String,
    rest: &'a [u8],
}

impl Annotated<'_> {
    fn take(&mut self, count: usize, depth: usize, what: impl AsRef<str>) {
        let (bytes, rest) = self.rest.split_at(count);
        self.rest = rest;
        let mut comment = format!("# {}", what.as_ref());
        for line in bytes.chunks(LINE) {
            let mut hex = "  ".repeat(depth);
            for byte in line {
                // Writing to a String cannot fail.
                let _ = write!(hex, "{byte:02x} ");
            }
            let line = format!("{hex:<COMMENT$}{comment}");
            self.text.push_str(line.trim_end());
            self.text.push('\n');
            comment.clear();
        }
    }

    fn value(&mut self, value: ValueRef<'_>, depth: usize) {
        let (count, what) = match value {
            ValueRef::Int(value) => (4, value.to_string()),
            ValueRef::Long(value) => (8, format!("{value:016x}")),
            ValueRef::Str(bytes) | ValueRef::Unicode(bytes) => (bytes.len(), quoted(bytes)),
            ValueRef::Binary(bytes) | ValueRef::Other(_, bytes) => (bytes.len(), many(bytes.len(), "byte")),
            other => unreachable!("{other:?} is not a flat value"),
        };
        self.take(count, depth, what);
    }

    fn list(&mut self, list: KvRef<'_>, depth: usize) {
        self.take(2, depth, format!("{}, {} bytes packed", many(list.len(), "pair"), list.packed_len()));
        for pair in list.pairs() {
            self.take(5, depth, format!("{} pair: key length, value length", kind(pair.value)));
            self.take(pair.key.len(), depth + 1, format!("key {}", quoted(pair.key)));
            match pair.value {
                ValueRef::List(inner) => {
                    self.take(2, depth + 1, format!("nested list: {} bytes follow", inner.packed_len()));
                    self.list(inner, depth + 1);
                }
                value => self.value(value, depth + 1),
            }
        }
    }
}
