#![no_main]

libfuzzer_sys::fuzz_target!(|data: &str| rblxopencloud::fuzzing::lock(data));
