//! The read models, on both engines: what every event does, what every query answers, and what they cost.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod effects;
mod erasure;
mod events;
mod flatness;
mod histories;
mod indexes;
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
