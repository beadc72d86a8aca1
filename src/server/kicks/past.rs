//! What an aggregate was before an event.

use aggregates::{
    Listed, Recorded, Registered,
    role::{Role, RoleEvent},
    values::{Context, RoleId},
};
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

/// Whether a role granted anything over MQTT at any time before the event at `position`. A permission keeps its context, so only the
/// events that add one matter.
pub(super) async fn ever_granted_mqtt(
    ledger: &Ledger,
    role: RoleId,
    position: i64,
) -> Result<bool, LedgerError> {
    let filter = Filter {
        aggregate_type: Some(Role::TYPE.to_owned()),
        aggregate_id: Some(role.to_string()),
        event_type: Some("role.permission_added".to_owned()),
    };
    let mut from = 0;
    loop {
        let stored = ledger.after(from, PAGE, &filter).await?;
        let is_last = (stored.len() as i64) < PAGE;
        for Recorded {
            position: at, event, ..
        } in ledger.open_events(&stored).await?
        {
            if at >= position {
                return Ok(false);
            }
            from = at;
            if let Some(RoleEvent::PermissionAdded { permission }) = event.of::<Role>()
                && permission.context == Context::Mqtt
            {
                return Ok(true);
            }
        }
        if is_last {
            return Ok(false);
        }
    }
}
