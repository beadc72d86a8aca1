//! `DELETE /api/roles/{id}` and `DELETE /api/roles`

use std::collections::HashMap;

use aggregates::{
    Command,
    role::RoleCommand,
    user::{UpdateUser, UserCommand},
    values::{RoleId, UserId},
};
use axum::{extract::State, http::StatusCode};
use projections::role_directory;

use server::{
    App, ByPath, Conflicts, JsonList, Missing, PathOf, Permitted, Refusal, Refusals, Rehearse, Wrote, done,
    done_about,
};

/// Removes a role, from all who hold it too.
#[utoipa::path(delete, path = "/api/roles/{id}", tag = "roles",
    params(("id" = String, Path, format = "uuid", description = "Id of the role")),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn delete_role(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<StatusCode>, Refusal> {
    done(&app, &caller, RoleRemoval.rehearse(&app, [&id]).await?).await
}

/// A request without a body.
#[derive(Default)]
pub(crate) struct RoleRemoval;

impl Rehearse<1> for RoleRemoval {
    const COMPARABLE: bool = true;

    async fn rehearse(self, app: &App, [id]: [&str; 1]) -> Result<Vec<Command>, Refusal> {
        commands(app, &[RoleId::parse(id)?]).await
    }
}

/// Removes several roles, all or none.
#[utoipa::path(delete, path = "/api/roles", tag = "roles",
    request_body(content = server::Ids, description = "Ids of roles", example = json!(["6d756e69-6d65-4e74-8000-000000000002"])),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn delete_roles(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    body: JsonList<String>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let ids = body.ids(RoleId::parse)?;
    let commands = commands(&app, &ids).await?;
    done_about(&app, &caller, commands, &ids).await
}

/// The commands that delete the roles. If a role stands for a user's own permissions, they delete these permissions.
async fn commands(app: &App, ids: &[RoleId]) -> Result<Vec<Command>, Refusal> {
    let existing = role_directory::existing(app.ledger().db(), ids).await?;
    let owners: HashMap<RoleId, Option<UserId>> =
        existing.into_iter().map(|role| (role.id, role.owner)).collect();
    ids.iter()
        .map(|id| match owners.get(id) {
            None => Err(Refusal::not_found("role").about(id)),
            Some(None) => Ok(Command::Role(*id, RoleCommand::Delete)),
            Some(Some(user)) => {
                let none = UpdateUser {
                    permissions: Some(Vec::new()),
                    ..UpdateUser::default()
                };
                Ok(Command::User(*user, UserCommand::Update(none)))
            }
        })
        .collect()
}
