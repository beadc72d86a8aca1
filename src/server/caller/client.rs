//! Callers who are service accounts: they send their id and their secret.

use aggregates::values::{GrantMethod, UserId};
use authorization::Methods;

use super::{Caller, Origin, Proof};
use crate::{
    app::App,
    oauth::{Client, Shown, authenticate_client},
    refusal::Refusal,
};

/// The service account with this id and this secret, as the user as whom it acts.
pub(super) async fn by_client(app: &App, origin: Origin, id: &str, secret: &str) -> Result<Caller, Refusal> {
    let shown = Shown {
        id,
        secret: Some(secret),
        realm: None,
    };
    let Client { user, position, .. } = authenticate_client(app, &origin, &shown).await?;
    Ok(Caller {
        user,
        machine: None,
        session: None,
        expires_at: None,
        proof: Proof::Client(position),
        origin,
        request: None,
    })
}

/// Refuses a service account if a secret of it was withdrawn since `position`, or if its user may no longer get tokens.
pub(super) fn must_still_be(app: &App, user: UserId, position: i64) -> Result<(), Refusal> {
    let authorization = app.ledger().authorization();
    let is_proved = authorization.still_proved(user, GrantMethod::Token, position)
        && authorization.may_prove(user, Methods::BY_TOKEN);
    is_proved.then_some(()).ok_or_else(Refusal::unauthenticated)
}
