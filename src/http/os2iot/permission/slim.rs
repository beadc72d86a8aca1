//! `GET /api/v1/permission/applicationAdmin`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State, response::Response};
use projections::{groups, groups::GroupSort, numbered::Among};
use server::{App, Asks, FreshAtStart, Query, Refusal, organisations::reach};

use super::list::SORTS;
use crate::{
    guard::{APPLICATION_ADMIN, Person},
    list::{ListOut, ordinal, part, sorting},
    wire::{GroupOut, groups_out},
};

/// The user groups to which the caller may attach applications: those of the organisations in which they administer applications.
#[utoipa::path(get, operation_id = "os2iot_get_permissions_of_application_admin", path = "/api/v1/permission/applicationAdmin", tag = "os2iot",
    params(
        ("limit" = Option<String>, Query, description = "At most this many; default 100", example = "100"),
        ("offset" = Option<String>, Query, description = "After this many; default 0", example = "0"),
        ("orderOn" = Option<String>, Query, description = "`id`, `name`, `type` or `organisations`"),
        ("sort" = Option<String>, Query, description = "`ASC` or `DESC`"),
        ("organisationId" = Option<String>, Query, description = "Only those of this organisation", example = "3")
    ),
    responses((status = 200, description = "The groups", body = ListOut<GroupOut>)))]
pub(crate) async fn get_permissions_of_application_admin(
    State(app): State<App>,
    asks: Asks<Person<APPLICATION_ADMIN>>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (part, sorting) = (part(&query)?, sorting(&query, SORTS, GroupSort::Id)?);
    let within = ordinal(&query, "organisationId")?.map(OrganisationId::of);
    let turn = asks.turn(&app).await?;
    let reach = reach(&app, asks.caller());
    let organisations: Option<Vec<OrganisationId>> = match within {
        Some(one) if reach.is_global || reach.application_admin.contains(&one) => Some(vec![one]),
        Some(_) => return Err(Refusal::forbidden("read", "groups of this organisation")),
        None if reach.is_global => None,
        None => Some(reach.application_admin.into_iter().collect()),
    };
    let answer = turn.answer(async move |_| {
        let among = match &organisations {
            Some(organisations) => Among::Organisations(organisations),
            None => Among::All,
        };
        let db = app.ledger().db();
        let found = groups::page(db, among, sorting, part).await?;
        let shown = groups_out(db, &found.rows).await?;
        Ok(Json(ListOut::of(&found, shown)))
    });
    answer.await
}
