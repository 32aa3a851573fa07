//! INI text: sections, options, comments; and where each stood.

use super::error::{OptionsError, OptionsErrorKind};

/// What a line says, with its number from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line<'t> {
    Section(usize, &'t str),
    Option(Entry<'t>),
}

/// One `name = value` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry<'t> {
    pub(super) line: usize,
    pub(super) section: &'t str,
    pub(super) name: &'t str,
    pub(super) value: &'t str,
}

/// Splits a text into what its lines say. Blank lines and comments are left out.
pub(super) fn lines<'t>(text: &'t str) -> impl Iterator<Item = Result<Line<'t>, (usize, OptionsErrorKind)>> {
    let mut section: Option<&'t str> = None;
    text.lines().enumerate().filter_map(move |(at, line)| {
        let number = at.saturating_add(1);
        let line = line.trim();
        if line.is_empty() || line.starts_with([';', '#']) {
            return None;
        }
        let syntax = || Some(Err((number, OptionsErrorKind::Syntax { found: cut(line) })));
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
        Some(match section {
            Some(section) => Ok(Line::Option(Entry { line: number, section, name, value: unquote(value) })),
            None => Err((number, OptionsErrorKind::NoSection { name: cut(name) })),
        })
    })
}

/// The text without the one pair of double quotes around it that some exports write.
fn unquote(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

/// The first 60 characters: an error is about a text, it need not hold all of it.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The text of bytes, without a byte order mark.
pub(super) fn decode<'t>(name: &str, bytes: &'t [u8], limit: usize) -> Result<&'t str, OptionsError> {
    let fail = |line, kind| OptionsError { file: name.to_owned(), line, kind };
    if bytes.len() > limit {
        return Err(fail(1, OptionsErrorKind::TooLong { limit }));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let before = good.iter().filter(|byte| **byte == b'\n').count();
            Err(fail(before.saturating_add(1), OptionsErrorKind::NotUtf8))
        }
    }
}
