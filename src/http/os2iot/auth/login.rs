//! `POST /api/v1/auth/login`

use aggregates::values::{Email, TokenLabel};
use axum::{Json, extract::State, http::StatusCode};
use projections::{accounts, accounts::AccountRow};
use serde::{Deserialize, Serialize};
use server::{
    App, JsonBody, Origin, Refusal, Wrote,
    identity::{
        Lifetime, LogIn, Owing, log_in_without_code,
        tokens::{AccountInToken, InToken},
    },
};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// How long a token is valid, in hours (contracts/os2iot.md section 1.1).
const HOURS: u64 = 9;

/// A login. Without one of the fields it is refused like any other.
#[derive(Deserialize, ToSchema)]
#[schema(as = Os2iotLogin)]
pub(crate) struct Login {
    /// The e-mail address, or the username of a user who has an account.
    #[serde(default)]
    #[schema(required = true, example = "ada@example.org")]
    username: String,
    /// The password.
    #[serde(default)]
    #[schema(required = true, value_type = String)]
    password: Zeroizing<String>,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Os2iotToken)]
pub(crate) struct LoggedInOut {
    /// A JWT with `sub` (the number of the user), `username` and `isKombit`.
    access_token: String,
}

/// Gives a token for nine hours to the user of an e-mail address and a password. All refusals look alike. A user who has enrolled a second factor
/// cannot log in here, since this API has no place for a code.
#[utoipa::path(post, operation_id = "os2iot_post_login", path = "/api/v1/auth/login", tag = "os2iot", security(()), request_body = Login, responses(
    (status = 201, description = "The token", body = LoggedInOut),
    (status = 401, description = "Wrong, unknown, inactive, or malformed")
))]
pub(crate) async fn post_login(
    State(app): State<App>,
    origin: Origin,
    JsonBody(body): JsonBody<Login>,
) -> Result<Wrote<(StatusCode, Json<LoggedInOut>)>, Refusal> {
    let account = account_of(&app, &body.username).await?;
    let username = account
        .as_ref()
        .and_then(|account| app.ledger().authorization().username(account.user));
    let in_token = account
        .as_ref()
        .zip(username.as_ref())
        .map(|(account, username)| AccountInToken {
            number: account.id.ordinal(),
            username: account.email.clone().unwrap_or_else(|| username.clone()),
        });
    // No username has a space. So this is nobody, costs as much as somebody, and auditors see what was typed.
    let nobody = format!("{} (no account)", body.username);
    let request = LogIn {
        username: username.as_deref().unwrap_or(&nobody),
        password: body.password,
        lifetime: Lifetime::hours(HOURS),
        label: TokenLabel::default(),
        in_token: InToken::of_account(in_token),
        owing: Owing::LogIn,
    };
    let logged_in = log_in_without_code(&app, request, &origin).await?;
    let out = LoggedInOut {
        access_token: logged_in.token,
    };
    Ok(Wrote(logged_in.position, (StatusCode::CREATED, Json(out))))
}

/// The account that is meant, if it is in use: by its address, or by the username of its user.
async fn account_of(app: &App, typed: &str) -> Result<Option<AccountRow>, Refusal> {
    let db = app.ledger().db();
    let by_email = match Email::parse(typed) {
        Ok(email) => accounts::find_by_email(db, &email).await?,
        Err(_) => None,
    };
    let found = match (by_email, app.ledger().authorization().user_by_name(typed)) {
        (Some(account), _) => Some(account),
        (None, Some(user)) => accounts::find_by_user(db, user).await?,
        (None, None) => None,
    };
    let now = app.clock.now();
    Ok(found.filter(|account| account.may_act(now)))
}
