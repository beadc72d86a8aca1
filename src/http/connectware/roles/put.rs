//! `PUT /api/roles/{id}`

use aggregates::{
    Command,
    role::{RoleCommand, UpdateRole},
    user::{UpdateUser, UserCommand},
    values::{RoleId, RoleName},
};
use axum::{Json, extract::State};
use projections::role_directory::{self, RoleRow};
use serde::Deserialize;
use utoipa::ToSchema;

use super::users_own;
use crate::wire::{PermissionIn, RoleOut, permissions};
use server::{
    App, ByPath, Conflicts, JsonBody, Missing, PathOf, Permitted, Refusal, Refusals, Rehearse, Wrote,
    sole_holder,
};

/// What to change; absent fields stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"name": "operators", "isShared": true, "permissions": [
    {"resource": "/api/users/#", "operation": "readWrite", "context": "http"}
]}))]
pub(crate) struct RoleChange {
    /// By the same rules as for a new role; an older name that breaks them may stay.
    name: Option<String>,
    is_shared: Option<bool>,
    /// Exactly these.
    #[schema(max_items = 1000)]
    permissions: Option<Vec<PermissionIn>>,
}

/// Changes a role.
#[utoipa::path(put, path = "/api/roles/{id}", tag = "roles",
    params(("id" = String, Path, format = "uuid", description = "Id of the role")), request_body = RoleChange,
    responses((status = 200, description = "The role", body = RoleOut), Refusals, Missing, Conflicts))]
pub(crate) async fn put_role(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<RoleChange>,
) -> Result<Wrote<Json<RoleOut>>, Refusal> {
    let (before, commands) = body.commands(&app, &id).await?;
    let appended = caller.execute(&app, commands).await?;
    // If the user has no permissions of their own any more, this role does not exist any more. The answer still shows
    // the requested state.
    let after = role_directory::find(app.ledger().db(), before.id)
        .await?
        .unwrap_or(RoleRow {
            permissions: Vec::new(),
            more_permissions: false,
            ..before
        });
    Ok(Wrote(appended.position, Json(RoleOut::from(&after))))
}

impl Rehearse<1> for RoleChange {
    const COMPARABLE: bool = true;

    async fn rehearse(self, app: &App, [id]: [&str; 1]) -> Result<Vec<Command>, Refusal> {
        Ok(self.commands(app, id).await?.1)
    }
}

impl RoleChange {
    /// The present role, and the commands that change it.
    async fn commands(&self, app: &App, id: &str) -> Result<(RoleRow, Vec<Command>), Refusal> {
        let id = RoleId::parse(id)?;
        let sent = self.permissions.as_deref();
        let permissions = sent
            .map(|sent| permissions(sent, app.entropy.as_ref()))
            .transpose()?;
        let name = self.name.as_deref();
        let Some(before) = role_directory::find(app.ledger().db(), id).await? else {
            name.map(RoleName::parse).transpose()?;
            return Err(Refusal::not_found("role"));
        };
        let renamed = match name {
            Some(name) => RoleName::another(&before.name, name)?.is_some(),
            None => false,
        };
        let commands = match before.owner {
            None => {
                let mut commands = vec![Command::Role(
                    id,
                    RoleCommand::Update(UpdateRole {
                        name: self.name.clone(),
                        is_shared: self.is_shared,
                        permissions,
                    }),
                )];
                if self.is_shared == Some(false) && before.is_shared {
                    commands.extend(sole_holder(app, id).await?);
                }
                commands
            }
            Some(user) => {
                if renamed || self.is_shared == Some(true) {
                    return Err(users_own(user));
                }
                vec![Command::User(
                    user,
                    UserCommand::Update(UpdateUser {
                        permissions,
                        ..UpdateUser::default()
                    }),
                )]
            }
        };
        Ok((before, commands))
    }
}
