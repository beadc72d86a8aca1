//! The head row: where the ledger ends. The process that locks this row writes next.

use aggregates::values::Timestamp;
use projections::sql::{Db, Row, Tx, sql};

use super::{GENESIS, LedgerError, MasterKey};
use crate::{clock::Clock, ids::Entropy};

/// Selects the head row.
const SELECT: &str = "SELECT ledger_id, position, recorded_at, hash FROM ledger_head WHERE id = 1";

/// Where the ledger ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The id of the ledger: a UUID that is made once.
    pub ledger_id: String,
    /// The position of the last event; 0 before the first.
    pub position: i64,
    /// The time of the last event.
    pub recorded_at: Timestamp,
    /// The hash of the last event; [`GENESIS`] before the first.
    pub hash: [u8; 32],
}

impl Head {
    /// Reads the head row; creates it if there is none. Checks that `key` is the ledger's key.
    pub(super) async fn establish(
        db: &Db,
        key: &MasterKey,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Self, LedgerError> {
        let ledger_id = entropy.uuid().to_string();
        let first = sql(
            "INSERT INTO ledger_head (id, ledger_id, position, recorded_at, hash, key_check) \
             VALUES (1, $1, 0, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
        )
        .bind(ledger_id.as_str())
        .bind(clock.now().micros())
        .bind(GENESIS.to_vec())
        .bind(key.check(&ledger_id).to_vec());
        db.execute(first).await?;
        let row = db
            .optional(sql(
                "SELECT ledger_id, position, recorded_at, hash, key_check FROM ledger_head WHERE id = 1",
            ))
            .await?
            .ok_or(LedgerError::NoHead)?;
        let head = Self::read(&row)?;
        if row.bytes(4)? != key.check(&head.ledger_id) {
            return Err(LedgerError::WrongKey);
        }
        Ok(head)
    }

    /// Reads the head row.
    pub(super) async fn read_from(db: &Db) -> Result<Self, LedgerError> {
        let row = db.optional(sql(SELECT)).await?.ok_or(LedgerError::NoHead)?;
        Self::read(&row)
    }

    /// Reads the head row in a transaction.
    pub(super) async fn read_in(tx: &mut Tx<'_>) -> Result<Self, LedgerError> {
        let row = tx.optional(sql(SELECT)).await?.ok_or(LedgerError::NoHead)?;
        Self::read(&row)
    }

    /// Locks the head until `tx` ends: until then no other process can append.
    pub async fn lock(tx: &mut Tx<'_>) -> Result<Self, LedgerError> {
        let row = tx
            .optional(sql("UPDATE ledger_head SET position = position WHERE id = 1 \
                 RETURNING ledger_id, position, recorded_at, hash"))
            .await?
            .ok_or(LedgerError::NoHead)?;
        Self::read(&row)
    }

    /// Writes this head into the row.
    pub(super) async fn store(&self, tx: &mut Tx<'_>) -> Result<(), LedgerError> {
        let moved = tx
            .execute(
                sql("UPDATE ledger_head SET position = $1, recorded_at = $2, hash = $3 WHERE id = 1")
                    .bind(self.position)
                    .bind(self.recorded_at.micros())
                    .bind(self.hash.to_vec()),
            )
            .await?;
        if moved == 1 {
            Ok(())
        } else {
            Err(LedgerError::NoHead)
        }
    }

    /// Increases the time of the head. Processes that remember something about the old head then read it again.
    pub async fn touch(&self, tx: &mut Tx<'_>) -> Result<(), LedgerError> {
        let recorded_at = Timestamp::from_micros(self.recorded_at.micros() + 1);
        let touched = Self {
            recorded_at,
            ..self.clone()
        };
        touched.store(tx).await
    }

    fn read(row: &Row) -> Result<Self, LedgerError> {
        Ok(Self {
            ledger_id: row.text(0)?,
            position: row.int(1)?,
            recorded_at: Timestamp::from_micros(row.int(2)?),
            hash: row.bytes(3)?.try_into().map_err(|_| LedgerError::NoHead)?,
        })
    }
}
