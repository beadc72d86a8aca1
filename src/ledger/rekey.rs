//! Replaces the key that seals a ledger.
//!
//! One transaction wraps the older keys, the keys of persons and the keys of refusals under the new key, and stores by what the new key is
//! recognised. Events, snapshots and the hashes of claims stay as they are.

use projections::{
    sql::{Db, Tx, sql},
    store::{Merge, Writes},
};

use super::{
    Head, LedgerError, MasterKey,
    ids::Entropy,
    seal::{Keyring, SUBJECT_KEYS, Sealer},
};

/// How many keys are read and written at once.
const PAGE: i64 = 4_000;

/// What was wrapped again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rekeyed {
    /// How many keys of persons.
    pub persons: u64,
    /// How many keys the server had before.
    pub older: usize,
}

/// Whether this is the key of the ledger; `None` if the database has no ledger.
pub async fn is_key_of(db: &Db, key: &MasterKey) -> Result<Option<bool>, LedgerError> {
    match Head::checked(db, Some(key)).await {
        Ok(head) => Ok(head.map(|_| true)),
        Err(LedgerError::WrongKey) => Ok(Some(false)),
        Err(error) => Err(error),
    }
}

/// Makes `new` the key of a ledger in the place of `old`: completely, or not at all. No server may run, since it would go on with the
/// old key.
pub async fn rekey(
    db: &Db,
    old: &MasterKey,
    new: &MasterKey,
    entropy: std::sync::Arc<dyn Entropy>,
) -> Result<Rekeyed, LedgerError> {
    let mut tx = db.begin().await?;
    let head = Head::lock(&mut tx).await?;
    let row = tx
        .optional(sql("SELECT key_check FROM ledger_head WHERE id = 1"))
        .await?;
    let check = row.ok_or(LedgerError::NoHead)?.bytes(0)?;
    if check != old.check(&head.ledger_id) {
        return Err(LedgerError::WrongKey);
    }
    let before = Keyring::load(&mut tx, old).await?;
    let after = before.followed_by(new);
    let wrapped = after.wrapped(entropy.as_ref())?;
    tx.execute(sql("DELETE FROM sealing_keys")).await?;
    for (number, boxed) in &wrapped {
        let insert = sql("INSERT INTO sealing_keys (number, wrapped_key) VALUES ($1, $2)");
        tx.execute(insert.bind(*number).bind(boxed.clone())).await?;
    }
    let [before, after] = [&before, &after].map(|ring| Sealer::new(ring, std::sync::Arc::clone(&entropy)));
    let persons = wrap_persons(&mut tx, &before, &after).await?;
    wrap_periods(&mut tx, &before, &after).await?;
    let recognise = sql("UPDATE ledger_head SET key_check = $1 WHERE id = 1");
    tx.execute(recognise.bind(new.check(&head.ledger_id).to_vec()))
        .await?;
    tx.commit().await?;
    Ok(Rekeyed {
        persons,
        older: wrapped.len(),
    })
}

async fn wrap_persons(tx: &mut Tx<'_>, before: &Sealer, after: &Sealer) -> Result<u64, LedgerError> {
    let (mut last, mut count) = (String::new(), 0);
    loop {
        let select = sql("SELECT subject, wrapped_key FROM subject_keys \
             WHERE subject > $1 AND wrapped_key IS NOT NULL ORDER BY subject LIMIT $2");
        let rows = tx.all(select.bind(last.as_str()).bind(PAGE)).await?;
        let Some(end) = rows.last() else {
            return Ok(count);
        };
        let next = end.text(0)?;
        let mut wrapped = Vec::with_capacity(rows.len());
        for row in &rows {
            let subject = row.text(0)?;
            let boxed = after.wrap_again(before, &row.bytes(1)?, &subject)?;
            wrapped.push(vec![subject.into(), boxed.into()]);
        }
        count += wrapped.len() as u64;
        // One statement for all of them. This transaction holds the head's lock, so nobody erases one of these keys meanwhile.
        let mut writes = Writes::default();
        writes.put(SUBJECT_KEYS, wrapped, Merge::Replace);
        writes.run(tx).await?;
        last = next;
    }
}

/// There is one key for each day that the names in refusals are kept.
async fn wrap_periods(tx: &mut Tx<'_>, before: &Sealer, after: &Sealer) -> Result<(), LedgerError> {
    let select =
        sql("SELECT period, wrapped_key FROM refusal_keys WHERE wrapped_key IS NOT NULL ORDER BY period");
    for row in tx.all(select).await? {
        let period = row.int(0)?;
        let boxed = after.wrap_period_again(before, &row.bytes(1)?, period)?;
        let update = sql("UPDATE refusal_keys SET wrapped_key = $1 WHERE period = $2");
        tx.execute(update.bind(boxed).bind(period)).await?;
    }
    Ok(())
}
