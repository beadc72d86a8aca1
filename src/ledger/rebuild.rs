//! Fills the shadow of the read models from the events.

use projections::{read_models, rebuild::Shadow, sql::Boxed};

use super::{Ledger, LedgerError};

/// How many events one transaction applies. If several of its events change a row, the row is written once. So larger pages
/// write fewer rows, but up to three pages are in memory.
const PAGE: i64 = 16_000;

impl Ledger {
    /// Applies the events after `position` and up to `until` to the shadow. After each page it passes the position to
    /// `progress`. Returns the position of the last event.
    ///
    /// While one transaction is written, the events of the next one are read and opened.
    pub fn fill<'a>(
        &'a self,
        shadow: &'a Shadow,
        position: i64,
        until: i64,
        mut progress: impl FnMut(i64) + Send + 'a,
    ) -> Boxed<'a, Result<i64, LedgerError>> {
        Box::pin(async move {
            let mut reached = position;
            let mut pages = self.opened_pages(position, until, PAGE);
            while let Some(events) = pages.next().await? {
                let mut tx = shadow.db().begin().await?;
                read_models::apply(&mut tx, &events).await?;
                tx.commit().await?;
                reached = events.last().map_or(reached, |event| event.position);
                progress(reached);
            }
            Ok(reached)
        })
    }
}
