//! From bytes and numbers to the text of a column.
//!
//! Bytes are UTF-8, or else each byte is a character of ISO-8859-1; U+0000 becomes U+FFFD, because PostgreSQL cannot hold
//! it (all chosen). Nothing is allocated for text that is fine as it is.

use std::borrow::Cow;
use std::fmt::{Display, Write};

use tlib_proto::ValueRef;

use super::decision::Cut;

/// A text for a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text<'a> {
    /// As much of it as the column holds.
    pub(super) text: &'a str,
    /// All of it.
    pub(super) whole: &'a str,
    /// When it has more characters than the column holds.
    pub(super) cut: Option<Cut>,
}

/// What a value has for a column.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content<'a> {
    Text(Text<'a>),
    List,
    Binary,
}

/// The text of bytes, at most `most` characters; `scratch` holds it where the bytes themselves will not do.
#[inline]
pub(super) fn text<'a>(bytes: &'a [u8], most: usize, scratch: &'a mut String) -> Text<'a> {
    let whole = match std::str::from_utf8(bytes) {
        Ok(text) if !bytes.contains(&0) => text,
        _ => repaired(bytes, scratch),
    };
    cut(whole, most)
}

/// The text of a value.
#[inline]
pub(super) fn content<'a>(value: ValueRef<'a>, most: usize, scratch: &'a mut String) -> Content<'a> {
    match value {
        ValueRef::Str(bytes) | ValueRef::Unicode(bytes) => Content::Text(text(bytes, most, scratch)),
        ValueRef::Int(number) => Content::Text(decimal(number, most, scratch)),
        // Chosen: an integer is an integer, and no sign of it is known.
        ValueRef::Long(number) => Content::Text(decimal(number, most, scratch)),
        ValueRef::List(_) => Content::List,
        _ => Content::Binary,
    }
}

fn decimal(number: impl Display, most: usize, scratch: &mut String) -> Text<'_> {
    scratch.clear();
    // Writing to a String cannot fail.
    let _ = write!(scratch, "{number}");
    cut(scratch, most)
}

/// The same as [`text`] for what is needed once an event; cut, and how long it was is not told.
pub(super) fn short(bytes: &[u8], most: usize) -> Cow<'_, str> {
    let mut scratch = String::new();
    match std::str::from_utf8(bytes) {
        Ok(whole) if !bytes.contains(&0) => Cow::Borrowed(cut(whole, most).text),
        _ => Cow::Owned(cut(repaired(bytes, &mut scratch), most).text.to_owned()),
    }
}

#[cold]
fn repaired<'a>(bytes: &[u8], scratch: &'a mut String) -> &'a str {
    scratch.clear();
    let repair = |character| if character == '\0' { '\u{fffd}' } else { character };
    match std::str::from_utf8(bytes) {
        Ok(text) => scratch.extend(text.chars().map(repair)),
        Err(_) => scratch.extend(bytes.iter().map(|byte| repair(char::from(*byte)))),
    }
    scratch
}

#[inline]
fn cut(whole: &str, most: usize) -> Text<'_> {
    // A character has at least one byte.
    if whole.len() <= most {
        return Text { text: whole, whole, cut: None };
    }
    cut_long(whole, most)
}

#[cold]
fn cut_long(whole: &str, most: usize) -> Text<'_> {
    match whole.char_indices().nth(most) {
        Some((at, _)) => {
            let text = whole.get(..at).unwrap_or_default();
            Text { text, whole, cut: Some(Cut { from: whole.chars().count(), to: most }) }
        }
        None => Text { text: whole, whole, cut: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_text() {
        for (bytes, whole) in [
            (&b"plain"[..], "plain"),
            ("größe".as_bytes(), "größe"),
            (b"gr\xf6\xdfe", "größe"),
            (b"a\0b", "a\u{fffd}b"),
            (b"\xff\0", "ÿ\u{fffd}"),
            (b"", ""),
        ] {
            assert_eq!(text(bytes, 255, &mut String::new()).whole, whole);
            assert_eq!(short(bytes, 255), whole);
        }
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        let wide = "é".repeat(256);
        let exact = "é".repeat(255);
        let mut scratch = String::new();
        assert_eq!(text(exact.as_bytes(), 255, &mut scratch).cut, None);
        let found = text(wide.as_bytes(), 255, &mut scratch);
        assert_eq!((found.text, found.cut), (exact.as_str(), Some(Cut { from: 256, to: 255 })));
    }

    #[test]
    fn numbers_become_decimal() {
        let mut scratch = String::new();
        let Content::Text(found) = content(ValueRef::Int(i32::MIN), 255, &mut scratch) else { panic!() };
        assert_eq!(found.text, "-2147483648");
        let Content::Text(found) = content(ValueRef::Long(u64::MAX), 255, &mut scratch) else { panic!() };
        assert_eq!(found.text, "18446744073709551615");
    }
}
