//! Who a client is: a service account that shows a secret (RFC 6749 section 2.3) or a certificate (RFC 8705 section 2).

use aggregates::{
    service_account::{ServiceAccount, ServiceAccountId},
    user::User,
    values::{GrantMethod, Timestamp, UserId},
};
use authorization::Methods;
use ledger::Seen;

use crate::{
    app::App,
    caller::Origin,
    evidence::Evidence,
    refusal::{Refusal, RefusalKind},
};

/// The code of the refusal of a client that did not prove who it is.
pub const INVALID_CLIENT: &str = "invalid_client";

/// What a client shows.
pub struct Shown<'a> {
    /// The id of the service account, as it was sent.
    pub id: &'a str,
    /// The secret; without one, the certificate of the connection counts.
    pub secret: Option<&'a str>,
    /// The realm that was asked; `None` if any will do.
    pub realm: Option<&'a str>,
}

/// A service account that has proved who it is.
pub(crate) struct Client {
    /// The user as whom it acts.
    pub(crate) user: UserId,
    /// How it has proved that.
    pub(crate) method: GrantMethod,
    /// When the proof ends, if that is known.
    pub(crate) not_after: Option<Timestamp>,
    /// What this rests on.
    pub(crate) seen: [Seen; 2],
    /// A position that the ledger had reached before.
    pub(crate) position: i64,
}

/// The refusal of a client. It leaves evidence, and tells the client nothing.
fn refused(user: Option<UserId>, reason: &'static str) -> Refusal {
    Evidence::client(user, reason).leave();
    let message = "the client did not prove who it is";
    Refusal::new(RefusalKind::Unauthenticated, INVALID_CLIENT, message)
}

/// Finds out which client it is. A stranger makes the server read no stream, and a wrong secret makes it do so once.
pub(crate) async fn authenticate_client(
    app: &App,
    origin: &Origin,
    shown: &Shown<'_>,
) -> Result<Client, Refusal> {
    let id = ServiceAccountId::parse(shown.id).map_err(|_| refused(None, "unknown_client"))?;
    let user = id.user();
    let claim = shown.secret.map(|secret| app.client_secrets().claim(id, secret));
    if claim.is_some_and(|claim| app.client_secrets().refused().has(&claim)) {
        return Err(match app.ledger().authorization().has_user(user) {
            true => refused(Some(user), "wrong_secret"),
            false => refused(None, "unknown_client"),
        });
    }
    let wrong = |user, reason| {
        if let Some(claim) = claim {
            app.client_secrets().refused().add(claim);
        }
        refused(user, reason)
    };
    app.ledger().follower().catch_up().await?;
    let position = app.ledger().authorization().position();
    if !app.ledger().authorization().has_user(user) {
        return Err(wrong(None, "unknown_client"));
    }
    if shown.secret.is_none() {
        by_certificate(app, origin, user)?;
    }
    let (account, seen) = app.executor.read::<ServiceAccount>(id).await?;
    if !account.is_open() {
        return Err(wrong(None, "unknown_client"));
    }
    if let Some(secret) = shown.secret {
        let digest = app.client_secrets().digest(secret);
        account
            .secret_with(&digest)
            .ok_or_else(|| wrong(Some(user), "wrong_secret"))?;
    }
    if !shown.realm.is_none_or(|realm| account.is_of_realm(realm)) {
        return Err(refused(Some(user), "other_realm"));
    }
    let (_, user_seen) = app.executor.read::<User>(user).await?;
    // A change of the user after they were seen is noticed when a token is recorded.
    app.ledger().follower().catch_up().await?;
    let (method, not_after) = match shown.secret {
        Some(_) => (GrantMethod::Token, None),
        None => (GrantMethod::Certificate, Some(by_certificate(app, origin, user)?)),
    };
    if !app.ledger().authorization().may_prove(user, Methods::BY_TOKEN) {
        return Err(refused(Some(user), "tokens_not_granted"));
    }
    Ok(Client {
        user,
        method,
        not_after,
        seen: [seen, user_seen],
        position,
    })
}

/// Refuses a client without a secret unless the certificate of the connection proves this user. Returns when the certificate ends.
fn by_certificate(app: &App, origin: &Origin, user: UserId) -> Result<Timestamp, Refusal> {
    let certificate = origin.certificate();
    let certificate = certificate.ok_or_else(|| refused(Some(user), "no_secret"))?;
    match certificate.proves(app) {
        Ok(of_certificate) if of_certificate == user => Ok(certificate.ends_at(app)),
        Ok(_) => Err(refused(Some(user), "other_certificate")),
        Err(refusal) if refusal.kind == RefusalKind::Unauthenticated => {
            Err(refused(Some(user), "wrong_certificate"))
        }
        Err(refusal) => Err(refusal),
    }
}

/// Refuses a client that does not prove who it is.
pub async fn prove_client(app: &App, origin: &Origin, shown: &Shown<'_>) -> Result<(), Refusal> {
    authenticate_client(app, origin, shown).await.map(drop)
}
