//! `/api/v1/auth`

mod login;
mod me;
mod profile;

use aggregates::values::AccountId;
use projections::{accounts, accounts::AccountRow};
use server::{App, Caller, Refusal};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(login::post_login))
        .routes(routes!(profile::get_profile))
        .routes(routes!(me::get_me))
}

/// The account of the caller, if it is in use. Whoever has none, or one that ended, is nobody on this face.
pub(crate) async fn own_account(app: &App, caller: &Caller) -> Result<(AccountId, AccountRow), Refusal> {
    caller.must_be_person()?;
    let account = accounts::find_by_user(app.ledger().db(), caller.user).await?;
    let now = app.clock.now();
    let account = account.filter(|account| account.may_act(now));
    let account = account.ok_or_else(Refusal::unauthenticated)?;
    Ok((account.id, account))
}
