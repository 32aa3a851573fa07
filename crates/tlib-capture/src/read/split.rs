//! Attribute and pair lines, split where they stand.
//!
//! Only the shape of a line is looked at here: names, keys, and where values begin and end. What a value means, and whether
//! an unusual one can be read, is for the text codec of tlib-proto to say.

use std::borrow::Cow;

use memchr::memchr2;
use tlib_proto::MessageId;
use tlib_proto::text::Reader as TextReader;

use super::line::Span;

/// Most attributes, pairs and damaged lines of a block: more than a frame of the greatest length has.
pub(super) const FIELD_LIMIT: usize = 300_000;

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Attribute,
    Pair,
    /// A pair whose key is printed `"escaped"`.
    EscapedPair,
    /// A line that is neither.
    Other,
}

/// One attribute or pair, as places in the text of its record.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldAt {
    pub(super) kind: FieldKind,
    /// 0 for attributes, 1 for the pairs of an attribute's own list, and so on.
    pub(super) depth: u8,
    /// Lines after the first one of the record.
    pub(super) line: u32,
    /// Name without `Attribute`, or key without its quotes.
    pub(super) name: Span,
    /// The value as printed.
    pub(super) value: Span,
}

/// A complaint about a line, before its place is known.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) line: u32,
    pub(super) reason: Cow<'static, str>,
}

/// Fields and flaws of the record that is being read.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) fields: Vec<FieldAt>,
    pub(super) flaws: Vec<Flaw>,
    /// The list that pair lines belong to.
    list: Option<List>,
}

#[derive(Clone, Copy, Debug)]
struct List {
    /// Index of its attribute.
    at: usize,
    /// How many pairs its head speaks of.
    stated: Option<u16>,
    outer: u32,
    nested: u32,
    /// Greatest depth at which the next pair may stand.
    open: u8,
}

/// Flaws that are kept for one record.
const FLAW_LIMIT: usize = 64;

/// Whether a byte may stand in a name: letters, digits and underscores.
const WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || b == b'_';
        byte += 1;
    }
    table
};

impl Parts {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.fields.clear();
        self.flaws.clear();
        self.list = None;
    }

    /// Whether pair lines have a list that they belong to.
    pub(super) const fn in_list(&self) -> bool {
        self.list.is_some()
    }

    /// Remembers that something is wrong with a line.
    #[cold]
    pub(super) fn flaw(&mut self, line: u32, reason: impl Into<Cow<'static, str>>) {
        match self.flaws.len() {
            ..FLAW_LIMIT => self.flaws.push(Flaw { line, reason: reason.into() }),
            FLAW_LIMIT => {
                let reason = "more of this block cannot be read; no more is said of it".into();
                self.flaws.push(Flaw { line, reason });
            }
            _ => {}
        }
    }

    /// Takes the line at `pos`, which begins with a tab, if it is of the usual form; gives the place after its line feed.
    #[inline]
    pub(super) fn usual_line(&mut self, text: &[u8], pos: usize, line: u32) -> Option<usize> {
        let rest = text.get(pos..)?;
        if rest.starts_with(b"\tAttribute") {
            return self.usual_attribute(text, pos, line);
        }
        if !rest.starts_with(b"\t\t") {
            return None;
        }
        let list = self.list.as_mut()?;
        let tabs = if rest.get(2) == Some(&b'\'') {
            2
        } else {
            rest.iter().take(64).take_while(|byte| **byte == b'\t').count()
        };
        let key = pos + tabs + 1;
        if text.get(key - 1) != Some(&b'\'') {
            return None;
        }
        // Up to here nothing has looked for the end of the line.
        let key_end = key + memchr2(b'\'', b'\n', text.get(key..)?)?;
        let value = key_end + 2;
        if text.get(key_end) != Some(&b'\'') || text.get(key_end + 1) != Some(&b'\t') {
            return None;
        }
        let (content, end) = usual_value(text, value)?;
        if !(is_quoted(content) || is_decimal(content)) {
            return None;
        }
        let depth = u8::try_from(tabs - 1).unwrap_or(u8::MAX).min(list.open);
        list.open = depth;
        list.outer += u32::from(depth == 1);
        self.fields.push(FieldAt {
            kind: FieldKind::Pair,
            depth,
            line,
            name: Span::new(key, key_end),
            value: Span::new(value, value + content.len()),
        });
        Some(end)
    }

    #[inline]
    fn usual_attribute(&mut self, text: &[u8], pos: usize, line: u32) -> Option<usize> {
        let name = pos + 10;
        let length = text.get(name..)?.iter().position(|byte| !WORD[usize::from(*byte)])?;
        let name_end = name + length;
        if length == 0 || text.get(name_end) != Some(&b'\t') {
            return None;
        }
        let value = name_end + 1;
        let (content, end) = usual_value(text, value)?;
        let is_list = content.first() == Some(&b'[');
        let usual = if is_list {
            is_list_head(content)
        } else {
            is_quoted(content)
                || is_decimal(content)
                || is_long(content)
                || is_message_name(text.get(name..name_end)?, content)
        };
        if !usual {
            return None;
        }
        self.settle(text);
        if is_list {
            self.open_list(content);
        }
        self.fields.push(FieldAt {
            kind: FieldKind::Attribute,
            depth: 0,
            line,
            name: Span::new(name, name_end),
            value: Span::new(value, value + content.len()),
        });
        Some(end)
    }

    fn open_list(&mut self, head: &[u8]) {
        let at = self.fields.len();
        self.list = Some(List { at, stated: stated_count(head), outer: 0, nested: 0, open: 1 });
    }

    /// Takes any line of a block: `start..end` without its line feed.
    pub(super) fn any_line(&mut self, text: &[u8], start: usize, end: usize, line: u32) {
        let whole = text.get(start..end).unwrap_or_default();
        let trimmed = whole.trim_ascii_end();
        let body = trimmed.trim_ascii_start();
        let body_at = start + (trimmed.len() - body.len());
        let place = Place { at: body_at, line };
        if body.starts_with(b"Attribute") {
            self.attribute(text, body, place);
        } else if matches!(body.first(), Some(b'\'' | b'"')) {
            let tabs = whole.iter().take_while(|byte| **byte == b'\t').count();
            self.pair(text, body, place, tabs.max(2) - 1);
        } else if body.starts_with(b"(") && trimmed.ends_with(b")") {
            // Some servers print a text without a name behind the error's number.
            self.other(body, place);
        } else {
            self.other(body, place);
            self.flaw(line, format!("neither an attribute nor a pair: {}", excerpt(body)));
        }
    }

    /// Remembers a line that is no field.
    pub(super) fn other_line(&mut self, start: usize, end: usize, line: u32) {
        let (name, value) = (Span::new(start, start), Span::new(start, end));
        self.fields.push(FieldAt { kind: FieldKind::Other, depth: 0, line, name, value });
    }

    fn other(&mut self, body: &[u8], place: Place) {
        self.other_line(place.at, place.at + body.len(), place.line);
    }

    fn attribute(&mut self, text: &[u8], body: &[u8], place: Place) {
        self.settle(text);
        let after = body.get(9..).unwrap_or_default();
        let length = after.iter().take_while(|byte| WORD[usize::from(**byte)]).count();
        let rest = after.get(length..).unwrap_or_default();
        let value = rest.trim_ascii_start();
        let reason = if length == 0 {
            Some("an attribute without a name".into())
        } else if value.len() == rest.len() && !value.is_empty() {
            Some(format!("no blank behind the attribute's name: {}", excerpt(body)).into())
        } else if memchr::memmem::find(value, b"\tAttribute").is_some() {
            Some("two attributes in one line".into())
        } else if is_quoted(value) || is_decimal(value) {
            None
        } else {
            judge(b"\t", body)
        };
        if let Some(reason) = reason {
            self.other(body, place);
            self.flaw(place.line, reason);
            return;
        }
        if value.starts_with(b"[") {
            self.open_list(value);
        }
        let name = place.at + 9;
        let value_at = place.at + (body.len() - value.len());
        self.fields.push(FieldAt {
            kind: FieldKind::Attribute,
            depth: 0,
            line: place.line,
            name: Span::new(name, name + length),
            value: Span::new(value_at, value_at + value.len()),
        });
    }

    /// A pair, and behind `(list)` the first pair of the inner list. `depth` as the line's tabs say.
    fn pair(&mut self, text: &[u8], body: &[u8], place: Place, depth: usize) {
        let Some(mut list) = self.list else {
            self.other(body, place);
            self.flaw(place.line, "a pair that follows no list");
            return;
        };
        let before = self.fields.len();
        let mut depth = u8::try_from(depth).unwrap_or(u8::MAX).min(list.open);
        let (mut rest, mut at) = (body, place.at);
        loop {
            let Some((kind, key, after)) = pair_key(rest) else {
                self.fields.truncate(before);
                self.other(body, place);
                self.flaw(place.line, format!("unreadable value {}", excerpt(rest)));
                return;
            };
            let nested = rest.get(after..).filter(|after| after.starts_with(b"(list)"));
            let value = match nested {
                Some(_) => after..after + 6,
                None => {
                    let blanks = rest.get(after..).unwrap_or_default();
                    rest.len() - blanks.trim_ascii_start().len()..rest.len()
                }
            };
            self.fields.push(FieldAt {
                kind,
                depth,
                line: place.line,
                name: Span::new(at + key.start, at + key.end),
                value: Span::new(at + value.start, at + value.end),
            });
            list.outer += u32::from(depth == 1);
            list.open = depth;
            if nested.is_none() {
                break;
            }
            list.nested += u32::from(depth == 1);
            depth = depth.saturating_add(1);
            list.open = depth;
            let inner = rest.get(value.end..).unwrap_or_default();
            let first = inner.trim_ascii_start();
            if first.is_empty() {
                break;
            }
            at += rest.len() - first.len();
            rest = first;
        }
        let usual = match self.fields.get(before..) {
            Some([.., last]) => {
                let value = last.value.text(text);
                is_quoted(value) || is_decimal(value)
            }
            _ => false,
        };
        if !usual && let Some(reason) = judge(b"\tAttributeUserData\t[0]\n\t\t", body) {
            self.fields.truncate(before);
            self.other(body, place);
            self.flaw(place.line, reason);
            return;
        }
        self.list = Some(list);
    }

    /// Ends the list that is open: holds it against the number of pairs that its head speaks of. Inner pairs that have lost
    /// their indent are given back to the only nested list, where there is one.
    pub(super) fn settle(&mut self, text: &[u8]) {
        let Some(list) = self.list.take() else { return };
        let Some(stated) = list.stated.map(u32::from).filter(|stated| *stated != list.outer) else { return };
        let of_list = self.fields.get_mut(list.at + 1..).unwrap_or_default();
        if list.nested == 1 && list.outer > stated {
            let is_list = |field: &FieldAt| field.depth == 1 && field.value.text(text) == b"(list)";
            let at = of_list.iter().position(is_list).map_or(0, |at| at + 1);
            let behind = of_list.get_mut(at..).unwrap_or_default();
            let mut surplus = list.outer - stated;
            let loose = behind.iter().filter(|field| field.depth == 1).count();
            if usize::try_from(surplus).is_ok_and(|surplus| surplus <= loose) {
                for field in behind.iter_mut().filter(|field| field.depth == 1) {
                    field.depth = 2;
                    surplus -= 1;
                    if surplus == 0 {
                        break;
                    }
                }
                return;
            }
        }
        let line = self.fields.get(list.at).map_or(0, |field| field.line);
        self.flaw(line, format!("the list's head says {stated} pairs, found {}", list.outer));
    }
}

/// Where the body of a line begins, and which line it is.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    line: u32,
}

/// Key and what follows its closing quote; the same rule as in tlib-proto, which a test holds against it.
fn pair_key(body: &[u8]) -> Option<(FieldKind, std::ops::Range<usize>, usize)> {
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
    let find = |what: &[u8]| memchr::memmem::find(inner, what);
    let end = match (find(b"'\t"), find(b"'(list)")) {
        (Some(tab), Some(list)) => tab.min(list),
        (Some(end), None) | (None, Some(end)) => end,
        (None, None) => find(b"' ")?,
    };
    Some((FieldKind::Pair, 1..1 + end, end + 2))
}

/// Lets the text codec say whether it can read a line, `before` it what makes it one of a block.
fn judge(before: &[u8], body: &[u8]) -> Option<Cow<'static, str>> {
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

fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(240)).unwrap_or_default());
    let mut short: String = text.chars().take(60).collect();
    if short.len() < bytes.len() {
        short.push_str("...");
    }
    format!("{short:?}")
}

/// A value without a tab in it, its carriage return left out, and the place after its line feed.
#[inline]
fn usual_value(text: &[u8], value: usize) -> Option<(&[u8], usize)> {
    let end = value + memchr2(b'\t', b'\n', text.get(value..)?)?;
    if text.get(end) != Some(&b'\n') {
        return None;
    }
    let content = text.get(value..end)?;
    Some((content.strip_suffix(b"\r").unwrap_or(content), end + 1))
}

/// `'text'`, not cut.
#[inline]
fn is_quoted(value: &[u8]) -> bool {
    matches!(value, [b'\'', .., b'\''])
}

/// `431`, `-5`, `1348817660 (00:34:20)`.
#[inline]
fn is_decimal(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    let length = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let rest = digits.get(length..).unwrap_or_default();
    // Ten digits are the most that 32 bits need; whether they fit is asked of the longer ones.
    (1..=9).contains(&length) && (rest.is_empty() || matches!(rest, [b' ', b'(', .., b')']))
        || length == 10 && digits.first() == Some(&b'1') && matches!(rest, [] | [b' ', b'(', .., b')'])
}

/// 16 hex digits.
#[inline]
fn is_long(value: &[u8]) -> bool {
    value.len() == 16 && value.iter().all(u8::is_ascii_hexdigit)
}

/// `EventUserEvent` in AttributeUserEvent.
#[inline]
fn is_message_name(attribute: &[u8], value: &[u8]) -> bool {
    attribute == b"UserEvent" && std::str::from_utf8(value).ok().and_then(MessageId::from_name).is_some()
}

/// `[347] 00 0c 00 00..`
#[inline]
fn is_list_head(value: &[u8]) -> bool {
    let Some(close) = value.iter().take(12).position(|byte| *byte == b']') else { return false };
    let digits = value.get(1..close).unwrap_or_default();
    let bytes = value.get(close + 1..).unwrap_or_default();
    !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
        && bytes.ends_with(b"..")
        && bytes.len() <= 14
        && bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b' ' || *byte == b'.')
}

/// The number of pairs in a list's head: its first two bytes, if they are printed.
fn stated_count(head: &[u8]) -> Option<u16> {
    let close = memchr::memchr(b']', head)?;
    let bytes = head.get(close + 1..)?.trim_ascii_start();
    let [a, b, b' ', c, d, ..] = *bytes else { return None };
    let text = [a, b, c, d];
    if !text.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(&text).ok()?, 16).ok()
}
