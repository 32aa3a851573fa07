//! Replays the fuzz targets' seeds and findings on the stable compiler.

use tlib_capture::fuzzing;
use tlib_testkit::corpus::replay;

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

#[test]
fn anonymize_log() {
    replay("anonymize_log", fuzzing::anonymize_log);
}

#[test]
fn anonymize_capture() {
    replay("anonymize_capture", fuzzing::anonymize_capture);
}
