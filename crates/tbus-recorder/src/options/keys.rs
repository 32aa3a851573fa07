//! Lists of keys: `EventData`, `GlobalData`, `AgentUserFields`, `AgentRecordUserTypes`; and that a key is in one only.

use std::collections::HashMap;

use super::error::OptionsErrorKind;
use super::{FieldKey, StateKey};
use tbus_options::{Entry, cut, is_commented};

/// The types that the published examples have; they have no effect on what is stored (facts 2.4).
const TYPES: [&str; 2] = ["char", "int"];

/// A state's code is above this (facts 1.5).
const LARGEST_RESERVED_CODE: i32 = 199;

type Result<T> = std::result::Result<T, OptionsErrorKind>;

/// Splits a list at its commas into groups of `size`. Blanks around an item do not count.
fn groups<'t>(entry: &Entry<'_>, text: &'t str, size: usize, form: &str) -> Result<Vec<Vec<&'t str>>> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let items: Vec<_> = text.split(',').map(str::trim).collect();
    if items.len() % size != 0 || items.iter().any(|item| item.is_empty()) {
        return Err(value(entry, &format!("write {form}, and again for more keys, without empty items")));
    }
    Ok(items.chunks(size).map(<[&str]>::to_vec).collect())
}

/// The keys of `EventData` and its continuations in one piece.
pub(super) fn event_data(entry: &Entry<'_>, text: &str) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    for group in groups(entry, text, 2, "Type,KeyName")? {
        if let [ty, key] = group.as_slice() {
            check_type(entry, ty)?;
            keys.push((*key).to_owned());
        }
    }
    Ok(keys)
}

/// The fields of `GlobalData` or `AgentUserFields`; `columns` are those that the table has.
pub(super) fn fields(entry: &Entry<'_>, columns: &[&str]) -> Result<Vec<FieldKey>> {
    let mut fields: Vec<FieldKey> = Vec::new();
    for group in groups(entry, entry.value, 3, "Type,FieldName,KeyName")? {
        if let [ty, field, key] = group.as_slice() {
            check_type(entry, ty)?;
            let field = field.to_ascii_uppercase();
            if !columns.contains(&field.as_str()) {
                let (first, last) = (columns.first().unwrap_or(&""), columns.last().unwrap_or(&""));
                return Err(value(entry, &format!("there is no field {field}; there are {first} to {last}")));
            }
            if fields.iter().any(|other| other.field == field) {
                return Err(value(entry, &format!("field {field} is there twice; one key for a field")));
            }
            fields.push(FieldKey { field, key: (*key).to_owned() });
        }
    }
    Ok(fields)
}

/// The states of `AgentRecordUserTypes`.
pub(super) fn states(entry: &Entry<'_>) -> Result<Vec<StateKey>> {
    let mut states: Vec<StateKey> = Vec::new();
    for group in groups(entry, entry.value, 2, "StateCode,KeyName")? {
        if let [code, key] = group.as_slice() {
            let Some(code) = code.parse().ok().filter(|code| *code > LARGEST_RESERVED_CODE) else {
                let legal =
                    format!("a state's code is a number above {LARGEST_RESERVED_CODE}, not {}", cut(code));
                return Err(value(entry, &legal));
            };
            if states.iter().any(|other| other.code == code) {
                return Err(value(entry, &format!("code {code} is there twice; one key for a state")));
            }
            states.push(StateKey { code, key: (*key).to_owned() });
        }
    }
    Ok(states)
}

fn check_type(entry: &Entry<'_>, ty: &str) -> Result<()> {
    if TYPES.contains(&ty) {
        return Ok(());
    }
    Err(value(entry, &format!("a type is {}, not {}", TYPES.join(" or "), cut(ty))))
}

/// A value that an option cannot have.
pub(super) fn value(entry: &Entry<'_>, legal: &str) -> OptionsErrorKind {
    let comment = if is_commented(entry.value) { "; a comment needs a line of its own" } else { "" };
    OptionsErrorKind::Value {
        name: entry.name.to_owned(),
        found: cut(entry.value),
        legal: format!("{legal}{comment}"),
    }
}

/// Which option has which key, so that no key is in two (facts 2.1: unsupported).
#[derive(Default)]
pub(super) struct Taken(HashMap<String, (String, usize)>);

impl Taken {
    /// Notes the keys of an option.
    pub(super) fn take<'k>(&mut self, entry: &Entry<'_>, keys: impl Iterator<Item = &'k str>) -> Result<()> {
        for key in keys {
            let mine = (entry.name.to_owned(), entry.line);
            if let Some((other, first)) = self.0.insert(key.to_owned(), mine) {
                return Err(OptionsErrorKind::KeyTwice {
                    key: cut(key),
                    name: entry.name.to_owned(),
                    other,
                    first,
                });
            }
        }
        Ok(())
    }
}
