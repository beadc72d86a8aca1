//! The head row: where the ledger ends. The process that holds its lock writes next.

use aggregates::values::Timestamp;
use projections::sql::{Db, Row, Tx, sql};

use super::{GENESIS, LedgerError, MasterKey};
use crate::{clock::Clock, ids::Entropy};

/// The head row.
const SELECT: &str = "SELECT ledger_id, position, recorded_at, hash FROM ledger_head WHERE id = 1";

/// Where the ledger ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// A UUID, made once.
    pub ledger_id: String,
    /// Of the last event; 0 before the first.
    pub position: i64,
    /// Of the last event.
    pub recorded_at: Timestamp,
    /// Of the last event; [`GENESIS`] before the first.
    pub hash: [u8; 32],
}

impl Head {
    /// Reads the head row, making the first one if there is none, and checks that `key` is the ledger's.
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

    /// Reads the head row as it is.
    pub(super) async fn read_from(db: &Db) -> Result<Self, LedgerError> {
        let row = db.optional(sql(SELECT)).await?.ok_or(LedgerError::NoHead)?;
        Self::read(&row)
    }

    /// Reads the head row as it is in a transaction.
    pub(super) async fn read_in(tx: &mut Tx<'_>) -> Result<Self, LedgerError> {
        let row = tx.optional(sql(SELECT)).await?.ok_or(LedgerError::NoHead)?;
        Self::read(&row)
    }

    /// Takes the head's lock until `tx` ends: from here on nobody else appends, in any process.
    pub async fn lock(tx: &mut Tx<'_>) -> Result<Self, LedgerError> {
        let row = tx
            .optional(sql("UPDATE ledger_head SET position = position WHERE id = 1 \
                 RETURNING ledger_id, position, recorded_at, hash"))
            .await?
            .ok_or(LedgerError::NoHead)?;
        Self::read(&row)
    }

    /// Moves the head.
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

    /// Moves the head's time on, so that processes that remember anything about this head read it again.
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
