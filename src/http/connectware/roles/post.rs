//! `POST /api/roles`

use aggregates::{
    Command,
    role::{CreateRole, RoleCommand},
    values::{RoleId, RoleName},
};
use axum::{Json, extract::State, http::StatusCode};
use projections::role_directory;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::wire::{PermissionIn, RoleOut, new_permissions};
use server::{App, ByPath, Conflicts, JsonBody, Permitted, Refusal, Refusals, Rehearse, Wrote};

/// A role to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"name": "operators", "isShared": true, "permissions": [
    {"resource": "/api/users/#", "operation": "read", "context": "http"}
]}))]
pub(crate) struct NewRole {
    /// 1 to 255 letters, digits, ASCII characters and single spaces. Unique: no other role's name differs only in upper and lower case
    /// or in compatibility forms of characters, such as full-width letters.
    name: String,
    /// Whether several users may hold it; default true.
    is_shared: Option<bool>,
    /// Made by a service, not by a person.
    #[serde(default)]
    auto_generated: bool,
    #[serde(default)]
    #[schema(max_items = 1000)]
    permissions: Vec<PermissionIn>,
}

/// Makes a role.
#[utoipa::path(post, path = "/api/roles", tag = "roles", request_body = NewRole, responses(
    (status = 201, description = "The role", body = RoleOut), Refusals, Conflicts
))]
pub(crate) async fn post_role(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    JsonBody(body): JsonBody<NewRole>,
) -> Result<Wrote<(StatusCode, Json<RoleOut>)>, Refusal> {
    let (id, command) = body.command(&app)?;
    let appended = caller.execute(&app, vec![command]).await?;
    let made = role_directory::find(app.ledger().db(), id)
        .await?
        .ok_or_else(|| Refusal::not_found("role"))?;
    Ok(Wrote(
        appended.position,
        (StatusCode::CREATED, Json(RoleOut::from(&made))),
    ))
}

impl Rehearse<0> for NewRole {
    const COMPARABLE: bool = true;

    async fn rehearse(self, app: &App, []: [&str; 0]) -> Result<Vec<Command>, Refusal> {
        Ok(vec![self.command(app)?.1])
    }
}

impl NewRole {
    /// The command that makes the role with a new id.
    fn command(&self, app: &App) -> Result<(RoleId, Command), Refusal> {
        let id = RoleId(app.entropy.uuid());
        let create = CreateRole {
            name: RoleName::parse(&self.name)?,
            is_shared: self.is_shared.unwrap_or(true),
            auto_generated: self.auto_generated,
            protected: false,
            permissions: new_permissions(&self.permissions, app.entropy.as_ref())?,
        };
        Ok((id, Command::Role(id, RoleCommand::Create(create))))
    }
}
