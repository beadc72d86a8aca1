//! What a user means who is the one of a service account: the account ends with the user, and the user has no password.

use std::collections::BTreeSet;

use aggregates::{
    Command,
    service_account::{ServiceAccountCommand, ServiceAccountId},
    user::{UpdateUser, UserCommand},
};
use projections::service_accounts;

use crate::{
    app::App,
    refusal::{Refusal, RefusalKind},
};

/// The commands that close the service accounts whose users these commands delete or revoke: a secret must not outlive what its user held.
pub(crate) async fn for_service_accounts(app: &App, commands: &[Command]) -> Result<Vec<Command>, Refusal> {
    let (mut ended, mut closed) = (BTreeSet::new(), BTreeSet::new());
    for command in commands {
        match command {
            Command::User(id, UserCommand::Delete | UserCommand::Revoke) => {
                ended.insert(id.service_account());
            }
            Command::ServiceAccount(id, ServiceAccountCommand::Close) => {
                closed.insert(*id);
            }
            _ => {}
        }
    }
    let ended: Vec<ServiceAccountId> = ended.difference(&closed).copied().collect();
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    let open = service_accounts::find_all(app.ledger().db(), ended).await?;
    let close = |id| Command::ServiceAccount(id, ServiceAccountCommand::Close);
    Ok(open.into_iter().map(|account| close(account.id)).collect())
}

/// Refuses commands that give a password to the user of a service account. Such a user is made without one, together with the account, and keeps
/// none as long as they exist: so no other change can come in between.
pub(crate) async fn must_give_no_password(app: &App, commands: &[Command]) -> Result<(), Refusal> {
    let given = commands.iter().filter_map(|command| match command {
        Command::User(
            id,
            UserCommand::SetPassword { .. }
            | UserCommand::Update(UpdateUser {
                password_hash: Some(_),
                ..
            }),
        ) => Some(id.service_account()),
        _ => None,
    });
    let given: BTreeSet<ServiceAccountId> = given.collect();
    if given.is_empty() {
        return Ok(());
    }
    let open = service_accounts::find_all(app.ledger().db(), given.into_iter().collect()).await?;
    match open.is_empty() {
        true => Ok(()),
        false => Err(Refusal::new(
            RefusalKind::Conflict,
            "service_account",
            "the user of a service account has no password: give the account another secret",
        )),
    }
}
