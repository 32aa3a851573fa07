//! What the parts of a line look like: names, keys, and the values that need no second look.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;
use tlib_proto::text::Reader as TextReader;

use super::split::FieldKind;

/// Whether a byte may stand in a name: letters, digits and underscores.
pub(super) static WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || b == b'_';
        byte += 1;
    }
    table
};

/// How many letters, digits and underscores begin a text. Names have all lengths, so a loop that stops at their ends is
/// guessed wrong by the processor nearly each time: up to 24 bytes are looked at together.
#[inline]
pub(super) fn word_length(text: &[u8]) -> usize {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The high bit of each byte that is no letter, digit or underscore.
    let others = |bytes: &[u8; 8]| {
        let each = |byte: u8| u64::from_ne_bytes([byte; 8]);
        let all = u64::from_le_bytes(*bytes);
        let low = all & !HIGH;
        // Bytes below 128 carry nothing into their neighbours here.
        let between = |low: u64, first: u8, last: u8| (low + each(0x80 - first)) & !(low + each(0x7F - last));
        let word =
            between(low, b'0', b'9') | between(low | each(0x20), b'a', b'z') | between(low, b'_', b'_');
        !(word & !all) & HIGH
    };
    let Some((head, _)) = text.split_first_chunk::<24>() else { return slow_word_length(text) };
    let ([a, b, c], []) = head.as_chunks::<8>() else { return slow_word_length(text) };
    let (a, b, c) = (others(a), others(b), others(c));
    let place = |word: u64| word.trailing_zeros() as usize / 8;
    if a != 0 {
        place(a)
    } else if b != 0 {
        8 + place(b)
    } else if c != 0 {
        16 + place(c)
    } else {
        slow_word_length(text)
    }
}

#[cold]
fn slow_word_length(text: &[u8]) -> usize {
    text.iter().position(|byte| !WORD[usize::from(*byte)]).unwrap_or(text.len())
}

/// Key and what follows its closing quote; the same rule as in tlib-proto, which a test holds against it.
pub(crate) fn pair_key(body: &[u8]) -> Option<(FieldKind, Range<usize>, usize)> {
    if let Some(inner) = body.strip_prefix(b"\"") {
        let mut escaped = false;
        let end = inner.iter().position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        })?;
        return Some((FieldKind::EscapedPair, 1..1 + end, end + 2));
    }
    let inner = body.strip_prefix(b"'")?;
    // Quotes in keys are not escaped: the one that counts is before a tab or a list, or else before a blank.
    let mut before_blank = None;
    let end = memchr::memchr_iter(b'\'', inner).find(|at| match inner.get(at + 1..) {
        Some([b'\t', ..]) => true,
        Some([b' ', ..]) => {
            before_blank = before_blank.or(Some(*at));
            false
        }
        Some(rest) => rest.starts_with(b"(list)"),
        None => false,
    });
    let end = end.or(before_blank)?;
    Some((FieldKind::Pair, 1..1 + end, end + 2))
}

/// Lets the text codec say whether it can read a line, `before` it what makes it one of a block.
pub(super) fn judge(before: &[u8], body: &[u8]) -> Option<Cow<'static, str>> {
    let mut reader = TextReader::start("EventUserEvent", 0).ok()?;
    let mut line = Vec::with_capacity(before.len() + body.len());
    let last = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    for whole in before.split(|byte| *byte == b'\n').filter(|whole| whole.len() > 2) {
        reader.line(whole);
    }
    line.extend_from_slice(last);
    line.extend_from_slice(body);
    reader.line(&line);
    match reader.finish() {
        // What has no published id is no damage, and a list's pairs are not here.
        Ok((_, complaints)) => complaints.into_iter().map(|complaint| complaint.reason).find(|reason| {
            !reason.ends_with("has no published id and cannot be sent")
                && !reason.starts_with("the list's head")
        }),
        Err(error) => Some(error.to_string()),
    }
    .map(Into::into)
}

pub(super) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(240)).unwrap_or_default());
    let mut short: String = text.chars().take(60).collect();
    if short.len() < bytes.len() {
        short.push_str("...");
    }
    format!("{short:?}")
}

/// A value without a tab in it, its carriage return left out, and the place after its line feed.
#[inline(always)]
pub(super) fn usual_value(text: &[u8], value: usize) -> Option<(&[u8], usize)> {
    let end = value + memchr2(b'\t', b'\n', text.get(value..)?)?;
    if text.get(end) != Some(&b'\n') {
        return None;
    }
    let content = text.get(value..end)?;
    Some((content.strip_suffix(b"\r").unwrap_or(content), end + 1))
}

/// `'text'`, not cut.
#[inline]
pub(super) fn is_quoted(value: &[u8]) -> bool {
    matches!(value, [b'\'', .., b'\''])
}

/// `431`, `-5`, `1348817660 (00:34:20)`.
#[inline]
pub(super) fn is_decimal(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    let length = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let rest = digits.get(length..).unwrap_or_default();
    // Ten digits are the most that 32 bits need; whether they fit is asked of the longer ones.
    (1..=9).contains(&length) && (rest.is_empty() || matches!(rest, [b' ', b'(', .., b')']))
        || length == 10 && digits.first() == Some(&b'1') && matches!(rest, [] | [b' ', b'(', .., b')'])
}

/// Whether what follows a number is in parentheses, if anything does.
pub(super) fn has_whole_remark(value: &[u8]) -> bool {
    match memchr2(b' ', b'(', value).and_then(|at| value.get(at..)) {
        Some(rest) => rest.starts_with(b" (") && rest.ends_with(b")"),
        None => true,
    }
}

/// 16 hex digits.
#[inline]
pub(super) fn is_long(value: &[u8]) -> bool {
    value.len() == 16 && value.iter().all(u8::is_ascii_hexdigit)
}

/// `[347] 00 0c 00 00..`
#[inline]
pub(super) fn is_list_head(value: &[u8]) -> bool {
    let Some(close) = value.iter().take(12).position(|byte| *byte == b']') else { return false };
    let digits = value.get(1..close).unwrap_or_default();
    let bytes = value.get(close + 1..).unwrap_or_default();
    !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
        && bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b' ' || *byte == b'.')
}

/// The number of pairs in a list's head: its first two bytes, if they are printed.
pub(super) fn stated_count(head: &[u8]) -> Option<u16> {
    let close = memchr::memchr(b']', head)?;
    let bytes = head.get(close + 1..)?.trim_ascii_start();
    let [a, b, b' ', c, d, ..] = *bytes else { return None };
    let text = [a, b, c, d];
    if !text.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(&text).ok()?, 16).ok()
}
