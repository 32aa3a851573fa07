//! Values of options.

use tbus_options::cut;

/// What a value should have been.
pub(super) type Legal = String;

/// A number in a range.
pub(super) fn number(value: &str, least: u32, most: u32) -> Result<u32, Legal> {
    let found: Option<u32> = value.parse().ok();
    found
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("a number from {least} to {most}"))
}

/// `true` or `false`, in any case, as the vendor's option pages have it.
pub(super) fn switch(value: &str) -> Result<bool, Legal> {
    match value {
        _ if value.eq_ignore_ascii_case("true") => Ok(true),
        _ if value.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err("true or false".to_owned()),
    }
}

/// One of some words, in any case.
pub(super) fn word<T: Copy>(value: &str, words: &[(&str, T)]) -> Result<T, Legal> {
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        names.join(" or ")
    })
}

/// Names between commas. An empty text is no name at all.
pub(super) fn names(value: &str) -> Result<Vec<String>, Legal> {
    if value.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<_> = value.split(',').map(|name| name.trim().to_owned()).collect();
    match names.iter().find(|name| name.is_empty() || name.contains(char::is_whitespace)) {
        Some(name) => Err(format!("names between commas, and {:?} is none", cut(name))),
        None => Ok(names),
    }
}
