//! What happens to the group of global administrators when the last of them is deleted or revoked by somebody who does not know the group:
//! an administrator who stays follows. Otherwise the deletion, which the other faces permit, would be refused for the sake of this group.

use std::collections::BTreeSet;

use aggregates::{
    Command,
    account::{AccountCommand, ChangeAccount, ChangeGroups, OpenAccount},
    user::UserCommand,
    values::{AccountId, GroupId, Membership, RoleId, Title, UserId},
};
use ledger::Metadata;
use projections::{
    accounts,
    ordinals::Numbered,
    role_directory::{self, HolderRow},
};

use super::numbers::Attempts;
use crate::{app::App, refusal::Refusal};

/// How many holders of a role are looked at.
const MOST: i64 = 1_000;

/// The administrator who becomes a global administrator when these users leave; `None` if nobody must, or nobody can.
pub(super) async fn heir(app: &App, leaving: &BTreeSet<UserId>) -> Result<Option<HolderRow>, Refusal> {
    let db = app.ledger().db();
    let global = role_directory::holders(db, GroupId::GLOBAL_ADMIN.role(), MOST).await?;
    if !global.iter().any(|holder| leaving.contains(&holder.id)) {
        return Ok(None);
    }
    for holder in global.iter().filter(|holder| !leaving.contains(&holder.id)) {
        let account = accounts::find_by_user(db, holder.id).await?;
        if account.is_some_and(|account| account.is_active && account.expires_at.is_none()) {
            return Ok(None);
        }
    }
    let administrators = role_directory::holders(db, RoleId::ADMINISTRATOR, MOST).await?;
    Ok(administrators
        .into_iter()
        .find(|holder| !leaving.contains(&holder.id)))
}

/// Makes an administrator a global administrator.
pub(super) async fn succeed(app: &App, heir: &HolderRow) -> Result<(), Refusal> {
    let mut attempts = Attempts::default();
    loop {
        let commands = succession(app, heir).await?;
        let executed = app
            .executor
            .execute(commands, &Metadata::system("succession"))
            .await;
        let executed = executed.map(|_| ()).map_err(Refusal::from);
        if !attempts.again(&executed) {
            return executed;
        }
    }
}

async fn succession(app: &App, heir: &HolderRow) -> Result<Vec<Command>, Refusal> {
    let group = GroupId::GLOBAL_ADMIN;
    let membership = Membership {
        group,
        organisation: None,
    };
    let mut commands = match accounts::find_by_user(app.ledger().db(), heir.id).await? {
        Some(account) => vec![
            Command::Account(
                account.id,
                AccountCommand::Change(ChangeAccount {
                    name: None,
                    email: None,
                    is_active: Some(true),
                    now: app.clock.now(),
                    expires_at: Some(None),
                }),
            ),
            Command::Account(
                account.id,
                AccountCommand::ChangeGroups(ChangeGroups {
                    joined: vec![membership],
                    left: BTreeSet::new(),
                    of_anybody: true,
                }),
            ),
        ],
        None => {
            let id = AccountId::of(app.numbers().next(app, Numbered::Account).await?);
            let open = OpenAccount {
                user: heir.id,
                name: Title::parse(&heir.username).or_else(|_| Title::parse("GlobalAdmin"))?,
                email: None,
                is_active: true,
                now: app.clock.now(),
                expires_at: None,
                groups: vec![membership],
                requested: BTreeSet::new(),
            };
            vec![Command::Account(id, AccountCommand::Open(open))]
        }
    };
    commands.push(Command::User(heir.id, UserCommand::JoinGroup { group }));
    Ok(commands)
}
