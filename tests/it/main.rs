//! The tests of the running server: its real binary, over HTTP and on the command line, on both engines.
#![expect(
    unreachable_pub,
    reason = "nothing is reachable from outside of a test binary"
)]

mod cli;
mod support;
