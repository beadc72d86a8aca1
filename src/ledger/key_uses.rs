//! When API keys were used last.
//!
//! No event says so: a use decides nothing, and an event for each request would make the ledger grow with the traffic. A process remembers the
//! uses since it stored them last, one for each key, and a task stores them each minute, apart from the chain of events
//! (docs/decisions/0042-who-and-when-on-os2iot.md). So a key costs at most one row a minute, on each node. A stored time only moves forward.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aggregates::values::{ApiKeyId, Ordinal, Timestamp};
use projections::sql::{Argument, Boxed, Db, filled, placeholders, rounded, sql};
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval, timeout},
};

use super::{Appender, Clocks, Ledger, LedgerError, WithCauses, refusals::in_few_sizes};

/// How often uses are stored.
const STORE_EVERY: Duration = Duration::from_secs(60);
/// How often the rows of keys that were revoked are deleted.
const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);
/// How long storing may take when the ledger is closed.
const LAST_STORE: Duration = Duration::from_secs(5);
/// How many keys one statement asks for at most.
const CHUNK: usize = 256;
/// How many rows of revoked keys one statement deletes at most.
const MOST_AT_ONCE: i64 = 256;

/// The uses of API keys.
pub struct KeyUses {
    db: Db,
    appender: Appender,
    clocks: Arc<Clocks>,
    /// The last use of each key that was used since its use was stored. Only keys that exist have an entry, so there are never more of them than the
    /// authorization engine has in memory anyway.
    unstored: Mutex<BTreeMap<ApiKeyId, Timestamp>>,
    closing: Notify,
}

impl Ledger {
    /// When API keys were used; see [`KeyUses::run`].
    pub fn key_uses(&self) -> &Arc<KeyUses> {
        &self.key_uses
    }
}

impl KeyUses {
    pub(super) fn new(db: Db, appender: Appender, clocks: Arc<Clocks>) -> Self {
        Self {
            db,
            appender,
            clocks,
            unstored: Mutex::default(),
            closing: Notify::new(),
        }
    }

    /// Remembers that a key was used. It neither waits nor fails. While the clocks are too far apart, it remembers nothing: a stored time only
    /// moves forward, so a time in the future would stay.
    pub fn note(&self, key: ApiKeyId, at: Timestamp) {
        if self.clocks.judge().is_err() {
            return;
        }
        let mut unstored = self.unstored();
        let last = unstored.entry(key).or_insert(at);
        *last = at.max(*last);
    }

    /// When these keys were used last, as far as this process knows and the other processes have stored it. Keys that were never used are left out.
    pub fn of<'a>(
        &'a self,
        keys: &'a [ApiKeyId],
    ) -> Boxed<'a, Result<BTreeMap<ApiKeyId, Timestamp>, LedgerError>> {
        Box::pin(async move {
            // A use that is stored after this is in the table before it is read below.
            let mut uses: BTreeMap<ApiKeyId, Timestamp> = {
                let unstored = self.unstored();
                keys.iter()
                    .filter_map(|key| Some((*key, *unstored.get(key)?)))
                    .collect()
            };
            for chunk in keys.chunks(CHUNK) {
                let count = rounded(chunk.len());
                let select = format!(
                    "SELECT api_key, last_used_at FROM api_key_uses WHERE api_key IN {}",
                    placeholders(1, 1, count)
                );
                let select = sql(select).bind_all(filled(chunk, count).map(|key| Argument::from(*key)));
                for row in self.db.all(select).await? {
                    // A row whose number no key can have was written by hand; it is skipped.
                    let Some(key) = Ordinal::new(row.int(0)?).map(ApiKeyId::of) else {
                        continue;
                    };
                    let stored = Timestamp::from_micros(row.int(1)?);
                    let last = uses.entry(key).or_insert(stored);
                    *last = stored.max(*last);
                }
            }
            Ok(uses)
        })
    }

    /// Stores what is in memory. What the database does not take stays there.
    pub fn store(&self) -> Boxed<'_, Result<(), LedgerError>> {
        Box::pin(async move {
            // The keys are sorted, so that two nodes never wait for each other.
            let waiting: Vec<(ApiKeyId, Timestamp)> = {
                let unstored = self.unstored();
                unstored.iter().map(|(key, at)| (*key, *at)).collect()
            };
            for chunk in in_few_sizes(&waiting) {
                let mut upsert = sql(format!(
                    "INSERT INTO api_key_uses (api_key, last_used_at) VALUES {} \
                     ON CONFLICT (api_key) DO UPDATE SET last_used_at = excluded.last_used_at \
                     WHERE api_key_uses.last_used_at < excluded.last_used_at",
                    placeholders(1, chunk.len(), 2)
                ));
                for (key, at) in chunk {
                    upsert = upsert.bind(*key).bind(at.micros());
                }
                self.appender.beside(upsert).await?;
                let mut unstored = self.unstored();
                for (key, at) in chunk {
                    // The key may have been used again meanwhile.
                    if unstored.get(key) == Some(at) {
                        unstored.remove(key);
                    }
                }
            }
            Ok(())
        })
    }

    /// Stores uses each minute, and deletes the rows of keys that were revoked, until the ledger is closed.
    pub async fn run(self: Arc<Self>) {
        let mut store = interval(STORE_EVERY);
        let mut tidy = interval(TIDY_EVERY);
        for every in [&mut store, &mut tidy] {
            every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        // The first tick comes at once.
        store.tick().await;
        loop {
            tokio::select! {
                () = self.closing.notified() => return,
                _ = store.tick() => if let Err(error) = self.store().await {
                    tracing::warn!(error = %WithCauses(&error), "cannot store when API keys were used; trying again in a minute");
                },
                _ = tidy.tick() => if let Err(error) = self.tidy().await {
                    tracing::warn!(error = %WithCauses(&error), "cannot delete the uses of revoked API keys; trying again in an hour");
                },
            }
        }
    }

    /// Deletes the rows of keys that were revoked. Their numbers are never used again. A read finds them: appends must not wait for it.
    pub fn tidy(&self) -> Boxed<'_, Result<(), LedgerError>> {
        Box::pin(async move {
            loop {
                let select = sql("SELECT api_key FROM api_key_uses u \
                                  WHERE NOT EXISTS (SELECT 1 FROM api_keys k WHERE k.number = u.api_key) LIMIT $1");
                let rows = self.db.all(select.bind(MOST_AT_ONCE)).await?;
                let revoked: Vec<i64> = rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?;
                if revoked.is_empty() {
                    return Ok(());
                }
                let count = rounded(revoked.len());
                let delete = sql(format!(
                    "DELETE FROM api_key_uses WHERE api_key IN {}",
                    placeholders(1, 1, count)
                ));
                let delete = delete.bind_all(filled(&revoked, count).copied());
                self.appender.beside(delete).await?;
            }
        })
    }

    /// Stores what is in memory for the last time.
    pub(super) async fn close(&self) {
        self.closing.notify_one();
        let refused = match timeout(LAST_STORE, self.store()).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => Some(error),
            Err(_elapsed) => None,
        };
        let keys = self.unstored().len();
        match refused {
            Some(error) => {
                tracing::warn!(keys, error = %WithCauses(&error), "uses of API keys are lost: the database does not take them");
            }
            None => tracing::warn!(
                keys,
                "uses of API keys are lost: the database does not answer in time"
            ),
        }
    }

    fn unstored(&self) -> MutexGuard<'_, BTreeMap<ApiKeyId, Timestamp>> {
        self.unstored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
