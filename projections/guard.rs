//! Guards: rules across aggregates that claims cannot say.
//!
//! The ledger asks the guards about each unit while the head is locked, when the read models are exact. It knows none of
//! them by name: whoever opens the ledger hands it [`GUARDS`].

use std::collections::BTreeSet;

use aggregates::{Claim, NewEvent};
use futures_util::future::BoxFuture;

use crate::{
    role_directory::HeldBySeveral,
    sql::{Error, Tx},
};

/// All guards.
pub const GUARDS: Guards = &[&HeldBySeveral];

/// A list of guards.
pub type Guards = &'static [&'static dyn Guard];

/// A rule that may reject a unit.
pub trait Guard: Send + Sync {
    /// Judges what a unit would do, if the rule concerns it; `None` at once if not. `tx` reads what was committed, and
    /// `accepted` are the units that come before it in the same batch.
    fn judge<'a>(
        &'a self,
        tx: &'a mut Tx<'_>,
        proposal: Proposal<'a>,
        accepted: &'a [Proposal<'a>],
    ) -> Option<BoxFuture<'a, Result<Verdict, Error>>>;
}

/// `Ok` if the unit may be written.
pub type Verdict = Result<(), Veto>;

/// What a unit would do.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// The events that it would record.
    pub events: &'a [NewEvent],
    /// The claims that it would give up.
    pub release: &'a BTreeSet<Claim>,
}

/// A guard rejects a unit: a conflict with what is recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Veto {
    /// Stable: for programs.
    pub code: &'static str,
    /// What clients read.
    pub message: &'static str,
}
