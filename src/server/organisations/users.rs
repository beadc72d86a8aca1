//! What becomes of an account when its user is deleted or revoked.

use std::collections::BTreeMap;

use aggregates::{
    Command,
    account::{AccountCommand, ChangeAccount},
    user::UserCommand,
    values::UserId,
};
use projections::accounts;

use super::succession::{heir, succeed};
use crate::{app::App, refusal::Refusal};

/// The commands, and those for the accounts of users whom they delete or revoke: the account of a deleted user is closed, so its address is
/// free again, and the account of a revoked user is no longer in use. If nobody would be a global administrator then, an administrator who
/// stays becomes one before.
pub(crate) async fn with_accounts(app: &App, mut commands: Vec<Command>) -> Result<Vec<Command>, Refusal> {
    let ended = ended_by(&commands);
    if ended.is_empty() {
        return Ok(commands);
    }
    if let Some(heir) = heir(app, &ended.keys().copied().collect()).await? {
        succeed(app, &heir).await?;
    }
    commands.extend(of_accounts(app, &ended).await?);
    Ok(commands)
}

/// The same for a rehearsal, which changes nothing: where somebody would become a global administrator first, the accounts are left as they
/// are, since nothing that is said about them could refuse the rest.
pub(crate) async fn with_accounts_rehearsed(
    app: &App,
    mut commands: Vec<Command>,
) -> Result<Vec<Command>, Refusal> {
    let ended = ended_by(&commands);
    if ended.is_empty() || heir(app, &ended.keys().copied().collect()).await?.is_some() {
        return Ok(commands);
    }
    commands.extend(of_accounts(app, &ended).await?);
    Ok(commands)
}

/// The users whom the commands delete, with true, or revoke.
fn ended_by(commands: &[Command]) -> BTreeMap<UserId, bool> {
    let ended = commands.iter().filter_map(|command| match command {
        Command::User(id, UserCommand::Delete) => Some((*id, true)),
        Command::User(id, UserCommand::Revoke) => Some((*id, false)),
        _ => None,
    });
    ended.collect()
}

async fn of_accounts(app: &App, ended: &BTreeMap<UserId, bool>) -> Result<Vec<Command>, Refusal> {
    let mut commands = Vec::new();
    for (user, is_deleted) in ended {
        let Some(account) = accounts::find_by_user(app.ledger().db(), *user).await? else {
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
