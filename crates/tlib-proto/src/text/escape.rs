//! Strings in log text: `'as the vendor prints'`, or `"escaped"` (chosen) where that would be ambiguous.

use std::fmt::Write;

/// Whether these bytes can stand between single quotes and be read back as they are.
pub(super) fn is_plain(bytes: &[u8]) -> Option<&str> {
    if bytes.iter().any(|byte| *byte < 0x20 || *byte == 0x7F || *byte == b'\'') {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    // The control characters beyond ASCII would reach a terminal, too; as UTF-8 they all begin with this byte.
    if bytes.contains(&0xC2) && text.chars().any(char::is_control) { None } else { Some(text) }
}

/// Appends `'text'` or, where that would be ambiguous, `"escaped"`.
pub(super) fn put_string(out: &mut String, bytes: &[u8]) {
    match is_plain(bytes) {
        Some(text) => {
            out.push('\'');
            out.push_str(text);
            out.push('\'');
        }
        None => put_escaped(out, bytes),
    }
}

/// Appends `"escaped"`: backslash escapes for backslash, double quote, line feed, carriage return and tab, `\xNN` for
/// every other control character and for bytes that are not UTF-8.
pub(super) fn put_escaped(out: &mut String, bytes: &[u8]) {
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                _ if c.is_control() => {
                    let mut utf8 = [0; 4];
                    c.encode_utf8(&mut utf8).bytes().for_each(|byte| put_hex_escape(out, u32::from(byte)));
                }
                _ => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            put_hex_escape(out, u32::from(*byte));
        }
    }
    out.push('"');
}

fn put_hex_escape(out: &mut String, byte: u32) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\x{byte:02x}");
}

/// Reads the escapes of the text between two double quotes; `None` when one is unknown or cut.
pub(super) fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (escape, after) = rest.split_first()?;
        rest = after;
        bytes.push(match escape {
            b'\\' => b'\\',
            b'"' => b'"',
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => {
                let (digits, after) = rest.split_first_chunk::<2>()?;
                rest = after;
                let digits = std::str::from_utf8(digits).ok()?;
                u8::from_str_radix(digits, 16).ok()?
            }
            _ => return None,
        });
    }
    Some(bytes)
}

/// Position of the double quote that ends an escaped string whose opening quote has been taken.
pub(super) fn end_of_escaped(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })
}
