//! Compares snapshots with the states that the events give.

use std::collections::BTreeSet;

use aggregates::State;
use projections::sql::{Reader, Row, sql};
use serde_json::Value;

use super::{STREAM_SNAPSHOTS, StoredSnapshot};
use crate::{
    Ledger, LedgerError, Sealer, Stored, executor::Stream, opening::open, seal::SubjectKeys, stored::COLUMNS,
};

/// How many snapshots are read at once.
const PAGE: i64 = 200;
/// How many events of a stream are read at once.
const EVENTS: i64 = 1_000;

/// A snapshot fits the ledger, but its state is not what the events give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the snapshot of {aggregate_type} {aggregate_id} differs from the events up to its sequence {sequence}"
)]
pub struct WrongSnapshot {
    /// The type of the stream.
    pub aggregate_type: String,
    /// The id of the stream.
    pub aggregate_id: String,
    /// The sequence of the event on which the snapshot stands.
    pub sequence: i64,
}

/// The result of a check of all snapshots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedSnapshots {
    /// How many snapshots equal the states that the events give.
    pub right: u64,
    /// How many snapshots no program of this version uses: those of other versions, and those that do not fit the ledger.
    pub unused: u64,
    /// The snapshots that differ. A program of this version uses them.
    pub wrong: Vec<WrongSnapshot>,
}

/// A row of the table.
pub(super) struct Listed {
    pub(super) stream: (String, String),
    pub(super) version: i64,
    pub(super) snapshot: StoredSnapshot,
}

/// What a snapshot is, compared with the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It equals the state that the events give.
    Right,
    /// It is of another version, or does not fit the ledger.
    Unused,
    /// It fits the ledger, but its state differs.
    Wrong,
}

/// The key of a row: the columns of the primary key.
type Key = (String, String, i64);

impl Listed {
    fn read(row: &Row) -> Result<Self, projections::sql::Error> {
        Ok(Self {
            stream: (row.text(0)?, row.text(1)?),
            version: row.int(2)?,
            snapshot: StoredSnapshot {
                sequence: row.int(3)?,
                position: row.int(4)?,
                hash: row.bytes(5)?,
                subject: row.text_or_null(6)?,
                state: row.bytes(7)?,
            },
        })
    }

    pub(super) fn key(&self) -> Key {
        let (aggregate_type, aggregate_id) = self.stream.clone();
        (aggregate_type, aggregate_id, self.version)
    }

    fn wrong(&self) -> WrongSnapshot {
        let (aggregate_type, aggregate_id) = self.stream.clone();
        WrongSnapshot {
            aggregate_type,
            aggregate_id,
            sequence: self.snapshot.sequence,
        }
    }
}

/// Reads the table in the order of its key.
pub(super) struct Walk<'a> {
    pub(super) reader: Reader,
    sealer: &'a Sealer,
    /// The key of the last row that was read.
    after: Key,
}

impl<'a> Walk<'a> {
    pub(super) fn over(ledger: &'a Ledger) -> Self {
        Self {
            reader: ledger.db.reader(),
            sealer: &ledger.sealer,
            after: Key::default(),
        }
    }

    /// The next rows; empty at the end.
    pub(super) async fn next(&mut self) -> Result<Vec<Listed>, LedgerError> {
        let columns = STREAM_SNAPSHOTS.column_list();
        let select = format!(
            "SELECT {columns} FROM stream_snapshots WHERE (aggregate_type, aggregate_id, version) > ($1, $2, $3) \
             ORDER BY aggregate_type, aggregate_id, version LIMIT {PAGE}"
        );
        let (aggregate_type, aggregate_id, version) = &self.after;
        let select = sql(select)
            .bind(aggregate_type.as_str())
            .bind(aggregate_id.as_str())
            .bind(*version);
        let rows = projections::sql::Read::all(&mut self.reader, select).await?;
        let rows: Vec<Listed> = rows.iter().map(Listed::read).collect::<Result<_, _>>()?;
        if let Some(last) = rows.last() {
            self.after = last.key();
        }
        Ok(rows)
    }

    /// Compares a snapshot with the events of its stream.
    pub(super) async fn compare(&mut self, listed: &Listed) -> Result<Verdict, LedgerError> {
        let verdict = self.compare_once(listed).await?;
        if verdict != Verdict::Wrong {
            return Ok(verdict);
        }
        // If the person was erased meanwhile, the events hold less than the snapshot, and the snapshot is gone.
        let select = sql(
            "SELECT sequence FROM stream_snapshots WHERE aggregate_type = $1 AND aggregate_id = $2 AND version = $3",
        );
        let (aggregate_type, aggregate_id) = &listed.stream;
        let select = select
            .bind(aggregate_type.as_str())
            .bind(aggregate_id.as_str())
            .bind(listed.version);
        let rows = projections::sql::Read::all(&mut self.reader, select).await?;
        let is_there = match rows.first() {
            Some(row) => row.int(0)? == listed.snapshot.sequence,
            None => false,
        };
        Ok(if is_there { Verdict::Wrong } else { Verdict::Unused })
    }

    async fn compare_once(&mut self, listed: &Listed) -> Result<Verdict, LedgerError> {
        let Some(first) = State::first(&listed.stream.0).filter(|first| first.version() == listed.version)
        else {
            return Ok(Verdict::Unused);
        };
        let stream: Stream = (first.aggregate_type(), listed.stream.1.clone());
        let (folded, last) = self
            .fold(&stream, first.clone(), listed.snapshot.sequence)
            .await?;
        let subjects: BTreeSet<String> = listed.snapshot.subject.iter().cloned().collect();
        let keys: SubjectKeys = self.sealer.keys_of(&mut self.reader, subjects).await?;
        let opened = listed
            .snapshot
            .open(&stream, &first, last.as_ref(), self.sealer, &keys);
        let Ok((state, _)) = opened else {
            return Ok(Verdict::Unused);
        };
        let right = value_of(&state)? == value_of(&folded)?;
        Ok(if right { Verdict::Right } else { Verdict::Wrong })
    }

    /// The state of a stream after its events up to a sequence, and the last of these events.
    async fn fold(
        &mut self,
        (aggregate_type, aggregate_id): &Stream,
        mut state: State,
        until: i64,
    ) -> Result<(State, Option<Stored>), LedgerError> {
        let mut last: Option<Stored> = None;
        loop {
            let after = last.as_ref().map_or(0, |last| last.sequence);
            let select = format!(
                "SELECT {COLUMNS} FROM events WHERE aggregate_type = $1 AND aggregate_id = $2 \
                 AND sequence > $3 AND sequence <= $4 ORDER BY sequence LIMIT {EVENTS}"
            );
            let select = sql(select)
                .bind(*aggregate_type)
                .bind(aggregate_id.as_str())
                .bind(after)
                .bind(until);
            let rows = projections::sql::Read::all(&mut self.reader, select).await?;
            let mut stored = crate::feed::read(&rows)?;
            for recorded in open(&mut self.reader, self.sealer, &stored).await? {
                state
                    .apply(recorded.event)
                    .map_err(|error| LedgerError::Unreadable {
                        position: recorded.position,
                        reason: error.to_string(),
                    })?;
            }
            match stored.pop() {
                Some(newest) => last = Some(newest),
                None => return Ok((state, last)),
            }
        }
    }
}

/// A state as JSON, whatever the order of its fields is.
fn value_of(state: &State) -> Result<Value, LedgerError> {
    let json = state.to_json().and_then(|json| serde_json::from_slice(&json));
    json.map_err(|error| LedgerError::Unreadable {
        position: 0,
        reason: error.to_string(),
    })
}

impl Ledger {
    /// Compares each snapshot with the events of its stream.
    pub async fn check_snapshots(&self) -> Result<CheckedSnapshots, LedgerError> {
        let mut checked = CheckedSnapshots::default();
        let mut walk = Walk::over(self);
        loop {
            let page = walk.next().await?;
            if page.is_empty() {
                walk.reader.close().await;
                return Ok(checked);
            }
            for listed in page {
                match walk.compare(&listed).await? {
                    Verdict::Right => checked.right += 1,
                    Verdict::Unused => checked.unused += 1,
                    Verdict::Wrong => checked.wrong.push(listed.wrong()),
                }
            }
        }
    }
}
