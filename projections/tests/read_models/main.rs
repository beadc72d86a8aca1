//! The read models, on both engines: what every event does, what every query answers, and what they cost.
#![expect(
    unreachable_pub,
    reason = "nothing is reachable from outside of a test binary"
)]
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod effects;
mod flatness;
mod histories;
mod model;
mod paging;
#[expect(
    clippy::zombie_processes,
    reason = "the cluster's guard outlives this process, for the next one"
)]
#[path = "../../../tests/it/support/postgres.rs"]
mod postgres;
mod rebuild;
mod statements;
mod trace;
mod world;
