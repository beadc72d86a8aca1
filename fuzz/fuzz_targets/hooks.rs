//! See [`fuzz::hooks`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::hooks::run(data));
