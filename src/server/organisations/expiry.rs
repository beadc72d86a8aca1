//! Accounts that expire: from then on they are not in use, and their users hold none of their groups.

use std::time::Duration;

use aggregates::{
    Command,
    account::{Account, AccountCommand, ChangeAccount},
    user::UserCommand,
    values::AccountId,
};
use ledger::{ExecuteError, Metadata, Rejection};
use projections::accounts;

use crate::{
    app::App,
    refusal::{Refusal, RefusalKind},
};

/// How often this process looks for accounts that have expired.
const EACH: Duration = Duration::from_secs(1);
/// How many accounts one look ends.
const AT_ONCE: i64 = 100;

/// Ends accounts that have expired, for as long as the server runs.
pub async fn keep_expiring(app: App) {
    loop {
        tokio::time::sleep(EACH).await;
        // Whoever follows the ledger says that the database does not answer.
        if let Err(refusal) = expire(&app).await
            && refusal.kind != RefusalKind::Unavailable
        {
            tracing::warn!(
                code = refusal.code,
                "accounts that have expired cannot be ended now"
            );
        }
    }
}

/// Ends the accounts that have expired.
pub(crate) async fn expire(app: &App) -> Result<(), Refusal> {
    let now = app.clock.now();
    loop {
        let expired = accounts::expired(app.ledger().db(), now, AT_ONCE).await?;
        let mut ended = 0_i64;
        for id in &expired {
            match end(app, *id).await {
                Ok(()) => ended += 1,
                Err(refusal) if refusal.kind == RefusalKind::Unavailable => return Err(refusal),
                // The others end all the same.
                Err(refusal) => tracing::warn!(
                    account = id.ordinal().get(),
                    code = refusal.code,
                    "an account that has expired cannot be ended"
                ),
            }
        }
        if ended < AT_ONCE {
            return Ok(());
        }
    }
}

async fn end(app: &App, id: AccountId) -> Result<(), Refusal> {
    let (account, seen) = app.executor.read::<Account>(id).await?;
    let now = app.clock.now();
    let (Some(user), true) = (account.user, account.is_active && !account.may_act(now)) else {
        return Ok(());
    };
    let change = ChangeAccount {
        name: None,
        email: None,
        is_active: Some(false),
        now,
        expires_at: None,
    };
    let ended = Command::Account(id, AccountCommand::Change(change));
    let groups = account.groups.keys();
    let left = groups.map(|group| Command::User(user, UserCommand::LeaveGroup { group: *group }));
    let commands = std::iter::once(ended).chain(left).collect();
    let metadata = Metadata::system("expiry");
    match app
        .executor
        .execute_unless_changed(commands, &metadata, &[seen])
        .await
    {
        // Another node was first, or somebody has changed the account. The next look decides again.
        Err(ExecuteError::Rejected(Rejection::Conflict { .. })) => Ok(()),
        executed => Ok(executed.map(drop)?),
    }
}
