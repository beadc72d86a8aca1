//! Decides what a batch of units writes. Most decisions need no rows of the database, because the memory has them.
//!
//! Without the lock, a decision rests on the tip: the head after everything that was decided before, even if the last batch is
//! still in flight. The batch is then written only if the head is at the tip. Under the head's lock, a decision rests on the
//! head itself.

use std::{collections::BTreeSet, num::NonZeroUsize, ops::Range, sync::Arc, time::Duration};

use aggregates::Recorded;
use projections::{
    Guards,
    read_models::READ_MODELS,
    sql::{Read, Tx},
    store::{Changes, MarkMoves, Writes},
};

use super::{
    ClockOff, Clocks, Head, LedgerError, Rejection, Sealer, Unit,
    claims::Board,
    judge::{Judged, Memory, are_guarded, judge},
    pace::Because,
    rows::{Composer, subjects},
    seal::SubjectKeys,
    versions,
};
use crate::clock::Clock;

/// How many streams, and how many claims, are remembered between batches.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();
/// How many events, claims, counts and other streams a batch that is decided without the lock may have together. The memory must still have
/// all of them when the next batch is decided.
const MOST_TOUCHED: usize = REMEMBERED.get() / 4;

/// Decides batches. Between batches it remembers what it would otherwise read again. The memory is valid as long as no other
/// process moves the head. The head row shows whether one did.
pub(super) struct Batches {
    ledger_id: Arc<str>,
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    clocks: Arc<Clocks>,
    guards: Guards,
    /// The head after everything that was decided; `None` if that is unknown.
    tip: Option<Head>,
    /// How many people the head counted as erased when this process last compared. If the number changes, the keys in memory
    /// may be erased.
    erasures: i64,
    memory: Memory,
}

/// What a batch writes, and what its callers get as answers once it is committed.
pub(super) struct Batch {
    /// The head on which the decision rests.
    pub(super) before: Head,
    /// The head after the batch.
    pub(super) head: Head,
    /// For each unit in order: the range of its events in `recorded`, or why it was rejected.
    pub(super) outcomes: Vec<Result<Range<usize>, Rejection>>,
    /// All events of the batch.
    pub(super) recorded: Vec<Recorded>,
    /// What the batch writes beside the head.
    pub(super) writes: Writes<'static>,
    /// The counts of sorted lists, which are written last.
    pub(super) marks: MarkMoves,
    /// The keys that the batch makes.
    pub(super) made: SubjectKeys,
    /// All keys with which the batch seals.
    keys: SubjectKeys,
    /// How often all keys had been forgotten when these were read.
    forgotten: u64,
    /// On how many streams the units rest, besides those to which they append.
    grounds: usize,
    /// The claims and counts after the batch. `None` once the memory has them.
    board: Option<Board>,
}

/// How a batch is written under the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Step by step. This relies on nothing but the lock.
    Steps,
    /// With as few statements as possible, since other processes wait for the lock. Like a batch that is decided without the
    /// lock, it relies on what events say about new rows.
    AtOnce,
}

/// The batch that is in flight while the next one is decided.
#[derive(Default)]
pub(super) struct InFlight {
    /// The tables that it writes.
    pub(super) tables: BTreeSet<&'static str>,
    /// The keys that it makes.
    pub(super) made: SubjectKeys,
}

/// The result of deciding a batch on the tip.
pub(super) enum Decided {
    /// It is decided, and the memory contains its changes.
    Ready(Box<Batch>),
    /// It needs rows that the batch in flight may be writing.
    Wait,
    /// It must be decided under the lock.
    Locked(Because),
}

impl Batches {
    pub(super) fn new(
        ledger_id: Arc<str>,
        sealer: Arc<Sealer>,
        (clock, clocks): (Arc<dyn Clock>, Arc<Clocks>),
        guards: Guards,
        tip: Option<Head>,
    ) -> Self {
        Self {
            ledger_id,
            sealer,
            clock,
            clocks,
            guards,
            erasures: tip.as_ref().map_or(0, |tip| tip.erasures),
            tip,
            memory: Memory::of(REMEMBERED),
        }
    }

    /// The time of this process.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Refuses every batch at once while the clocks are too far apart. Otherwise each one would take the head's lock for nothing.
    pub(super) fn may_write(&self) -> Result<(), ClockOff> {
        self.clocks.still_off()
    }

    /// Forgets the tip, because it is unknown whether the last decision was written, or because something else was written. The
    /// next batch then goes under the lock, and the memory is cleared.
    pub(super) fn forget(&mut self) {
        self.tip = None;
    }

    /// Notes that this process erased a person after it locked `head`. The appender drops that person's key, so the other keys
    /// can stay in memory.
    pub(super) fn erased(&mut self, head: &Head) {
        if self.erasures == head.erasures {
            self.erasures += 1;
        }
    }

    /// Decides a batch on the tip and remembers it at once. `db` reads committed rows. If a batch is in flight, its rows may
    /// or may not be committed.
    pub(super) async fn decide(
        &mut self,
        db: &mut dyn Read,
        units: &[Unit],
        in_flight: Option<&InFlight>,
    ) -> Result<Decided, LedgerError> {
        let Some(tip) = self.tip.clone() else {
            return Ok(Decided::Locked(Because::HeadUnknown));
        };
        if in_flight.is_some() && are_guarded(self.guards, units) {
            return Ok(Decided::Wait);
        }
        let none = InFlight::default();
        let in_flight = in_flight.unwrap_or(&none);
        let mut batch = self.compose(db, tip, units, &in_flight.made).await?;
        if batch.recorded.is_empty() {
            return Ok(Decided::Locked(Because::NothingToWrite));
        }
        if batch.recorded.len() + batch.grounds + batch.board.as_ref().map_or(0, Board::len) > MOST_TOUCHED {
            return Ok(Decided::Locked(Because::Large));
        }
        let changes = READ_MODELS.fold_unless_in_flux(db, &batch.recorded, &in_flight.tables);
        match changes.await? {
            Some(changes) => batch.change(&changes),
            None => return Ok(Decided::Wait),
        }
        self.remember(&mut batch);
        Ok(Decided::Ready(Box::new(batch)))
    }

    /// Locks the head, decides a batch, and writes it, step by step or with as few statements as possible. Also returns whether
    /// the head was where this process left it. Nothing is remembered until [`Batches::remember`].
    pub(super) async fn write(
        &mut self,
        tx: &mut Tx<'_>,
        units: &[Unit],
        manner: Manner,
    ) -> Result<(Batch, bool), LedgerError> {
        let head = Head::lock(tx).await?;
        let alone = self.tip.as_ref() == Some(&head);
        if !alone {
            // Another process wrote, erased or rebuilt something, or this process has forgotten the tip.
            self.memory.clear();
            if self.erasures != head.erasures {
                // The message about an erasure may arrive later.
                self.sealer.forget_all();
                self.erasures = head.erasures;
            }
            versions::check(tx).await?;
        }
        let mut batch = self.compose(tx, head, units, &SubjectKeys::new()).await?;
        if !batch.recorded.is_empty() {
            let changes = READ_MODELS.fold(tx, &batch.recorded).await?;
            batch.change(&changes);
            let (writes, marks) = (
                std::mem::take(&mut batch.writes),
                std::mem::take(&mut batch.marks),
            );
            match manner {
                Manner::Steps => {
                    writes.run(tx).await?;
                    marks.write(tx).await?;
                    batch.head.store(tx).await?;
                }
                Manner::AtOnce => {
                    let compare = batch.head.move_from(&batch.before);
                    if !tx.land(compare, writes, marks).await? {
                        // Nobody else can have moved the head, because this transaction has its lock.
                        return Err(LedgerError::NoHead);
                    }
                }
            }
        }
        Ok((batch, alone))
    }

    /// Remembers what a batch writes, so that it need not be read again. The tip is now the head after the batch.
    pub(super) fn remember(&mut self, batch: &mut Batch) {
        self.tip = Some(batch.head.clone());
        if let Some(board) = batch.board.take() {
            self.memory.remember(&batch.recorded, board);
        }
    }

    /// Notes that a batch is committed, so others may seal and open with its keys.
    pub(super) fn committed(&mut self, batch: &mut Batch) {
        self.sealer
            .remember(std::mem::take(&mut batch.keys), batch.forgotten);
    }

    /// Decides a batch that follows the head `before`, and lists what it writes, except for the read models. `made` are the
    /// keys that the batch in flight makes.
    async fn compose(
        &mut self,
        db: &mut dyn Read,
        before: Head,
        units: &[Unit],
        made: &SubjectKeys,
    ) -> Result<Batch, LedgerError> {
        let Judged {
            board,
            outcomes,
            accepted,
            grounds,
        } = judge(db, &self.sealer, self.guards, &mut self.memory, units).await?;
        let mut head = before.clone();
        let mut batch = Batch {
            before,
            head: head.clone(),
            outcomes,
            recorded: Vec::new(),
            writes: Writes::default(),
            marks: MarkMoves::default(),
            made: SubjectKeys::new(),
            keys: SubjectKeys::new(),
            forgotten: 0,
            grounds,
            board: Some(board),
        };
        if accepted.iter().all(|unit| unit.events.is_empty()) {
            return Ok(batch);
        }
        let keys = self
            .sealer
            .keys_for_append(db, subjects(&accepted), made, &mut batch.writes);
        let keys = keys.await?;
        let composer = Composer {
            ledger_id: &self.ledger_id,
            sealer: &self.sealer,
        };
        // Under the lock, nobody else can move the time meanwhile. Without it, the comparison of the head finds out.
        self.clocks.note(head.recorded_at);
        head.recorded_at = head.recorded_at.max(self.clocks.now()?);
        let recorded = composer.compose(&mut head, &accepted, &keys.all, &mut batch.writes)?;
        if let Some(board) = &batch.board {
            board.list(&mut batch.writes);
        }
        (batch.head, batch.recorded) = (head, recorded);
        (batch.keys, batch.made, batch.forgotten) = (keys.all, keys.made, keys.forgotten);
        Ok(batch)
    }
}

impl Batch {
    /// Adds the changes of the read models to what the batch writes.
    fn change(&mut self, changes: &Changes) {
        let mut writes = Writes::default();
        self.marks = changes.list(&mut writes);
        self.writes.append(writes.into_owned());
    }
}
