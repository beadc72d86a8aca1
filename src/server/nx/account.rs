//! The account of a user.

use aggregates::{
    Command,
    nx_account::{ChangeNxAccount, NxAccount, NxAccountCommand, OpenNxAccount},
    organisation::Organisation,
    values::{OrganisationId, Title, UserId},
};
use ledger::Appended;

use crate::{app::App, caller::Caller, refusal::Refusal};

/// What the face shows of a person.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The user.
    pub user: UserId,
    /// The name; of a user without an account, the username.
    pub name: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The organisation of which the person is a member, and its name.
    pub organisation: Option<(OrganisationId, String)>,
}

/// What the face shows of a user, if there is one.
pub async fn profile(app: &App, user: UserId) -> Result<Option<Profile>, Refusal> {
    if !app.user_exists(user).await? {
        return Ok(None);
    }
    let (account, _) = app.executor.read::<NxAccount>(user).await?;
    let organisation = match account.organisation {
        Some(id) => Some((id, app.executor.read::<Organisation>(id).await?.0.name)),
        None => None,
    };
    let username = app.ledger().authorization().username(user);
    let named = account.exists();
    let name = Some(account.name).filter(|_| named);
    Ok(Some(Profile {
        user,
        name: name.or(username).unwrap_or_default(),
        email: account.email,
        organisation,
    }))
}

/// Changes what the face shows of a user. A user who has no account gets one without an address.
pub async fn change(
    app: &App,
    caller: &Caller,
    user: UserId,
    change: ChangeNxAccount,
) -> Result<Appended, Refusal> {
    let (account, _) = app.executor.read::<NxAccount>(user).await?;
    if account.exists() {
        let command = Command::NxAccount(user, NxAccountCommand::Change(change));
        return caller.execute(app, vec![command]).await;
    }
    let username = app.ledger().authorization().username(user);
    let named = || Title::parse(username.as_deref().unwrap_or_default());
    let open = OpenNxAccount {
        name: change.name.map_or_else(named, Ok)?,
        email: None,
        is_verified: false,
        phone: change.phone.flatten(),
        job_title: None,
        newsletter: change.newsletter.unwrap_or(false),
        organisation: None,
        is_owner: false,
    };
    let command = Command::NxAccount(user, NxAccountCommand::Open(open));
    caller.execute(app, vec![command]).await
}
