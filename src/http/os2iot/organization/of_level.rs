//! `GET /api/v1/organization/applicationAdmin` and `GET /api/v1/organization/gatewayAdmin`

use std::collections::BTreeSet;

use aggregates::values::OrganisationId;
use authorization::Reach;
use axum::{Json, extract::State, response::Response};
use projections::{numbered::Among, organisations, organisations::OrganisationSort};
use server::{App, Asks, FreshAtStart, Policy, Query, Refusal, organisations::reach};

use super::list::SORTS;
use crate::{
    guard::{APPLICATION_ADMIN, GATEWAY_ADMIN, Person},
    list::{ListOut, part, sorting},
    wire::{OrganizationOut, organizations_out},
};

/// The organisations in which the caller administers applications: all, for a global administrator.
#[utoipa::path(get, operation_id = "os2iot_get_organizations_of_application_admin", path = "/api/v1/organization/applicationAdmin", tag = "os2iot", responses(
    (status = 200, description = "The organisations", body = ListOut<OrganizationOut>)
))]
pub(crate) async fn get_organizations_of_application_admin(
    State(app): State<App>,
    asks: Asks<Person<APPLICATION_ADMIN>>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    with_level(app, asks, &query, |reach| reach.application_admin).await
}

/// The organisations in which the caller administers gateways: all, for a global administrator.
#[utoipa::path(get, operation_id = "os2iot_get_organizations_of_gateway_admin", path = "/api/v1/organization/gatewayAdmin", tag = "os2iot", responses(
    (status = 200, description = "The organisations", body = ListOut<OrganizationOut>)
))]
pub(crate) async fn get_organizations_of_gateway_admin(
    State(app): State<App>,
    asks: Asks<Person<GATEWAY_ADMIN>>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    with_level(app, asks, &query, |reach| reach.gateway_admin).await
}

async fn with_level<P: Policy + 'static>(
    app: App,
    asks: Asks<P>,
    query: &Query,
    of: fn(Reach) -> BTreeSet<OrganisationId>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (part, sorting) = (part(query)?, sorting(query, SORTS, OrganisationSort::Id)?);
    let turn = asks.turn(&app).await?;
    let reach = reach(&app, asks.caller());
    let answer = turn.answer(async move |_| {
        let is_global = reach.is_global;
        let own: Vec<OrganisationId> = of(reach).into_iter().collect();
        let among = match is_global {
            true => Among::All,
            false => Among::These(&own),
        };
        let found = organisations::page(app.ledger().db(), among, sorting, part).await?;
        let shown = organizations_out(app.ledger().db(), &found.rows).await?;
        Ok(Json(ListOut::of(&found, shown)))
    });
    answer.await
}
