//! Writes the snapshots that are missing, and deletes those that differ or are not used.

use std::collections::BTreeSet;

use aggregates::State;
use projections::{
    sql::{Read as _, Reader, sql},
    store::{Merge, Writes},
};

use super::{
    EVERY, NewSnapshot, STREAM_SNAPSHOTS,
    check::{Verdict, Walk},
};
use crate::{Head, Ledger, LedgerError, executor::Stream, loader::Wanted};

/// How many streams are loaded at once.
const STREAMS: i64 = 200;

/// What a rebuild of the snapshots changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RebuiltSnapshots {
    /// How many snapshots were deleted since no program of this version uses them.
    pub unused: u64,
    /// How many snapshots were deleted since they differed from the events.
    pub wrong: u64,
    /// How many snapshots were written.
    pub written: u64,
}

impl Ledger {
    /// Deletes the snapshots that do not equal the states that the events give, and writes those that are missing. Other processes
    /// may append meanwhile.
    pub async fn rebuild_snapshots(&self) -> Result<RebuiltSnapshots, LedgerError> {
        let mut rebuilt = RebuiltSnapshots::default();
        self.delete_misfits(&mut rebuilt).await?;
        let (mut reader, mut after) = (self.db.reader(), (String::new(), String::new()));
        loop {
            let erasures = self.head().await?.erasures;
            let streams = long_streams(&mut reader, &after).await?;
            let Some(last) = streams.last().cloned() else {
                reader.close().await;
                return Ok(rebuilt);
            };
            let snapshots = self.missing(streams).await?;
            match self.write_unless_erased(&snapshots, erasures).await? {
                Some(written) => {
                    rebuilt.written += written;
                    after = last;
                }
                // The states may hold data of a person who was erased meanwhile. Load them again.
                None => self.sealer.forget_all(),
            }
        }
    }

    async fn delete_misfits(&self, rebuilt: &mut RebuiltSnapshots) -> Result<(), LedgerError> {
        let mut walk = Walk::over(self);
        loop {
            let page = walk.next().await?;
            if page.is_empty() {
                walk.reader.close().await;
                return Ok(());
            }
            for listed in page {
                match walk.compare(&listed).await? {
                    Verdict::Right => continue,
                    Verdict::Unused => rebuilt.unused += 1,
                    Verdict::Wrong => rebuilt.wrong += 1,
                }
                let (aggregate_type, aggregate_id, version) = listed.key();
                let delete = sql(
                    "DELETE FROM stream_snapshots WHERE aggregate_type = $1 AND aggregate_id = $2 \
                     AND version = $3 AND sequence = $4",
                );
                let delete = delete.bind(aggregate_type).bind(aggregate_id).bind(version);
                self.db.execute(delete.bind(listed.snapshot.sequence)).await?;
            }
        }
    }

    /// The snapshots that these streams lack.
    async fn missing(&self, streams: Vec<(String, String)>) -> Result<Vec<NewSnapshot>, LedgerError> {
        let (mut names, mut wanted) = (Vec::new(), Vec::new());
        for (aggregate_type, aggregate_id) in streams {
            if let Some(first) = State::first(&aggregate_type) {
                let stream: Stream = (first.aggregate_type(), aggregate_id);
                names.push(stream.clone());
                wanted.push(Wanted { stream, first });
            }
        }
        let mut missing = Vec::new();
        for (stream, found) in names.iter().zip(self.loader.load(wanted).await) {
            let found = found.map_err(LedgerError::NotLoaded)?;
            if found.newest.is_outgrown_at(found.sequence, EVERY) {
                let snapshot = NewSnapshot::of(stream, found.sequence, &found.state);
                missing.push(snapshot.map_err(|error| LedgerError::Unreadable {
                    position: 0,
                    reason: error.to_string(),
                })?);
            }
        }
        Ok(missing)
    }

    /// Writes snapshots, and returns their number. If a person was erased since the head had this number of erasures, writes
    /// nothing and returns `None`.
    async fn write_unless_erased(
        &self,
        snapshots: &[NewSnapshot],
        erasures: i64,
    ) -> Result<Option<u64>, LedgerError> {
        if snapshots.is_empty() {
            return Ok(Some(0));
        }
        let mut tx = self.db.begin().await?;
        // Until the commit, nobody can be erased.
        if Head::lock(&mut tx).await?.erasures != erasures {
            return Ok(None);
        }
        let persons: BTreeSet<String> = snapshots
            .iter()
            .filter_map(|snapshot| snapshot.person.clone())
            .collect();
        let keys = self.sealer.keys_of(&mut tx, persons).await?;
        let mut rows = Vec::with_capacity(snapshots.len());
        // A person of whom the ledger holds no personal data has no key.
        let has_key = |snapshot: &&NewSnapshot| {
            let person = snapshot.person.as_ref();
            person.is_none_or(|person| keys.contains_key(person))
        };
        for snapshot in snapshots.iter().filter(has_key) {
            let select = sql(
                "SELECT position, hash FROM events WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence = $3",
            );
            let select = select
                .bind(snapshot.aggregate_type)
                .bind(snapshot.aggregate_id.as_str());
            let Some(row) = tx.optional(select.bind(snapshot.sequence)).await? else {
                continue;
            };
            let hash: [u8; 32] = row.bytes(1)?.try_into().map_err(|_| LedgerError::NoHead)?;
            rows.extend(snapshot.row(&self.sealer, (row.int(0)?, &hash), &keys)?);
        }
        let written = rows.len() as u64;
        let mut writes = Writes::default();
        writes.put(STREAM_SNAPSHOTS, rows, Merge::Replace);
        writes.run(&mut tx).await?;
        tx.commit().await?;
        Ok(Some(written))
    }
}

/// The next streams that have enough events for a snapshot, in the order of the index.
async fn long_streams(
    reader: &mut Reader,
    (aggregate_type, aggregate_id): &(String, String),
) -> Result<Vec<(String, String)>, LedgerError> {
    let select = format!(
        "SELECT aggregate_type, aggregate_id FROM events WHERE (aggregate_type, aggregate_id) > ($1, $2) \
         AND sequence = {EVERY} ORDER BY aggregate_type, aggregate_id LIMIT {STREAMS}"
    );
    let select = sql(select)
        .bind(aggregate_type.as_str())
        .bind(aggregate_id.as_str());
    let rows = reader.all(select).await?;
    let names = rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?)));
    names.collect::<Result<_, LedgerError>>()
}
