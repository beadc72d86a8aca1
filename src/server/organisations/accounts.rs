//! Accounts: people on the os2iot face, and the groups that they are in.
//!
//! The rights of a person are the roles that their user holds. So a change of groups is a unit: of the account, which knows its groups, and
//! of the user, who holds their roles while the account is active.

mod change;

use std::collections::BTreeSet;

use aggregates::{
    Command, DomainError,
    account::{self, Account, AccountCommand, AccountError, ChangeGroups, OpenAccount},
    role::Role,
    user::{CreateUser, UserCommand},
    values::{
        AccountId, Email, GrantMethod, GrantType, GroupId, IdentityProvider, Membership, OrganisationId,
        PasswordHash, Timestamp, Title, UserId, Username,
    },
};
use ledger::{Appended, Seen};
use projections::{ordinals::Numbered, sql::Boxed};
use zeroize::Zeroizing;

use super::{must, numbers::Attempts, reach};
use crate::{
    app::App,
    caller::Caller,
    refusal::{Refusal, RefusalKind},
};

pub use change::{AccountChange, change};

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
    /// Whether strangers to an organisation may be put into its groups.
    of_anybody: bool,
    commands: Vec<Command>,
    seen: Vec<Seen>,
}

impl<'a> Changing<'a> {
    pub(super) fn new(app: &'a App, of_anybody: bool) -> Self {
        Self {
            app,
            of_anybody,
            commands: Vec::new(),
            seen: Vec::new(),
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
        self.seen.push(seen);
    }

    /// The account, as the commands find it.
    async fn account(&mut self, id: AccountId) -> Result<(Account, UserId), Refusal> {
        let (account, seen) = self.app.executor.read::<Account>(id).await?;
        let user = account.user.filter(|_| account.exists());
        let user = user.ok_or_else(|| {
            Refusal::new(
                RefusalKind::NotFound,
                "unknown_account",
                "there is no such account",
            )
        })?;
        self.seen.push(seen);
        Ok((account, user))
    }

    /// An account joins groups and leaves groups.
    pub(super) async fn join(
        &mut self,
        id: AccountId,
        joined: Vec<Membership>,
        left: BTreeSet<GroupId>,
    ) -> Result<(), Refusal> {
        let (account, user) = self.account(id).await.map_err(|refusal| match self.of_anybody {
            false if refusal.kind == RefusalKind::NotFound => {
                DomainError::from(AccountError::NoMember).into()
            }
            _ => refusal,
        })?;
        self.change_groups(id, user, account.is_active, joined, left);
        Ok(())
    }

    fn change_groups(
        &mut self,
        id: AccountId,
        user: UserId,
        is_active: bool,
        joined: Vec<Membership>,
        left: BTreeSet<GroupId>,
    ) {
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

    /// Executes the commands, if the caller may give what they give.
    pub(super) async fn execute(self, caller: &Caller) -> Result<Appended, Refusal> {
        caller
            .execute_unless_changed(self.app, self.commands, &self.seen)
            .await
    }
}

/// The memberships in groups that exist. Only a global administrator learns that there is no such group; to anybody else it is one of another
/// organisation.
pub(super) async fn memberships(
    app: &App,
    reach: &authorization::Reach,
    groups: &BTreeSet<GroupId>,
) -> Result<Vec<Membership>, Refusal> {
    let mut found = Vec::with_capacity(groups.len());
    for id in groups {
        let (role, _) = app.executor.read::<Role>(id.role()).await?;
        let group = role.group.as_ref().filter(|_| role.exists());
        let group = group.ok_or_else(|| match reach.is_global {
            true => Refusal::new(RefusalKind::NotFound, "unknown_group", "there is no such group"),
            false => Refusal::forbidden("write", "a group of another organisation"),
        })?;
        found.push(Membership {
            group: *id,
            organisation: group.organisation,
        });
    }
    Ok(found)
}

/// Opens an account with a new user.
pub fn open<'a>(
    app: &'a App,
    caller: &'a Caller,
    new: NewAccount,
) -> Boxed<'a, Result<(AccountId, Appended), Refusal>> {
    Box::pin(async move {
        let (memberships, hash) = may_open(app, caller, &new).await?;
        let mut attempts = Attempts::default();
        loop {
            let made = open_once(app, caller, &new, &memberships, &hash).await;
            if !attempts.again(&made) {
                return made;
            }
        }
    })
}

/// The memberships of a new account, and the hash of its password, if the caller may open it.
async fn may_open(
    app: &App,
    caller: &Caller,
    new: &NewAccount,
) -> Result<(Vec<Membership>, PasswordHash), Refusal> {
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
    let password = app
        .live()
        .password_rules
        .propose(&new.password, &[&new.name, &new.email])?;
    let hash = caller.hash(app, password).await?;
    Ok((memberships, hash))
}

async fn open_once(
    app: &App,
    caller: &Caller,
    new: &NewAccount,
    memberships: &[Membership],
    hash: &PasswordHash,
) -> Result<(AccountId, Appended), Refusal> {
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
        groups: memberships.to_vec(),
        requested: BTreeSet::new(),
    };
    let mut commands = vec![
        Command::User(user, UserCommand::Create(create)),
        Command::Account(id, AccountCommand::Open(open)),
    ];
    let joined = memberships.iter().filter(|_| new.is_active);
    commands.extend(joined.map(|one| Command::User(user, UserCommand::JoinGroup { group: one.group })));
    Ok((id, caller.execute(app, commands).await?))
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

/// Lets somebody into an organisation who has asked for it: into these groups of it.
pub async fn accept(
    app: &App,
    caller: &Caller,
    organisation: OrganisationId,
    id: AccountId,
    groups: &BTreeSet<GroupId>,
) -> Result<Appended, Refusal> {
    let number = organisation.ordinal().to_string();
    must(app, caller, "os2iot-organisation", &number, "create-user")?;
    let joined = memberships(app, &reach(app, caller), groups).await?;
    if joined.iter().any(|one| one.organisation != Some(organisation)) {
        return Err(Refusal::forbidden("write", "a group of another organisation"));
    }
    // Even a global administrator lets nobody in who has not asked.
    let mut changing = Changing::new(app, false);
    let (account, user) = changing.account(id).await?;
    if joined.iter().any(|one| account.groups.contains_key(&one.group)) {
        return Err(Refusal::new(
            RefusalKind::Invalid,
            "user_already_in_group",
            "the user is in one of the groups already",
        ));
    }
    if !account.requested.contains(&organisation) {
        return Err(Refusal::new(
            RefusalKind::NotFound,
            "not_requested",
            "the user has not asked for this organisation",
        ));
    }
    changing.change_groups(id, user, account.is_active, joined, BTreeSet::new());
    changing.execute(caller).await
}

/// Decides that somebody is not let into an organisation.
pub async fn reject(
    app: &App,
    caller: &Caller,
    organisation: OrganisationId,
    id: AccountId,
) -> Result<Appended, Refusal> {
    let number = organisation.ordinal().to_string();
    must(app, caller, "os2iot-organisation", &number, "create-user")?;
    caller
        .execute(
            app,
            vec![Command::Account(id, AccountCommand::EndRequest { organisation })],
        )
        .await
}

/// The caller asks to be let into organisations. If they have no e-mail address yet, they may give one.
pub async fn request_organisations(
    app: &App,
    caller: &Caller,
    id: AccountId,
    organisations: BTreeSet<OrganisationId>,
    email: Option<Email>,
) -> Result<Appended, Refusal> {
    let mut commands = Vec::new();
    if email.is_some() {
        let change = account::ChangeAccount {
            name: None,
            email,
            is_active: None,
            now: app.clock.now(),
            expires_at: None,
        };
        commands.push(Command::Account(id, AccountCommand::Change(change)));
    }
    commands.push(Command::Account(
        id,
        AccountCommand::RequestOrganisations { organisations },
    ));
    caller.execute(app, commands).await
}

/// The caller does not want to see the welcome again.
pub async fn hide_welcome(app: &App, caller: &Caller, id: AccountId) -> Result<Appended, Refusal> {
    caller
        .execute(app, vec![Command::Account(id, AccountCommand::HideWelcome)])
        .await
}
