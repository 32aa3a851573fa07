//! Replays the fuzz targets' seeds and findings on the stable compiler.

#![expect(clippy::disallowed_methods, reason = "the crate does no I/O, its tests read files")]

use std::path::Path;

use tlib_proto::fuzzing;

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
fn decode() {
    replay("decode", fuzzing::decode);
}

#[test]
fn round_trip() {
    replay("round_trip", fuzzing::round_trip);
}

#[test]
fn log_text() {
    replay("log_text", fuzzing::log_text);
}

#[test]
fn session() {
    replay("session", fuzzing::session);
}
