//! `GET /api/session`

use aggregates::values::Timestamp;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::PermissionOut;
use server::{App, Caller, KeptJson, Refusal, Refusals, kept};

/// The caller's session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    #[schema(example = "admin")]
    username: String,
    /// `null` with HTTP Basic.
    #[schema(example = "2026-02-01T12:00:00.000Z")]
    #[schema(format = "date-time")]
    expires_at: Option<String>,
    permissions: Vec<PermissionOut>,
    mfa: Mfa,
}

/// The second factor.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionMfa)]
pub(crate) struct Mfa {
    /// Whether one is enrolled.
    enabled: bool,
    /// Whether one must be.
    enforced: bool,
}

/// Who the caller is, until when, and what they may do. It needs no permission.
#[utoipa::path(get, path = "/api/session", tag = "login",
    responses((status = 200, description = "The session", body = Session), Refusals))]
pub(crate) async fn get_session(State(app): State<App>, caller: Caller) -> Result<KeptJson, Refusal> {
    kept(&app, &caller, "session", || session(&app, &caller))
}

fn session(app: &App, caller: &Caller) -> Result<Session, Refusal> {
    let authorization = app.ledger().authorization();
    let user = authorization
        .user(caller.user)
        .ok_or_else(Refusal::unauthenticated)?;
    let permissions = authorization.permissions(caller.user);
    Ok(Session {
        username: user.username.to_string(),
        expires_at: caller.expires_at.map(Timestamp::to_millis_string),
        permissions: permissions.iter().map(PermissionOut::from).collect(),
        mfa: Mfa {
            enabled: user.has_second_factor,
            enforced: user.enforce_mfa_enrollment,
        },
    })
}
