//! Filling an empty projection from the read models, as a replay of the ledger up to their position would.
//!
//! The read models are written in the transactions that append, so within one snapshot they and the head are of one
//! position. What differs from a replay cannot be seen by asking: roles that are gone are not remembered, nor are
//! sessions that ended or were revoked.
//!
//! Whatever does not fit together is an error: the caller then replays the ledger, which is the truth.

mod roles;
mod sessions;
mod users;

use std::{collections::HashMap, sync::atomic::Ordering};

use aggregates::values::{Timestamp, UserId};

use super::{Authorization, apply::Writer, permissions::Permissions};
use crate::{
    counted_lists::{self, List},
    sql::{Error, Tx},
    tables::unreadable,
};

/// A projection in the making.
struct Loader {
    authorization: Authorization,
    writer: Writer,
    /// The head of the ledger in the snapshot.
    position: i64,
    /// What users who have not come yet are permitted themselves.
    own: HashMap<UserId, Permissions>,
}

impl Authorization {
    /// The projection at `position`, which is the ledger's head in the same snapshot. Sessions that ended by `now` are
    /// left out.
    pub async fn load(tx: &mut Tx<'_>, position: i64, now: Timestamp) -> Result<Self, Error> {
        let mut loader = Loader {
            authorization: Self::new(),
            writer: Writer::default(),
            position,
            own: HashMap::new(),
        };
        loader.roles(tx).await?;
        loader.reserve(tx).await?;
        loader.users(tx).await?;
        loader.certificates(tx).await?;
        loader.sessions(tx, now).await?;
        loader.finish()
    }
}

impl Loader {
    /// Makes room for all users, so that nothing is moved while they come.
    async fn reserve(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let users = counted_lists::total(tx, &[List::UsersByPersons, List::UsersByServices]).await?;
        // No more than there are events, whatever a damaged table says.
        let users = usize::try_from(users.min(self.position)).unwrap_or(0);
        let guard = self.authorization.collector.enter();
        self.authorization.index.reserve(users, &guard);
        self.authorization.users.reserve(users, &guard);
        self.authorization.names.reserve(users, &guard);
        Ok(())
    }

    /// The position of the event that made a row.
    fn made_at(&self, ordinal: i64) -> Result<i64, Error> {
        if ordinal <= self.position {
            Ok(ordinal)
        } else {
            Err(unreadable("a read model is ahead of the ledger"))
        }
    }

    fn finish(self) -> Result<Authorization, Error> {
        if !self.own.is_empty() {
            return Err(unreadable("nobody has these permissions"));
        }
        let Self {
            authorization,
            writer,
            position,
            ..
        } = self;
        *authorization.writer() = writer;
        for at in [
            &authorization.begun,
            &authorization.applied,
            &authorization.position,
        ] {
            at.store(position, Ordering::Release);
        }
        Ok(authorization)
    }
}
