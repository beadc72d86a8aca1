//! `GET /auth/parameters`

use axum::Json;
use serde::Serialize;
use server::{App, Caller};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_parameters))
}

/// What this server offers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NxParameters)]
pub(crate) struct ParametersOut {
    #[serde(rename = "Features")]
    features: FeaturesOut,
}

/// The features.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NxFeatures)]
pub(crate) struct FeaturesOut {
    /// Licences are listed, and devices have seats on them.
    #[serde(rename = "Licenses")]
    licenses: bool,
    /// Licences are files that devices check without a connection.
    #[serde(rename = "LicenseFiles")]
    license_files: bool,
}

/// What this server offers. Whoever is signed in may ask.
#[utoipa::path(get, operation_id = "nx_get_parameters", path = "/auth/parameters", tag = "nx",
    responses((status = 200, description = "The features", body = ParametersOut)))]
pub(crate) async fn get_parameters(_: Caller) -> Json<ParametersOut> {
    let features = FeaturesOut {
        licenses: true,
        license_files: true,
    };
    Json(ParametersOut { features })
}
