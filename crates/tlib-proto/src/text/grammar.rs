//! The grammar of one line, in nom's complete parsers: a line is all there is, so nothing can be "incomplete".

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, digit1, space0, space1};
use nom::combinator::{all_consuming, opt, recognize, rest};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::escape::{end_of_escaped, unescape};
use crate::spec::AttributeType;
use crate::wire::is_known_kind;

/// A value as read; lists grow line by line.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Str(Vec<u8>),
    Int(i32),
    Binary(Vec<u8>),
    List(Vec<Pair>),
    Unicode(Vec<u8>),
    Long(u64),
    Other(u8, Vec<u8>),
}

#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) key: Vec<u8>,
    pub(super) value: Value,
}

type Parsed<'a> = IResult<&'a [u8], &'a [u8]>;

/// Letters, digits and underscores.
pub(super) fn word(text: &[u8]) -> Parsed<'_> {
    take_while1(|byte: u8| byte.is_ascii_alphanumeric() || byte == b'_').parse_complete(text)
}

/// `AttributeName` and the blanks behind it.
pub(super) fn attribute_name(line: &[u8]) -> Parsed<'_> {
    delimited(tag(&b"Attribute"[..]), word, space0).parse_complete(line)
}

/// `[347] 00 0c 00 00..`: what follows the length.
pub(super) fn list_head(text: &[u8]) -> Parsed<'_> {
    preceded((char('['), digit1, char(']')), rest).parse_complete(text)
}

/// The number of pairs in a list's head: its first two bytes, if they are printed.
pub(super) fn stated_count(text: &[u8]) -> Option<usize> {
    let (_, bytes) = list_head(text).ok()?;
    let bytes = hex_bytes(bytes.trim_ascii_start().get(..5)?)?;
    let [high, low] = <[u8; 2]>::try_from(bytes).ok()?;
    Some(usize::from(u16::from_be_bytes([high, low])))
}

/// `{mark}` and the blank behind it.
fn mark(text: &[u8]) -> Parsed<'_> {
    delimited(char('{'), take_while1(|byte: u8| byte != b'}'), (char('}'), opt(char(' '))))
        .parse_complete(text)
}

/// Digits, and whatever a vendor prints behind them: `59 (DN is not configured)`.
fn decimal(text: &[u8]) -> Parsed<'_> {
    terminated(recognize((opt(char('-')), digit1)), alt((all_consuming(space0), preceded(space1, rest))))
        .parse_complete(text)
}

fn hex_digits(text: &[u8]) -> Parsed<'_> {
    all_consuming(terminated(take_while1(|byte: u8| byte.is_ascii_hexdigit()), space0)).parse_complete(text)
}

/// One value that is not a list.
pub(super) fn token(text: &[u8], ty: AttributeType) -> Option<Value> {
    match text.first()? {
        b'\'' => quoted(text).map(Value::Str),
        b'"' => escaped(text).map(Value::Str),
        b'{' => marked(text),
        _ if ty == AttributeType::Long => long(text).map(Value::Long),
        _ => number(text).map(Value::Int),
    }
}

/// From the first single quote to the last one of the line: quotes within are the vendor's, who does not escape them.
fn quoted(text: &[u8]) -> Option<Vec<u8>> {
    Some(text.trim_ascii_end().strip_prefix(b"'")?.strip_suffix(b"'")?.to_vec())
}

fn escaped(text: &[u8]) -> Option<Vec<u8>> {
    unescape(text.trim_ascii_end().strip_prefix(b"\"")?.strip_suffix(b"\"")?)
}

/// `{binary} 00 ff`, `{unicode} "text"`, `{long} 16 hex`, `{int} 5`, `{kind 9} 00`: the chosen forms.
fn marked(text: &[u8]) -> Option<Value> {
    let (value, mark) = mark(text).ok()?;
    match mark {
        b"binary" => hex_bytes(value).map(Value::Binary),
        b"unicode" => escaped(value).map(Value::Unicode),
        b"long" => long(value).map(Value::Long),
        b"int" => number(value).map(Value::Int),
        _ => {
            let kind = std::str::from_utf8(mark.strip_prefix(b"kind ")?).ok()?.parse().ok()?;
            if is_known_kind(kind) { None } else { hex_bytes(value).map(|bytes| Value::Other(kind, bytes)) }
        }
    }
}

fn long(text: &[u8]) -> Option<u64> {
    let (_, digits) = hex_digits(text).ok()?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn number(text: &[u8]) -> Option<i32> {
    let (_, digits) = decimal(text).ok()?;
    let value: i64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    i32::try_from(value).ok().or_else(|| u32::try_from(value).ok().map(u32::cast_signed))
}

fn hex_bytes(text: &[u8]) -> Option<Vec<u8>> {
    text.trim_ascii_end()
        .split(|byte| *byte == b' ')
        .filter(|digits| !digits.is_empty())
        .map(|digits| {
            let (_, digits) = hex_digits(digits).ok().filter(|(_, digits)| digits.len() == 2)?;
            u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
        })
        .collect()
}

/// What follows the closing quote of a key (white space and a value, or `(list)`), and the key.
pub(super) fn pair_key(body: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    if let Some(inner) = body.strip_prefix(b"\"") {
        let (key, after) = inner.split_at_checked(end_of_escaped(inner)?)?;
        return Some((after.strip_prefix(b"\"")?, unescape(key)?));
    }
    let inner = body.strip_prefix(b"'")?;
    let find = |what: &[u8]| memchr::memmem::find(inner, what);
    // The vendor does not escape quotes in keys either: the quote that counts is the one before a tab or a list.
    let end = match (find(b"'\t"), find(b"'(list)")) {
        (Some(tab), Some(list)) => tab.min(list),
        (Some(end), None) | (None, Some(end)) => end,
        (None, None) => find(b"' ")?,
    };
    let (key, after) = inner.split_at_checked(end)?;
    Some((after.strip_prefix(b"'")?, key.to_vec()))
}
