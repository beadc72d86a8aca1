//! How far this process has read the ledger, by whichever way.
//!
//! The authorization projection follows the ledger. Decisions of commands also read streams and the head, which may be newer. An answer
//! must not say that it is of an earlier position than what its decision read: a client who asks another node for at least this position
//! would get an older decision.

use std::sync::atomic::{AtomicI64, Ordering};

use projections::sql::Boxed;

use super::{Head, Ledger, LedgerError};

/// The highest position that this process has read, besides those of the authorization projection.
#[derive(Debug, Default)]
pub(super) struct Reached(AtomicI64);

impl Reached {
    /// Notes that this process has read this position.
    pub(super) fn note(&self, position: i64) {
        self.0.fetch_max(position, Ordering::AcqRel);
    }

    /// The highest position that was noted.
    pub(super) fn position(&self) -> i64 {
        self.0.load(Ordering::Acquire)
    }
}

impl Ledger {
    /// The highest position that this process has read, by whichever way. What it decided from memory or from streams is not of a later
    /// position.
    pub fn position(&self) -> i64 {
        self.authorization().newest().max(self.reached.position())
    }

    /// The position of the head now. What was read from the read models before is not of a later position.
    pub fn position_of_head<'a>(&'a self) -> Boxed<'a, Result<i64, LedgerError>> {
        Box::pin(async move {
            let head = Head::read_from(&self.db).await?;
            self.reached.note(head.position);
            Ok(self.position())
        })
    }

    /// Where the ledger ends, read from the database.
    pub fn head<'a>(&'a self) -> Boxed<'a, Result<Head, LedgerError>> {
        Box::pin(async move { Head::read_from(&self.db).await })
    }
}
