//! `GET /api/v1/api-key-info/organization`

use axum::extract::State;
use projections::organisations;
use server::{App, KeptJson, Permitted, Refusal, kept_of_rows};

use crate::{
    guard::Key,
    wire::{OrganizationOut, organization_out},
};

/// The organisation of the API key that asks, if it is one: the source document's example begins with this request.
#[utoipa::path(get, operation_id = "os2iot_get_organization_of_key", path = "/api/v1/api-key-info/organization", tag = "os2iot", responses(
    (status = 200, description = "The organisation", body = OrganizationOut),
    (status = 400, description = "The key is of no organisation, or of several")
))]
pub(crate) async fn get_organization_of_key(
    State(app): State<App>,
    Permitted(caller, reach): Permitted<Key>,
) -> Result<KeptJson, Refusal> {
    let organization = kept_of_rows(&app, &caller, "organization", async || {
        let mut own = reach.member_of.iter();
        let (Some(id), None, false) = (own.next(), own.next(), reach.is_global) else {
            return Err(Refusal::invalid("Bad Request"));
        };
        let found = organisations::find(app.ledger().db(), *id).await?;
        let found = found.ok_or_else(|| Refusal::not_found("organisation"))?;
        organization_out(app.ledger().db(), &found).await
    });
    organization.await
}
