#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rblxopencloud_sandbox::fuzzing::sandbox(data));
