//! Fills the authorization projection of a starting process from the read models, not from all events.

use aggregates::{claim::Scope, values::Timestamp};
use authorization::Authorization;
use projections::{
    loading,
    sql::{Db, Tx, sql},
};

use super::{Head, Ledger, LedgerError, WithCauses};

/// The projection from the read models; if that fails, an empty projection, which the follower then fills from the
/// ledger.
pub(super) async fn authorization(db: &Db, now: Timestamp) -> Authorization {
    match from_read_models(db, now).await {
        Ok(authorization) => authorization,
        Err(error) => {
            tracing::warn!(
                error = %WithCauses(&error),
                "cannot take authorization from the read models, so all events are replayed; \
                 `muniment rebuild` repairs them"
            );
            Authorization::new()
        }
    }
}

impl Ledger {
    /// The roles as the read models have them, without users.
    pub async fn roles_alone(&self) -> Result<Authorization, LedgerError> {
        let mut tx = self.db().snapshot().await?;
        let head = Head::read_in(&mut tx).await?;
        Ok(loading::roles_alone(&mut tx, head.position).await?)
    }
}

/// Reads the head and the read models in one snapshot: the same transactions wrote both.
async fn from_read_models(db: &Db, now: Timestamp) -> Result<Authorization, LedgerError> {
    let mut tx = db.snapshot().await?;
    let head = Head::read_in(&mut tx).await?;
    // The clock of this node may be ahead. A session that had not ended when the newest event was recorded may be valid.
    let now = now.min(head.recorded_at);
    let authorization = loading::authorization(&mut tx, head.position, now).await?;
    // The claims are not read models, so comparing their number finds missing rows.
    for (scopes, found) in loading::claimed(&authorization) {
        let mut claimed = 0;
        for scope in scopes {
            claimed += claims_of(&mut tx, scope).await?;
        }
        if usize::try_from(claimed) != Ok(found) {
            return Err(LedgerError::ReadModels {
                scope: scopes.first().map_or("", |scope| scope.name()),
                claimed,
                found,
            });
        }
    }
    Ok(authorization)
}

async fn claims_of(tx: &mut Tx<'_>, scope: &'static Scope) -> Result<i64, LedgerError> {
    let count = sql("SELECT COUNT(*) FROM claims WHERE scope = $1").bind(scope.name());
    Ok(tx
        .optional(count)
        .await?
        .map(|row| row.int(0))
        .transpose()?
        .unwrap_or(0))
}
