//! Replays the fuzz targets' seeds and findings on the stable compiler.

use std::path::Path;

use tlib_capture::fuzzing;

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
fn log_reader() {
    replay("log_reader", fuzzing::log_reader);
}

#[test]
fn replay_plan() {
    replay("replay_plan", fuzzing::replay_plan);
}

#[test]
fn capture_reader() {
    replay("capture_reader", fuzzing::capture_reader);
}

#[test]
fn reassembly() {
    replay("reassembly", fuzzing::reassembly);
}
