//! Accounts: people on the os2iot face, and the groups that they are in.
//!
//! The rights of a person are the roles that their user holds. So a change of groups is a unit: of the account, which knows its groups, and
//! of the user, who holds their roles while the account is active.

mod change;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Command, DomainError,
    account::{Account, AccountCommand, AccountError, ChangeGroups, OpenAccount},
    role::Role,
    user::{CreateUser, UserCommand},
    values::{
        AccountId, Email, GrantMethod, GrantType, GroupId, IdentityProvider, Membership, PasswordHash,
        RoleId, Timestamp, Title, UserId, Username,
    },
};
use ledger::{Appended, Seen};
use projections::{ordinals::Numbered, sql::Boxed};
use zeroize::Zeroizing;

use super::{
    again::{Planned, until_first},
    may::{Right, right_of},
    reach,
};
use crate::{
    app::App,
    caller::Caller,
    refusal::{Refusal, RefusalKind},
};

pub use change::{AccountChange, change};
pub use requests::{accept, hide_welcome, reject, request_organisations};

/// An account to open, with a new user.
#[derive(Debug)]
pub struct NewAccount {
    /// The person's name.
    pub name: Title,
    /// The e-mail address by which they log in.
    pub email: Email,
    /// The password.
    pub password: Zeroizing<String>,
    /// Whether the account is in use.
    pub is_active: bool,
    /// When it stops being in use; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// Whether the person is a global administrator.
    pub is_global: bool,
    /// The groups.
    pub groups: BTreeSet<GroupId>,
}

/// Commands that change accounts and their users, and what they rest on.
pub(super) struct Changing<'a> {
    app: &'a App,
    right: Right,
    /// Whether strangers to an organisation may be put into its groups.
    of_anybody: bool,
    commands: Vec<Command>,
}

/// An account as commands find it.
#[derive(Clone, Copy)]
struct Known {
    id: AccountId,
    user: UserId,
    is_active: bool,
}

impl<'a> Changing<'a> {
    /// No commands yet. The caller has this right to them.
    pub(super) fn new(app: &'a App, right: Right, of_anybody: bool) -> Self {
        Self {
            app,
            right,
            of_anybody,
            commands: Vec::new(),
        }
    }

    pub(super) fn app(&self) -> &'a App {
        self.app
    }

    pub(super) fn push(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// The commands are refused if the aggregate has changed since.
    pub(super) fn seen(&mut self, seen: Seen) {
        self.right.seen.push(seen);
    }

    /// The account, as the commands find it.
    async fn account(&mut self, id: AccountId) -> Result<(Account, Known), Refusal> {
        let mut found = self.accounts(&[id]).await?;
        found.pop().ok_or_else(unknown_account)
    }

    /// These accounts, as the commands find them. All must exist.
    async fn accounts(&mut self, ids: &[AccountId]) -> Result<Vec<(Account, Known)>, Refusal> {
        let read = self.app.executor.read_many::<Account>(ids).await?;
        let mut found = Vec::with_capacity(ids.len());
        for (id, (account, seen)) in ids.iter().zip(read) {
            let user = account.user.filter(|_| account.exists());
            let known = Known {
                id: *id,
                user: user.ok_or_else(unknown_account)?,
                is_active: account.is_active,
            };
            self.seen(seen);
            found.push((account, known));
        }
        Ok(found)
    }

    /// These accounts join a group.
    pub(super) async fn join(
        &mut self,
        ids: &BTreeSet<AccountId>,
        membership: Membership,
    ) -> Result<(), Refusal> {
        let ids: Vec<AccountId> = ids.iter().copied().collect();
        let found = self
            .accounts(&ids)
            .await
            .map_err(|refusal| match self.of_anybody {
                false if refusal.kind == RefusalKind::NotFound => {
                    DomainError::from(AccountError::NoMember).into()
                }
                _ => refusal,
            })?;
        for (_, known) in found {
            self.change_groups(known, vec![membership], BTreeSet::new());
        }
        Ok(())
    }

    /// Each of these accounts leaves its groups of this list.
    pub(super) async fn leave(
        &mut self,
        groups: BTreeMap<AccountId, BTreeSet<GroupId>>,
    ) -> Result<(), Refusal> {
        let ids: Vec<AccountId> = groups.keys().copied().collect();
        for ((_, known), left) in self.accounts(&ids).await?.into_iter().zip(groups.into_values()) {
            self.change_groups(known, Vec::new(), left);
        }
        Ok(())
    }

    fn change_groups(&mut self, known: Known, joined: Vec<Membership>, left: BTreeSet<GroupId>) {
        let Known { id, user, is_active } = known;
        let (joins, leaves): (Vec<GroupId>, Vec<GroupId>) = (
            joined.iter().map(|one| one.group).filter(|_| is_active).collect(),
            left.iter().copied().collect(),
        );
        let change = ChangeGroups {
            joined,
            left,
            of_anybody: self.of_anybody,
        };
        self.push(Command::Account(id, AccountCommand::ChangeGroups(change)));
        for group in leaves {
            self.push(Command::User(user, UserCommand::LeaveGroup { group }));
        }
        for group in joins {
            self.push(Command::User(user, UserCommand::JoinGroup { group }));
        }
    }

    /// The commands, as they were judged. The caller must also hold what they give.
    pub(super) fn plan(self) -> Planned {
        Planned::new(self.commands, self.right)
    }
}

fn unknown_account() -> Refusal {
    Refusal::new(
        RefusalKind::NotFound,
        "unknown_account",
        "there is no such account",
    )
}

/// The memberships in groups that exist. Only a global administrator learns that there is no such group; to anybody else it is one of another
/// organisation.
pub(super) async fn memberships(
    app: &App,
    reach: &authorization::Reach,
    groups: &BTreeSet<GroupId>,
) -> Result<Vec<Membership>, Refusal> {
    let found = memberships_of(app, groups).await?;
    match found.len() == groups.len() {
        true => Ok(found),
        false if reach.is_global => Err(Refusal::new(
            RefusalKind::NotFound,
            "unknown_group",
            "there is no such group",
        )),
        false => Err(Refusal::forbidden("write", "a group of another organisation")),
    }
}

/// The memberships in those of these groups that exist.
pub(super) async fn memberships_of(
    app: &App,
    groups: &BTreeSet<GroupId>,
) -> Result<Vec<Membership>, Refusal> {
    let roles: Vec<RoleId> = groups.iter().map(|group| group.role()).collect();
    let roles = app.executor.read_many::<Role>(&roles).await?;
    let found = groups.iter().zip(roles).filter_map(|(id, (role, _))| {
        let group = role.group.as_ref().filter(|_| role.exists())?;
        Some(Membership {
            group: *id,
            organisation: group.organisation,
        })
    });
    Ok(found.collect())
}

/// Opens an account with a new user.
pub fn open<'a>(
    app: &'a App,
    caller: &'a Caller,
    new: NewAccount,
) -> Boxed<'a, Result<(AccountId, Appended), Refusal>> {
    Box::pin(async move {
        may_open(app, caller, &new).await?;
        let password = app
            .live()
            .password_rules
            .propose(&new.password, &[&new.name, &new.email])?;
        let hash = caller.hash(app, password).await?;
        until_first(app, caller, || Box::pin(plan_open(app, caller, &new, &hash))).await
    })
}

/// The memberships of a new account, if the caller may open it.
async fn may_open(app: &App, caller: &Caller, new: &NewAccount) -> Result<(Vec<Membership>, Right), Refusal> {
    let right = right_of(app, caller);
    let reach = reach(app, caller);
    let mut groups = new.groups.clone();
    if new.is_global {
        groups.insert(GroupId::GLOBAL_ADMIN);
    }
    let memberships = memberships(app, &reach, &groups).await?;
    for one in &memberships {
        let administers = one
            .organisation
            .is_some_and(|one| reach.user_admin.contains(&one));
        if !reach.is_global && !administers {
            return Err(Refusal::forbidden("write", "a group of another organisation"));
        }
    }
    if !reach.is_global && memberships.is_empty() {
        // Nobody but a global administrator could ever change such a user again.
        return Err(Refusal::forbidden("write", "users without a group"));
    }
    Ok((memberships, right))
}

async fn plan_open(
    app: &App,
    caller: &Caller,
    new: &NewAccount,
    hash: &PasswordHash,
) -> Result<Planned<AccountId>, Refusal> {
    let (memberships, right) = may_open(app, caller, new).await?;
    let user = UserId(app.entropy.uuid());
    let id = AccountId::of(app.numbers().next(app, Numbered::Account).await?);
    let create = CreateUser {
        // Nobody can squat a name that only the server draws. The person logs in by the address.
        username: Username::parse(&user.to_string())?,
        identity_provider: IdentityProvider::Local,
        auto_generated: false,
        mqtt_publish_prefix: None,
        grant_types: by_password(),
        enforce_mfa_enrollment: false,
        must_change_password: false,
        password_hash: Some(hash.clone()),
        roles: Vec::new(),
        permissions: Vec::new(),
        certificates: Vec::new(),
    };
    let open = OpenAccount {
        user,
        name: new.name.clone(),
        email: Some(new.email.clone()),
        is_active: new.is_active,
        now: app.clock.now(),
        expires_at: new.expires_at,
        groups: memberships.clone(),
        requested: BTreeSet::new(),
    };
    let mut commands = vec![
        Command::User(user, UserCommand::Create(create)),
        Command::Account(id, AccountCommand::Open(open)),
    ];
    let joined = memberships.iter().filter(|_| new.is_active);
    commands.extend(joined.map(|one| Command::User(user, UserCommand::JoinGroup { group: one.group })));
    Ok(Planned::new(commands, right).making(id))
}

/// The ways in which a person on this face proves who they are.
pub(super) fn by_password() -> Vec<GrantType> {
    let methods = [GrantMethod::Password, GrantMethod::Token];
    let types = methods.map(|method| GrantType {
        method,
        is_required: false,
    });
    types.to_vec()
}
