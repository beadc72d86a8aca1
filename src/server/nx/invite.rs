//! Invitations into an organisation, by mail.
//!
//! Nothing is stored: the token of the link is a keyed digest of who invites, the organisation, the address, and how many members have left so far.
//! So all open invitations end when a member leaves or is removed, and nobody who was removed comes back by an old one.

use std::{sync::Arc, time::Duration};

use aggregates::{
    Command,
    nx_account::{NxAccount, NxAccountCommand, OpenNxAccount},
    organisation::{Organisation, OrganisationCommand},
    user::UserCommand,
    values::{Context, Email, Operation, OrganisationId, Title, UserId, Username},
};
use ledger::{Appended, Seen};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    links::{Claimed, Links, Purpose},
    members::{is_conflict, managed, owns},
    sign_up::{creation, reads_licences},
};
use crate::{
    app::App,
    caller::{Caller, Origin},
    identity::passwords::MayHash,
    mail::{Mail, send},
    refusal::{Refusal, RefusalKind},
};

/// How long an invitation counts.
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often an invitation is decided again because something changed meanwhile.
const ATTEMPTS: u32 = 32;

/// Somebody who follows an invitation and has no account.
pub struct InvitedPerson {
    /// The address to which the invitation was sent, by which they sign in.
    pub email: Email,
    /// The password.
    pub password: Zeroizing<String>,
    /// The name.
    pub name: Title,
    /// The phone number.
    pub phone: Option<Title>,
    /// What they do at work.
    pub job_title: Option<Title>,
    /// Whether they want the newsletter.
    pub newsletter: bool,
}

/// The invitation of a link: the token, and the organisation and the address for which it was made.
#[derive(Clone, Copy)]
struct Invitation<'a> {
    token: &'a str,
    organisation: OrganisationId,
    email: &'a Email,
}

fn bound(organisation: OrganisationId, state: &Organisation, email: &Email) -> String {
    format!("{organisation} {} {}", state.departures, email.to_lowercase())
}

/// Sends an invitation to this address. `administers` says whether the caller administers all organisations. Nobody learns whether somebody
/// has an account with the address.
pub async fn invite(
    app: &App,
    caller: &Caller,
    id: OrganisationId,
    administers: bool,
    email: Email,
) -> Result<(), Refusal> {
    let (organisation, _) = managed(app, caller, id, administers).await?;
    let now = app.clock.now();
    app.mail_rate().admit(caller.address().network(), now)?;
    let Some(url) = app.live().public_url.clone() else {
        let message = "this server sends no links, since PUBLIC_URL is not set";
        return Err(Refusal::new(RefusalKind::Conflict, "no_public_url", message));
    };
    caller.may_still(app)?;
    if !app.mailed().admit(&email, now) {
        return Ok(());
    }
    let expires_at = now.plus(PATIENCE);
    let bound = bound(id, &organisation, &email);
    let token = app
        .links()
        .token(Purpose::Invite, caller.user, expires_at, &bound);
    let text = format!(
        "You are invited to an organisation. This link counts for seven days:\n\n\
         {}/auth/organisation/{id}/join?token={token}\n\n\
         If you do not expect it, do nothing.\n",
        url.trim_end_matches('/')
    );
    let subject = "An invitation to an organisation";
    send(
        app,
        Mail {
            to: email,
            subject,
            text,
        },
    );
    Ok(())
}

/// The organisation of an invitation that counts, and what must not change before it is followed.
async fn proved(app: &App, invitation: Invitation<'_>) -> Result<(Organisation, Vec<Seen>), Refusal> {
    let claimed: Claimed = Links::read(invitation.token).ok_or_else(no_link)?;
    let id = invitation.organisation;
    let (organisation, of_organisation) = app.executor.read::<Organisation>(id).await?;
    let (inviter, of_inviter) = app.executor.read::<NxAccount>(claimed.user).await?;
    let exists = organisation.exists() && organisation.is_of_sign_up;
    let bound = bound(id, &organisation, invitation.email);
    let is_proved = app
        .links()
        .proves(Purpose::Invite, &claimed, &bound, app.clock.now());
    let may_invite = owns(&inviter, id) || administers_all(app, claimed.user);
    match exists && is_proved && may_invite {
        true => Ok((organisation, vec![of_organisation, of_inviter])),
        false => Err(no_link()),
    }
}

/// The place of all licences: whoever may write there administers all organisations of this API.
pub const ADMINISTRATION: &str = "/auth/admin/licenses";

/// Whether a user administers the licences of all organisations, and so these.
pub fn administers_all(app: &App, user: UserId) -> bool {
    let authorization = app.ledger().authorization();
    authorization
        .check(user, Context::Http, Operation::Write, ADMINISTRATION)
        .allowed
}

/// Creates a user who is a member of the organisation, with the address that the invitation proves. Returns the username.
pub async fn sign_up_invited(
    app: &App,
    origin: &Origin,
    organisation: OrganisationId,
    token: &str,
    new: InvitedPerson,
) -> Result<String, Refusal> {
    let invitation = Invitation {
        token,
        organisation,
        email: &new.email,
    };
    proved(app, invitation).await?;
    let rules = Arc::clone(&app.live().password_rules);
    let password = rules.propose(&new.password, &[&*new.email, &*new.name])?;
    // Strangers share one place among the callers who set passwords, so they keep nobody else out.
    let (place, _) = app.new_passwords().place(UserId(Uuid::nil())).await?;
    let hash = app.passwords.hash(MayHash::during(&place), password).await?;
    drop(place);
    let user = UserId(app.entropy.uuid());
    let username = Username::parse(&user.to_string())?;
    let mut attempt = 1;
    loop {
        let (_, seen) = proved(app, invitation).await?;
        let open = OpenNxAccount {
            name: new.name.clone(),
            email: Some(new.email.clone()),
            is_verified: true,
            phone: new.phone.clone(),
            job_title: new.job_title.clone(),
            newsletter: new.newsletter,
            organisation: Some(organisation),
            is_owner: false,
        };
        let commands = vec![
            creation(app, (user, &username, &hash), organisation)?,
            Command::Organisation(organisation, OrganisationCommand::AddMember { user }),
            Command::NxAccount(user, NxAccountCommand::Open(open)),
        ];
        let metadata = origin.metadata(user);
        let executed = app.executor.execute_unless_changed(commands, &metadata, &seen);
        match executed.await {
            Err(error) if is_conflict(&error) && attempt < ATTEMPTS => attempt += 1,
            executed => {
                executed?;
                return Ok(username.to_string());
            }
        }
    }
}

/// Lets the caller, who is a member of no organisation, follow an invitation to their address.
pub async fn join(
    app: &App,
    caller: &Caller,
    organisation: OrganisationId,
    token: &str,
) -> Result<Appended, Refusal> {
    let mut attempt = 1;
    loop {
        caller.may_still(app)?;
        let (account, of_account) = app.executor.read::<NxAccount>(caller.user).await?;
        // Only an address that was proved is the caller's.
        let email = account.email.as_deref().filter(|_| account.is_verified);
        let email = Email::parse(email.ok_or_else(no_link)?)?;
        let invitation = Invitation {
            token,
            organisation,
            email: &email,
        };
        let (_, mut seen) = proved(app, invitation).await?;
        seen.push(of_account);
        let right = reads_licences(app, organisation)?;
        let mut commands = vec![
            Command::NxAccount(caller.user, NxAccountCommand::JoinOrganisation { organisation }),
            Command::Organisation(organisation, OrganisationCommand::AddMember { user: caller.user }),
        ];
        if account.organisation.is_none() {
            commands.push(Command::User(caller.user, UserCommand::GrantPermission(right)));
        }
        let metadata = caller.metadata();
        let executed = app.executor.execute_unless_changed(commands, &metadata, &seen);
        match executed.await {
            Err(error) if is_conflict(&error) && attempt < ATTEMPTS => attempt += 1,
            executed => return Ok(executed?),
        }
    }
}

fn no_link() -> Refusal {
    let message = "this invitation does not count, or no longer";
    Refusal::new(RefusalKind::Invalid, "link_ended", message)
}
