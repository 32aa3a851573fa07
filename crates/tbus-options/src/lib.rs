//! INI text as exports of the vendor's applications have it: sections, options, comments; and where each stood.
//!
//! What this crate is **not**: it knows no option. Whoever reads options says which there are and what they mean.

use std::fmt;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'t> {
    /// `[name]`, with the number of its line from 1.
    Section(usize, &'t str),
    /// `name = value`.
    Option(Entry<'t>),
}

/// One `name = value` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'t> {
    /// Its line, from 1.
    pub line: usize,
    /// The section that it belongs to.
    pub section: &'t str,
    /// What stands before the first `=`, without blanks around it; never empty.
    pub name: &'t str,
    /// What stands behind it, without blanks and one pair of double quotes around it.
    pub value: &'t str,
}

/// A text that is no INI text, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: MistakeKind,
}

/// What makes a text no INI text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MistakeKind {
    /// More bytes than are read.
    #[error("the text has more than {limit} bytes")]
    TooLong {
        /// Most bytes.
        limit: usize,
    },
    /// Bytes that are no UTF-8.
    #[error("the text is not UTF-8; save it as UTF-8")]
    NotUtf8,
    /// Neither a section, nor an option, nor a comment.
    #[error(
        "{found:?} is neither [section], nor name = value, nor a comment (a line that begins with ; or #)"
    )]
    Syntax {
        /// The line, cut.
        found: String,
    },
    /// An option before the first section.
    #[error("option {name} stands before the first section; write the [section] that it belongs to above it")]
    NoSection {
        /// The option, cut.
        name: String,
    },
}

/// Why a text of options is refused, and where; `K` says what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: line {line}: {kind}")]
pub struct OptionsError<K> {
    /// The text's name, usually its path.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub kind: K,
}

/// Something that is allowed and has no effect, or another than its author may think.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The text's name, usually its path.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What it is about and what becomes of it.
    pub text: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {}: {}", self.file, self.line, self.text)
    }
}

/// The text of bytes, without a byte order mark.
///
/// # Errors
///
/// More than `limit` bytes; bytes that are no UTF-8.
pub fn decode(bytes: &[u8], limit: usize) -> Result<&str, Mistake> {
    if bytes.len() > limit {
        return Err(Mistake { line: 1, kind: MistakeKind::TooLong { limit } });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let before = good.iter().filter(|byte| **byte == b'\n').count();
            Err(Mistake { line: before.saturating_add(1), kind: MistakeKind::NotUtf8 })
        }
    }
}

/// Splits a text into what its lines say. Blank lines and comments are left out.
pub fn lines<'t>(text: &'t str) -> impl Iterator<Item = Result<Line<'t>, Mistake>> {
    let mut section: Option<&'t str> = None;
    text.lines().enumerate().filter_map(move |(at, line)| {
        let number = at.saturating_add(1);
        let line = line.trim();
        if line.is_empty() || line.starts_with([';', '#']) {
            return None;
        }
        let fail = |kind| Some(Err(Mistake { line: number, kind }));
        let syntax = || fail(MistakeKind::Syntax { found: cut(line) });
        if let Some(rest) = line.strip_prefix('[') {
            let Some(name) = rest.strip_suffix(']').map(str::trim) else { return syntax() };
            section = Some(name);
            return Some(Ok(Line::Section(number, name)));
        }
        let Some((name, value)) = line.split_once('=').map(|(name, value)| (name.trim(), value.trim()))
        else {
            return syntax();
        };
        if name.is_empty() {
            return syntax();
        }
        match section {
            Some(section) => {
                Some(Ok(Line::Option(Entry { line: number, section, name, value: unquote(value) })))
            }
            None => fail(MistakeKind::NoSection { name: cut(name) }),
        }
    })
}

/// The text without the one pair of double quotes around it that some exports write.
fn unquote(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

/// What may be meant as a comment at the end of a value, which is none in these files.
pub fn is_commented(value: &str) -> bool {
    let follows_blank =
        |(at, _): (usize, &str)| value.get(..at).is_some_and(|text| text.ends_with([' ', '\t']));
    value.match_indices([';', '#']).any(follows_blank)
}

/// The name that differs least from the one that was given, upper and lower case being the same, if it is like it at all:
/// at least `likeness` by Jaro and Winkler, 1 being equal.
pub fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>, likeness: f64) -> Option<&'n str> {
    let given = name.to_ascii_lowercase();
    names
        .into_iter()
        .map(|known| (strsim::jaro_winkler(&given, &known.to_ascii_lowercase()), known))
        .filter(|(like, _)| *like >= likeness)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// The first 60 characters: an error is about a text, it need not hold all of it. Control characters but tabs become `?`: a text of
/// others must not steer a terminal.
pub fn cut(text: &str) -> String {
    let mut rest = text.chars();
    let first: String = rest
        .by_ref()
        .take(60)
        .map(|sign| if sign.is_control() && sign != '\t' { '?' } else { sign })
        .collect();
    if rest.next().is_some() { format!("{first}...") } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<Line<'_>, Mistake>> {
        lines(text).collect()
    }

    #[test]
    fn sections_options_and_where_they_stand() {
        let entry = |line, name, value| Ok(Line::Option(Entry { line, section: "a b", name, value }));
        let text = "; no\r\n[ a b ]\r\n\r\n# no\r\n x = 1 ; 2 \r\ny==\"z\r\nq = \"\"\r\n";
        let want = vec![
            Ok(Line::Section(2, "a b")),
            entry(5, "x", "1 ; 2"),
            entry(6, "y", "=\"z"),
            entry(7, "q", ""),
        ];
        assert_eq!(read(text), want);
        assert!(is_commented("1 ; 2") && !is_commented("1;2"));
    }

    #[test]
    fn mistakes_have_their_line() {
        let mistake = |text: &str| read(text).into_iter().find_map(Result::err).map(|m| (m.line, m.kind));
        let syntax = |found: &str| MistakeKind::Syntax { found: found.to_owned() };
        assert_eq!(mistake("[a]\nx"), Some((2, syntax("x"))));
        assert_eq!(mistake("\n[a"), Some((2, syntax("[a"))));
        assert_eq!(mistake("[a]\n = 1"), Some((2, syntax("= 1"))));
        assert_eq!(mistake("x=1"), Some((1, MistakeKind::NoSection { name: "x".to_owned() })));
        assert_eq!(mistake("[a]\nx=1\n"), None);
        let long = "é".repeat(61);
        assert_eq!(cut("a\u{1b}[2J"), "a?[2J");
        assert_eq!(mistake(&long), Some((1, syntax(&format!("{}...", "é".repeat(60))))));
    }

    #[test]
    fn only_text_within_the_limit_is_read() {
        assert_eq!(decode(b"\xef\xbb\xbf[a]", 6), Ok("[a]"));
        let mistake = |bytes, limit| decode(bytes, limit).unwrap_err();
        assert_eq!(mistake(b"[a]\n", 3), Mistake { line: 1, kind: MistakeKind::TooLong { limit: 3 } });
        assert_eq!(mistake(b"[a]\n\n\xff", 9), Mistake { line: 3, kind: MistakeKind::NotUtf8 });
    }
}
