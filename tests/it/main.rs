//! The tests of the running server: the real binary, over HTTP and on the command line, on both engines.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod answers;
mod cli;
mod connections;
mod consistency;
mod freshness;
mod http;
mod ledger;
mod log;
mod nodes;
mod support;
