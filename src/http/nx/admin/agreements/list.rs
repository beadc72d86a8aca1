//! `GET /auth/admin/agreements`

use axum::{Json, extract::State, response::Response};
use projections::{
    Sorting,
    licences::{self, AgreementSort},
};
use server::{App, Asks, ByPath, FreshAtStart, Query, Refusal};

use crate::{list::part, wire::AgreementOut};

/// The agreements, in the order of their names.
#[utoipa::path(get, operation_id = "nx_get_agreements", path = "/auth/admin/agreements", tag = "nx",
    params(
        ("Offset" = Option<String>, Query, description = "How many agreements come before; default 0", example = "0"),
        ("Limit" = Option<String>, Query, description = "At most this many; default 100, and no more than 1,000", example = "100")
    ),
    responses((status = 200, description = "The agreements", body = Vec<AgreementOut>)))]
pub(crate) async fn get_agreements(
    State(app): State<App>,
    asks: Asks<ByPath>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let part = part(&query)?;
    let turn = asks.turn(&app).await?;
    let answer = turn.answer(async move |_| {
        let by_name = Sorting {
            by: AgreementSort::Name,
            descending: false,
        };
        let found = licences::agreements(app.ledger().db(), by_name, part).await?;
        let shown: Vec<AgreementOut> = found.rows.iter().map(AgreementOut::from).collect();
        Ok(Json(shown))
    });
    answer.await
}
