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

/// Finds out which client it is.
pub(crate) async fn authenticate_client(
    app: &App,
    origin: &Origin,
    shown: &Shown<'_>,
) -> Result<Client, Refusal> {
    let id = ServiceAccountId::parse(shown.id).map_err(|_| refused(None, "unknown_client"))?;
    let user = id.user();
    app.ledger().follower().catch_up().await?;
    let position = app.ledger().authorization().position();
    let (account, seen) = app.executor.read::<ServiceAccount>(id).await?;
    let (_, user_seen) = app.executor.read::<User>(user).await?;
    if !account.is_open() {
        return Err(refused(None, "unknown_client"));
    }
    if !shown.realm.is_none_or(|realm| account.is_of_realm(realm)) {
        return Err(refused(Some(user), "other_realm"));
    }
    let (method, not_after) = match shown.secret {
        Some(secret) => {
            let digest = app.client_secrets().digest(secret);
            account
                .secret_with(&digest)
                .ok_or_else(|| refused(Some(user), "wrong_secret"))?;
            (GrantMethod::Token, None)
        }
        None => {
            let certificate = origin.certificate();
            let certificate = certificate.ok_or_else(|| refused(Some(user), "no_secret"))?;
            match certificate.proves(app) {
                Ok(of_certificate) if of_certificate == user => {
                    (GrantMethod::Certificate, Some(certificate.ends_at(app)))
                }
                Ok(_) => return Err(refused(Some(user), "other_certificate")),
                Err(refusal) if refusal.kind == RefusalKind::Unauthenticated => {
                    return Err(refused(Some(user), "wrong_certificate"));
                }
                Err(refusal) => return Err(refusal),
            }
        }
    };
    // A change of the user after it was seen is noticed when a token is recorded.
    app.ledger().follower().catch_up().await?;
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

/// Refuses a client that does not prove who it is.
pub async fn prove_client(app: &App, origin: &Origin, shown: &Shown<'_>) -> Result<(), Refusal> {
    authenticate_client(app, origin, shown).await.map(drop)
}
