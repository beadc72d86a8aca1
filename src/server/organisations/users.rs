//! What becomes of an account when its user is deleted or revoked.

use aggregates::{
    Command,
    account::{AccountCommand, ChangeAccount},
    user::UserCommand,
};
use projections::accounts;

use crate::{app::App, refusal::Refusal};

/// The commands, and those for the accounts of users whom they delete or revoke: the account of a deleted user is closed, so its address is
/// free again, and the account of a revoked user is no longer in use.
pub(crate) async fn with_accounts(app: &App, mut commands: Vec<Command>) -> Result<Vec<Command>, Refusal> {
    let ended: Vec<_> = commands
        .iter()
        .filter_map(|command| match command {
            Command::User(id, UserCommand::Delete) => Some((*id, true)),
            Command::User(id, UserCommand::Revoke) => Some((*id, false)),
            _ => None,
        })
        .collect();
    for (user, is_deleted) in ended {
        let Some(account) = accounts::find_by_user(app.ledger().db(), user).await? else {
            continue;
        };
        let command = match is_deleted {
            true => AccountCommand::Close,
            false => AccountCommand::Change(ChangeAccount {
                name: None,
                email: None,
                is_active: Some(false),
                now: app.clock.now(),
                expires_at: None,
            }),
        };
        commands.push(Command::Account(account.id, command));
    }
    Ok(commands)
}
