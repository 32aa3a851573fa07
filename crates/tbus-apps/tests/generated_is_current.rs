//! The keys of callback user events are those of `protocol-spec/callback.toml`.

use std::fs;
use std::path::Path;

use tlib_spec::{Callback, first_difference, render};

#[test]
fn generated_files_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let keys =
        Callback::load(&root.join("protocol-spec")).unwrap_or_else(|error| panic!("protocol-spec: {error}"));
    for (path, want) in render::callback_outputs(&keys) {
        let have = fs::read_to_string(root.join(path)).unwrap_or_default();
        if let Some(difference) = first_difference(&have, &want) {
            panic!("{path} is stale: run `cargo xtask codegen`; {difference}");
        }
    }
}
