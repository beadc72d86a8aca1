//! Fills the lists of values that are alike, from the names in the read models.

use std::collections::BTreeMap;

use aggregates::{
    Claim,
    claim::{Alike, Scope},
    sealing::ERASED,
};
use projections::{
    names::{NAMES, Named, Place},
    sql::{Db, Read, Tx, sql},
    store::{Merge, Writes},
};

use super::{List, next_places};
use crate::{
    Head, Ledger, LedgerError, Sealer,
    claims::{CLAIMS, Key, Owner, stored_owners},
};

/// The lists of a scope do not have as many values as are claimed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{claimed} names are claimed in scope {scope}, but {listed} are compared with new ones: `muniment rebuild` corrects this"
)]
pub struct Incomplete {
    scope: &'static str,
    claimed: i64,
    listed: i64,
}

/// Programs that follow this version of the rules of writing, or a newer one, keep the lists.
const KEEPS_LISTS: i64 = 3;

/// Fills the lists, unless they are filled, and closes the ledger to programs that do not keep them. Returns the head after that.
pub(crate) async fn establish(db: &Db, sealer: &Sealer, known: Head) -> Result<Head, LedgerError> {
    if is_done(&known) {
        return Ok(known);
    }
    let mut tx = db.begin().await?;
    let mut head = Head::lock(&mut tx).await?;
    // Another node may have done it meanwhile.
    if !is_done(&head) {
        tracing::info!("listing the names that are alike; no server can write meanwhile");
        let names = refill(&mut tx, sealer).await?;
        tracing::info!(names, "listed the names that are alike");
        // If some names have no list, the server starts all the same.
        if let Some(lacking) = incomplete(&mut tx).await? {
            tracing::warn!(%lacking, "some names are not compared with new ones");
        }
        head = head.close_to_older_programs(&mut tx).await?;
    }
    tx.commit().await?;
    Ok(head)
}

/// Whether a server has filled the lists of this ledger.
pub(super) fn is_done(head: &Head) -> bool {
    head.lowest_writer >= KEEPS_LISTS
}

impl Ledger {
    /// Fills the lists of values that are alike again if they do not have as many values as are claimed. Returns `None` if they do,
    /// and otherwise whether they are complete now. The caller holds the head lock and moves the head, so that no process remembers
    /// the old lists.
    pub async fn mend_alike(
        &self,
        tx: &mut Tx<'_>,
        head: &Head,
    ) -> Result<Option<Result<(), Incomplete>>, LedgerError> {
        if !is_done(head) || incomplete(tx).await?.is_none() {
            return Ok(None);
        }
        refill(tx, self.sealer()).await?;
        Ok(Some(incomplete(tx).await?.map_or(Ok(()), Err)))
    }
}

/// The first scope whose lists do not have as many values as are claimed.
pub(super) async fn incomplete(tx: &mut Tx<'_>) -> Result<Option<Incomplete>, LedgerError> {
    for names in NAMES {
        if let Some(alike) = names.scope.alike() {
            let claimed = count(tx, names.scope.name()).await?;
            let listed = count(tx, alike.name).await? + count(tx, alike.others).await?;
            if claimed != listed {
                return Ok(Some(Incomplete {
                    scope: names.scope.name(),
                    claimed,
                    listed,
                }));
            }
        }
    }
    Ok(None)
}

async fn count(tx: &mut Tx<'_>, scope: &str) -> Result<i64, LedgerError> {
    let count = sql("SELECT COUNT(*) FROM claims WHERE scope = $1").bind(scope);
    Ok(tx
        .optional(count)
        .await?
        .map(|row| row.int(0))
        .transpose()?
        .unwrap_or(0))
}

/// Makes all lists anew. Returns how many names they have.
async fn refill(tx: &mut Tx<'_>, sealer: &Sealer) -> Result<usize, LedgerError> {
    let mut listed = 0;
    for names in NAMES {
        let Some(alike) = names.scope.alike() else {
            continue;
        };
        let empty = sql("DELETE FROM claims WHERE scope IN ($1, $2)");
        tx.execute(empty.bind(alike.name).bind(alike.others)).await?;
        let mut place = Place::default();
        while let Some(mut page) = names.next(tx, &mut place).await? {
            // Only a person's name can be erased. A role may have this text as its name.
            page.retain(|named| !names.scope.is_personal() || named.name != ERASED);
            listed += page.len();
            add(tx, sealer, names.scope, page).await?;
        }
    }
    Ok(listed)
}

/// Adds the owners of these names to their lists.
async fn add(
    tx: &mut Tx<'_>,
    sealer: &Sealer,
    scope: &'static Scope,
    page: Vec<Named>,
) -> Result<(), LedgerError> {
    let mut owners: BTreeMap<List, Vec<Owner>> = BTreeMap::new();
    for Named { id, name, .. } in page {
        if let Some(list) = List::of(sealer, &Claim::new(scope, name)) {
            owners.entry(list).or_default().push(Owner::of(&id));
        }
    }
    let firsts: Vec<Key> = owners.keys().map(|list| list.place(1)).collect();
    let begun = stored_owners(tx, &firsts).await?;
    let mut rows = Vec::with_capacity(owners.len());
    for (list, owners) in owners {
        let before = match begun.contains_key(&list.place(1)) {
            true => read(tx, &list).await?.len(),
            false => 0,
        };
        for (number, owner) in (before + 1..).zip(owners) {
            let (scope, value) = list.place(number);
            rows.push(vec![scope.into(), value.into(), owner.0.into()]);
        }
    }
    let mut writes = Writes::default();
    writes.put(CLAIMS, rows, Merge::New);
    Ok(writes.run(tx).await?)
}

/// The owners in a list, in the order of their places.
pub(super) async fn read(db: &mut dyn Read, list: &List) -> Result<Vec<Owner>, LedgerError> {
    let (mut owners, mut asked) = (Vec::new(), 1);
    loop {
        let places: Vec<Key> = (owners.len() + 1..=asked)
            .map(|number| list.place(number))
            .collect();
        let stored = stored_owners(db, &places).await?;
        let found = places.iter().map_while(|place| stored.get(place));
        owners.extend(found);
        if owners.len() < asked {
            return Ok(owners);
        }
        asked = next_places(asked);
    }
}

/// The first owner in a list.
pub(super) async fn first(db: &mut dyn Read, list: &List) -> Result<Option<Owner>, LedgerError> {
    let stored = stored_owners(db, &[list.place(1)]).await?;
    Ok(stored.into_values().next())
}

/// Takes an aggregate out of all lists.
pub(crate) async fn forget(tx: &mut Tx<'_>, alike: &Alike, owner: Owner) -> Result<(), LedgerError> {
    let select = sql("SELECT scope, value FROM claims WHERE scope IN ($1, $2) AND owner = $3");
    let rows = tx
        .all(select.bind(alike.name).bind(alike.others).bind(owner.0))
        .await?;
    for row in rows {
        let Some(list) = List::with_row(alike, &row.text(0)?, &row.text(1)?) else {
            continue;
        };
        let owners = read(tx, &list).await?;
        let stays = owners.iter().filter(|other| **other != owner);
        let mut writes = Writes::default();
        let places = (1..=owners.len()).map(|number| list.place(number));
        let gone = places.map(|(scope, value)| vec![scope.into(), value.into()]);
        writes.delete(CLAIMS, CLAIMS.key, gone.collect());
        let rows = (1..).zip(stays).map(|(number, owner)| {
            let (scope, value) = list.place(number);
            vec![scope.into(), value.into(), owner.0.into()]
        });
        writes.put(CLAIMS, rows.collect(), Merge::New);
        writes.run(tx).await?;
    }
    Ok(())
}
