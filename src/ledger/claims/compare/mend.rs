//! Corrects the stored claims.

use std::collections::BTreeSet;

use projections::{
    sql::{Boxed, Tx, sql},
    store::{Merge, Writes},
};

use super::ClaimFlaw;
use crate::{
    Ledger, LedgerError,
    claims::{CLAIMS, Owner},
};

impl Ledger {
    /// Corrects these flaws, which were found when the head was at `position`. What has changed since is left as it is. Returns how many were
    /// corrected. The caller holds the head lock, counts the claims again, and moves the head, so that no process remembers the old claims.
    pub fn mend_claims<'a>(
        &'a self,
        tx: &'a mut Tx<'_>,
        position: i64,
        flaws: &'a [ClaimFlaw],
    ) -> Boxed<'a, Result<usize, LedgerError>> {
        Box::pin(async move {
            let moved = moved_since(tx, position).await?;
            let stays = |id: &str| !moved.contains(&Owner::of(id));
            let (mut rows, mut gone, mut limited) = (Vec::new(), Vec::new(), Vec::new());
            for flaw in flaws {
                match flaw {
                    ClaimFlaw::Missing {
                        claim,
                        claimant,
                        stored,
                    } if stays(&claimant.1) && stored.is_none_or(|owner| !moved.contains(&Owner(owner))) => {
                        let owner = Owner::of(&claimant.1).0;
                        rows.push(vec![
                            claim.scope.as_str().into(),
                            claim.value.as_str().into(),
                            owner.into(),
                        ]);
                    }
                    ClaimFlaw::Unfounded { claim, owner } if !moved.contains(&Owner(*owner)) => {
                        gone.push(vec![claim.scope.as_str().into(), claim.value.as_str().into()]);
                    }
                    ClaimFlaw::Limits {
                        scope,
                        aggregate,
                        limits,
                    } if stays(&aggregate.1) => limited.push((*scope, aggregate.1.as_str(), *limits)),
                    ClaimFlaw::Missing { .. }
                    | ClaimFlaw::Unfounded { .. }
                    | ClaimFlaw::Limits { .. }
                    | ClaimFlaw::Twice { .. } => {}
                }
            }
            let corrected = rows.len() + gone.len() + limited.len();
            let mut writes = Writes::default();
            writes.delete(CLAIMS, CLAIMS.key, gone);
            writes.put(CLAIMS, rows, Merge::Replace);
            writes.run(tx).await?;
            for (scope, within, limits) in limited {
                let store = sql(
                    "INSERT INTO claim_counts (scope, within_id, held, at_least, at_most) VALUES ($1, $2, 0, $3, $4) \
                     ON CONFLICT (scope, within_id) DO UPDATE SET at_least = EXCLUDED.at_least, at_most = EXCLUDED.at_most",
                );
                let store = store.bind(scope).bind(within);
                tx.execute(store.bind(limits.at_least).bind(limits.at_most))
                    .await?;
            }
            Ok(corrected)
        })
    }
}

/// The aggregates that have events after a position.
async fn moved_since(tx: &mut Tx<'_>, position: i64) -> Result<BTreeSet<Owner>, LedgerError> {
    let select = sql("SELECT DISTINCT aggregate_id FROM events WHERE position > $1").bind(position);
    let rows = tx.all(select).await?;
    rows.iter().map(|row| Ok(Owner::of(&row.text(0)?))).collect()
}
