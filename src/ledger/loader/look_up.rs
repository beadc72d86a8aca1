//! One look-up: reads the next events of several streams, and the snapshots with which they begin.

use std::collections::BTreeSet;

use aggregates::{Event, values::Timestamp};
use projections::sql::{Error, Read as _, Row, Statement, placeholders, rounded, sql};

use super::{Item, Loads, Task};
use crate::{
    LedgerError, Stored,
    opening::open_events,
    seal::SubjectKeys,
    snapshots::{Newest, StoredSnapshot},
};

/// How many events of one stream a look-up reads at most. A longer stream takes several look-ups, and other streams do not wait
/// for it.
const EVENTS: usize = 256;

/// How far a stream is loaded after a look-up.
pub(super) enum Progress {
    /// To its end.
    Ended,
    /// There may be more events.
    GoesOn,
}

/// What a look-up read of one stream.
#[derive(Default)]
struct Page {
    snapshot: Option<StoredSnapshot>,
    events: Vec<Stored>,
    /// Why a row cannot be read.
    error: Option<Error>,
}

impl Page {
    fn add(&mut self, row: &Row, item: &Item) -> Result<(), Error> {
        if self.snapshot.is_none()
            && let Some(position) = row.int_or_null(8)?
        {
            self.snapshot = Some(StoredSnapshot {
                sequence: row.int(7)?,
                position,
                hash: row.bytes(9)?,
                subject: row.text_or_null(10)?,
                // The row of the event on which the snapshot stands has the state.
                state: Vec::new(),
            });
        }
        let Some(position) = row.int_or_null(1)? else {
            // The stream has no such events.
            return Ok(());
        };
        if let Some(snapshot) = &mut self.snapshot
            && let Some(state) = row.bytes_or_null(11)?
        {
            snapshot.state = state;
        }
        let (aggregate_type, aggregate_id) = item.wanted.stream.clone();
        self.events.push(Stored {
            position,
            aggregate_type: aggregate_type.to_owned(),
            aggregate_id,
            sequence: row.int(2)?,
            event_type: row.text(3)?,
            event_version: row.text(4)?,
            // A state does not depend on when and by whom an event was recorded.
            recorded_at: Timestamp::default(),
            metadata: String::new(),
            payload: row.text(5)?,
            hash: row.bytes(6)?,
        });
        Ok(())
    }
}

impl Task {
    /// Reads the next events of these streams, and applies them. An error is about all of them; the streams can also have errors
    /// of their own.
    pub(super) async fn look_up(
        &mut self,
        items: &mut [Item],
    ) -> Result<Vec<Result<Progress, LedgerError>>, LedgerError> {
        Loads::count(&self.loads.look_ups, 1);
        let rows = self.reader.all(select(items)).await?;
        let mut pages: Vec<Page> = items.iter().map(|_| Page::default()).collect();
        for row in rows {
            let number = usize::try_from(row.int(0)?).unwrap_or(usize::MAX);
            if let Some((page, item)) = pages.get_mut(number).zip(items.get(number)) {
                // One stream that cannot be read does not affect the others.
                page.error = page.add(&row, item).err().or(page.error.take());
            }
        }
        let events = pages.iter().flat_map(|page| &page.events);
        if let Some(position) = events.map(|event| event.position).max() {
            self.reached.note(position);
        }
        Loads::count(
            &self.loads.events,
            pages.iter().map(|page| page.events.len()).sum(),
        );
        let subjects: BTreeSet<String> = pages
            .iter()
            .filter_map(|page| page.snapshot.as_ref()?.subject.clone())
            .collect();
        let keys = match self.sealer.keys_of(&mut self.reader, subjects).await {
            Err(error @ LedgerError::Database(_)) => return Err(error),
            // A key cannot be read. Without keys, these streams are read from their first events.
            keys => keys.unwrap_or_default(),
        };
        let mut goes_on = Vec::with_capacity(pages.len());
        for (item, page) in items.iter_mut().zip(&mut pages) {
            page.events.sort_unstable_by_key(|event| event.sequence);
            let full = page.events.len() == EVENTS;
            let misfit = self.begin(item, page, &keys);
            goes_on.push(full || misfit);
        }
        let opened = self.open(&pages).await?;
        let streams = items.iter_mut().zip(pages).zip(opened).zip(goes_on);
        let progress = streams.map(|(((item, page), events), goes_on)| {
            apply(item, page, events?)?;
            Ok(if goes_on {
                Progress::GoesOn
            } else {
                Progress::Ended
            })
        });
        Ok(progress.collect())
    }

    /// Takes the state of the snapshot, and leaves the events after it. If the snapshot does not fit, the stream begins again, and
    /// this returns true.
    fn begin(&self, item: &mut Item, page: &mut Page, keys: &SubjectKeys) -> bool {
        item.use_snapshot = false;
        let Some(snapshot) = page.snapshot.take() else {
            return false;
        };
        let opened = snapshot.open(
            &item.wanted.stream,
            &item.wanted.first,
            page.events.first(),
            &self.sealer,
            keys,
        );
        match opened {
            Ok((state, bytes)) => {
                Loads::count(&self.loads.snapshots, 1);
                item.state = state;
                item.sequence = snapshot.sequence;
                item.newest = Newest {
                    sequence: snapshot.sequence,
                    bytes,
                };
                page.events.remove(0);
                false
            }
            Err(reason) => {
                Loads::count(&self.loads.misfits, 1);
                let (aggregate_type, aggregate_id) = &item.wanted.stream;
                let sequence = snapshot.sequence;
                tracing::debug!(
                    aggregate_type,
                    aggregate_id,
                    sequence,
                    reason,
                    "a snapshot does not fit the ledger, so the whole stream is read"
                );
                page.events.clear();
                item.restart();
                true
            }
        }
    }

    /// The events of the pages with opened fields. An event that cannot be read is an error of its own page only.
    async fn open(&mut self, pages: &[Page]) -> Result<Vec<Result<Vec<Event>, LedgerError>>, LedgerError> {
        let all: Vec<&Stored> = pages.iter().flat_map(|page| &page.events).collect();
        match open_events(&mut self.reader, &self.sealer, all).await {
            Ok(opened) => {
                let mut opened = opened.into_iter();
                let of = |page: &Page| Ok(opened.by_ref().take(page.events.len()).collect());
                Ok(pages.iter().map(of).collect())
            }
            Err(error @ LedgerError::Database(_)) => Err(error),
            Err(_) => {
                let mut opened = Vec::with_capacity(pages.len());
                for page in pages {
                    opened.push(open_events(&mut self.reader, &self.sealer, &page.events).await);
                }
                Ok(opened)
            }
        }
    }
}

fn apply(item: &mut Item, page: Page, events: Vec<Event>) -> Result<(), LedgerError> {
    if let Some(error) = page.error {
        return Err(error.into());
    }
    for (stored, event) in page.events.into_iter().zip(events) {
        let applied = item.state.apply(event);
        applied.map_err(|error| LedgerError::Unreadable {
            position: stored.position,
            reason: error.to_string(),
        })?;
        item.sequence = stored.sequence;
    }
    Ok(())
}

/// Selects the next events of the streams: the number of the stream, the event, and the snapshot. A stream that begins with a
/// snapshot begins with the event on which the snapshot stands; the row of this event has the state. A stream without such events
/// has one row without an event.
fn select(items: &[Item]) -> Statement<'_> {
    let count = rounded(items.len());
    // On Postgres, the planner does not look into `w`. Otherwise it may find the events by the stream alone, and then a long stream
    // is read from its first event.
    let text = format!(
        "WITH w AS MATERIALIZED (SELECT k.column1 AS number, k.column2 AS kind, k.column3 AS id, \
         COALESCE(s.sequence, k.column5 + 1) AS since, s.position AS at_position, s.hash AS at_hash, s.subject, s.state \
         FROM (VALUES {}) AS k LEFT JOIN stream_snapshots s \
         ON s.aggregate_type = k.column2 AND s.aggregate_id = k.column3 AND s.version = k.column4) \
         SELECT w.number, position, sequence, event_type, event_version, CAST(payload AS TEXT), hash, \
         w.since, w.at_position, w.at_hash, w.subject, CASE WHEN sequence = w.since THEN w.state END \
         FROM w LEFT JOIN events ON aggregate_type = w.kind AND aggregate_id = w.id \
         AND sequence >= w.since AND sequence < w.since + {EVENTS}",
        placeholders(1, count, 5)
    );
    let wanted = items.iter().zip(0_i64..);
    let select = wanted.fold(sql(text), |select, (item, number)| {
        let (aggregate_type, aggregate_id) = &item.wanted.stream;
        let select = select
            .bind(number)
            .bind(*aggregate_type)
            .bind(aggregate_id.as_str());
        select.bind(item.version()).bind(item.sequence)
    });
    // Places that remain name no stream.
    (items.len()..count).fold(select, |select, _| {
        select
            .bind(-1_i64)
            .bind("")
            .bind("")
            .bind(None::<i64>)
            .bind(0_i64)
    })
}
