//! Lists the names that are alike: they were claimed before the rule against it.

use aggregates::claim::Alike;
use projections::{
    names::{NAMES, Named, Names},
    sql::{Tx, sql},
};

use super::{
    List,
    fill::{Incomplete, first, incomplete, is_done},
};
use crate::{Head, Ledger, LedgerError, claims::Owner};

/// Two names that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlikePair {
    /// The scope in which the names are claimed.
    pub scope: &'static str,
    /// The owner of the first name.
    pub one: Named,
    /// The owner of the second name.
    pub other: Named,
}

/// What is known about names that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlikeNames {
    /// No program has compared the names yet. The next start of a server does it.
    NotCompared,
    /// The lists do not have as many names as are claimed.
    Incomplete(Incomplete),
    /// These pairs of names are alike.
    Pairs(Vec<AlikePair>),
}

impl Ledger {
    /// The pairs of names that are alike, in one state of the ledger.
    pub async fn alike_names(&self) -> Result<AlikeNames, LedgerError> {
        let mut tx = self.db.snapshot().await?;
        if !is_done(&Head::read_in(&mut tx).await?) {
            return Ok(AlikeNames::NotCompared);
        }
        if let Some(incomplete) = incomplete(&mut tx).await? {
            return Ok(AlikeNames::Incomplete(incomplete));
        }
        let mut pairs = Vec::new();
        for names in NAMES {
            if let Some(alike) = names.scope.alike() {
                pairs_of(&mut tx, names, alike, &mut pairs).await?;
            }
        }
        Ok(AlikeNames::Pairs(pairs))
    }
}

async fn pairs_of(
    tx: &mut Tx<'_>,
    names: &Names,
    alike: &Alike,
    pairs: &mut Vec<AlikePair>,
) -> Result<(), LedgerError> {
    let select = sql("SELECT value, owner FROM claims WHERE scope = $1 ORDER BY value").bind(alike.others);
    for row in tx.all(select).await? {
        let Some(list) = List::with_row(alike, alike.others, &row.text(0)?) else {
            continue;
        };
        let (first, other) = (first(tx, &list).await?, Owner(row.id(1)?));
        let ids = first.into_iter().chain([other]).map(|owner| owner.0.to_string());
        let found = names.of(tx, ids.collect()).await?;
        let of = |owner: Owner| found.iter().find(|named| Owner::of(&named.id) == owner).cloned();
        if let (Some(one), Some(other)) = (first.and_then(of), of(other)) {
            let scope = names.scope.name();
            pairs.push(AlikePair { scope, one, other });
        }
    }
    Ok(())
}
