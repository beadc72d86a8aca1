//! What becomes of an account when its user is deleted or revoked.

use std::collections::BTreeMap;

use aggregates::{
    Command,
    account::{AccountCommand, ChangeAccount},
    user::{Ending, UserCommand},
    values::UserId,
};
use projections::accounts;

use super::succession::succession;
use crate::{app::App, refusal::Refusal};

/// The commands for the accounts of users whom these commands delete or revoke: the account of a deleted user is closed, so its address is
/// free again, and the account of a revoked user is no longer in use. If nobody would be a global administrator then, an administrator who
/// stays becomes one, in the same unit.
pub(crate) async fn for_accounts(app: &App, commands: &[Command]) -> Result<Vec<Command>, Refusal> {
    let ended = ended_by(commands);
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    let accounts = accounts::of_users(app.ledger().db(), ended.keys().copied()).await?;
    let mut also = succession(app, &ended, &accounts).await?;
    also.extend(accounts.iter().map(|account| {
        let command = match ended.get(&account.user) {
            Some(Ending::Deleted) => AccountCommand::Close,
            Some(Ending::Revoked) | None => AccountCommand::Change(ChangeAccount {
                name: None,
                email: None,
                is_active: Some(false),
                now: app.clock.now(),
                expires_at: None,
            }),
        };
        Command::Account(account.id, command)
    }));
    Ok(also)
}

/// The users whom the commands end.
fn ended_by(commands: &[Command]) -> BTreeMap<UserId, Ending> {
    let ended = commands.iter().filter_map(|command| match command {
        Command::User(id, UserCommand::Delete) => Some((*id, Ending::Deleted)),
        Command::User(id, UserCommand::Revoke) => Some((*id, Ending::Revoked)),
        _ => None,
    });
    ended.collect()
}
