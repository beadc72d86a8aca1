//! `POST /api/service-accounts`

use aggregates::values::{Title, Username};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use server::{
    App, ByPath, Conflicts, JsonBody, Permitted, Refusal, Refusals, Wrote,
    oauth::service_accounts::{NewServiceAccount, open},
};
use utoipa::ToSchema;

use super::SecretOut;

/// The most characters of a realm.
const MOST_REALM: usize = 255;
/// The most roles of a new account.
const MOST_ROLES: usize = 100;

/// A service account to open.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"name": "importer", "realm": "plant", "roles": ["Developer"], "domain": "/a/"}))]
#[schema(as = NewServiceAccount)]
pub(crate) struct NewAccount {
    /// The login name of its user. The rules are those of usernames.
    name: String,
    /// The realm in whose name it gets tokens: any text.
    realm: String,
    /// The names of roles, or the name of an account kind: `Developer`, `Business` or `Enterprise`.
    #[serde(default)]
    #[schema(max_items = 100)]
    roles: Vec<String>,
    /// The domain in which it gets all rights, with all domains below it.
    domain: Option<String>,
}

/// Opens a service account, with a user of its own. The caller must hold what it gets. The secret is shown once.
#[utoipa::path(post, path = "/api/service-accounts", tag = "service-accounts", request_body = NewAccount, responses(
    (status = 201, description = "The account and its secret", body = SecretOut), Refusals, Conflicts
))]
pub(crate) async fn post_service_account(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    JsonBody(body): JsonBody<NewAccount>,
) -> Result<Wrote<(StatusCode, Json<SecretOut>)>, Refusal> {
    if body.roles.len() > MOST_ROLES {
        return Err(Refusal::invalid(format!("roles: must be at most {MOST_ROLES}")));
    }
    let new = NewServiceAccount {
        name: Username::parse(&body.name)?,
        realm: Title::parse_within("realm", &body.realm, 1, MOST_REALM)?,
        roles: body.roles,
        domain: body.domain,
    };
    let issued = open(&app, &caller, new).await?;
    Ok(Wrote(issued.position, (StatusCode::CREATED, Json(issued.into()))))
}
