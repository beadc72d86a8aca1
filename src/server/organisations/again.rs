//! Changes that are made again, since somebody else was first.

use aggregates::values::NUMBER_TAKEN;
use projections::{organisations::CHANGED, sql::Boxed};

use crate::{app::App, refusal::Refusal};

/// The code of the refusal of a change on whose grounds something has changed.
pub(crate) const CHANGED_MEANWHILE: &str = "changed_meanwhile";

/// How often a change is tried.
const ATTEMPTS: u32 = 64;

/// How often a change was tried.
#[derive(Debug, Default)]
pub(crate) struct Attempts(u32);

impl Attempts {
    /// Whether to try again after a refusal with this code: another node has taken a number that was free, or somebody has changed what the
    /// right of the caller rests on, or has made something in what is deleted.
    pub(crate) fn again(&mut self, code: &str) -> bool {
        self.0 += 1;
        [NUMBER_TAKEN, CHANGED_MEANWHILE, CHANGED.code].contains(&code) && self.0 < ATTEMPTS
    }
}

/// Makes a change, again while somebody else is first. Each attempt judges the caller anew, from what this process then knows.
pub(super) async fn until_first<'a, T>(
    app: &App,
    change: impl Fn() -> Boxed<'a, Result<T, Refusal>>,
) -> Result<T, Refusal> {
    let mut attempts = Attempts::default();
    loop {
        match change().await {
            Err(refusal) if attempts.again(refusal.code) => {
                app.ledger().follower().catch_up().await?;
            }
            made => return made,
        }
    }
}
