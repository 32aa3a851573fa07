//! Replays the fuzz targets' seeds and findings on the stable compiler.

use tbus_recorder::fuzzing;
use tlib_testkit::corpus::replay;

#[test]
fn recorder_options() {
    replay("recorder_options", fuzzing::recorder_options);
}

#[test]
fn attached_data_spec() {
    replay("attached_data_spec", fuzzing::attached_data_spec);
}
