//! What becomes of the account of a user who is deleted.

use aggregates::{Command, nx_account::NxAccountCommand, user::UserCommand};

/// The commands that close the accounts of the users whom these commands delete, so that the addresses are free again.
pub(crate) fn for_nx_accounts(commands: &[Command]) -> impl Iterator<Item = Command> {
    commands.iter().filter_map(|command| match command {
        Command::User(id, UserCommand::Delete) => Some(Command::NxAccount(*id, NxAccountCommand::Close)),
        _ => None,
    })
}
