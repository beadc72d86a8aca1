//! `/api/v1/kombitCreation`: what the portal needs on every page (contracts/os2iot.md, "SAML")

mod create;
mod get;
mod minimal;
mod minimal_users;
mod update;

use std::collections::BTreeSet;

use aggregates::values::{Email, Ordinal, OrganisationId};
use server::App;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::fields::{Fields, FromFields};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::put_create))
        .routes(routes!(minimal::get_minimal))
        .routes(routes!(minimal_users::get_minimal_users))
        .routes(routes!(update::put_update))
        .routes(routes!(get::get_kombit_user))
}

/// Organisations for which somebody asks.
#[derive(ToSchema)]
#[schema(as = Os2iotRequestedOrganizations, rename_all = "camelCase")]
pub(crate) struct RequestIn {
    /// The address by which the caller will log in, if they have none yet.
    #[schema(value_type = Option<String>, example = "ada@example.org")]
    email: Option<Email>,
    /// The numbers of the organisations: at least one.
    #[schema(value_type = Vec<u32>)]
    requested_organization_ids: Option<BTreeSet<Ordinal>>,
}

impl FromFields for RequestIn {
    fn read(fields: &mut Fields) -> Self {
        Self {
            email: fields.email("email", false),
            requested_organization_ids: fields.ordinals("requestedOrganizationIds", true),
        }
    }
}

impl RequestIn {
    fn organisations(&self) -> BTreeSet<OrganisationId> {
        let ids = self.requested_organization_ids.iter().flatten();
        ids.copied().map(OrganisationId::of).collect()
    }
}
