//! Golden frames: annotated hex and JSON side by side, usable from any language (`protocol-spec/vectors`).

use std::fmt::Write;

use tlib_proto::{KvRef, MessageRef, ValueRef};

/// The frame as hex, a line for each head and value, with what it means behind `#`.
pub fn annotate(message: MessageRef<'_>) -> String {
    let mut out = Annotated { text: String::new(), rest: message.frame() };
    out.take(4, 0, format!("length: {} bytes follow", message.frame().len() - 4));
    out.take(2, 0, format!("message {}: {}", message.id().0, message.id()));
    out.take(2, 0, format!("{} attributes", message.len()));
    for attribute in message.attributes() {
        let what = format!("kind {}, Attribute{} ({})", attribute.value.kind(), attribute.id, attribute.id.0);
        out.take(5, 1, what);
        match attribute.value {
            ValueRef::List(list) => out.list(list, 2),
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

struct Annotated<'a> {
    text: String,
    rest: &'a [u8],
}

impl Annotated<'_> {
    fn take(&mut self, count: usize, depth: usize, what: impl AsRef<str>) {
        let (bytes, rest) = self.rest.split_at(count);
        self.rest = rest;
        let mut hex = "  ".repeat(depth);
        for byte in bytes {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x} ");
        }
        let _ = writeln!(self.text, "{hex:<40}# {}", what.as_ref());
    }

    fn value(&mut self, value: ValueRef<'_>, depth: usize) {
        let (count, what) = match value {
            ValueRef::Int(value) => (4, value.to_string()),
            ValueRef::Long(value) => (8, format!("{value:016x}")),
            ValueRef::Str(bytes) | ValueRef::Unicode(bytes) => {
                (bytes.len(), format!("'{}'", String::from_utf8_lossy(bytes)))
            }
            ValueRef::Binary(bytes) | ValueRef::Other(_, bytes) => (bytes.len(), "bytes".to_owned()),
            other => unreachable!("{other:?} is not a flat value"),
        };
        if count > 0 {
            self.take(count, depth, what);
        }
    }

    fn list(&mut self, list: KvRef<'_>, depth: usize) {
        self.take(2, depth, format!("{} pairs, {} bytes packed", list.len(), list.packed_len()));
        for pair in list.pairs() {
            self.take(5, depth, format!("pair of kind {}: key length, value length", pair.value.kind()));
            if !pair.key.is_empty() {
                self.take(pair.key.len(), depth + 1, format!("'{}'", String::from_utf8_lossy(pair.key)));
            }
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
