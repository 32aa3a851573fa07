//! Replays the fuzz targets' seeds and findings on the stable compiler.

use std::path::Path;

use tbus_recorder::fuzzing;

fn replay(target: &str, run: impl Fn(&[u8])) {
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

#[test]
fn recorder_options() {
    replay("recorder_options", fuzzing::recorder_options);
}

#[test]
fn attached_data_spec() {
    replay("attached_data_spec", fuzzing::attached_data_spec);
}
