//! The read side: what anyone reads is a projection of the ledger.

pub mod sql;
