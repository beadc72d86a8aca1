//! `POST /api/login`

use std::net::SocketAddr;

use aggregates::{
    Command,
    session::{IssueToken, SessionCommand},
    values::{Face, GrantMethod, SessionId, TokenLabel},
};
use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::HeaderMap,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::wire::PermissionOut;
use ledger::{ExecuteError, Refusal};
use server::{
    Authenticated, Conflicts, ErrorBody, JsonBody, Origin, Problem, Wrote, app::App, authenticate,
    settings::MOST_TOKEN_HOURS,
};

/// How often a password is verified again because the user changed meanwhile.
const ATTEMPTS: u32 = 4;

/// Who logs in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"username": "admin", "password": "secret-password", "expireTimeInHours": 8, "label": "my laptop"}))]
pub struct Login {
    username: String,
    #[schema(value_type = String)]
    password: Zeroizing<String>,
    /// How long the token is good; at least 1. Absent: as the server is set.
    expire_time_in_hours: Option<i64>,
    /// A note to know the token by.
    label: Option<String>,
}

/// A token and what it allows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedIn {
    /// A JWT, to be sent as `Authorization: Bearer`.
    #[schema(example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl")]
    token: String,
    #[schema(example = "2026-02-01T12:00:00.000Z")]
    expires_at: String,
    permissions: Vec<PermissionOut>,
    needs_mfa: bool,
    /// What `/api/mfa/login` wants when `needsMfa` is true.
    secret: Option<String>,
    #[serde(rename = "enforceMFAEnrollment")]
    enforce_mfa_enrollment: bool,
}

/// Logs in with a username and password.
#[utoipa::path(post, path = "/api/login", tag = "login", security(()), request_body = Login, responses(
    (status = 200, description = "A token", body = LoggedIn),
    (status = 400, description = "The request is not as it should be", body = ErrorBody),
    (status = 401, description = "Username or password is wrong, or this user may not log in this way", body = ErrorBody),
    (status = 429, description = "Too many are logging in; see Retry-After", body = ErrorBody),
    (status = 503, description = "The ledger does not answer", body = ErrorBody), Conflicts
))]
pub async fn post_login(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Login>,
) -> Result<Wrote<Json<LoggedIn>>, Problem> {
    let hours = body.expire_time_in_hours.unwrap_or(app.settings.token_hours);
    if !(1..=MOST_TOKEN_HOURS).contains(&hours) {
        return Err(Problem::invalid(format!(
            "expireTimeInHours must be from 1 to {MOST_TOKEN_HOURS}"
        )));
    }
    let label = TokenLabel::parse(body.label.as_deref().unwrap_or_default())?;
    let mut attempt = 1;
    let (user, token, expires_at, appended) = loop {
        let authenticated = authenticate(&app, &body.username, body.password.clone()).await?;
        let Authenticated { user, seen } = authenticated.ok_or_else(Problem::bad_credentials)?;
        let session = SessionId(app.entropy.uuid());
        let issued_at = app.clock.now();
        let expires_at = issued_at.plus_hours(hours);
        let (token, fingerprint) =
            app.tokens
                .sign(session, user, Face::Connectware, issued_at, expires_at)?;
        let issue = IssueToken {
            user_id: user,
            face: Face::Connectware,
            fingerprint,
            label: label.clone(),
            methods: vec![GrantMethod::Password],
            issued_at,
            expires_at,
        };
        let metadata = Origin::of(&headers, Some(address.ip())).metadata(user);
        let commands = vec![Command::Session(session, SessionCommand::IssueToken(issue))];
        match app
            .executor
            .execute_unless_changed(commands, &metadata, &[seen])
            .await
        {
            Ok(appended) => break (user, token, expires_at, appended),
            // The user has changed since the password was verified: it may be another now, or be hashed anew.
            Err(ExecuteError::Refused(Refusal::Conflict { .. })) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    };

    let authorization = app.ledger().authorization();
    let enforced = authorization
        .user(user)
        .is_some_and(|user| user.enforce_mfa_enrollment);
    let answer = LoggedIn {
        token,
        expires_at: expires_at.to_millis_string(),
        permissions: authorization
            .permissions(user)
            .iter()
            .map(PermissionOut::from)
            .collect(),
        needs_mfa: false,
        secret: None,
        enforce_mfa_enrollment: enforced,
    };
    Ok(Wrote(appended.position, Json(answer)))
}
