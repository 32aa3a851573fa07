//! The protocol specification as typed data: read, checked, rendered.
//!
//! `protocol-spec` is the single source of every id, name, type, error and layout decision. This crate reads it,
//! refuses what is inconsistent, and renders the generated files. Tests and tools use it; no program does at run time.

pub mod callback;
mod check;
mod error;
pub mod idb;
pub mod model;
pub mod render;

use std::fs;
use std::path::Path;

pub use callback::Callback;
pub use error::SpecError;
pub use idb::Idb;
use model::{AttributeFile, EnumFile, ErrorFile, MessageFile, Profile};
use serde::de::DeserializeOwned;

/// File of the message types.
pub const MESSAGES: &str = "messages.toml";
/// File of the attributes.
pub const ATTRIBUTES: &str = "attributes.toml";
/// File of the enumerations.
pub const ENUMS: &str = "enums.toml";
/// File of the error codes.
pub const ERRORS: &str = "errors.toml";
/// File of the wire profile.
pub const PROFILE: &str = "profiles/reference.toml";

/// The whole specification, consistent in itself.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Message types by id.
    pub messages: Vec<model::Message>,
    /// Attributes by id.
    pub attributes: Vec<model::Attribute>,
    /// Enumerations in the order of their file.
    pub enums: Vec<model::Enumeration>,
    /// Families of error codes.
    pub families: Vec<model::Family>,
    /// Error codes by number.
    pub errors: Vec<model::ErrorCode>,
    /// The reference wire profile.
    pub profile: Profile,
}

impl Spec {
    /// Reads and checks the directory `protocol-spec`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or parsed, or the first row that contradicts the rest; the text says what to do.
    pub fn load(dir: &Path) -> Result<Self, SpecError> {
        let messages: MessageFile = read(dir, MESSAGES)?;
        let attributes: AttributeFile = read(dir, ATTRIBUTES)?;
        let enums: EnumFile = read(dir, ENUMS)?;
        let errors: ErrorFile = read(dir, ERRORS)?;
        let spec = Self {
            messages: messages.message,
            attributes: attributes.attribute,
            enums: enums.enums,
            families: errors.family,
            errors: errors.error,
            profile: read(dir, PROFILE)?,
        };
        spec.check()?;
        Ok(spec)
    }
}

fn read<T: DeserializeOwned>(dir: &Path, file: &'static str) -> Result<T, SpecError> {
    let path = dir.join(file);
    let text = fs::read_to_string(&path).map_err(|source| SpecError::Read { path, source })?;
    toml::from_str(&text).map_err(|source| SpecError::Parse { file, source: Box::new(source) })
}

/// The first line in which two texts differ, in words; `None` if they are equal.
pub fn first_difference(have: &str, want: &str) -> Option<String> {
    if have == want {
        return None;
    }
    let (mut old, mut new) = (have.split('\n'), want.split('\n'));
    let mut line = 1_usize;
    loop {
        match (old.next(), new.next()) {
            (Some(a), Some(b)) if a == b => line += 1,
            (a, b) => {
                let show = |text: Option<&str>| {
                    text.map_or_else(|| "(end of file)".to_owned(), |text| format!("{text:?}"))
                };
                return Some(format!("line {line}: is {}, should be {}", show(a), show(b)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn difference_names_the_line() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n").as_deref(), Some(r#"line 2: is "b", should be "c""#));
        assert_eq!(
            first_difference("a", "a\n").as_deref(),
            Some(r#"line 2: is (end of file), should be """#)
        );
    }
}
