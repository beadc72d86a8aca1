//! What the handlers share, put together.

use std::{ops::Deref, sync::Arc, time::Duration};

use aggregates::values::{RoleId, UserId};
use authorization::RoleView;
use ledger::{Executor, Ledger, LedgerError, clock::Clock, ids::Entropy};

use crate::{
    face::Faces,
    identity::{passwords::Passwords, tokens::Tokens},
    path::Forms,
    refusal::Refusal,
    rehearsal::{Rehearsing, unsupported},
    settings::Settings,
};

/// The running server. Cloning it is cheap.
#[derive(Clone)]
pub struct App(Arc<Running>);

struct Running {
    parts: Parts,
    forms: Forms,
}

/// This process has not been able to read the ledger to its head for longer than is allowed: what it knows may be old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger could not be read for too long; what this node knows may be old")]
pub struct Stale;

/// What the server is made of.
pub struct Parts {
    /// The faces that it shows.
    pub faces: Faces,
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
        &self.0.parts
    }
}

impl App {
    /// An app of these parts.
    pub fn new(parts: Parts) -> Self {
        let documents = parts.faces.iter().map(|face| (face.routes)().into_openapi());
        let forms = documents
            .flat_map(|document| document.paths.paths.into_keys())
            .collect();
        Self(Arc::new(Running {
            parts,
            forms: Forms::new(forms),
        }))
    }

    /// The path of the operation that a request's path is about, as the OpenAPI document has it.
    pub fn form_of(&self, path: &str) -> Option<&str> {
        self.0.forms.of(path)
    }

    /// The request of any face that is rehearsed by this method and path; `None` if it cannot be.
    pub fn rehearsing<'a>(&self, method: &str, path: &'a str) -> Option<Rehearsing<'a>> {
        Rehearsing::find(self.faces, &self.0.forms, method, path)
    }

    /// The refusal of a request that cannot be rehearsed.
    pub fn cannot_be_rehearsed(&self) -> Refusal {
        unsupported(self.faces)
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        self.executor.ledger()
    }

    /// Refuses if what this process knows is older than is allowed. Ask it *after* a decision is made from memory and before
    /// the decision is answered: then the decision is of a state that was the newest within the bound, even if the process was
    /// stopped in between.
    pub fn fresh(&self) -> Result<(), Stale> {
        if self.ledger().age() <= Duration::from_millis(self.settings.stale_after_ms) {
            Ok(())
        } else {
            Err(Stale)
        }
    }

    /// Refuses also if deciding began longer ago than that: what was decided then must not be answered now.
    pub fn fresh_since(&self, begun: Duration) -> Result<(), Stale> {
        self.fresh()?;
        let ago = self.clock.elapsed().saturating_sub(begun);
        if ago <= Duration::from_millis(self.settings.stale_after_ms) {
            Ok(())
        } else {
            Err(Stale)
        }
    }

    /// Roles as this node knows them, in order. Another node may have made an unknown role a moment ago: then this node looks
    /// at the ledger, once.
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

    /// Whether there is such a user. For an unknown user this node looks at the ledger, as [`App::roles`] does.
    pub async fn user_exists(&self, id: UserId) -> Result<bool, LedgerError> {
        if self.ledger().authorization().user(id).is_some() {
            return Ok(true);
        }
        self.ledger().follower().catch_up().await?;
        Ok(self.ledger().authorization().user(id).is_some())
    }
}
