//! Snapshots: a stream's state beside its events, so that a long stream is not read from its first event.
//!
//! A snapshot stands on one event: it is the state after that event, and names the event's sequence, position and hash. The whole
//! state is sealed: under the key of the person that the aggregate is about, or under the server's key. The batch that appends
//! the event also writes the snapshot. Nothing depends on snapshots: a snapshot that does not fit the ledger is not used. See
//! docs/decisions/0014-snapshots.md.

use std::{collections::BTreeMap, fmt};

use aggregates::{NewEvent, State};
use projections::{
    sql::{Argument, Tx, sql},
    store::{Kind, Merge, Table, Writes},
};

mod check;
mod rebuild;

pub use check::{CheckedSnapshots, WrongSnapshot};
pub use rebuild::RebuiltSnapshots;

use super::{
    Head, LedgerError, Sealer, Stored,
    executor::Stream,
    seal::{SnapshotName, SubjectKeys},
};

/// The table of snapshots.
pub(super) const STREAM_SNAPSHOTS: Table = Table {
    name: "stream_snapshots",
    columns: &[
        ("aggregate_type", Kind::Text),
        ("aggregate_id", Kind::Text),
        ("version", Kind::Int),
        ("sequence", Kind::Int),
        ("position", Kind::Int),
        ("hash", Kind::Bytes),
        ("subject", Kind::TextOrNull),
        ("state", Kind::Bytes),
    ],
    key: &["aggregate_type", "aggregate_id", "version"],
};

/// A stream gets a snapshot when this many events stand after its last snapshot, or after its beginning. With this number, a long
/// stream is loaded as fast as one of ten events; docs/decisions/0014-snapshots.md has the measurement.
pub(super) const EVERY: i64 = 16;
/// A stream with a large state gets fewer snapshots: it needs one event for this many bytes of its last snapshot.
const BYTES_PER_EVENT: usize = 256;

/// The newest snapshot of a stream, if it fits the ledger. The default stands for a stream without a snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Newest {
    /// The sequence of the event on which it stands; 0 without a snapshot.
    pub(super) sequence: i64,
    /// The size of the state.
    pub(super) bytes: usize,
}

impl Newest {
    /// Whether a stream that reaches this sequence gets a new snapshot: usually, once there are `every` events after this one.
    pub(super) fn is_outgrown_at(self, sequence: i64, every: i64) -> bool {
        let by_size = i64::try_from(self.bytes / BYTES_PER_EVENT).unwrap_or(i64::MAX);
        sequence - self.sequence >= every.max(by_size)
    }
}

/// A state to store as a snapshot.
#[derive(Clone)]
pub struct NewSnapshot {
    aggregate_type: &'static str,
    aggregate_id: String,
    /// The version of the state's form.
    version: i64,
    /// The sequence of the event after which the aggregate has this state.
    sequence: i64,
    /// The person whose key seals the state; `None` for the server's key.
    pub(super) person: Option<String>,
    /// The state as JSON.
    state: zeroize::Zeroizing<Vec<u8>>,
}

/// This leaves out the state, which holds secrets and personal data.
impl fmt::Debug for NewSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSnapshot")
            .field("aggregate_type", &self.aggregate_type)
            .field("aggregate_id", &self.aggregate_id)
            .field("version", &self.version)
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

impl NewSnapshot {
    /// The state of a stream after its event with this sequence.
    pub(super) fn of((_, id): &Stream, sequence: i64, state: &State) -> Result<Self, serde_json::Error> {
        Ok(Self {
            aggregate_type: state.aggregate_type(),
            aggregate_id: id.clone(),
            version: state.version(),
            sequence,
            person: state.person(id).map(std::borrow::Cow::into_owned),
            state: state.to_json()?.into(),
        })
    }

    /// The snapshot, once it is stored.
    pub(super) fn newest(&self) -> Newest {
        Newest {
            sequence: self.sequence,
            bytes: self.state.len(),
        }
    }

    /// Whether the event is the one after which the aggregate has this state.
    pub(super) fn stands_on(&self, event: &NewEvent) -> bool {
        self.sequence == event.sequence
            && self.aggregate_id == event.aggregate_id
            && self.aggregate_type == event.event.aggregate_type()
    }

    /// The row of the snapshot, which stands on the event at `position` with this hash. It is `None` if the person is erased: the
    /// state may hold what the ledger no longer holds.
    pub(super) fn row(
        &self,
        sealer: &Sealer,
        (position, hash): (i64, &[u8; 32]),
        keys: &SubjectKeys,
    ) -> Result<Option<Vec<Argument<'static>>>, LedgerError> {
        let name = SnapshotName {
            aggregate_type: self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            version: self.version,
            sequence: self.sequence,
            position,
            hash,
        };
        let sealed = sealer.seal_state(&name, self.person.as_deref(), &self.state, keys)?;
        Ok(sealed.map(|sealed| {
            vec![
                self.aggregate_type.into(),
                self.aggregate_id.clone().into(),
                self.version.into(),
                self.sequence.into(),
                position.into(),
                hash.to_vec().into(),
                self.person.clone().into(),
                sealed.into(),
            ]
        }))
    }
}

/// The snapshots that a batch writes: at most one for each stream.
#[derive(Default)]
pub(super) struct SnapshotRows(BTreeMap<(&'static str, String), Vec<Argument<'static>>>);

impl SnapshotRows {
    /// Adds a snapshot that stands on the last event, which is at `head`.
    pub(super) fn add(
        &mut self,
        sealer: &Sealer,
        snapshot: &NewSnapshot,
        head: &Head,
        keys: &SubjectKeys,
    ) -> Result<(), LedgerError> {
        if let Some(row) = snapshot.row(sealer, (head.position, &head.hash), keys)? {
            let stream = (snapshot.aggregate_type, snapshot.aggregate_id.clone());
            self.0.insert(stream, row);
        }
        Ok(())
    }

    /// Adds the rows to what the batch writes.
    pub(super) fn list(self, writes: &mut Writes<'static>) {
        writes.put(STREAM_SNAPSHOTS, self.0.into_values().collect(), Merge::Replace);
    }
}

/// A snapshot as it is stored. Its version is that of the program.
pub(super) struct StoredSnapshot {
    pub(super) sequence: i64,
    pub(super) position: i64,
    pub(super) hash: Vec<u8>,
    pub(super) subject: Option<String>,
    pub(super) state: Vec<u8>,
}

impl StoredSnapshot {
    /// The state and its size, or why the snapshot does not fit. `first` is the stream's first state, and `event` is the event
    /// with the snapshot's sequence.
    pub(super) fn open(
        &self,
        (aggregate_type, aggregate_id): &Stream,
        first: &State,
        event: Option<&Stored>,
        sealer: &Sealer,
        keys: &SubjectKeys,
    ) -> Result<(State, usize), &'static str> {
        let event = event.ok_or("the event on which it stands does not exist")?;
        let stands_on = (event.sequence, event.position, &event.hash);
        if stands_on != (self.sequence, self.position, &self.hash) {
            return Err("it stands on another event");
        }
        let name = SnapshotName {
            aggregate_type,
            aggregate_id,
            version: first.version(),
            sequence: self.sequence,
            position: self.position,
            hash: &self.hash,
        };
        let opened = sealer.open_state(&name, self.subject.as_deref(), &self.state, keys);
        let json = opened
            .map_err(|_| "it does not open")?
            .ok_or("its person is erased")?;
        let state = first.from_json(&json).map_err(|_| "it is not a state")?;
        Ok((state, json.len()))
    }
}

/// Deletes all snapshots that are sealed under a person's key.
pub(super) async fn forget(tx: &mut Tx<'_>, subject: &str) -> Result<(), LedgerError> {
    let forget = sql("DELETE FROM stream_snapshots WHERE subject = $1");
    tx.execute(forget.bind(subject)).await?;
    Ok(())
}
