//! Attribute and pair lines, split where they stand.
//!
//! Only the shape of a line is looked at here: names, keys, and where values begin and end. What a value means, and whether
//! an unusual one can be read, is for the text codec of tlib-proto to say.

use std::borrow::Cow;
use std::collections::HashSet;

use memchr::memchr2;
use tlib_proto::MessageId;

use super::line::Span;
use super::repeats::Repeats;
use super::scan::{Ahead, Reached, Unfinished};
use super::shape::{
    WORD, excerpt, has_whole_remark, is_decimal, is_list_head, is_long, is_quoted, judge, pair_key,
    stated_count, usual_value, word_length,
};

/// Most attributes, pairs and damaged lines of a block: more than a frame of the greatest length has.
pub(super) const FIELD_LIMIT: usize = 300_000;

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
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
    /// Names of messages that were seen as values.
    names: Vec<&'static str>,
    /// Lines that come again and again.
    pub(super) repeats: Repeats,
    /// Where to go on once more bytes are there.
    pub(super) unfinished: Option<Unfinished>,
    pub(super) reached: Reached,
    pub(super) ahead: Option<Ahead>,
    /// Names of the attributes among so many first fields; only of blocks that have a damaged line.
    attributes: Option<(usize, HashSet<Box<[u8]>>)>,
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

impl Parts {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.fields.clear();
        self.flaws.clear();
        self.list = None;
        self.ahead = None;
        self.attributes = None;
    }

    /// Remembers the names of the attributes, so that [`has_name`](Self::has_name) need not look at each.
    #[cold]
    pub(super) fn learn_names(&mut self, text: &[u8]) {
        let (known, names) = self.attributes.get_or_insert_default();
        let new = self.fields.get(*known..).unwrap_or_default().iter().filter(|field| field.depth == 0);
        names.extend(new.map(|field| field.name.text(text).into()));
        *known = self.fields.len();
    }

    /// Whether an attribute that was learnt has this name.
    pub(super) fn has_name(&self, name: &[u8]) -> bool {
        self.attributes.as_ref().is_some_and(|(_, names)| names.contains(name))
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
    #[inline(always)]
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
        let length = word_length(text.get(name..)?);
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
                || text.get(name..name_end)? == b"UserEvent" && self.is_message(content)
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

    /// Whether this is the name of a message; remembers the last ones, there are few in a log.
    #[inline]
    fn is_message(&mut self, name: &[u8]) -> bool {
        if self.names.iter().any(|known| known.as_bytes() == name) {
            return true;
        }
        let id = std::str::from_utf8(name).ok().and_then(MessageId::from_name);
        let Some(known) = id.and_then(MessageId::name) else { return id.is_some() };
        if self.names.len() >= 4 {
            self.names.remove(0);
        }
        self.names.push(known);
        true
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
        } else if value.first().is_some_and(u8::is_ascii_digit) && !has_whole_remark(value) {
            // `59 (DN is not configured)` without its end; the codec looks at the number only.
            Some(format!("unreadable value {}", excerpt(value)).into())
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
            if !is_list_head(value) {
                // The pairs behind it may be whole.
                self.flaw(place.line, format!("unreadable head of a list {}", excerpt(value)));
            }
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
                is_quoted(value) || is_decimal(value) || value == b"(list)"
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
