//! Guards: rules across aggregates that claims cannot express.
//!
//! The ledger asks the guards about each unit. Guards read rows only when no batch is in flight, so the rows are up to date.
//! The ledger names no guard: the code that opens the ledger passes [`GUARDS`].

use std::collections::BTreeSet;

use aggregates::{Claim, NewEvent};
use futures_util::future::BoxFuture;

use crate::{
    issued_certificates::{NamesStay, RevokedStaysSo},
    organisations::{NothingStays, UsersEndWhole},
    role_directory::HeldBySeveral,
    sql::{Error, Read},
};

/// All guards.
pub const GUARDS: Guards = &[
    &HeldBySeveral,
    &RevokedStaysSo,
    &NamesStay,
    &NothingStays,
    &UsersEndWhole,
];

/// A list of guards.
pub type Guards = &'static [&'static dyn Guard];

/// A rule that may reject a unit.
pub trait Guard: Send + Sync {
    /// Whether the rule concerns a unit. The guard judges only such units.
    fn concerns(&self, proposal: Proposal<'_>) -> bool;

    /// Judges a unit. `db` reads the committed rows, and `accepted` are the units that come before this one in the same batch.
    fn judge<'a>(
        &'a self,
        db: &'a mut dyn Read,
        proposal: Proposal<'a>,
        accepted: &'a [Proposal<'a>],
    ) -> BoxFuture<'a, Result<Verdict, Error>>;
}

/// `Ok` if the ledger may write the unit.
pub type Verdict = Result<(), Veto>;

/// What a unit would change.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// The events that the unit would record.
    pub events: &'a [NewEvent],
    /// The claims that the unit would give up.
    pub release: &'a BTreeSet<Claim>,
}

/// A guard rejects a unit: it conflicts with what is recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Veto {
    /// The code, for programs. It never changes.
    pub code: &'static str,
    /// The message that clients read.
    pub message: &'static str,
}
