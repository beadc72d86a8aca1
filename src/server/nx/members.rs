//! The members of an organisation: its owner lists and removes them.

use aggregates::{
    Command,
    nx_account::{NxAccount, NxAccountCommand},
    organisation::{Organisation, OrganisationCommand},
    user::{User, UserCommand},
    values::{OrganisationId, UserId},
};
use futures_util::future::try_join_all;
use ledger::{Appended, ExecuteError, Rejection, Seen};

use super::sign_up::licences_of;
use crate::{
    app::App,
    caller::Caller,
    refusal::{Refusal, RefusalKind},
};

/// How often a removal is decided again because something changed meanwhile.
const ATTEMPTS: u32 = 32;

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The name.
    pub name: String,
    /// The user.
    pub user: UserId,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the person owns the organisation.
    pub is_owner: bool,
}

/// Whether somebody owns an organisation.
pub(super) fn owns(account: &NxAccount, organisation: OrganisationId) -> bool {
    account.exists() && account.is_owner && account.organisation == Some(organisation)
}

/// The organisation, if the caller owns it or administers all. Others are refused like an organisation that does not exist. What was read must
/// not change before what rests on it is recorded.
pub(super) async fn managed(
    app: &App,
    caller: &Caller,
    id: OrganisationId,
    administers: bool,
) -> Result<(Organisation, Vec<Seen>), Refusal> {
    let (account, of_account) = app.executor.read::<NxAccount>(caller.user).await?;
    let (organisation, of_organisation) = app.executor.read::<Organisation>(id).await?;
    let may = administers || owns(&account, id);
    match may && organisation.exists() && organisation.is_of_sign_up {
        true => Ok((organisation, vec![of_account, of_organisation])),
        false => Err(unknown()),
    }
}

pub(super) fn unknown() -> Refusal {
    let message = "there is no such organisation";
    Refusal::new(RefusalKind::NotFound, "unknown_organisation", message)
}

pub(super) fn is_conflict(error: &ExecuteError) -> bool {
    matches!(error, ExecuteError::Rejected(Rejection::Conflict { .. }))
}

/// The members of an organisation, in the order of their names. `administers` says whether the caller administers all organisations.
pub async fn members(
    app: &App,
    caller: &Caller,
    id: OrganisationId,
    administers: bool,
) -> Result<Vec<Member>, Refusal> {
    let (organisation, _) = managed(app, caller, id, administers).await?;
    // All at once, so that one look-up reads many of them.
    let accounts = organisation.members.iter().map(async |user| {
        let (account, _) = app.executor.read::<NxAccount>(*user).await?;
        Ok::<_, Refusal>(Member {
            is_owner: owns(&account, id),
            name: account.name,
            user: *user,
            email: account.email,
        })
    });
    let mut members = try_join_all(accounts).await?;
    members.sort();
    Ok(members)
}

/// Removes a member: the person keeps the user and the account, but reads the licences of the organisation no longer. All invitations of the
/// organisation that nobody has followed yet end, too, the person's own among them.
pub async fn remove_member(
    app: &App,
    caller: &Caller,
    id: OrganisationId,
    administers: bool,
    user: UserId,
) -> Result<Appended, Refusal> {
    let mut attempt = 1;
    loop {
        caller.may_still(app)?;
        let (organisation, mut seen) = managed(app, caller, id, administers).await?;
        if !organisation.members.contains(&user) {
            return Err(Refusal::not_found("member"));
        }
        let (state, of_user) = app.executor.read::<User>(user).await?;
        let licences = licences_of(id)?;
        let rights = state
            .permissions
            .values()
            .filter(|permission| permission.resource == licences);
        let mut commands: Vec<Command> = rights
            .map(|permission| Command::User(user, UserCommand::RevokePermission { id: permission.id }))
            .collect();
        commands.push(Command::NxAccount(
            user,
            NxAccountCommand::LeaveOrganisation { organisation: id },
        ));
        commands.push(Command::Organisation(
            id,
            OrganisationCommand::RemoveMember { user },
        ));
        seen.push(of_user);
        let metadata = caller.metadata();
        let executed = app.executor.execute_unless_changed(commands, &metadata, &seen);
        match executed.await {
            Err(error) if is_conflict(&error) && attempt < ATTEMPTS => attempt += 1,
            executed => return Ok(executed?),
        }
    }
}
