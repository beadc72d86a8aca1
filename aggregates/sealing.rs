//! How fields of events are sealed: stored encrypted.
//!
//! The aggregates never see ciphertext: the ledger seals on append, and opens on load, what `events!` declares.

/// How a field is kept from readers of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// Under the server's key: password hashes and the like. Never shown to anyone.
    Secret,
    /// Under the key of the person it is about. Erasing that key erases the value.
    Personal,
}

/// What a personal value reads as once its subject's key is erased.
pub const ERASED: &str = "[erased]";
