//! `/api/v1/organization`

mod delete;
mod get;
mod list;
mod minimal;
mod of_level;
mod post;
mod put;

use aggregates::values::Title;
use serde::Deserialize;
use server::App;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::fields::{Fields, FromFields};

pub(crate) use minimal::own_organisations;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(post::post_organization))
        .routes(routes!(put::put_organization))
        .routes(routes!(delete::delete_organization))
        .routes(routes!(list::get_organizations))
        .routes(routes!(minimal::get_organizations_minimal))
        .routes(routes!(of_level::get_organizations_of_application_admin))
        .routes(routes!(of_level::get_organizations_of_gateway_admin))
        .routes(routes!(get::get_organization))
}

/// An organisation to found or to rename.
#[derive(Deserialize, ToSchema)]
#[schema(as = Os2iotNewOrganization)]
pub(crate) struct OrganizationIn {
    /// The name, unique among organisations: 1 to 50 characters.
    #[schema(value_type = String, example = "Aarhus")]
    pub(crate) name: Option<Title>,
}

impl FromFields for OrganizationIn {
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.title("name", true, 1, 50),
        }
    }
}
