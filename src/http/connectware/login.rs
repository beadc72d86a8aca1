//! `POST /api/login`

use aggregates::values::{TokenLabel, UserId};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::wire::PermissionOut;
use server::{
    App, ErrorBody, JsonBody, Origin, Refusal, Wrote,
    identity::{ByPassword, Half, Lifetime, LogIn, LoggedIn, Owing, log_in, tokens::InToken},
    settings::MOST_TOKEN_HOURS,
};

/// Who logs in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"username": "admin", "password": "secret-password", "expireTimeInHours": 8, "label": "my laptop"}))]
pub(crate) struct Login {
    username: String,
    #[schema(value_type = String)]
    password: Zeroizing<String>,
    /// How long the token is good; at least 1. Absent: as the server is set. If this is longer than the server allows, the token is
    /// good for as long as it allows: `expiresAt` says until when.
    #[schema(minimum = 1, maximum = 1_000_000)]
    expire_time_in_hours: Option<i64>,
    /// A note to know the token by.
    label: Option<String>,
}

/// A token and what it allows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LoggedIn)]
pub(crate) struct LoggedInOut {
    /// A JWT, to be sent as `Authorization: Bearer`. `null` if `needsMfa`.
    #[schema(example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl")]
    token: Option<String>,
    #[schema(example = "2026-02-01T12:00:00.000Z")]
    #[schema(format = "date-time")]
    expires_at: Option<String>,
    permissions: Vec<PermissionOut>,
    needs_mfa: bool,
    /// What `/api/mfa/login` wants, within two minutes, when `needsMfa` is true.
    secret: Option<String>,
    #[serde(rename = "enforceMFAEnrollment")]
    enforce_mfa_enrollment: bool,
}

/// Logs in with a username and password.
#[utoipa::path(post, path = "/api/login", tag = "login", security(()), request_body = Login, responses(
    (status = 200, description = "A token; or `needsMfa`, if the user has a second factor", body = LoggedInOut),
    (status = 400, description = "The request is not as it should be", body = ErrorBody),
    (status = 401, description = "Username or password is wrong, or this user may not log in this way", body = ErrorBody),
    (status = 409, description = "The user has too many valid tokens (`too_many_sessions`)", body = ErrorBody),
    (status = 429, description = "Too many are logging in, or too many wrong passwords came from this address; see Retry-After", body = ErrorBody),
    (status = 503, description = "The ledger does not answer", body = ErrorBody)
))]
pub(crate) async fn post_login(
    State(app): State<App>,
    origin: Origin,
    JsonBody(body): JsonBody<Login>,
) -> Result<Wrote<Json<LoggedInOut>>, Refusal> {
    let hours = body.expire_time_in_hours.unwrap_or(app.live().token_hours);
    if !(1..=MOST_TOKEN_HOURS).contains(&hours) {
        return Err(Refusal::invalid(format!(
            "expireTimeInHours must be from 1 to {MOST_TOKEN_HOURS}"
        )));
    }
    let request = LogIn {
        username: &body.username,
        password: body.password,
        lifetime: Lifetime::hours(hours.unsigned_abs()),
        label: TokenLabel::parse(body.label.as_deref().unwrap_or_default())?,
        in_token: InToken::default(),
        owing: Owing::LogIn,
    };
    Ok(match log_in(&app, request, &origin).await? {
        ByPassword::LoggedIn(logged_in) => LoggedInOut::of(&app, logged_in),
        ByPassword::NeedsSecondFactor(half) => LoggedInOut::needs_mfa(&app, half),
    })
}

impl LoggedInOut {
    /// The answer with a token.
    pub(crate) fn of(app: &App, logged_in: LoggedIn) -> Wrote<Json<Self>> {
        let LoggedIn {
            user,
            token,
            expires_at,
            lifetime: _,
            position,
        } = logged_in;
        let permissions = app.ledger().authorization().permissions(user);
        let answer = Self {
            token: Some(token),
            expires_at: Some(expires_at.to_millis_string()),
            permissions: permissions.iter().map(PermissionOut::from).collect(),
            needs_mfa: false,
            secret: None,
            enforce_mfa_enrollment: enforced(app, user),
        };
        Wrote(position, Json(answer))
    }

    /// The answer that asks for the second factor.
    fn needs_mfa(app: &App, half: Half) -> Wrote<Json<Self>> {
        let answer = Self {
            token: None,
            expires_at: None,
            permissions: Vec::new(),
            needs_mfa: true,
            secret: Some(half.handle),
            enforce_mfa_enrollment: enforced(app, half.user),
        };
        Wrote(half.position, Json(answer))
    }
}

/// Whether the user must have a second factor.
fn enforced(app: &App, user: UserId) -> bool {
    let user = app.ledger().authorization().user(user);
    user.is_some_and(|user| user.enforce_mfa_enrollment)
}
