//! A user who has forgotten the password gets a mail with a link, and sets another one.

use std::{sync::Arc, time::Duration};

use aggregates::{
    Command,
    nx_account::{NxAccount, claims::of_email},
    user::{User, UserCommand},
    values::{Email, UserId},
};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::links::{Claimed, Links, Purpose};
use crate::{
    app::App,
    caller::Origin,
    identity::passwords::MayHash,
    mail::{Mail, send},
    refusal::{Refusal, RefusalKind},
};

/// How long the link counts.
const PATIENCE: Duration = Duration::from_secs(3600);
/// How often a reset is decided again because the user changed meanwhile.
const ATTEMPTS: u32 = 4;

/// The user of a verified e-mail address on the face of Nx.
pub async fn user_of_email(app: &App, email: &Email) -> Result<Option<UserId>, Refusal> {
    let holder = app.ledger().holder(&of_email(email)).await?;
    Ok(holder.map(UserId))
}

/// Sends a link to the user of this address, if there is one. Nobody learns whether there is: all of it happens after the answer.
pub fn forget_password(app: &App, origin: &Origin, email: Email) -> Result<(), Refusal> {
    app.mail_rate()
        .admit(origin.address().network(), app.clock.now())?;
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(refusal) = mail_link(&app, email).await {
            tracing::warn!(
                code = refusal.code,
                "the mail with the link for another password is not sent"
            );
        }
    });
    Ok(())
}

async fn mail_link(app: &App, email: Email) -> Result<(), Refusal> {
    let Some(user) = user_of_email(app, &email).await? else {
        return Ok(());
    };
    let (state, _) = app.executor.read::<User>(user).await?;
    let (Some(hash), true) = (&state.password_hash, state.may_log_in_by_password()) else {
        return Ok(());
    };
    let Some(url) = app.live().public_url.clone() else {
        tracing::warn!(
            "PUBLIC_URL is not set, so the mail with the link for another password cannot be written"
        );
        return Ok(());
    };
    if !app.mailed().admit(&email, app.clock.now()) {
        return Ok(());
    }
    let expires_at = app.clock.now().plus(PATIENCE);
    let token = app.links().token(Purpose::Reset, user, expires_at, hash.as_str());
    let text = format!(
        "Somebody wants to set another password for the account with this address. If it was you, this link counts for an hour:\n\n\
         {}/auth/authenticate/reset-password?token={token}\n\n\
         If it was not you, do nothing: the password stays as it is.\n",
        url.trim_end_matches('/')
    );
    // The address as the account has it, not as somebody typed it.
    let (account, _) = app.executor.read::<NxAccount>(user).await?;
    let to = account.email.as_deref().unwrap_or(&email);
    send(
        app,
        Mail {
            to: Email::parse(to)?,
            subject: "Set another password",
            text,
        },
    );
    Ok(())
}

/// Sets another password by the token of a link. It ends with the first use, as do all other tokens, and all sessions of the user end. A password that breaks
/// a rule uses no token up. Returns the position.
pub async fn reset_password(
    app: &App,
    origin: &Origin,
    token: &str,
    password: Zeroizing<String>,
) -> Result<i64, Refusal> {
    let claimed = Links::read(token).ok_or_else(no_link)?;
    let user = claimed.user;
    proved(app, &claimed, &app.executor.read::<User>(user).await?.0)?;
    let username = app.ledger().authorization().username(user).unwrap_or_default();
    let rules = Arc::clone(&app.live().password_rules);
    let mut attempt = 1;
    loop {
        let (state, seen) = app.executor.read::<User>(user).await?;
        proved(app, &claimed, &state)?;
        let last = state
            .password_hash
            .clone()
            .into_iter()
            .chain(state.earlier_passwords);
        let new = rules.propose(&password, &[&username])?.unlike(last);
        // Strangers share one place among the callers who set passwords, so they keep nobody else out.
        let (place, _) = app.new_passwords().place(UserId(Uuid::nil())).await?;
        let password_hash = app.passwords.hash(MayHash::during(&place), new).await?;
        drop(place);
        let commands = vec![Command::User(user, UserCommand::SetPassword { password_hash })];
        let metadata = origin.metadata(user);
        let unchanged = [seen];
        let executed = app
            .executor
            .execute_unless_changed(commands, &metadata, &unchanged);
        match executed.await {
            Ok(appended) => return Ok(appended.position),
            Err(error) if is_conflict(&error) && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

fn is_conflict(error: &ledger::ExecuteError) -> bool {
    matches!(
        error,
        ledger::ExecuteError::Rejected(ledger::Rejection::Conflict { .. })
    )
}

/// Refuses a token that does not count for the user as they are now.
fn proved(app: &App, claimed: &Claimed, state: &User) -> Result<(), Refusal> {
    let hash = state
        .password_hash
        .as_ref()
        .filter(|_| state.may_log_in_by_password());
    let hash = hash.ok_or_else(no_link)?;
    match app
        .links()
        .proves(Purpose::Reset, claimed, hash.as_str(), app.clock.now())
    {
        true => Ok(()),
        false => Err(no_link()),
    }
}

fn no_link() -> Refusal {
    let message = "this link does not count, or no longer: ask for another one";
    Refusal::new(RefusalKind::Invalid, "link_ended", message)
}
