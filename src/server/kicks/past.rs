//! An aggregate as it was before an event.

use aggregates::{Listed, Recorded};
use ledger::{Filter, Ledger, LedgerError};

/// How many events are read at once.
const PAGE: i64 = 1_000;

/// The aggregate with this id, as it was right before the event at `position`.
pub(super) async fn before<A: Listed>(
    ledger: &Ledger,
    id: impl ToString,
    position: i64,
) -> Result<A, LedgerError> {
    let filter = Filter {
        aggregate_type: Some(A::TYPE.to_owned()),
        aggregate_id: Some(id.to_string()),
        event_type: None,
    };
    let (mut state, mut from) = (A::default(), 0);
    loop {
        let mut stored = ledger.after(from, PAGE, &filter).await?;
        let is_last =
            (stored.len() as i64) < PAGE || stored.last().is_some_and(|last| last.position >= position);
        stored.retain(|event| event.position < position);
        for Recorded { position, event, .. } in ledger.open_events(&stored).await? {
            from = position;
            if let Some(event) = event.of::<A>() {
                state.apply(event.clone());
            }
        }
        if is_last {
            return Ok(state);
        }
    }
}
