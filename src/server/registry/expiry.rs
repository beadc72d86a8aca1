//! Ends the registrations that nobody confirmed in time.
//!
//! Every reader compares the end of a registration with the clock, so an expired one counts as absent at once. The event frees its
//! name and its place. Every node looks for expired ones: the second one to record an end finds nothing to do.

use std::time::Duration;

use aggregates::{Command, registration::RegistrationCommand};
use ledger::{Metadata, WithCauses};
use projections::registrations;

use crate::{app::App, refusal::Refusal};

/// How often a node looks for expired registrations.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How many registrations end in one unit.
const AT_ONCE: i64 = 500;

/// Ends all registrations that have expired. Returns how many it found.
pub async fn end_expired(app: &App) -> Result<usize, Refusal> {
    let mut ended = 0;
    loop {
        let now = app.clock.now();
        let expired = registrations::expired(app.ledger().db(), now, AT_ONCE).await?;
        if expired.is_empty() {
            return Ok(ended);
        }
        ended += expired.len();
        let commands = expired
            .into_iter()
            .map(|id| Command::Registration(id, RegistrationCommand::Expire { now }));
        app.executor
            .execute(commands.collect(), &Metadata::system("registry"))
            .await?;
    }
}

/// Ends expired registrations again and again, as long as the process runs.
pub async fn keep_ending_expired(app: App) {
    let mut is_failing = false;
    loop {
        app.clock.rest(LOOK_EVERY).await;
        let ended = end_expired(&app).await;
        let refusal = ended.err();
        // A refusal without a cause: another node has ended them.
        let cause = refusal.as_ref().and_then(Refusal::cause).map(WithCauses);
        match &cause {
            Some(cause) if !is_failing => {
                tracing::warn!(%cause, "cannot end expired registrations, so they keep their names and places; trying again");
            }
            Some(cause) => tracing::debug!(%cause, "cannot end expired registrations; trying again"),
            None => {}
        }
        is_failing = cause.is_some();
    }
}
