//! `POST /api/v1/api-key`

use axum::{Json, extract::State, http::StatusCode};
use server::{
    App, Permitted, Refusal, Wrote,
    organisations::{NewKey, issue_api_key},
};

use super::ApiKeyIn;
use crate::{
    fields::FieldsOf,
    guard::{Person, USER_ADMIN},
    wire::{ApiKeyOut, Seen, ToIssue},
};

/// Issues an API key. Only this answer has the key itself.
#[utoipa::path(post, operation_id = "os2iot_post_api_key", path = "/api/v1/api-key", tag = "os2iot", request_body = ApiKeyIn, responses(
    (status = 201, description = "The key", body = ApiKeyOut)
))]
pub(crate) async fn post_api_key(
    State(app): State<App>,
    Permitted(caller, reach): Permitted<Person<USER_ADMIN>>,
    FieldsOf(body): FieldsOf<ApiKeyIn>,
) -> Result<Wrote<(StatusCode, Json<ApiKeyOut>)>, Refusal> {
    let new = NewKey {
        groups: body.groups(),
        name: body.name.ok_or_else(Refusal::unavailable)?,
        expires_at: body.expires_on.flatten(),
    };
    let to_issue = ToIssue::read(app.ledger().db(), &new, &Seen::by(&reach), caller.user).await?;
    let (issued, appended) = issue_api_key(&app, &caller, new).await?;
    let at = appended.events.last().map(|event| event.recorded_at);
    let out = to_issue.issued(&issued, at.unwrap_or_else(|| app.clock.now()));
    Ok(Wrote(appended.position, (StatusCode::CREATED, Json(out))))
}
