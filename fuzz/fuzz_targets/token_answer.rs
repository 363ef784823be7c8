#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rblxopencloud::fuzzing::token_answer(data));
