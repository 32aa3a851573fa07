//! Replays the fuzz targets' seeds and findings on the stable compiler.

use tlib_proto::fuzzing;
use tlib_testkit::corpus::replay;

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
