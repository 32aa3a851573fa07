//! Mistakes in a scenario file, told so that they can be mended at once.

/// The first mistake in a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}: {message}")]
pub struct ScenarioError {
    /// The file.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and where possible what to write instead.
    pub message: String,
}

impl ScenarioError {
    /// A mistake at a byte of the text.
    pub(super) fn new(name: &str, text: &str, at: usize, message: impl Into<String>) -> Self {
        let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
        let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
        Self { name: name.to_owned(), line, message: message.into() }
    }

    /// What the TOML reader found.
    pub(super) fn from_toml(name: &str, text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().trim_end().replace('\n', "; ");
        Self::new(name, text, at, unknown(&message).unwrap_or(message))
    }
}

/// serde's text is ``unknown field `nubmer`, expected one of `at`, `count` ``, or the same with `variant`.
fn unknown(message: &str) -> Option<String> {
    let (what, rest) = [("key", "unknown field `"), ("value", "unknown variant `")]
        .iter()
        .find_map(|(what, start)| Some((*what, message.strip_prefix(start)?)))?;
    let (word, expected) = rest.split_once("`, expected ")?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let hint = nearest(word, known.iter().copied()).map_or_else(
        || format!("known are: {}", known.join(", ")),
        |meant| format!("did you mean `{meant}`?"),
    );
    Some(format!("unknown {what} `{}`; {hint}", cut(word)))
}

/// The first 40 characters of a value.
pub(super) fn cut(value: &str) -> String {
    match value.char_indices().nth(40) {
        Some((at, _)) => format!("{}...", value.get(..at).unwrap_or_default()),
        None => value.to_owned(),
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
