//! Mistakes in a world file, told so that they can be mended at once.

/// The first mistake in a world file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct WorldError {
    /// Line of the mistake, from 1.
    pub line: usize,
    /// Column of the mistake in characters, from 1.
    pub column: usize,
    /// What is wrong, and where possible what to write instead.
    pub message: String,
}

impl WorldError {
    /// A mistake at a byte of the text.
    pub(super) fn new(text: &str, at: usize, message: String) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line = line_of(text, at);
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
        Self { line, column, message }
    }

    /// What the TOML reader found, with the nearest known key where a key is unknown.
    pub(super) fn from_toml(text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(0, |span| span.start);
        Self::new(
            text,
            at,
            unknown_key(text, at, error.message())
                .or_else(|| wrong_brackets(text, at, error.message()))
                .or_else(|| wrong_type(text, at, error.message()))
                .unwrap_or_else(|| plain(text, at, error.message())),
        )
    }
}

/// Line of a byte of the text, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or(text);
    before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1)
}

/// The table a byte belongs to, as its head is written, or `None` before the first one.
fn table_of(text: &str, at: usize) -> Option<&str> {
    // A value that spans lines may hold a line that looks like a head; then this names the wrong table, no more.
    let end = text
        .get(at..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |length| at.saturating_add(length));
    let head = text.get(..end)?.lines().rev().map(str::trim).find(|line| line.starts_with('['))?;
    let close = if head.starts_with("[[") { "]]" } else { "]" };
    head.get(..head.find(close)?.saturating_add(close.len()))
}

/// serde's text is ``unknown field `tpye`, expected one of `number`, `type`, `dbid` ``.
fn unknown_key(text: &str, at: usize, message: &str) -> Option<String> {
    let (key, expected) = message.strip_prefix("unknown field `")?.split_once("`, expected ")?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let is_head = text.get(..at)?.rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with('['));
    let (what, table) = match table_of(text, at) {
        Some(_) if is_head => ("table", String::new()),
        Some(table) => ("key", format!(" in {table}")),
        None => ("key", String::new()),
    };
    let hint = nearest(key, known.iter().copied()).map_or_else(
        || format!("known are: {}", known.join(", ")),
        |meant| format!("did you mean `{meant}`?"),
    );
    Some(format!("unknown {what} `{}`{table}; {hint}", cut(key)))
}

/// `[dn]` for `[[dn]]`, and the other way round.
fn wrong_brackets(text: &str, at: usize, message: &str) -> Option<String> {
    let line = text.get(at..)?.lines().next()?.trim_start();
    let name = line.trim_start_matches('[').split(']').next()?;
    if message.starts_with("invalid type: map, expected a sequence") && !line.starts_with("[[") {
        let row = if name == "dn" { "DN" } else { name };
        return Some(format!("write [[{name}]] (double brackets), one table for each {row}"));
    }
    let single = ["tenant", "switch", "t-server"].contains(&name);
    (single && line.starts_with("[[")).then(|| format!("write [{name}] (single brackets), there is one only"))
}

/// serde's text is ``invalid type: string "abc", expected u32`` or ``invalid value: integer `-1`, expected u32``.
fn wrong_type(text: &str, at: usize, message: &str) -> Option<String> {
    let (found, expected) = message.trim_end().strip_prefix("invalid ")?.rsplit_once(", expected ")?;
    let line = text.get(..at)?.rsplit('\n').next()?;
    let key = line.split_once('=')?.0.trim().trim_matches(['"', '\'']);
    // Not `dn = [{ number = "1", dbid = "x" }]`: the first key of such a line is not the one that is wrong.
    if line.matches('=').count() != 1 {
        return None;
    }
    let wrong = match expected {
        "u32" | "u64" if found.starts_with("value: integer `-") => "must not be negative",
        "u32" | "u64" if found.starts_with("value: ") => "is too large",
        "u32" | "u64" => "must be a whole number",
        "a string" => "must be text in quotes",
        "a boolean" => "must be true or false",
        _ => return None,
    };
    Some(format!("{key} {wrong}"))
}

/// The first 40 characters of a value: a mistake is about it, it need not hold all of it.
pub(super) fn cut(value: &str) -> String {
    match value.char_indices().nth(40) {
        Some((at, _)) => format!("{}...", value.get(..at).unwrap_or_default()),
        None => value.to_owned(),
    }
}

/// Other messages, without their line breaks. A missing key is reported at the head of its table.
fn plain(text: &str, at: usize, message: &str) -> String {
    let message = message.trim_end().replace('\n', "; ").replace("missing field", "missing key");
    match table_of(text, at) {
        Some(table) if message.starts_with("missing key") => format!("{message} in {table}"),
        _ => message,
    }
}

/// The candidate that is most like `name`, if any is like it at all.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    candidates
        .map(|candidate| {
            (strsim::normalized_damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate)
        })
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}
