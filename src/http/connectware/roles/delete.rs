//! `DELETE /api/roles/{id}` and `DELETE /api/roles`

use aggregates::{
    role::RoleCommand,
    user::{UpdateUser, UserCommand},
    values::RoleId,
};
use axum::{extract::State, http::StatusCode};

use super::{Holder, holder};
use crate::{
    app::App,
    http::{Conflicts, JsonList, Missing, PathOf, Permitted, Problem, Refusals, Wrote},
    ledger::{Command, ExecuteError},
};

/// Removes a role, from all who hold it too.
#[utoipa::path(delete, path = "/api/roles/{id}", tag = "roles",
    params(("id" = String, Path, description = "Id of the role")),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub async fn delete_role(
    State(app): State<App>,
    Permitted(caller): Permitted,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<StatusCode>, Problem> {
    let command = command(&app, RoleId::parse(&id)?).await?;
    let appended = app.executor.execute(vec![command], &caller.metadata).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}

/// Removes several roles, all or none.
#[utoipa::path(delete, path = "/api/roles", tag = "roles",
    request_body(content = Vec<String>, description = "Ids of roles", example = json!(["6d756e69-6d65-4e74-8000-000000000002"])),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub async fn delete_roles(
    State(app): State<App>,
    Permitted(caller): Permitted,
    JsonList(ids): JsonList<String>,
) -> Result<Wrote<StatusCode>, Problem> {
    let mut commands = Vec::with_capacity(ids.len());
    for id in &ids {
        commands.push(
            command(&app, RoleId::parse(id)?)
                .await
                .map_err(|problem| problem.about(id))?,
        );
    }
    let appended = app
        .executor
        .execute(commands, &caller.metadata)
        .await
        .map_err(|error| match error {
            ExecuteError::Domain { index, error } => Problem::from(error).about(&ids[index]),
            other => other.into(),
        })?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}

async fn command(app: &App, id: RoleId) -> Result<Command, Problem> {
    Ok(match holder(app, id).await? {
        Holder::Role(id) => Command::Role(id, RoleCommand::Delete),
        Holder::User(user) => {
            let none = UpdateUser {
                permissions: Some(Vec::new()),
                ..UpdateUser::default()
            };
            Command::User(user, UserCommand::Update(none))
        }
    })
}
