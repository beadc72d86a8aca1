//! `GET /api/client-registry`

use aggregates::registration::WishedPermission;
use axum::{Json, extract::State, response::Response};
use projections::registrations::{self, RegistrationRow};
use serde::Serialize;
use utoipa::ToSchema;

use server::{App, Asks, ByPath, FreshAtStart, Refusal, Refusals};

/// A device that asked to be let in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Registration)]
pub(crate) struct RegistrationOut {
    /// When the device asked.
    #[schema(format = "date-time", example = "2026-01-31T12:00:00.000Z")]
    timestamp: String,
    #[schema(example = "iot.device.0123456")]
    username: String,
    /// `password` or `certificate`.
    #[schema(example = "password")]
    credential_type: &'static str,
    /// The names of the roles for which the device asks. There may be no such roles.
    roles: Vec<String>,
    /// What the device says about itself.
    context: Option<String>,
    /// The permissions for which the device asks.
    permissions: Vec<WishedPermissionOut>,
    /// Whether the device was let in.
    granted: bool,
}

/// A permission for which a device asks.
#[derive(Serialize, ToSchema)]
#[schema(as = WishedPermission)]
pub(crate) struct WishedPermissionOut {
    #[schema(example = "press/7/#")]
    resource: String,
    /// `read`, `write` or `readWrite`.
    #[schema(example = "write")]
    operation: &'static str,
    /// `http` or `mqtt`.
    #[schema(example = "mqtt")]
    context: &'static str,
}

impl From<RegistrationRow> for RegistrationOut {
    fn from(row: RegistrationRow) -> Self {
        Self {
            timestamp: row.requested_at.to_millis_string(),
            username: row.username,
            credential_type: row.credential.as_str(),
            roles: row.wishes.roles,
            context: row.wishes.context,
            permissions: row
                .wishes
                .permissions
                .iter()
                .map(WishedPermissionOut::from)
                .collect(),
            granted: row.granted,
        }
    }
}

impl From<&WishedPermission> for WishedPermissionOut {
    fn from(wished: &WishedPermission) -> Self {
        Self {
            resource: wished.resource.to_string(),
            operation: wished.operation.as_str(),
            context: wished.context.as_str(),
        }
    }
}

/// The devices that asked to be let in, oldest first: those that are pending, and those that were let in before their request would have
/// expired.
#[utoipa::path(get, path = "/api/client-registry", tag = "client-registry", responses(
    (status = 200, description = "The registrations", body = Vec<RegistrationOut>), Refusals
))]
pub(crate) async fn get_client_registry(
    State(app): State<App>,
    asks: Asks<ByPath>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        let rows = registrations::list(app.ledger().db(), app.clock.now()).await?;
        let rows = rows.into_iter().map(RegistrationOut::from);
        Ok(Json(rows.collect::<Vec<_>>()))
    });
    read.await
}
