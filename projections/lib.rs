//! The read side: what anyone reads is a projection of the ledger.

/// Who may do what: the decision engine in memory.
pub mod authorization;
