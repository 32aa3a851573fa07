#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tlib_capture::fuzzing::log_reader(data));
