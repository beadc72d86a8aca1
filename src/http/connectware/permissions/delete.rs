//! `DELETE /api/permissions`

use std::collections::HashMap;

use aggregates::{Command, role::RoleCommand, user::UserCommand, values::PermissionId};
use axum::{extract::State, http::StatusCode};
use projections::permission_usage;

use server::{App, ByPath, Conflicts, JsonList, Missing, Permitted, Refusal, Refusals, Wrote, done};

/// Removes permissions from the roles and users that have them, all or none.
#[utoipa::path(delete, path = "/api/permissions", tag = "permissions",
    request_body(content = server::Ids, description = "Ids of permissions", example = json!(["5b9a3f0e-8d0b-4d3c-9b0e-2f6f6f4f9a11"])),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn delete_permissions(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    body: JsonList<String>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let ids = body.ids(PermissionId::parse)?;
    let located = permission_usage::locate(app.ledger().db(), &ids).await?;
    let located: HashMap<_, _> = located.into_iter().map(|found| (found.id, found)).collect();
    let commands = ids
        .into_iter()
        .map(|id| {
            let found = located
                .get(&id)
                .ok_or_else(|| Refusal::not_found("permission").about(id))?;
            Ok(match found.owner {
                Some(user) => Command::User(user, UserCommand::RevokePermission { id }),
                None => Command::Role(found.role_id, RoleCommand::RemovePermission { id }),
            })
        })
        .collect::<Result<Vec<_>, Refusal>>()?;
    done(&app, &caller, commands).await
}
