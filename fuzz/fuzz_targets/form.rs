#![no_main]

libfuzzer_sys::fuzz_target!(|data: (&str, &[u8])| rblxopencloud::fuzzing::form(data.0, data.1));
