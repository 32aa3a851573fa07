#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tlib_capture::fuzzing::anonymize_capture(data));
