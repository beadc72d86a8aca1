//! What is personal in a refusal, and the keys that seal it.
//!
//! The name that a stranger typed, their address, and the message that they got are sealed under the key of the day. When the key
//! is deleted, nobody can read them any more, also in copies of the table. The box covers everything else in the row, too: if somebody
//! changes the row, the box does not open.
//!
//! A deleted key leaves a tombstone. Without it, a clock that goes back would make another key for the same day, and the rows that the
//! deleted key sealed would look like changed rows.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use projections::sql::{Read, filled, placeholders, rounded, sql};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Refusals, buffer::Row, refused::Object};
use crate::{LedgerError, appender::PATIENCE, error::within, seal::PeriodKey};

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;
/// How many keys stay in memory.
const KEYS: usize = 4;
/// How many periods one statement names at most.
const CHUNK: usize = 256;

/// The day of a moment: the number of days since 1970.
pub(super) fn period_of(micros: i64) -> i64 {
    micros.div_euclid(DAY)
}

/// What the box of a row holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Personal {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
}

/// What a row says in clear text. The box covers it.
pub(super) struct Clear<'a> {
    pub(super) id: Uuid,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) times: i64,
    pub(super) kind: &'a str,
    pub(super) reason: &'a str,
    pub(super) actor: Option<Uuid>,
    pub(super) object: Option<Uuid>,
    pub(super) object_type: Option<&'a str>,
    pub(super) method: Option<&'a str>,
    pub(super) path: Option<&'a str>,
}

impl<'a> Clear<'a> {
    pub(super) fn of(row: &'a Row) -> Self {
        let key = &row.key;
        Self {
            id: row.id,
            first: row.first,
            last: row.last,
            times: i64::try_from(row.times).unwrap_or(i64::MAX),
            kind: key.kind.as_str(),
            reason: key.reason,
            actor: key.actor,
            object: key.object.map(|Object { id, .. }| id),
            object_type: key.object.and_then(|object| object.aggregate_type),
            method: key.method,
            path: key.path.as_deref(),
        }
    }

    /// The additional data of the box.
    pub(super) fn bound(&self) -> String {
        format!(
            "refusal\0{}\0{}\0{}\0{}\0{}\0{}\0{:?}\0{:?}\0{:?}\0{:?}\0{:?}",
            self.id,
            self.first,
            self.last,
            self.times,
            self.kind,
            self.reason,
            self.actor,
            self.object,
            self.object_type,
            self.method,
            self.path
        )
    }
}

/// The keys of periods in memory, for storing. A key is `None` once it is deleted.
#[derive(Default)]
pub(super) struct Periods(Mutex<HashMap<i64, Option<PeriodKey>>>);

impl Periods {
    fn get(&self, period: i64) -> Option<Option<PeriodKey>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&period).cloned()
    }

    fn put(&self, period: i64, key: Option<PeriodKey>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEYS {
            known.clear();
        }
        known.insert(period, key);
    }

    /// Forgets the keys of periods before this one.
    pub(super) fn forget_before(&self, period: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|known, _| *known >= period);
    }
}

impl Refusals {
    /// The key that seals the rows of a period; `None` if it is deleted. If there never was a key, makes it. Nodes that make one at the same
    /// moment use the same.
    pub(super) async fn period_key(&self, period: i64) -> Result<Option<PeriodKey>, LedgerError> {
        if let Some(key) = self.periods.get(period) {
            return Ok(key);
        }
        let mut stored = self.stored_key(period).await?;
        if stored.is_none() {
            // Rows without a key had one: somebody deleted it, for example by restoring a back-up without this table.
            let insert = sql("INSERT INTO refusal_keys (period, wrapped_key) VALUES ($1, \
                 CASE WHEN EXISTS (SELECT 1 FROM refusals WHERE first_at >= $2 AND first_at < $3) THEN NULL ELSE $4 END) \
                 ON CONFLICT (period) DO NOTHING")
            .bind(period)
            .bind(period.saturating_mul(DAY))
            .bind(period.saturating_add(1).saturating_mul(DAY))
            .bind(self.sealer.make_period_key(period)?);
            self.appender.beside(insert).await?;
            stored = self.stored_key(period).await?;
        }
        let wrapped = stored.ok_or(LedgerError::Sealed("a period's key is gone without a tombstone"))?;
        let unwrapped = wrapped.map(|wrapped| self.sealer.unwrap_period_key(period, &wrapped));
        let key = unwrapped.transpose()?;
        self.periods.put(period, key.clone());
        Ok(key)
    }

    async fn stored_key(&self, period: i64) -> Result<Option<Option<Vec<u8>>>, LedgerError> {
        let stored = within(PATIENCE, period_keys(&mut &self.db, &[period])).await?;
        Ok(stored.into_iter().next().map(|(_, wrapped)| wrapped))
    }

    /// The box of a row.
    pub(super) fn seal(&self, key: &PeriodKey, row: &Row) -> Result<Vec<u8>, LedgerError> {
        let personal = Personal {
            name: row.key.name.clone(),
            address: row.key.address.map(|address| address.to_string()),
            detail: row.detail.clone(),
        };
        let clear = serde_json::to_vec(&personal).map_err(|_| LedgerError::Sealed("a refusal is no JSON"))?;
        self.sealer.seal_in_period(key, &clear, &Clear::of(row).bound())
    }
}

/// The stored keys of these periods. A key is `None` once it is deleted.
pub(super) async fn period_keys(
    db: &mut dyn Read,
    periods: &[i64],
) -> Result<Vec<(i64, Option<Vec<u8>>)>, LedgerError> {
    let mut keys = Vec::with_capacity(periods.len());
    for chunk in periods.chunks(CHUNK) {
        let count = rounded(chunk.len());
        let text = format!(
            "SELECT period, wrapped_key FROM refusal_keys WHERE period IN {}",
            placeholders(1, 1, count)
        );
        let select = sql(text).bind_all(filled(chunk, count).copied());
        for row in db.all(select).await? {
            keys.push((row.int(0)?, row.bytes_or_null(1)?));
        }
    }
    Ok(keys)
}
