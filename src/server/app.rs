//! What the handlers share, put together.

use std::{ops::Deref, sync::Arc, time::Duration};

use aggregates::{
    Command,
    user::UserCommand,
    values::{PasswordHash, RoleId, UserId},
};
use authorization::RoleView;
use zeroize::Zeroizing;

use crate::{
    identity::{passwords::Passwords, tokens::Tokens},
    settings::Settings,
};
use ledger::{Executor, Ledger, LedgerError, Metadata, clock::Clock, ids::Entropy};

/// The running server. Cloning it is cheap.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// This process has not been able to read the ledger to its head for longer than is allowed: what it knows may be old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger could not be read for too long; what this node knows may be old")]
pub struct Stale;

/// What the server is made of.
pub struct Parts {
    /// As read at the start.
    pub settings: Settings,
    /// Runs commands.
    pub executor: Executor,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Signs and verifies tokens.
    pub tokens: Tokens,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws ids.
    pub entropy: Arc<dyn Entropy>,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// An app of these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        self.executor.ledger()
    }

    /// Says no if what this process knows is older than is allowed. To be asked *after* a decision is made from memory and
    /// before it is answered: then the decision is of a state that was the newest within the bound, even if the process
    /// was stopped in between.
    pub fn fresh(&self) -> Result<(), Stale> {
        if self.ledger().age() <= Duration::from_millis(self.settings.stale_after_ms) {
            Ok(())
        } else {
            Err(Stale)
        }
    }

    /// Says no, too, if it is longer ago than that that deciding began: what was decided then is not to be answered now.
    pub fn fresh_since(&self, begun: Duration) -> Result<(), Stale> {
        self.fresh()?;
        let ago = self.clock.elapsed().saturating_sub(begun);
        if ago <= Duration::from_millis(self.settings.stale_after_ms) {
            Ok(())
        } else {
            Err(Stale)
        }
    }

    /// Roles as this node knows them, in order. Those it does not know may have been made by another node a moment ago:
    /// it looks, once.
    pub async fn roles(&self, ids: &[RoleId]) -> Result<Vec<Option<RoleView>>, LedgerError> {
        let look_up = || -> Vec<_> {
            ids.iter()
                .map(|id| self.ledger().authorization().role(*id))
                .collect()
        };
        let roles = look_up();
        if roles.iter().all(Option::is_some) {
            return Ok(roles);
        }
        self.ledger().follower().catch_up().await?;
        Ok(look_up())
    }

    /// Whether there is such a user; like [`App::roles`] for one this node does not know.
    pub async fn user_exists(&self, id: UserId) -> Result<bool, LedgerError> {
        if self.ledger().authorization().user(id).is_some() {
            return Ok(true);
        }
        self.ledger().follower().catch_up().await?;
        Ok(self.ledger().authorization().user(id).is_some())
    }

    /// Hashes a verified password again under stronger parameters. A login does not fail because of it.
    pub async fn rehash(&self, user: UserId, verified: PasswordHash, password: Zeroizing<String>) {
        let Ok(password_hash) = self.passwords.hash(password).await else {
            return;
        };
        let command = Command::User(
            user,
            UserCommand::RehashPassword {
                verified,
                password_hash,
            },
        );
        if let Err(error) = self
            .executor
            .execute(vec![command], &Metadata::system("login"))
            .await
        {
            tracing::warn!(%user, %error, "cannot record the password's stronger hash");
        }
    }
}
