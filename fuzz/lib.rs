//! The targets of the fuzzer. `patterns` and `histories` compare the authorization engine with the oracle of its own tests; `names`
//! checks what holds for every name and password, `topics` what RabbitMQ would deliver; `csr` and `ocsp` read requests of devices and
//! relying parties; `hooks` asks the whole server what brokers ask.
//!
//! Inputs are lines of text, so that people can read and write seeds.

#![expect(clippy::unwrap_used, reason = "a fuzz target fails by panicking")]

#[path = "../projections/authorization/tests/ledger.rs"]
#[allow(dead_code, reason = "the engine's tests need all of it")]
mod ledger;
#[path = "../projections/authorization/tests/oracle.rs"]
#[allow(dead_code, reason = "the engine's tests need all of it")]
mod oracle;

#[path = "../src/server/brokers/keys.rs"]
#[allow(dead_code, reason = "the server needs all of it")]
mod keys;

pub mod certificates;
pub mod histories;
#[cfg(feature = "server")]
pub mod hooks;
pub mod names;
pub mod patterns;
pub mod topics;

use aggregates::values::{Context, Operation, TopicFilter};

const CONTEXTS: [Context; 2] = [Context::Http, Context::Mqtt];
const OPERATIONS: [Operation; 3] = [Operation::Read, Operation::Write, Operation::ReadWrite];

/// The filter of a well-formed text.
fn filter(text: &str) -> TopicFilter {
    TopicFilter::parse(text).unwrap()
}

/// The right of a letter before a pattern: `r`, `w` and `b` (both) in context mqtt, and the same in capitals in http.
fn right(letter: u8) -> Option<(Context, Operation)> {
    let context = if letter.is_ascii_uppercase() {
        Context::Http
    } else {
        Context::Mqtt
    };
    let operation = match letter.to_ascii_lowercase() {
        b'r' => Operation::Read,
        b'w' => Operation::Write,
        b'b' => Operation::ReadWrite,
        _ => return None,
    };
    Some((context, operation))
}

/// A line's first byte, and the rest of it.
fn letter(line: &str) -> Option<(u8, &str)> {
    let first = *line.as_bytes().first()?;
    Some((first, line.get(1..)?))
}
