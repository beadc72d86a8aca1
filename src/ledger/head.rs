//! The head row: where the ledger ends. The process that locks this row writes next.

use aggregates::values::Timestamp;
use projections::sql::{Db, Row, Statement, Tx, sql};

use super::{GENESIS, LedgerError, MasterKey};
use crate::ids::Entropy;

/// Selects the head row.
const SELECT: &str = "SELECT ledger_id, position, recorded_at, hash, epoch, erasures, lowest_writer FROM ledger_head WHERE id = 1";
/// The version of the rules of writing that this program follows. If the head of a ledger names a higher version, only newer
/// programs may write to that ledger. Increase this number if a program that follows the older rules would damage what newer
/// programs write.
///
/// * 2: ids in read models, and owners of claims, take 16 bytes. SQLite would also take them as text, and would then not find
///   them.
/// * 3: names are compared with those that are alike. Older programs claim a name without its place in the list of such names.
/// * 4: users give only rights that they hold, an erasure also erases refusals, and failed logins are cleared on all nodes. Older programs
///   do none of this.
/// * 5: a user may have a second factor. Older programs issue tokens for the password alone.
/// * 6: a user may have to change the password before anything else. Older programs let them do everything.
/// * 7: a role may be a group. Older programs would change it by the commands for roles, and grant it as a role.
/// * 8: a role may be an account kind. Older programs would claim its name, list it as a role, and grant it as one.
/// * 9: a device may have seats on licences. Older programs would delete its user and keep them.
/// * 10: tokens may be for the API of Coiote, and there are service accounts. Sign-ins, accounts and members belong to the face of Nx. Older
///   programs cannot read these events.
const WRITER: i64 = 10;

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
    /// How often the history was replaced, for example by a backup. What was decided in another epoch is not written. No code
    /// of this program increases the number.
    pub epoch: i64,
    /// How many people were erased. A process that finds another number forgets the keys that it has in memory.
    pub erasures: i64,
    /// The lowest version of the rules of writing that a program must follow.
    pub lowest_writer: i64,
}

impl Head {
    /// Reads the head row; creates it if there is none. Checks that `key` is the ledger's key.
    pub(super) async fn establish(
        db: &Db,
        key: &MasterKey,
        entropy: &dyn Entropy,
    ) -> Result<Self, LedgerError> {
        let ledger_id = entropy.uuid().to_string();
        let first = sql(
            "INSERT INTO ledger_head (id, ledger_id, position, recorded_at, hash, key_check, lowest_writer) \
             VALUES (1, $1, 0, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
        )
        .bind(ledger_id.as_str())
        // No event has a time yet. The clock of this node may be wrong.
        .bind(0_i64)
        .bind(GENESIS.to_vec())
        .bind(key.check(&ledger_id).to_vec())
        .bind(WRITER);
        db.execute(first).await?;
        Self::checked(db, Some(key)).await?.ok_or(LedgerError::NoHead)
    }

    /// Reads the head row, if there is one. Checks that `key` is the ledger's key.
    pub(super) async fn checked(db: &Db, key: Option<&MasterKey>) -> Result<Option<Self>, LedgerError> {
        let select = sql(
            "SELECT ledger_id, position, recorded_at, hash, epoch, erasures, lowest_writer, key_check \
             FROM ledger_head WHERE id = 1",
        );
        let Some(row) = db.optional(select).await? else {
            return Ok(None);
        };
        let head = Self::read(&row)?;
        let check = row.bytes(7)?;
        if key.is_some_and(|key| check != key.check(&head.ledger_id)) {
            return Err(LedgerError::WrongKey);
        }
        Ok(Some(head))
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

    /// Locks the head until `tx` ends: until then no other process can append. Refuses a ledger that only newer programs
    /// may write.
    pub async fn lock(tx: &mut Tx<'_>) -> Result<Self, LedgerError> {
        let row = tx
            .optional(sql("UPDATE ledger_head SET position = position WHERE id = 1 \
                 RETURNING ledger_id, position, recorded_at, hash, epoch, erasures, lowest_writer"))
            .await?
            .ok_or(LedgerError::NoHead)?;
        let head = Self::read(&row)?;
        if head.lowest_writer > WRITER {
            return Err(LedgerError::NewerWriters);
        }
        Ok(head)
    }

    /// A statement that moves the head to this one if it is still at `before`: at the same position and time, with the same
    /// hash, in the same epoch, and open to programs like this one. It locks the row until its transaction ends.
    pub(super) fn move_from(&self, before: &Self) -> Statement<'static> {
        sql(
            "UPDATE ledger_head SET position = $1, recorded_at = $2, hash = $3 WHERE id = 1 \
             AND position = $4 AND recorded_at = $5 AND hash = $6 AND epoch = $7 AND lowest_writer <= $8",
        )
        .bind(self.position)
        .bind(self.recorded_at.micros())
        .bind(self.hash.to_vec())
        .bind(before.position)
        .bind(before.recorded_at.micros())
        .bind(before.hash.to_vec())
        .bind(before.epoch)
        .bind(WRITER)
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
    /// Returns the new head.
    pub async fn touch(&self, tx: &mut Tx<'_>) -> Result<Self, LedgerError> {
        let recorded_at = Timestamp::from_micros(self.recorded_at.micros() + 1);
        let touched = Self {
            recorded_at,
            ..self.clone()
        };
        touched.store(tx).await?;
        Ok(touched)
    }

    /// Counts an erasure, and touches the head.
    pub(super) async fn count_erasure(&self, tx: &mut Tx<'_>) -> Result<(), LedgerError> {
        let count = sql("UPDATE ledger_head SET erasures = erasures + 1 WHERE id = 1");
        tx.execute(count).await?;
        self.touch(tx).await?;
        Ok(())
    }

    /// Closes the ledger to programs that follow older rules of writing than this one, unless it is closed to them. Returns the head after
    /// that.
    pub(super) async fn keep_out_older_programs(db: &Db, known: Self) -> Result<Self, LedgerError> {
        if known.lowest_writer >= WRITER {
            return Ok(known);
        }
        let mut tx = db.begin().await?;
        let mut head = Self::lock(&mut tx).await?;
        // Another node may have done it meanwhile.
        if head.lowest_writer < WRITER {
            head = head.close_to_older_programs(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(head)
    }

    /// Closes the ledger to programs that follow older rules of writing than this one, and touches the head. Returns the new head.
    pub(super) async fn close_to_older_programs(&self, tx: &mut Tx<'_>) -> Result<Self, LedgerError> {
        let close = sql("UPDATE ledger_head SET lowest_writer = $1 WHERE id = 1");
        tx.execute(close.bind(WRITER)).await?;
        let touched = self.touch(tx).await?;
        Ok(Self {
            lowest_writer: WRITER,
            ..touched
        })
    }

    fn read(row: &Row) -> Result<Self, LedgerError> {
        Ok(Self {
            ledger_id: row.text(0)?,
            position: row.int(1)?,
            recorded_at: Timestamp::from_micros(row.int(2)?),
            hash: row.bytes(3)?.try_into().map_err(|_| LedgerError::NoHead)?,
            epoch: row.int(4)?,
            erasures: row.int(5)?,
            lowest_writer: row.int(6)?,
        })
    }
}
