//! The defence of logins learns from the database: from which addresses users logged in before this process started, and
//! whose failures it must forget.

use std::{net::IpAddr, time::Duration};

use aggregates::values::{Timestamp, UserId};
use ledger::{Clearing, LedgerError, WithCauses, clearings_since};

use crate::{address::ClientAddress, app::App, caller::Caller};

/// How many of the newest events are searched for logins.
const EVENTS: i64 = 20_000;
/// How often a node looks whose failures it must forget.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How far back it looks. The clocks of two nodes may differ by less than this.
const LOOK_BACK_MICROS: i64 = 3_600_000_000;

/// Learns from the newest events from which addresses users logged in. Returns the number of logins.
pub async fn recall_logins(app: &App) -> Result<usize, LedgerError> {
    let logins = app.ledger().recent_logins(EVENTS).await?;
    for login in &logins {
        if let Ok(address) = login.address.parse::<IpAddr>() {
            app.defence()
                .recall(login.user, ClientAddress::of(address), login.at.seconds());
        }
    }
    Ok(logins.len())
}

/// Forgets the failed logins of a user, here at once and on all other nodes soon. This makes no event, but a line in the log.
pub async fn clear_failures(app: &App, caller: &Caller, user: UserId) -> Result<(), LedgerError> {
    let asked_at = app.clock.now();
    let clearing = Clearing { user, asked_at };
    app.ledger().ask_to_clear(clearing).await?;
    app.defence().clear(clearing);
    tracing::info!(%user, by = %caller.user, "forgot the failed logins of a user");
    Ok(())
}

/// Forgets the failed logins for which somebody asked since the last look.
pub async fn look_for_clearings(app: &App) -> Result<(), LedgerError> {
    let since = app.clock.now().micros().saturating_sub(LOOK_BACK_MICROS);
    let found = clearings_since(app.ledger().db(), Timestamp::from_micros(since)).await?;
    app.defence().clear_new(found.into_iter().collect());
    Ok(())
}

/// Looks for clearings again and again, as long as the process runs.
pub async fn keep_clearing(app: App) {
    loop {
        app.clock.rest(LOOK_EVERY).await;
        if let Err(error) = look_for_clearings(&app).await {
            // If the database is gone, the follower warns of it.
            tracing::debug!(error = %WithCauses(&error), "cannot look whose failed logins to forget; trying again");
        }
    }
}
