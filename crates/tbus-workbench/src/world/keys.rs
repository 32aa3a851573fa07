//! The key dictionary: which keys the lists of messages have, of which kinds, and how often.

use tlib_proto::{KvRef, ValueRef};

use super::names::Names;

/// Depth of lists in lists that is looked at (chosen).
const DEPTH: usize = 8;

/// Longest example, in characters.
const EXAMPLE: usize = 40;

/// The kinds of values.
pub(super) const KINDS: [&str; 5] = ["string", "int", "list", "binary", "other"];

/// What is known of a key.
#[derive(Clone, Debug, Default)]
pub(super) struct Key {
    /// How often it came, by kind.
    pub(super) counts: [u64; KINDS.len()],
    /// The first value that is not empty.
    pub(super) example: Option<Box<str>>,
}

/// Counts the keys of a list; a key of an inner list is `outer/inner`.
pub(super) fn count(keys: &mut Names<Key>, list: KvRef<'_>, examples: bool) {
    below(keys, list, &mut Vec::new(), examples, DEPTH);
}

fn below(keys: &mut Names<Key>, list: KvRef<'_>, path: &mut Vec<u8>, examples: bool, depth: usize) {
    for pair in list.pairs() {
        let length = path.len();
        path.extend_from_slice(pair.key);
        if let Some(key) = keys.of(path) {
            let kind = match pair.value {
                ValueRef::Str(_) | ValueRef::Unicode(_) => 0,
                ValueRef::Int(_) => 1,
                ValueRef::List(_) => 2,
                ValueRef::Binary(_) => 3,
                _ => 4,
            };
            if let Some(count) = key.counts.get_mut(kind) {
                *count = count.saturating_add(1);
            }
            if examples && key.example.is_none() {
                key.example = example(pair.value);
            }
        }
        if let ValueRef::List(inner) = pair.value
            && depth > 1
        {
            path.push(b'/');
            below(keys, inner, path, examples, depth.saturating_sub(1));
        }
        path.truncate(length);
    }
}

fn example(value: ValueRef<'_>) -> Option<Box<str>> {
    let text = match value {
        ValueRef::Int(number) => number.to_string(),
        ValueRef::Long(number) => number.to_string(),
        ValueRef::Str(bytes) | ValueRef::Unicode(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => return None,
    };
    let text: String = text
        .chars()
        .take(EXAMPLE)
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    (!text.is_empty()).then(|| text.into())
}
