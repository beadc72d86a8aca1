//! Who follows the last global administrator. Another face may delete or revoke that user without knowing the group. The group would make
//! the ledger refuse this, so an administrator who stays joins it in the same unit.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Command,
    account::{AccountCommand, ChangeAccount, ChangeGroups, OpenAccount},
    user::{Ending, User, UserCommand},
    values::{AccountId, GroupId, Membership, RoleId, Title, UserId},
};
use ledger::Seen;
use projections::{
    accounts::{self, AccountRow},
    ordinals::Numbered,
    role_directory::{self, HolderRow},
};

use crate::{app::App, refusal::Refusal};

/// Among how many administrators who stay, those who have been it for longest, somebody is looked for who has an account in use.
const CANDIDATES: i64 = 100;

/// Who is a global administrator when users have ended.
#[derive(Default)]
pub(super) struct Succession {
    /// The commands that make an administrator a global administrator, if that is needed.
    pub(super) commands: Vec<Command>,
    /// That administrator, as they were found.
    pub(super) seen: Vec<Seen>,
    /// Whether it is needed and nobody can follow.
    pub(super) nobody_follows: bool,
}

/// Looks for somebody who can follow if the users who end leave nobody in the group of global administrators, preferably somebody whose account
/// is in use. `leaving` are the accounts of these users. Only an administrator, or a global administrator, may give this group to somebody.
pub(super) async fn succession(
    app: &App,
    ended: &BTreeMap<UserId, Ending>,
    leaving: &[AccountRow],
) -> Result<Succession, Refusal> {
    if !leaving
        .iter()
        .any(|account| account.is_global && account.is_active)
    {
        return Ok(Succession::default());
    }
    let Some(mut candidates) = candidates(app, ended, leaving).await? else {
        return Ok(Succession::default());
    };
    let db = app.ledger().db();
    let accounts = accounts::of_users(db, candidates.iter().map(|one| one.id)).await?;
    let now = app.clock.now();
    let acts = |holder: &HolderRow| {
        let mut own = accounts.iter().filter(|account| account.user == holder.id);
        own.any(|account| account.may_act(now))
    };
    // The order of those who are alike stays.
    candidates.sort_by_key(|holder| !acts(holder));
    for heir in &candidates {
        let (user, seen) = app.executor.read::<User>(heir.id).await?;
        if user.exists() && user.roles.contains_key(&RoleId::ADMINISTRATOR) {
            return Ok(Succession {
                commands: joining(app, heir).await?,
                seen: vec![seen],
                nobody_follows: false,
            });
        }
    }
    Ok(Succession {
        nobody_follows: candidates.is_empty(),
        ..Succession::default()
    })
}

/// The administrators who stay, of whom one is needed as a global administrator; `None` if a global administrator stays. Both are read from one
/// state of the ledger: else somebody who becomes one while another leaves could be seen as neither.
async fn candidates(
    app: &App,
    ended: &BTreeMap<UserId, Ending>,
    leaving: &[AccountRow],
) -> Result<Option<Vec<HolderRow>>, Refusal> {
    let mut db = app.ledger().db().snapshot().await?;
    // One more than those who leave is enough to find one who stays.
    let limit = i64::try_from(ended.len()).unwrap_or(i64::MAX).saturating_add(1);
    let lasting = accounts::lasting_members(&mut db, GroupId::GLOBAL_ADMIN, limit).await?;
    if lasting
        .iter()
        .any(|id| !leaving.iter().any(|account| account.id == *id))
    {
        return Ok(None);
    }
    let most = limit.saturating_add(CANDIDATES);
    let mut candidates = role_directory::holders(&mut db, RoleId::ADMINISTRATOR, most).await?;
    candidates.retain(|holder| !ended.contains_key(&holder.id));
    Ok(Some(candidates))
}

/// The commands that make a user a global administrator.
async fn joining(app: &App, heir: &HolderRow) -> Result<Vec<Command>, Refusal> {
    let group = GroupId::GLOBAL_ADMIN;
    let membership = Membership {
        group,
        organisation: None,
    };
    let db = app.ledger().db();
    let mut joined = BTreeSet::from([group]);
    let mut commands = match accounts::find_by_user(db, heir.id).await? {
        Some(account) => {
            if !account.is_active {
                // Who comes back holds the groups of the account again.
                joined.extend(
                    accounts::groups_of(db, &[account.id])
                        .await?
                        .into_values()
                        .flatten(),
                );
            }
            vec![
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
            ]
        }
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
    let join = |group| Command::User(heir.id, UserCommand::JoinGroup { group });
    commands.extend(joined.into_iter().map(join));
    Ok(commands)
}
