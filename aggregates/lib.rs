//! The write side: what may happen, decided by pure functions.
//!
//! Each aggregate is a folder: `mod.rs` holds the state and its fold, `command.rs`, `event.rs` and
//! `error.rs` its vocabulary, and one file per command holds one decision:
//! `fn decide(&State, Command) -> Result<Vec<Event>, Error>`.
//!
//! Nothing here does IO, reads a clock, draws randomness, knows SQL or knows HTTP. Time and ids are
//! fields of the commands. Secrets arrive already hashed.

pub mod claim;
pub mod event;
#[cfg(test)]
mod golden;
mod permission_set;
pub mod role;
pub mod sealing;
pub mod session;
#[cfg(test)]
mod testing;
pub mod upcast;
pub mod user;
pub mod values;

/// The stored names of all types of aggregates.
pub const AGGREGATE_TYPES: [&str; 3] = [user::TYPE, role::TYPE, session::TYPE];

pub use claim::{Claim, Claims};
pub use event::{Event, Recorded};
pub use upcast::upcast;
