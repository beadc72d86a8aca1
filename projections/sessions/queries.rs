//! The questions about sessions.

use aggregates::values::{SessionId, Timestamp, UserId};

use super::SessionRow;
use crate::sql::{Db, Error};

/// A user's tokens that are good at `now`, oldest first.
pub async fn of_user(db: &Db, user: UserId, now: Timestamp) -> Result<Vec<SessionRow>, Error> {
    todo!()
}

/// A user's session by its token's fingerprint, ended or not, unless it was revoked.
pub async fn find_by_fingerprint(
    db: &Db,
    user: UserId,
    fingerprint: &str,
) -> Result<Option<SessionRow>, Error> {
    todo!()
}

/// A user's session, ended or not, unless it was revoked.
pub async fn find(db: &Db, user: UserId, id: SessionId) -> Result<Option<SessionRow>, Error> {
    todo!()
}
