//! Whether somebody holds a claim, for code that wants to know it before it makes a unit.

use aggregates::Claim;
use projections::sql::Boxed;
use uuid::Uuid;

use super::{
    Ledger, LedgerError,
    alike::List,
    claims::{Owner, key, stored_owners},
};

impl Ledger {
    /// Whether an aggregate holds this claim, or a claim that is like it, as the database has it now. Another aggregate may take the claim
    /// right after that; only the appender decides.
    pub fn is_taken<'a>(&'a self, claim: &'a Claim) -> Boxed<'a, Result<bool, LedgerError>> {
        Box::pin(async move {
            let sealer = self.sealer();
            let mut keys = vec![key(sealer, claim)];
            keys.extend(List::of(sealer, claim).map(|list| list.place(1)));
            Ok(!stored_owners(&mut self.db(), &keys).await?.is_empty())
        })
    }

    /// The id of the aggregate that holds this claim, as the database has it now, if the ids of such aggregates are UUIDs.
    pub fn holder<'a>(&'a self, claim: &'a Claim) -> Boxed<'a, Result<Option<Uuid>, LedgerError>> {
        Box::pin(async move {
            let keys = [key(self.sealer(), claim)];
            let owners = stored_owners(&mut self.db(), &keys).await?;
            Ok(owners.into_values().next().map(|Owner(id)| id))
        })
    }
}
