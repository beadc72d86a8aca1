//! How fields of events are sealed: stored encrypted.
//!
//! The aggregates never see ciphertext. The ledger seals the fields that `events!` names when it appends an event, and
//! opens them when it loads one.

/// How a field is kept from those who read the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// Under the server's key: password hashes and the like. The server never shows them to anyone.
    Secret,
    /// Under the key of the person that the value is about. Erasing that key erases the value.
    Personal,
}

/// The text that a reader sees instead of a personal value once the person's key is erased.
pub const ERASED: &str = "[erased]";
