//! How far a record goes.

use memchr::memchr;

use super::line::{Class, OriginAt, Span, class_of, classify};
use super::source::{BLOCK_LIMIT, LINE_LIMIT};
use super::split::{FIELD_LIMIT, Parts};
use super::time::Stamp;

/// A record that was found, as places in its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// Bytes of its lines.
    pub(super) length: usize,
    /// How many lines.
    pub(super) lines: u32,
    pub(super) stamp: Option<Stamp>,
    pub(super) shape: Shape,
}

/// What was found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// A line of its own, what the class says.
    One(Class),
    /// A block, and where its attribute lines begin.
    Block { origin: OriginAt, name: Span, body: Body },
    /// Lines without a heading.
    Damaged { body: Body },
    /// The beginning of a line that is too long; the rest of it is to be passed over.
    TooLong,
}

/// Where the attribute lines of a block begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    /// Offset in the record.
    pub(super) at: usize,
    /// Lines of the record before them.
    pub(super) line: u32,
}

/// A block of which the end was not there yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unfinished {
    shape: Shape,
    stamp: Option<Stamp>,
    reached: Reached,
}

/// How far a block was split: the line that comes next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reached {
    at: usize,
    line: u32,
}

/// How far the lines behind a damaged one were looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ahead {
    /// Where the damaged line begins.
    broken: usize,
    next: usize,
    /// Whether the line at `next` is the first behind it.
    first: bool,
}

/// How a look at the bytes has ended.
pub(super) enum Scan {
    Found(Found),
    /// An empty line of this many bytes.
    Empty(usize),
    /// The record goes on behind what is there.
    More,
}

/// Looks for the record at the start of `text`, which begins at a line and, if it `ended`, ends with a line feed. In a block
/// it goes on where it has said [`Scan::More`]: a source may give a few bytes at a time.
#[inline(always)]
pub(super) fn scan(text: &[u8], ended: bool, parts: &mut Parts) -> Scan {
    let scanner = Scanner { text, ended };
    if let Some(Unfinished { shape, stamp, reached }) = parts.unfinished.take() {
        return scanner.go_on(reached, shape, stamp, parts);
    }
    parts.clear();
    let Some(end) = memchr(b'\n', text).filter(|end| *end <= LINE_LIMIT) else {
        return if text.len() > LINE_LIMIT { too_long(parts) } else { Scan::More };
    };
    let line = trim(text.get(..end).unwrap_or_default());
    let next = end + 1;
    if line.is_empty() {
        return Scan::Empty(next);
    }
    if line.first().is_some_and(u8::is_ascii_whitespace) {
        if line.trim_ascii().is_empty() {
            return Scan::Empty(next);
        }
        if is_field(line) {
            parts.flaw(0, "attributes without a heading");
            return scanner.damaged(0, 0, parts);
        }
        // Continuations of other components' lines.
        return one(next, None, Class::Unknown { broken: None });
    }
    let (stamp, class) = classify(line, &mut parts.repeats);
    match class {
        Class::Block { origin, name } => scanner.block(next, 1, origin, name, stamp, parts),
        Class::Received(receipt) => match scanner.message_line(next, parts) {
            None => Scan::More,
            Some(None) => one(next, stamp, class),
            Some(Some((after, name))) => {
                scanner.block(after, 2, OriginAt::Received(receipt.client), name, stamp, parts)
            }
        },
        Class::Header => scanner.header(next, parts),
        // Attributes that have lost their indent.
        Class::Unknown { .. } if is_field(line) => {
            parts.flaw(0, "attributes without a heading");
            scanner.damaged(0, 0, parts)
        }
        Class::Unknown { broken } => match (scanner.field_follows(next), broken) {
            (None, _) => Scan::More,
            (Some(false), None) => {
                if line.iter().any(|byte| *byte < 0x20 && *byte != b'\t')
                    || std::str::from_utf8(line).is_err()
                {
                    parts.flaw(0, "a line that is no text");
                }
                one(next, stamp, class)
            }
            (Some(_), broken) => {
                parts.flaw(0, broken.unwrap_or("attributes without a readable heading"));
                scanner.damaged(next, 1, parts)
            }
        },
        Class::Line { broken: Some(reason), .. } => {
            parts.flaw(0, reason);
            one(next, stamp, class)
        }
        _ => one(next, stamp, class),
    }
}

fn one(length: usize, stamp: Option<Stamp>, class: Class) -> Scan {
    Scan::Found(Found { length, lines: 1, stamp, shape: Shape::One(class) })
}

fn too_long(parts: &mut Parts) -> Scan {
    parts.flaw(0, format!("longer than {} MiB, passed over", LINE_LIMIT >> 20));
    Scan::Found(Found { length: LINE_LIMIT, lines: 1, stamp: None, shape: Shape::TooLong })
}

/// Without the carriage return at the end.
fn trim(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether a line is an attribute or a pair by its first characters.
fn is_field(line: &[u8]) -> bool {
    let body = line.trim_ascii_start();
    let indent = line.len() - body.len();
    body.starts_with(b"Attribute") || indent > 0 && matches!(body.first(), Some(b'\'' | b'"'))
}

/// What a line that does not begin with white space means in a block.
enum Break {
    /// The block ends before it.
    End,
    /// It is damage inside the block.
    Inside,
    More,
}

struct Scanner<'a> {
    text: &'a [u8],
    ended: bool,
}

impl<'a> Scanner<'a> {
    /// The line at `at` without its end, and where the next one begins; `None` if its end is not there yet or too far away.
    fn line(&self, at: usize) -> Option<(&'a [u8], usize)> {
        let rest = self.text.get(at..).unwrap_or_default();
        let end = memchr(b'\n', rest).filter(|end| *end <= LINE_LIMIT)?;
        Some((trim(rest.get(..end)?), at + end + 1))
    }

    /// Whether nothing comes behind `at`.
    fn is_end(&self, at: usize) -> bool {
        self.ended && at >= self.text.len()
    }

    /// Whether the line at `at` is an attribute or pair line; `None` if its beginning is not there yet.
    fn field_follows(&self, at: usize) -> Option<bool> {
        match self.line(at) {
            Some((line, _)) => Some(is_field(line)),
            None => (self.is_end(at) || self.text.len().saturating_sub(at) > LINE_LIMIT).then_some(false),
        }
    }

    /// `message X` at `at`: what follows it, and where the name is. Outer `None`: it is not there yet.
    #[expect(clippy::option_option, reason = "not there, and not there yet")]
    fn message_line(&self, at: usize, parts: &mut Parts) -> Option<Option<(usize, Span)>> {
        let Some((line, next)) = self.line(at) else {
            return (self.is_end(at) || self.text.len().saturating_sub(at) > LINE_LIMIT).then_some(None);
        };
        if !line.starts_with(b"message ") {
            return Some(None);
        }
        Some(match class_of(line, &mut parts.repeats) {
            Class::Block { origin: OriginAt::Bare, name } => Some((next, name.shifted(at))),
            _ => None,
        })
    }

    fn header(&self, mut at: usize, parts: &mut Parts) -> Scan {
        let mut lines = 1;
        // A header has twelve lines; what repeats without an end is cut into several.
        while lines < 64 {
            match self.line(at) {
                Some((line, next)) if matches!(class_of(line, &mut parts.repeats), Class::Header) => {
                    (at, lines) = (next, lines + 1)
                }
                None if !self.is_end(at) && self.text.len().saturating_sub(at) <= LINE_LIMIT => {
                    return Scan::More;
                }
                _ => break,
            }
        }
        Scan::Found(Found { length: at, lines, stamp: None, shape: Shape::One(Class::Header) })
    }

    #[inline(always)]
    fn block(
        &self,
        at: usize,
        line: u32,
        origin: OriginAt,
        name: Span,
        stamp: Option<Stamp>,
        parts: &mut Parts,
    ) -> Scan {
        let shape = Shape::Block { origin, name, body: Body { at, line } };
        self.go_on(Reached { at, line }, shape, stamp, parts)
    }

    fn damaged(&self, at: usize, line: u32, parts: &mut Parts) -> Scan {
        self.go_on(Reached { at, line }, Shape::Damaged { body: Body { at, line } }, None, parts)
    }

    #[inline(always)]
    fn go_on(&self, from: Reached, shape: Shape, stamp: Option<Stamp>, parts: &mut Parts) -> Scan {
        let Some((length, lines)) = self.body(from, parts) else {
            parts.unfinished = Some(Unfinished { shape, stamp, reached: parts.reached });
            return Scan::More;
        };
        Scan::Found(Found { length, lines, stamp, shape })
    }

    /// Splits the attribute lines from there on; where they end, and the number of lines up to there. `None` if that cannot be
    /// known yet; how far it came is in `parts.reached`.
    fn body(&self, from: Reached, parts: &mut Parts) -> Option<(usize, u32)> {
        let Reached { mut at, mut line } = from;
        loop {
            match self.text.get(at) {
                Some(b'\t') => {
                    if let Some(next) = parts.usual_line(self.text, at, line) {
                        if next - at > LINE_LIMIT + 1 {
                            // Told when the line itself is read.
                            parts.fields.pop();
                            break;
                        }
                        (at, line) = (next, line + 1);
                    } else {
                        let (whole, next) = match self.line(at) {
                            Some(found) => found,
                            None if self.text.len() - at > LINE_LIMIT => break,
                            None => return self.limit(at, line, parts),
                        };
                        if whole.trim_ascii().is_empty() {
                            match self.breaks(at, parts) {
                                Break::End => break,
                                Break::More => return self.limit(at, line, parts),
                                Break::Inside => parts.flaw(line, "a line of blanks within a block"),
                            }
                        } else {
                            parts.any_line(self.text, at, at + whole.len(), line);
                        }
                        (at, line) = (next, line + 1);
                    }
                    // Whatever grows is looked at here.
                    if parts.fields.len() > FIELD_LIMIT || at > BLOCK_LIMIT {
                        return self.limit(at, line, parts);
                    }
                }
                None if self.ended => break,
                None => return self.limit(at, line, parts),
                Some(_) => {
                    let (whole, next) = match self.line(at) {
                        Some(found) => found,
                        None if self.text.len() - at > LINE_LIMIT => break,
                        None => return self.limit(at, line, parts),
                    };
                    let indented = whole.first().is_some_and(u8::is_ascii_whitespace);
                    let lost_indent = whole.starts_with(b"Attribute")
                        || parts.in_list() && matches!(whole.first(), Some(b'\'' | b'"'));
                    if (indented || lost_indent) && !whole.trim_ascii().is_empty() {
                        parts.any_line(self.text, at, at + whole.len(), line);
                    } else {
                        match self.breaks(at, parts) {
                            Break::End => break,
                            Break::More => return self.limit(at, line, parts),
                            Break::Inside => {
                                parts.other_line(at, at + whole.len(), line);
                                parts.flaw(line, "a damaged line within a block");
                            }
                        }
                    }
                    (at, line) = (next, line + 1);
                    if parts.fields.len() > FIELD_LIMIT || at > BLOCK_LIMIT {
                        return self.limit(at, line, parts);
                    }
                }
            }
        }
        parts.settle(self.text);
        Some((at, line))
    }

    /// Ends a block that is too long at `at`; `None` for one that is not, and needs more bytes.
    fn limit(&self, at: usize, line: u32, parts: &mut Parts) -> Option<(usize, u32)> {
        if parts.fields.len() <= FIELD_LIMIT && at <= BLOCK_LIMIT {
            parts.reached = Reached { at, line };
            return None;
        }
        parts.settle(self.text);
        parts.flaw(line.saturating_sub(1), "the block is too long for a message; it is cut here");
        Some((at, line))
    }

    /// What the line at `at`, which no block can have, does to the block.
    ///
    /// Usually the block ends there. Where attributes go on behind one damaged line, they belong to this block, unless one of
    /// them repeats a name (chosen): then it is the heading of another block that is damaged.
    #[cold]
    fn breaks(&self, at: usize, parts: &mut Parts) -> Break {
        let Some((broken, mut next)) = self.line(at) else { return Break::End };
        let unknown = broken.trim_ascii().is_empty()
            || matches!(class_of(broken, &mut parts.repeats), Class::Unknown { broken: None });
        if !unknown {
            return Break::End;
        }
        match self.field_follows(next) {
            None => return Break::More,
            Some(false) => return Break::End,
            Some(true) => {}
        }
        let mut first = true;
        if let Some(ahead) = parts.ahead.filter(|ahead| ahead.broken == at) {
            (next, first) = (ahead.next, ahead.first);
        }
        parts.learn_names(self.text);
        // A block cannot go on for ever: so far behind the damaged line nothing is looked at any more.
        while next - at <= LINE_LIMIT {
            let Some((line, after)) = self.line(next) else {
                if self.is_end(next) || self.text.len() - next > LINE_LIMIT {
                    break;
                }
                parts.ahead = Some(Ahead { broken: at, next, first });
                return Break::More;
            };
            if !is_field(line) {
                return Break::Inside;
            }
            let body = line.trim_ascii_start();
            match body.strip_prefix(b"Attribute") {
                // No block begins with a pair.
                None if first => return Break::Inside,
                None => {}
                Some(rest) => {
                    let length = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
                    let name = rest.get(..length).unwrap_or_default();
                    if parts.has_name(name) {
                        return Break::End;
                    }
                }
            }
            (first, next) = (false, after);
        }
        Break::Inside
    }
}
