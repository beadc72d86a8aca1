//! `/auth/organisation/{uuid}`: members of the organisation of somebody who signed up.

mod invite;
mod join;
mod members;
mod remove;
mod sign_up;

use aggregates::values::{Operation, OrganisationId};
use server::{App, Caller, Refusal, RefusalKind, within};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter},
    routes,
};

use crate::{FIFTEEN, FIVE, guard::ADMINISTRATION};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(within(FIVE, of(routes!(members::get_members))))
        .merge(within(FIVE, of(routes!(remove::delete_member))))
        .merge(within(FIVE, of(routes!(invite::post_invite))))
        .merge(within(FIVE, of(routes!(join::post_join))))
        .merge(within(FIFTEEN, of(routes!(sign_up::post_sign_up))))
}

fn of(routes: UtoipaMethodRouter<App>) -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes)
}

/// The organisation of a path, and whether the caller administers all of them.
fn managed(app: &App, caller: &Caller, id: &str) -> Result<(OrganisationId, bool), Refusal> {
    caller.must_be_person()?;
    let administers = caller.may(app, Operation::Write, ADMINISTRATION);
    Ok((organisation(id)?, administers))
}

/// The id in a path. What is none is unknown.
fn organisation(id: &str) -> Result<OrganisationId, Refusal> {
    let unknown = || {
        let message = "there is no such organisation";
        Refusal::new(RefusalKind::NotFound, "unknown_organisation", message)
    };
    OrganisationId::parse(id).map_err(|_| unknown())
}
