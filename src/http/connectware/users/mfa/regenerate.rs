//! `POST /api/users/{id}/mfa/regenerate/backupcodes`

use aggregates::values::UserId;
use axum::{Json, extract::State};
use server::{
    App, ByPath, Conflicts, Missing, PathOf, Permitted, Refusal, Refusals, Wrote,
    identity::second_factor::replace_backup_codes_of,
};

use crate::mfa::{BackupCodesOut, backup_codes};

/// Replaces the back-up codes of a user who has a second factor. The earlier ones are void.
#[utoipa::path(post, path = "/api/users/{id}/mfa/regenerate/backupcodes", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "Id of the user")),
    responses((status = 200, description = "Ten back-up codes", body = BackupCodesOut), Refusals, Missing, Conflicts))]
pub(crate) async fn post_backup_codes_of_user(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<Json<BackupCodesOut>>, Refusal> {
    let codes = replace_backup_codes_of(&app, &caller, UserId::parse(&id)?).await?;
    Ok(backup_codes(codes))
}
