//! The first start: the group of global administrators, and the account of the first administrator in it.

use std::{collections::BTreeSet, sync::Arc};

use aggregates::{
    Command,
    account::{AccountCommand, OpenAccount},
    role::{FormGroup, RoleCommand},
    user::UserCommand,
    values::{AccountId, GroupId, Invalid, Level, Membership, Ordinal, RoleId, Timestamp, Title, UserId},
};
use ledger::{ExecuteError, Executor, Metadata};
use projections::role_directory;

use crate::bootstrap::ADMINISTRATORS_NAME;

/// Does the same on a ledger that is older than organisations, for the administrator `admin` or else for the oldest one.
pub(crate) async fn late_start(executor: &Executor) -> Result<(), ExecuteError> {
    let authorization = executor.ledger().authorization();
    if authorization.role(GroupId::GLOBAL_ADMIN.role()).is_some() {
        return Ok(());
    }
    let admin = first_administrator(executor).await?;
    let commands = admin.map(first_start).and_then(Result::ok).unwrap_or_default();
    match executor.execute(commands, &Metadata::system("start")).await {
        // Another node did it first, or somebody did.
        Ok(_) | Err(ExecuteError::Domain { .. } | ExecuteError::Rejected(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The administrator `admin`, or else the oldest administrator. If the first one was renamed, another user may have the name `admin` now,
/// who is no administrator.
pub(crate) async fn first_administrator(executor: &Executor) -> Result<Option<UserId>, ExecuteError> {
    let authorization = executor.ledger().authorization();
    let named = authorization.user_by_name(ADMINISTRATORS_NAME);
    let is_administrator = |id: &UserId| {
        let user = authorization.user(*id);
        user.is_some_and(|user| user.roles.contains(&RoleId::ADMINISTRATOR))
    };
    if let Some(admin) = named.filter(is_administrator) {
        return Ok(Some(admin));
    }
    let holders = role_directory::holders(&mut executor.ledger().db(), RoleId::ADMINISTRATOR, 1).await;
    let holders = holders.map_err(|error| ExecuteError::Unavailable(Arc::new(error)))?;
    Ok(holders.first().map(|holder| holder.id))
}

/// The commands that make `admin` a global administrator, on a ledger that has no such group yet.
pub(crate) fn first_start(admin: UserId) -> Result<Vec<Command>, Invalid> {
    let group = GroupId::GLOBAL_ADMIN;
    let form = FormGroup {
        id: group,
        name: Title::parse("GlobalAdmin")?,
        organisation: None,
        levels: vec![Level::GlobalAdmin],
        adds_new_applications: false,
        applications: BTreeSet::new(),
    };
    let open = OpenAccount {
        user: admin,
        name: Title::parse("GlobalAdmin")?,
        email: None,
        is_active: true,
        now: Timestamp::default(),
        expires_at: None,
        groups: vec![Membership {
            group,
            organisation: None,
        }],
        requested: BTreeSet::new(),
    };
    Ok(vec![
        Command::Role(group.role(), RoleCommand::FormGroup(form)),
        Command::Account(AccountId::of(Ordinal::FIRST), AccountCommand::Open(open)),
        Command::User(admin, UserCommand::JoinGroup { group }),
    ])
}

#[cfg(test)]
mod tests;
