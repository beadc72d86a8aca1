//! See [`fuzz::patterns`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::patterns::run(data));
