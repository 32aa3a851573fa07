//! The seeds and findings of the fuzz targets.

use std::path::Path;

/// Runs a fuzz target's function on every file in its folder below `tools/fuzz/seeds`.
///
/// # Panics
/// When there are none, or when the function does.
pub fn replay(target: &str, run: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/fuzz/seeds").join(target);
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        run(&std::fs::read(path).unwrap());
        files += 1;
    }
    assert!(files > 0, "{}: no seeds", folder.display());
}
