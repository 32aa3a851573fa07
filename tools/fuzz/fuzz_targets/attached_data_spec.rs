#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tbus_recorder::fuzzing::attached_data_spec(data));
