//! What becomes of the account of a user who is deleted.

use aggregates::{
    Command,
    nx_account::{NxAccount, NxAccountCommand},
    organisation::OrganisationCommand,
    user::UserCommand,
};

use crate::{app::App, refusal::Refusal};

/// The commands that close the accounts of the users whom these commands delete, so that the addresses are free again, and that take
/// the users from their organisations.
pub(crate) async fn for_nx_accounts(app: &App, commands: &[Command]) -> Result<Vec<Command>, Refusal> {
    let mut also = Vec::new();
    for command in commands {
        let Command::User(id, UserCommand::Delete) = command else {
            continue;
        };
        also.push(Command::NxAccount(*id, NxAccountCommand::Close));
        let (account, _) = app.executor.read::<NxAccount>(*id).await?;
        also.extend(account.organisation.map(|organisation| {
            Command::Organisation(organisation, OrganisationCommand::RemoveMember { user: *id })
        }));
    }
    Ok(also)
}
