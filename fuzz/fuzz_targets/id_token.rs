#![no_main]

libfuzzer_sys::fuzz_target!(|data: &str| rblxopencloud::fuzzing::id_token(data));
