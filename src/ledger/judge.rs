//! Decides which units of a batch may be written: by the order of streams, by claims and by guards.
//!
//! This code only reads. Under the head lock, the decision is final. Without the lock, it is final if the head has not moved
//! when the batch is written. In a snapshot, it is the decision that an append at the snapshot's head would get.

use std::{
    collections::{HashMap, hash_map::Entry},
    num::NonZeroUsize,
    ops::Range,
};

use aggregates::Recorded;
use lru::LruCache;
use projections::{
    Guards,
    guard::Proposal,
    sql::{Read, filled, placeholders, rounded, sql},
};

use super::{
    LedgerError, Rejection, Sealer, Seen, Unit,
    claims::{Board, ClaimsInMemory},
    counts::CountsInMemory,
};

/// How many streams one statement names at most.
const STREAMS_PER_STATEMENT: usize = 1_024;

/// What the ledger need not read again. It is valid only while nobody else moves the head.
pub(super) struct Memory {
    streams: LruCache<(&'static str, String), Last>,
    claims: ClaimsInMemory,
    counts: CountsInMemory,
}

/// The last event of a stream; zeros if the stream has none.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    sequence: i64,
    position: i64,
}

impl Last {
    /// Reads a sequence and a position with a space between.
    fn parse(text: &str) -> Result<Self, LedgerError> {
        let numbers = text.split_once(' ');
        let numbers =
            numbers.and_then(|(sequence, position)| Some((sequence.parse().ok()?, position.parse().ok()?)));
        let (sequence, position) = numbers.ok_or_else(|| LedgerError::Unreadable {
            position: 0,
            reason: "the last event of a stream has no numbers".to_owned(),
        })?;
        Ok(Self { sequence, position })
    }
}

impl Memory {
    /// A memory for this many streams, claims and counts.
    pub(super) fn of(size: NonZeroUsize) -> Self {
        Self {
            streams: LruCache::new(size),
            claims: LruCache::new(size),
            counts: LruCache::new(size),
        }
    }

    /// A memory without room, for a rehearsal, which judges only once.
    pub(super) fn none() -> Self {
        Self::of(NonZeroUsize::MIN)
    }

    /// Remembers the streams, claims and counts after a batch.
    pub(super) fn remember(&mut self, recorded: &[Recorded], board: Board) {
        for event in recorded {
            let stream = (event.event.aggregate_type(), event.aggregate_id.clone());
            let (sequence, position) = (event.sequence, event.position);
            self.streams.put(stream, Last { sequence, position });
        }
        let (holders, counts) = board.into_parts();
        for (claim, holder) in holders {
            self.claims.put(claim, holder);
        }
        for (key, count) in counts {
            self.counts.put(key, count);
        }
    }

    /// Forgets everything, since somebody else moved the head.
    pub(super) fn clear(&mut self) {
        self.streams.clear();
        self.claims.clear();
        self.counts.clear();
    }
}

/// The decision about a batch.
pub(super) struct Judged<'a> {
    /// The claims after the accepted units.
    pub(super) board: Board,
    /// For each unit in order: the range of its events among those of all accepted units, or why it is rejected.
    pub(super) outcomes: Vec<Result<Range<usize>, Rejection>>,
    /// The units to write.
    pub(super) accepted: Vec<&'a Unit>,
    /// On how many streams the units rest, besides those to which they append.
    pub(super) grounds: usize,
}

/// Judges the units one after the other, each as if the accepted units before it were written.
pub(super) async fn judge<'a>(
    db: &mut dyn Read,
    sealer: &Sealer,
    guards: Guards,
    memory: &mut Memory,
    units: &'a [Unit],
) -> Result<Judged<'a>, LedgerError> {
    // Reading positions fills the memory with the last events of the same streams.
    let mut positions = read_positions(db, memory, units).await?;
    let mut sequences = read_sequences(db, memory, units).await?;
    let remembered = (&mut memory.claims, &mut memory.counts);
    let mut board = Board::read(db, sealer, remembered, units.iter()).await?;
    let mut outcomes = Vec::with_capacity(units.len());
    let (mut accepted, mut proposals) = (Vec::new(), Vec::new());
    let mut count = 0;
    for unit in units {
        // A unit whose claims are rejected must not move its streams.
        let decided = guarded(db, guards, proposal(unit), &proposals)
            .await?
            .and_then(|()| must_not_have_moved(&positions, unit))
            .and_then(|()| next_sequences(&sequences, unit))
            .and_then(|moved| board.admit(sealer, unit).map(|()| moved));
        outcomes.push(decided.map(|moved| {
            for stream in moved.keys() {
                // The unit gets a position after all that are known.
                positions
                    .entry(*stream)
                    .and_modify(|position| *position = i64::MAX);
            }
            sequences.extend(moved);
            let range = count..count + unit.events.len();
            count = range.end;
            accepted.push(unit);
            proposals.push(proposal(unit));
            range
        }));
    }
    Ok(Judged {
        board,
        outcomes,
        accepted,
        grounds: positions.len(),
    })
}

/// A unit, as the guards see it.
fn proposal(unit: &Unit) -> Proposal<'_> {
    Proposal {
        events: &unit.events,
        release: &unit.release,
    }
}

/// Whether a rule of a guard concerns one of the units. Such a guard reads rows.
pub(super) fn are_guarded(guards: Guards, units: &[Unit]) -> bool {
    let is_guarded = |unit| guards.iter().any(|guard| guard.concerns(proposal(unit)));
    units.iter().any(is_guarded)
}

/// The verdict of the guards on a unit, after the units that were accepted before it in the batch.
async fn guarded(
    db: &mut dyn Read,
    guards: Guards,
    unit: Proposal<'_>,
    accepted: &[Proposal<'_>],
) -> Result<Result<(), Rejection>, LedgerError> {
    for guard in guards.iter().filter(|guard| guard.concerns(unit)) {
        if let Err(veto) = guard.judge(db, unit, accepted).await? {
            return Ok(Err(Rejection::Vetoed(veto)));
        }
    }
    Ok(Ok(()))
}

/// A stream: the type and the id of its aggregate.
type Stream<'a> = (&'static str, &'a str);

/// The last sequence of each stream.
type Sequences<'a> = HashMap<Stream<'a>, i64>;

/// The position of the last event of each stream.
type Positions<'a> = HashMap<Stream<'a>, i64>;

/// The last sequence of each stream to which the units append, and of each that they watch.
async fn read_sequences<'a>(
    db: &mut dyn Read,
    memory: &mut Memory,
    units: &'a [Unit],
) -> Result<Sequences<'a>, LedgerError> {
    let appended = units.iter().flat_map(|unit| &unit.events);
    let appended = appended.map(|event| (event.event.aggregate_type(), event.aggregate_id.as_str()));
    let watched = units.iter().flat_map(|unit| &unit.unchanged);
    let watched = watched.map(seen_stream);
    let last = last_events(db, memory, appended.chain(watched)).await?;
    Ok(last
        .into_iter()
        .map(|(stream, last)| (stream, last.sequence))
        .collect())
}

/// The position of the last event of each stream on which a unit rests.
async fn read_positions<'a>(
    db: &mut dyn Read,
    memory: &mut Memory,
    units: &'a [Unit],
) -> Result<Positions<'a>, LedgerError> {
    let grounds = units.iter().flat_map(|unit| &unit.grounds.streams);
    let last = last_events(db, memory, grounds.map(|(kind, id)| (*kind, id.as_str()))).await?;
    Ok(last
        .into_iter()
        .map(|(stream, last)| (stream, last.position))
        .collect())
}

/// The last event of each of these streams. Reads those that the memory lacks, and remembers them: most units rest on the same streams,
/// those of the giver.
async fn last_events<'a>(
    db: &mut dyn Read,
    memory: &mut Memory,
    streams: impl Iterator<Item = Stream<'a>>,
) -> Result<HashMap<Stream<'a>, Last>, LedgerError> {
    let (mut found, mut unknown) = (HashMap::new(), Vec::new());
    for stream in streams {
        if let Entry::Vacant(entry) = found.entry(stream) {
            let known = memory.streams.get(&(stream.0, stream.1.to_owned()));
            if known.is_none() {
                unknown.push(stream);
            }
            entry.insert(known.copied().unwrap_or_default());
        }
    }
    for chunk in unknown.chunks(STREAMS_PER_STATEMENT) {
        let count = rounded(chunk.len());
        // One text has both numbers: a second subquery would search the index once more.
        let text = format!(
            "SELECT k.column3, (SELECT e.sequence || ' ' || e.position FROM events e WHERE e.aggregate_type = k.column1 \
             AND e.aggregate_id = k.column2 ORDER BY e.sequence DESC LIMIT 1) FROM (VALUES {}) AS k",
            placeholders(1, count, 3)
        );
        let select = filled(chunk, count)
            .zip(0_i64..)
            .fold(sql(text), |select, ((kind, id), index)| {
                select.bind(*kind).bind(*id).bind(index)
            });
        for row in db.all(select).await? {
            let stream = usize::try_from(row.int(0)?)
                .ok()
                .and_then(|index| chunk.get(index));
            if let (Some(stream), Some(last)) = (stream, row.str_or_null(1)?) {
                let last = Last::parse(last)?;
                found.insert(*stream, last);
                memory.streams.put((stream.0, stream.1.to_owned()), last);
            }
        }
    }
    Ok(found)
}

/// Whether one of these streams has an event after a position, or one of these aggregates has changed since it was seen.
pub(super) async fn have_moved(
    db: &mut dyn Read,
    streams: impl Iterator<Item = &(&'static str, String)>,
    position: i64,
    unchanged: &[Seen],
) -> Result<bool, LedgerError> {
    let streams: Vec<Stream<'_>> = streams.map(|(kind, id)| (*kind, id.as_str())).collect();
    let all = streams.iter().copied().chain(unchanged.iter().map(seen_stream));
    let last = last_events(db, &mut Memory::none(), all).await?;
    let of = |stream: Stream<'_>| last.get(&stream).copied().unwrap_or_default();
    Ok(streams.into_iter().any(|stream| of(stream).position > position)
        || unchanged
            .iter()
            .any(|seen| of(seen_stream(seen)).sequence != seen.sequence))
}

fn seen_stream(seen: &Seen) -> Stream<'_> {
    (seen.aggregate_type, seen.aggregate_id.as_str())
}

/// Rejects the unit if a stream on which it rests has an event after the position up to which the unit knows the stream.
fn must_not_have_moved(positions: &Positions<'_>, unit: &Unit) -> Result<(), Rejection> {
    let moved = |(kind, id): &&(&'static str, String)| {
        let last = positions.get(&(*kind, id.as_str()));
        last.is_none_or(|last| *last > unit.grounds.position)
    };
    match unit.grounds.streams.iter().find(moved) {
        None => Ok(()),
        Some((aggregate_type, aggregate_id)) => Err(Rejection::Conflict {
            aggregate_type,
            aggregate_id: aggregate_id.clone(),
        }),
    }
}

/// The sequences after the unit. Rejects the unit unless each of its events is the next of its stream, and nothing that
/// it watches has changed.
fn next_sequences<'a>(sequences: &Sequences<'a>, unit: &'a Unit) -> Result<Sequences<'a>, Rejection> {
    for seen in &unit.unchanged {
        let now = sequences.get(&seen_stream(seen)).copied().unwrap_or(0);
        if now != seen.sequence {
            return Err(Rejection::Conflict {
                aggregate_type: seen.aggregate_type,
                aggregate_id: seen.aggregate_id.clone(),
            });
        }
    }
    let mut moved = Sequences::new();
    for event in &unit.events {
        let stream = (event.event.aggregate_type(), event.aggregate_id.as_str());
        let last = moved
            .get(&stream)
            .or_else(|| sequences.get(&stream))
            .copied()
            .unwrap_or(0);
        if event.sequence != last + 1 {
            return Err(Rejection::Conflict {
                aggregate_type: stream.0,
                aggregate_id: stream.1.to_owned(),
            });
        }
        moved.insert(stream, event.sequence);
    }
    Ok(moved)
}
