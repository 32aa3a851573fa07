//! What is written from the specification.

mod markdown;
pub mod rust;

pub use markdown::markdown;

use crate::Spec;

/// Every generated file: its path from the root of the repository and its whole text.
pub fn outputs(spec: &Spec) -> Vec<(&'static str, String)> {
    vec![
        ("crates/tlib-proto/src/generated/messages.rs", rust::messages(spec)),
        ("crates/tlib-proto/src/generated/attributes.rs", rust::attributes(spec)),
        ("crates/tlib-proto/src/generated/enums.rs", rust::enums(spec)),
        ("crates/tlib-proto/src/generated/errors.rs", rust::errors(spec)),
        ("crates/tlib-proto/src/generated/profile.rs", rust::profile(spec)),
        ("protocol-spec/REFERENCE.md", markdown(spec)),
    ]
}
