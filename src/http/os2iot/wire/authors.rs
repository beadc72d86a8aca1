//! Who made and who changed something, as answers show it: by a number.

use std::collections::BTreeMap;

use aggregates::values::{AccountId, UserId};
use projections::{authors, sql::Db};
use server::Refusal;

/// The numbers of actors.
pub(crate) struct Authors(BTreeMap<UserId, AccountId>);

impl Authors {
    /// Reads the numbers of these actors.
    pub(super) async fn read(
        db: &Db,
        actors: impl IntoIterator<Item = Option<UserId>>,
    ) -> Result<Self, Refusal> {
        let actors = actors.into_iter().flatten();
        Ok(Self(authors::numbers_of(db, actors).await?))
    }

    /// The number of an actor. The server has none, and neither has a user who never had an account on this face.
    pub(super) fn number(&self, actor: Option<UserId>) -> Option<u32> {
        let account = self.0.get(&actor?)?;
        Some(account.ordinal().get())
    }
}
