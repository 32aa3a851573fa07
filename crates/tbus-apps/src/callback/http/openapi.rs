//! The OpenAPI description of the paths.

use serde_json::Value as Json;

use crate::callback::refusal::{Phrase, Refusal};

/// Where it is served (chosen).
pub(crate) const PATH: &str = "/openapi.json";

/// The description as it is in the file; a test compares it with the paths there are and executes its examples.
const TEXT: &str = include_str!("openapi.json");

/// The description.
pub(super) fn document() -> Result<Json, Refusal> {
    serde_json::from_str(TEXT).map_err(|error| Refusal::new(Phrase::NotFound, error.to_string()))
}
