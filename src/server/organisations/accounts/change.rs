//! Change an account.

use std::collections::BTreeSet;

use aggregates::{
    Command,
    account::{self, Account, AccountCommand},
    user::UserCommand,
    values::{AccountId, Email, GroupId, Membership, OrganisationId, PasswordHash, Timestamp, Title},
};
use ledger::Appended;
use projections::sql::Boxed;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::{Changing, Known, memberships};
use crate::{
    app::App,
    caller::Caller,
    organisations::{
        again::{Planned, until_done},
        may::right_of,
        must, reach,
    },
    refusal::Refusal,
};

/// What to change of an account; `None` leaves a field as it is.
#[derive(Debug, Default)]
pub struct AccountChange {
    /// The new name.
    pub name: Option<Title>,
    /// The new e-mail address.
    pub email: Option<Email>,
    /// The new password.
    pub password: Option<Zeroizing<String>>,
    /// Whether the account is in use.
    pub is_active: Option<bool>,
    /// When it stops being in use; `Some(None)` is never.
    pub expires_at: Option<Option<Timestamp>>,
    /// Whether the person is a global administrator.
    pub is_global: Option<bool>,
    /// The exact groups from now on, apart from that of the global administrators. Groups of organisations that the caller does not administer
    /// stay as they are.
    pub groups: Option<BTreeSet<GroupId>>,
}

/// Changes an account. Whoever administers all organisations of the person may change their credentials and whether the account is in use;
/// whoever administers one may change the person's groups there. Only global administrators change a global administrator.
pub fn change<'a>(
    app: &'a App,
    caller: &'a Caller,
    id: AccountId,
    wanted: AccountChange,
) -> Boxed<'a, Result<Appended, Refusal>> {
    Box::pin(async move {
        // A change that is made again does not hash the password again.
        let hash = OnceCell::new();
        until_done(app, caller, || {
            Box::pin(plan_change(app, caller, id, &wanted, &hash))
        })
        .await
    })
}

async fn plan_change(
    app: &App,
    caller: &Caller,
    id: AccountId,
    wanted: &AccountChange,
    hash: &OnceCell<PasswordHash>,
) -> Result<Planned, Refusal> {
    // The account itself is seen below.
    let right = right_of(app, caller);
    let reach = reach(app, caller);
    let number = id.ordinal().to_string();
    let mut changing = Changing::new(app, right, reach.is_global);
    let (account, known) = changing.account(id).await.or_else(|refusal| {
        // Only a global administrator learns that there is no such account.
        must(app, caller, "os2iot-user", &number, "write").and(Err(refusal))
    })?;
    let may_write = must(app, caller, "os2iot-user", &number, "write");
    let is_global = account.groups.contains_key(&GroupId::GLOBAL_ADMIN);
    let changes_person = wanted.name.as_ref().is_some_and(|name| **name != *account.name)
        || wanted
            .email
            .as_ref()
            .is_some_and(|email| Some(&**email) != account.email.as_deref())
        || wanted.password.is_some()
        || wanted.is_active.is_some_and(|active| active != account.is_active)
        || wanted.expires_at.is_some_and(|end| end != account.expires_at);
    let changes_global = wanted.is_global.is_some_and(|global| global != is_global);
    if changes_person {
        may_write.clone()?;
        // The engine may know an older account than the one that was read.
        let administers_all = account
            .organisations()
            .iter()
            .all(|one| reach.user_admin.contains(one));
        if !reach.is_global && (is_global || !administers_all) {
            return Err(Refusal::forbidden("write", "a user of another organisation"));
        }
    }
    if changes_global && !reach.is_global {
        return Err(Refusal::forbidden("write", "the group of global administrators"));
    }
    if !changes_person && !changes_global {
        // What is left are groups. The person must have something to do with an organisation that the caller administers.
        let known = account
            .organisations()
            .iter()
            .chain(&account.requested)
            .any(|one| reach.user_admin.contains(one));
        if !known {
            may_write?;
        }
    }

    let (joined, left) = differing(app, &account, wanted, &reach).await?;
    let is_active = wanted.is_active.unwrap_or(account.is_active);
    let change = account::ChangeAccount {
        name: wanted.name.clone(),
        email: wanted.email.clone(),
        is_active: wanted.is_active,
        now: app.clock.now(),
        expires_at: wanted.expires_at,
    };
    changing.push(Command::Account(id, AccountCommand::Change(change)));
    if is_active != account.is_active {
        for group in account.groups.keys().copied() {
            let command = match is_active {
                true => UserCommand::JoinGroup { group },
                false => UserCommand::LeaveGroup { group },
            };
            changing.push(Command::User(known.user, command));
        }
    }
    if !joined.is_empty() || !left.is_empty() {
        changing.change_groups(Known { is_active, ..known }, joined, left);
    }
    if let Some(password) = &wanted.password {
        let names = [
            Some(&*account.name),
            wanted.name.as_deref(),
            account.email.as_deref(),
            wanted.email.as_deref(),
        ];
        let names: Vec<&str> = names.into_iter().flatten().collect();
        let password = app.live().password_rules.propose(password, &names)?;
        let password_hash = hash.get_or_try_init(|| caller.hash(app, password)).await?.clone();
        let set = UserCommand::SetPassword { password_hash };
        changing.push(Command::User(known.user, set));
    }
    Ok(changing.plan())
}

/// The groups that an account joins and leaves. A caller who is not global decides about the groups of the organisations that they administer,
/// and never about the group of global administrators.
async fn differing(
    app: &App,
    account: &Account,
    wanted: &AccountChange,
    reach: &authorization::Reach,
) -> Result<(Vec<Membership>, BTreeSet<GroupId>), Refusal> {
    let decides = |group: &GroupId, organisation: Option<&OrganisationId>| match reach.is_global {
        true => *group != GroupId::GLOBAL_ADMIN,
        false => organisation.is_some_and(|one| reach.user_admin.contains(one)),
    };
    let (mut joined, mut left) = (Vec::new(), BTreeSet::new());
    if let Some(groups) = &wanted.groups {
        let new: BTreeSet<GroupId> = groups
            .iter()
            .copied()
            .filter(|one| !account.groups.contains_key(one))
            .collect();
        joined = memberships(app, reach, &new).await?;
        if joined
            .iter()
            .any(|one| !decides(&one.group, one.organisation.as_ref()))
        {
            return Err(Refusal::forbidden("write", "a group of another organisation"));
        }
        let present = account.groups.iter();
        let gone = present.filter(|(group, of)| decides(group, of.as_ref()) && !groups.contains(group));
        left = gone.map(|(group, _)| *group).collect();
    }
    match wanted.is_global {
        Some(true) if !account.groups.contains_key(&GroupId::GLOBAL_ADMIN) => joined.push(Membership {
            group: GroupId::GLOBAL_ADMIN,
            organisation: None,
        }),
        Some(false) if account.groups.contains_key(&GroupId::GLOBAL_ADMIN) => {
            left.insert(GroupId::GLOBAL_ADMIN);
        }
        Some(_) | None => {}
    }
    Ok((joined, left))
}
