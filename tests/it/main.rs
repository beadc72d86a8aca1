//! The tests of the running server: the real binary, over HTTP and on the command line, on both engines.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]
#![expect(unreachable_pub, reason = "the helpers of a test are for all of its modules")]

mod answers;
mod ca;
mod cli;
mod clocks;
mod connections;
mod consistency;
mod door;
mod entrances;
mod est;
mod folder;
mod freshness;
mod hashing;
mod heavy;
mod http;
mod issuer;
mod kicks;
mod ledger;
mod licences;
mod log;
mod login_defence;
mod looking;
mod memory;
mod metrics;
mod mosquitto;
mod mosquitto_tls;
mod nginx;
mod nodes;
mod passwords;
mod rabbitmq;
mod rabbitmq_tls;
mod registry;
mod rekey;
mod reload;
mod servers;
mod sign_up;
mod strongswan;
mod support;
mod tls;
