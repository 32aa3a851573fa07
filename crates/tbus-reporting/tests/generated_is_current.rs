//! The keys, the tables of the Info Mart and what is read of the interaction database are those of `protocol-spec`.

use std::fs;
use std::path::Path;

use tlib_spec::{Callback, Idb, first_difference, render};

#[test]
fn generated_files_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let source = root.join("protocol-spec");
    let keys = Callback::load(&source).unwrap_or_else(|error| panic!("protocol-spec: {error}"));
    let mart = Idb::load_info_mart(&source).unwrap_or_else(|error| panic!("protocol-spec: {error}"));
    let idb = Idb::load(&source).unwrap_or_else(|error| panic!("protocol-spec: {error}"));
    keys.check_targets(&mart).unwrap_or_else(|error| panic!("protocol-spec: {error}"));
    let mut files = render::callback_outputs(&keys);
    files.extend(render::idb_outputs(&mart));
    files.extend(render::source_outputs(&idb));
    for (path, want) in files {
        let have = fs::read_to_string(root.join(path)).unwrap_or_default();
        if let Some(difference) = first_difference(&have, &want) {
            panic!("{path} is stale: run `cargo xtask codegen`; {difference}");
        }
    }
}
