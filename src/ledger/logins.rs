//! From which addresses users logged in lately, according to the events of their tokens.

use aggregates::values::{GrantMethod, Timestamp, UserId};
use projections::sql::Boxed;
use serde::Deserialize;

use super::{Filter, Head, Ledger, LedgerError, Metadata};

/// The type of the events that issue tokens.
const ISSUED: &str = "session.token_issued";
/// How many events one statement reads at most.
const PAGE: i64 = 1_000;

/// A user got a token by a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastLogin {
    /// The user.
    pub user: UserId,
    /// The address from which the request came.
    pub address: String,
    /// When it was.
    pub at: Timestamp,
}

/// What the payload of such an event says in clear text.
#[derive(Deserialize)]
struct Issued {
    user_id: UserId,
    methods: Vec<GrantMethod>,
}

impl Ledger {
    /// The logins by password among the last `most` events, in order. Those of erased users are left out, since nobody can read their
    /// addresses any more. So are logins that are damaged: they must not hide the others.
    pub fn recent_logins(&self, most: i64) -> Boxed<'_, Result<Vec<PastLogin>, LedgerError>> {
        Box::pin(async move {
            let head: Head = self.head().await?;
            let filter = Filter {
                event_type: Some(ISSUED.to_owned()),
                ..Filter::default()
            };
            let (mut logins, mut after) = (Vec::new(), head.position.saturating_sub(most).max(0));
            loop {
                let page = self.after(after, PAGE, &filter).await?;
                let mut found = Vec::with_capacity(page.len());
                for event in &page {
                    let issued: Result<Issued, _> = serde_json::from_str(&event.payload);
                    let metadata: Result<Metadata, _> = serde_json::from_str(&event.metadata);
                    let (Ok(issued), Ok(metadata)) = (issued, metadata) else {
                        tracing::debug!(event.position, "a past login cannot be read");
                        continue;
                    };
                    if issued.methods.contains(&GrantMethod::Password) {
                        found.push((issued.user_id, metadata, event));
                    }
                }
                let actors = found.iter().map(|(_, metadata, _)| metadata.actor.clone());
                let keys = self.sealer.keys_of(&mut &self.db, actors.collect()).await?;
                for (user, metadata, event) in found {
                    match self.sealer.open_address(&metadata, &keys) {
                        Ok(Some(address)) => logins.push(PastLogin {
                            user,
                            address,
                            at: event.recorded_at,
                        }),
                        Ok(None) => {}
                        Err(error) => {
                            tracing::debug!(event.position, %error, "the address of a past login does not open");
                        }
                    }
                }
                match page.last() {
                    Some(last) if page.len() as i64 == PAGE => after = last.position,
                    Some(_) | None => return Ok(logins),
                }
            }
        })
    }
}
