//! `GET /api/v1/organization/minimal`

use aggregates::values::OrganisationId;
use authorization::Reach;
use axum::{Json, extract::State, response::Response};
use projections::{Part, Sorting, numbered::Among, organisations, organisations::OrganisationSort};
use server::{App, Asks, FreshAtStart, Refusal, organisations::reach};

use crate::{
    guard::{Person, READER},
    list::ListOut,
    wire::Named,
};

/// The most organisations in the answer.
const MOST: i64 = 10_000;

/// The numbers and names of the caller's own organisations: all, for a global administrator.
#[utoipa::path(get, operation_id = "os2iot_get_organizations_minimal", path = "/api/v1/organization/minimal", tag = "os2iot", responses(
    (status = 200, description = "The organisations", body = ListOut<Named>)
))]
pub(crate) async fn get_organizations_minimal(
    State(app): State<App>,
    asks: Asks<Person<READER>>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let turn = asks.turn(&app).await?;
    let reach = reach(&app, asks.caller());
    let answer = turn.answer(async move |_| own_organisations(&app, &reach).await.map(Json));
    answer.await
}

/// The numbers and names of the organisations in which somebody has a level.
pub(crate) async fn own_organisations(app: &App, reach: &Reach) -> Result<ListOut<Named>, Refusal> {
    let own: Vec<OrganisationId> = reach.member_of.iter().copied().collect();
    let among = match reach.is_global {
        true => Among::All,
        false => Among::These(&own),
    };
    let by_name = Sorting {
        by: OrganisationSort::Name,
        descending: false,
    };
    let part = Part {
        offset: 0,
        limit: MOST,
    };
    let found = organisations::page(app.ledger().db(), among, by_name, part).await?;
    let named = found.rows.iter().map(|row| Named {
        id: row.id.ordinal().get(),
        name: row.name.clone(),
    });
    Ok(ListOut::of(&found, named.collect()))
}
