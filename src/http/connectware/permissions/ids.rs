//! `GET /api/permissions/ids`

use aggregates::values::coiote::written;
use axum::{Json, extract::State, response::Response};
use projections::permission_usage;
use serde::Serialize;
use utoipa::ToSchema;

use server::{App, Asks, ByPath, FreshAtStart, Refusal, Refusals};

/// What several permissions have in common, and their ids.
#[derive(Serialize, ToSchema)]
pub(crate) struct PermissionIds {
    #[schema(example = "/api/users/#")]
    resource: String,
    #[schema(example = "read")]
    operation: &'static str,
    #[schema(example = "http")]
    context: &'static str,
    ids: Vec<String>,
}

/// The ids of all permissions, by what they say.
#[utoipa::path(get, path = "/api/permissions/ids", tag = "permissions",
    responses((status = 200, description = "Permissions", body = Vec<PermissionIds>), Refusals))]
pub(crate) async fn get_permission_ids(
    State(app): State<App>,
    asks: Asks<ByPath>,
) -> Result<FreshAtStart<Response>, Refusal> {
    // This reads all permissions.
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        let rights = permission_usage::ids(app.ledger().db()).await?;
        let rights = rights.into_iter().map(|right| {
            let (context, resource) = written(right.context, &right.resource);
            PermissionIds {
                resource: resource.into_owned(),
                operation: right.operation.as_str(),
                context,
                ids: right.ids.iter().map(ToString::to_string).collect(),
            }
        });
        Ok(Json(rights.collect::<Vec<_>>()))
    });
    read.await
}
