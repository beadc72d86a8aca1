//! The read models, on both engines: what every event does, what every query answers, and what they cost.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]
#![expect(unreachable_pub, reason = "the helpers of a test are for all of its modules")]

mod applications;
mod effects;
mod erasure;
mod events;
mod expiring;
mod flatness;
mod histories;
mod indexes;
mod licences;
mod loading;
mod model;
mod paging;
#[path = "../../../tests/it/support/postgres.rs"]
mod postgres;
mod rebuild;
mod sorted;
mod statements;
mod steps;
mod trace;
mod world;
