//! Strangers sign up: each gets a user, an account and an organisation of their own.

use std::{sync::Arc, time::Duration};

use aggregates::{
    Command,
    nx_account::{NxAccount, NxAccountCommand, OpenNxAccount, claims::of_email},
    organisation::OrganisationCommand,
    user::{CreateUser, UserCommand},
    values::{
        Context, Email, GrantMethod, GrantType, IdentityProvider, NX, Operation, OrganisationId,
        PasswordHash, Permission, PermissionId, Title, TopicFilter, UserId, Username,
    },
};
use ledger::Metadata;
use projections::ordinals::Numbered;
use uuid::Uuid;

use super::{
    invite::InvitedPerson,
    links::{Links, Purpose},
};
use crate::{
    app::App,
    caller::Origin,
    identity::passwords::MayHash,
    mail::{Mail, send},
    organisations::came_second,
    refusal::{Refusal, RefusalKind},
};

/// How long the link that proves an address counts.
const PATIENCE: Duration = Duration::from_secs(48 * 3600);

/// Who may sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUpMode {
    /// Nobody.
    Off,
    /// Whoever proves that the e-mail address is theirs. Until then, they cannot sign in.
    Verified,
    /// Anybody. The address counts at once.
    Open,
}

/// Somebody who signs up.
pub struct NewPerson {
    /// Who it is.
    pub person: InvitedPerson,
    /// The name of the organisation.
    pub company: Title,
}

/// What a sign-up leads to.
pub enum SignedUp {
    /// The user exists, and may sign in by this username.
    Ready {
        /// The username.
        username: String,
    },
    /// A mail says what to do next, whether the address is free or not.
    AwaitsMail,
}

/// Signs somebody up.
pub async fn sign_up(
    app: &App,
    origin: &Origin,
    mode: SignUpMode,
    new: NewPerson,
) -> Result<SignedUp, Refusal> {
    if mode == SignUpMode::Off {
        let message = "nobody can sign up at this server: ask an administrator";
        return Err(Refusal::new(RefusalKind::Conflict, "sign_up_off", message));
    }
    app.mail_rate()
        .admit(origin.address().network(), app.clock.now())?;
    let rules = Arc::clone(&app.live().password_rules);
    let password = rules.propose(&new.person.password, &[&*new.person.email, &*new.person.name])?;
    // Strangers share one place among the callers who set passwords, so they keep nobody else out.
    let (place, _) = app.new_passwords().place(UserId(Uuid::nil())).await?;
    let hash = app.passwords.hash(MayHash::during(&place), password).await?;
    drop(place);
    if mode == SignUpMode::Open {
        let (_, username) = create(app, origin, mode, &new, &hash).await?;
        return Ok(SignedUp::Ready {
            username: username.to_string(),
        });
    }
    // The rest happens after the answer, so neither the answer nor its time says whether the address is free.
    let (app, origin) = (app.clone(), origin.clone());
    tokio::spawn(async move {
        if let Err(refusal) = create_or_tell(&app, &origin, mode, new, &hash).await {
            tracing::warn!(code = refusal.code, "somebody who signed up is not created");
        }
    });
    Ok(SignedUp::AwaitsMail)
}

/// Creates the person and mails the link that proves the address, or tells the owner of the address that somebody tried.
async fn create_or_tell(
    app: &App,
    origin: &Origin,
    mode: SignUpMode,
    new: NewPerson,
    hash: &PasswordHash,
) -> Result<(), Refusal> {
    if !app.mailed().admit(&new.person.email, app.clock.now()) {
        return Ok(());
    }
    if app.ledger().is_taken(&of_email(&new.person.email)).await? {
        tell_owner(app, new.person.email);
        return Ok(());
    }
    let (user, _) = create(app, origin, mode, &new, hash).await?;
    ask_to_verify(app, user, new.person.email);
    Ok(())
}

/// Creates the user, the organisation and the account.
async fn create(
    app: &App,
    origin: &Origin,
    mode: SignUpMode,
    new: &NewPerson,
    hash: &PasswordHash,
) -> Result<(UserId, Username), Refusal> {
    let user = UserId(app.entropy.uuid());
    // Nobody can squat a name that only the server draws.
    let username = Username::parse(&user.to_string())?;
    let attempts = app.executor.attempts();
    loop {
        let organisation = OrganisationId::of(app.numbers().next(app, Numbered::Organisation).await?);
        let commands = commands(app, new, (user, &username, hash), organisation, mode)?;
        let metadata: Metadata = origin.metadata(user);
        match app.executor.execute(commands, &metadata).await {
            // Another node took the number of the organisation.
            Err(error) if came_second(&error) => attempts.again().await?,
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok((user, username)),
        }
    }
}

/// The commands that make the user, the organisation and the account.
fn commands(
    app: &App,
    new: &NewPerson,
    (user, username, hash): (UserId, &Username, &PasswordHash),
    organisation: OrganisationId,
    mode: SignUpMode,
) -> Result<Vec<Command>, Refusal> {
    Ok(vec![
        creation(app, (user, username, hash), organisation)?,
        Command::Organisation(
            organisation,
            OrganisationCommand::FoundBySignUp {
                name: new.company.clone(),
            },
        ),
        Command::Organisation(organisation, OrganisationCommand::AddMember { user }),
        Command::NxAccount(
            user,
            NxAccountCommand::Open(OpenNxAccount {
                name: new.person.name.clone(),
                email: Some(new.person.email.clone()),
                is_verified: mode == SignUpMode::Open,
                phone: new.person.phone.clone(),
                job_title: new.person.job_title.clone(),
                newsletter: new.person.newsletter,
                organisation: Some(organisation),
                is_owner: true,
            }),
        ),
    ])
}

/// The command that creates the user of a member of an organisation.
pub(super) fn creation(
    app: &App,
    (user, username, hash): (UserId, &Username, &PasswordHash),
    organisation: OrganisationId,
) -> Result<Command, Refusal> {
    let create = CreateUser {
        username: username.clone(),
        identity_provider: IdentityProvider::Local,
        auto_generated: false,
        mqtt_publish_prefix: None,
        grant_types: by_password(),
        enforce_mfa_enrollment: false,
        password_hash: Some(hash.clone()),
        must_change_password: false,
        roles: Vec::new(),
        permissions: vec![reads_licences(app, organisation)?],
        certificates: Vec::new(),
    };
    Ok(Command::User(user, UserCommand::Create(create)))
}

fn by_password() -> Vec<GrantType> {
    [GrantMethod::Password, GrantMethod::Token]
        .into_iter()
        .map(|method| GrantType {
            method,
            is_required: false,
        })
        .collect()
}

/// The right of a member of an organisation to read its licences.
pub(super) fn reads_licences(app: &App, organisation: OrganisationId) -> Result<Permission, Refusal> {
    Ok(Permission {
        id: PermissionId(app.entropy.uuid()),
        resource: licences_of(organisation)?,
        operation: Operation::Read,
        context: Context::Http,
    })
}

/// All licences of an organisation, as a pattern.
pub(super) fn licences_of(organisation: OrganisationId) -> Result<TopicFilter, Refusal> {
    Ok(TopicFilter::parse(&format!(
        "{NX}/o/{}/license/#",
        organisation.ordinal()
    ))?)
}

fn ask_to_verify(app: &App, user: UserId, email: Email) {
    let Some(url) = app.live().public_url.clone() else {
        tracing::warn!("PUBLIC_URL is not set, so the mail that proves an address cannot be written");
        return;
    };
    let expires_at = app.clock.now().plus(PATIENCE);
    let token = app.links().token(Purpose::Verify, user, expires_at, &email);
    let text = format!(
        "Somebody has signed up with this address. If it was you, follow this link within two days; then you can sign in:\n\n\
         {}/auth/user/verify?token={token}\n\n\
         If it was not you, do nothing.\n",
        url.trim_end_matches('/')
    );
    let subject = "Confirm your e-mail address";
    send(
        app,
        Mail {
            to: email,
            subject,
            text,
        },
    );
}

fn tell_owner(app: &App, email: Email) {
    let text = "Somebody has signed up with this address, but you have an account already. If it was you, sign in, or ask for another password. \
                If it was not you, do nothing.\n";
    let subject = "You have an account already";
    send(
        app,
        Mail {
            to: email,
            subject,
            text: text.to_owned(),
        },
    );
}

/// Verifies an e-mail address by the token of a link. Returns the position.
pub async fn verify_email(app: &App, origin: &Origin, token: &str) -> Result<i64, Refusal> {
    let claimed = Links::read(token).ok_or_else(no_link)?;
    let (account, _) = app.executor.read::<NxAccount>(claimed.user).await?;
    let exists = account.exists();
    let email = account.email.filter(|_| exists).ok_or_else(no_link)?;
    let now = app.clock.now();
    if !app.links().proves(Purpose::Verify, &claimed, &email, now) {
        return Err(no_link());
    }
    let command = Command::NxAccount(claimed.user, NxAccountCommand::VerifyEmail);
    let metadata = origin.metadata(claimed.user);
    Ok(app.executor.execute(vec![command], &metadata).await?.position)
}

fn no_link() -> Refusal {
    let message = "this link does not count, or no longer";
    Refusal::new(RefusalKind::Invalid, "link_ended", message)
}
