//! Folds the streams of a ledger.

use aggregates::{Recorded, State};
use projections::sql::{Tx, sql};

use super::PAGE;
use crate::{
    LedgerError, Sealer,
    executor::Stream,
    opening::open,
    stored::{COLUMNS, Stored},
};

/// Folds all streams, one after the other.
pub(super) struct Walk<'a> {
    sealer: &'a Sealer,
    /// The key of the last event that was read.
    after: (String, String, i64),
    /// The stream whose events may go on.
    open: Option<(Stream, State)>,
    /// How many events were read.
    pub(super) events: i64,
    is_over: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(sealer: &'a Sealer) -> Self {
        Self {
            sealer,
            after: Default::default(),
            open: None,
            events: 0,
            is_over: false,
        }
    }

    /// The streams that end in the next page of events, and their states; `None` after the last one.
    pub(super) async fn next(
        &mut self,
        tx: &mut Tx<'_>,
    ) -> Result<Option<Vec<(Stream, State)>>, LedgerError> {
        if self.is_over {
            return Ok(None);
        }
        let select = format!(
            "SELECT {COLUMNS} FROM events WHERE (aggregate_type, aggregate_id, sequence) > ($1, $2, $3) \
             ORDER BY aggregate_type, aggregate_id, sequence LIMIT {PAGE}"
        );
        let (aggregate_type, aggregate_id, sequence) = &self.after;
        let select = sql(select)
            .bind(aggregate_type.as_str())
            .bind(aggregate_id.as_str())
            .bind(*sequence);
        let rows = tx.all(select).await?;
        let page: Vec<Stored> = crate::feed::read(&rows)?;
        let mut ended = Vec::new();
        match page.last() {
            Some(last) => {
                self.after = (
                    last.aggregate_type.clone(),
                    last.aggregate_id.clone(),
                    last.sequence,
                );
            }
            None => {
                self.is_over = true;
                ended.extend(self.open.take());
                return Ok(Some(ended));
            }
        }
        self.events += i64::try_from(page.len()).unwrap_or(0);
        for recorded in open(tx, self.sealer, &page).await? {
            ended.extend(self.take(recorded)?);
        }
        Ok(Some(ended))
    }

    /// Applies an event. Returns the stream before it, if the event belongs to another one.
    fn take(&mut self, recorded: Recorded) -> Result<Option<(Stream, State)>, LedgerError> {
        let unreadable = |reason: String| LedgerError::Unreadable {
            position: recorded.position,
            reason,
        };
        let aggregate_type = recorded.event.aggregate_type();
        let goes_on = self
            .open
            .as_ref()
            .is_some_and(|((of, id), _)| *of == aggregate_type && *id == recorded.aggregate_id);
        let mut ended = None;
        if !goes_on {
            ended = self.open.take();
            let first = State::first(aggregate_type)
                .ok_or_else(|| unreadable(format!("there is no aggregate of the type {aggregate_type}")))?;
            self.open = Some(((aggregate_type, recorded.aggregate_id.clone()), first));
        }
        if let Some((_, state)) = &mut self.open {
            let applied = state.apply(recorded.event);
            applied.map_err(|error| LedgerError::Unreadable {
                position: recorded.position,
                reason: error.to_string(),
            })?;
        }
        Ok(ended)
    }
}
