//! `GET /api/v1/organization`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State, response::Response};
use projections::{numbered::Among, organisations, organisations::OrganisationSort};
use server::{App, Asks, FreshAtStart, Query, Refusal, organisations::reach};

use crate::{
    guard::{Person, USER_ADMIN},
    list::{ListOut, part, sorting},
    wire::{OrganizationOut, organizations_out},
};

/// By what organisations are sorted.
pub(super) const SORTS: &[(&str, OrganisationSort)] =
    &[("id", OrganisationSort::Id), ("name", OrganisationSort::Name)];

/// The organisations whose users the caller administers: all, for a global administrator.
#[utoipa::path(get, operation_id = "os2iot_get_organizations", path = "/api/v1/organization", tag = "os2iot",
    params(
        ("limit" = Option<String>, Query, description = "At most this many; default 100", example = "100"),
        ("offset" = Option<String>, Query, description = "After this many; default 0", example = "0"),
        ("orderOn" = Option<String>, Query, description = "`id` or `name`"),
        ("sort" = Option<String>, Query, description = "`ASC` or `DESC`")
    ),
    responses((status = 200, description = "The organisations", body = ListOut<OrganizationOut>)))]
pub(crate) async fn get_organizations(
    State(app): State<App>,
    asks: Asks<Person<USER_ADMIN>>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (part, sorting) = (part(&query)?, sorting(&query, SORTS, OrganisationSort::Id)?);
    let turn = asks.turn(&app).await?;
    let reach = reach(&app, asks.caller());
    let answer = turn.answer(async move |_| {
        let own: Vec<OrganisationId> = reach.user_admin.iter().copied().collect();
        let among = match reach.is_global {
            true => Among::All,
            false => Among::These(&own),
        };
        let found = organisations::page(app.ledger().db(), among, sorting, part).await?;
        let shown = organizations_out(app.ledger().db(), &found.rows).await?;
        Ok(Json(ListOut::of(&found, shown)))
    });
    answer.await
}
