//! What becomes of the service account of a user who is deleted or revoked.

use std::collections::BTreeSet;

use aggregates::{
    Command,
    service_account::{ServiceAccountCommand, ServiceAccountId},
    user::UserCommand,
};
use projections::service_accounts;

use crate::{app::App, refusal::Refusal};

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
