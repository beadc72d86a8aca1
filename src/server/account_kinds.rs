//! The account kinds of the coiote face: roles with fixed ids, and with the permissions of the catalogue.
//!
//! A kind is made when somebody gets it first, except for that of the first administrator. Its many permissions would otherwise be the
//! beginning of every ledger.

use std::collections::BTreeSet;

use aggregates::{
    Command,
    role::RoleCommand,
    user::UserCommand,
    values::{AccountKind, Invalid, Permission, UserId},
};
use authorization::Authorization;
use ledger::{ExecuteError, Executor, Metadata};

use crate::organisations::first_administrator;

/// The commands that give a user an account kind, or take it with `None`. If the kind is not as the catalogue says, they make it so.
pub fn giving(
    authorization: &Authorization,
    user: UserId,
    kind: Option<AccountKind>,
) -> Result<Vec<Command>, Invalid> {
    let kept = kind
        .map(|kind| change(authorization, kind))
        .transpose()?
        .flatten();
    let given = Command::User(user, UserCommand::ChangeAccountKind { kind });
    Ok(kept.into_iter().chain([given]).collect())
}

/// The commands that make `admin` a super user, on a ledger that has no account kind yet.
pub(crate) fn first_start(admin: UserId) -> Vec<Command> {
    let kind = AccountKind::SuperUser;
    let made = Command::Role(kind.role(), RoleCommand::MakeAccountKind(kind));
    let given = UserCommand::ChangeAccountKind { kind: Some(kind) };
    vec![made, Command::User(admin, given)]
}

/// Makes the first administrator a super user on a ledger that is older than account kinds, and gives each kind that was made the
/// permissions of this program's catalogue.
pub(crate) async fn keep(executor: &Executor) -> Result<(), ExecuteError> {
    let authorization = executor.ledger().authorization();
    let exists = |kind: &AccountKind| authorization.role(kind.role()).is_some();
    let made = AccountKind::ALL.into_iter().filter(exists);
    let kept = made.filter_map(|kind| change(authorization, kind).ok().flatten());
    let mut commands: Vec<Command> = kept.collect();
    if !exists(&AccountKind::SuperUser) {
        let admin = first_administrator(executor).await?;
        commands.extend(admin.into_iter().flat_map(first_start));
    }
    match executor.execute(commands, &Metadata::system("start")).await {
        // Another node did it first.
        Ok(_) | Err(ExecuteError::Domain { .. } | ExecuteError::Rejected(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The command after which the kind is as the catalogue says, if one is needed.
fn change(authorization: &Authorization, kind: AccountKind) -> Result<Option<Command>, Invalid> {
    let wanted: BTreeSet<Permission> = kind.permissions()?.into_iter().collect();
    let command = match authorization.role(kind.role()) {
        None => Some(RoleCommand::MakeAccountKind(kind)),
        Some(role) if role.permissions.iter().cloned().collect::<BTreeSet<_>>() == wanted => None,
        Some(_) => Some(RoleCommand::UpdateAccountKind(kind)),
    };
    Ok(command.map(|command| Command::Role(kind.role(), command)))
}
