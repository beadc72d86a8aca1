//! `/api/users/{id}/tokens`

use aggregates::{
    Command,
    session::SessionCommand,
    user::UserCommand,
    values::{SessionId, TokenFingerprint, UserId},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, request::Parts},
    response::Response,
};
use projections::sessions;

use crate::wire::TokenOut;
use server::{
    App, Asks, ByPath, Caller, Conflicts, FreshAtStart, Missing, PathOf, Permitted, Policy, Query, Refusal,
    Refusals, Wrote, done,
};

/// The names of the parameter that selects a token (contracts/connectware.md section 2).
const TOKEN_NAMES: [&str; 3] = ["tokenId", "fingerprint", "id"];

/// The caller's own tokens need no right. The tokens of others need the right on the path.
pub(crate) struct OwnOrByPath;

impl Policy for OwnOrByPath {
    type Scope = ();

    fn judge(app: &App, parts: &Parts, caller: &Caller) -> Result<(), Refusal> {
        let path = parts.uri.path();
        let id = path
            .strip_prefix("/api/users/")
            .and_then(|rest| rest.strip_suffix("/tokens"));
        match id.map(UserId::parse) {
            Some(Ok(id)) if id == caller.user => Ok(()),
            Some(_) | None => ByPath::judge(app, parts, caller),
        }
    }
}

/// A user's tokens that are good. One's own need no permission.
#[utoipa::path(get, path = "/api/users/{id}/tokens", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "Id of the user")),
    responses((status = 200, description = "Tokens", body = Vec<TokenOut>), Refusals, Missing))]
pub(crate) async fn get_tokens(
    State(app): State<App>,
    asks: Asks<OwnOrByPath>,
    PathOf(id): PathOf<String>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let id = UserId::parse(&id)?;
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        if !app.user_exists(id).await? {
            return Err(Refusal::not_found("user"));
        }
        let tokens = sessions::of_user(app.ledger().db(), id, app.clock.now()).await?;
        Ok(Json(tokens.iter().map(TokenOut::from).collect::<Vec<_>>()))
    });
    read.await
}

/// Voids one of a user's tokens, or all of them if none is named; at once. One's own need no permission.
#[utoipa::path(delete, path = "/api/users/{id}/tokens", tag = "users",
    params(
        ("id" = String, Path, format = "uuid", description = "Id of the user"),
        ("tokenId" = Option<String>, Query, description = "The token's fingerprint; all tokens if absent"),
        ("fingerprint" = Option<String>, Query, description = "The same under another name")
    ),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn delete_tokens(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<OwnOrByPath>,
    PathOf(id): PathOf<String>,
    query: Query,
) -> Result<Wrote<StatusCode>, Refusal> {
    let user = UserId::parse(&id)?;
    // Without a name, the request is about all tokens. So a misspelt name must not be ignored.
    query.only(&TOKEN_NAMES)?;
    let mut named = Vec::new();
    for name in TOKEN_NAMES {
        named.extend(query.one(name)?);
    }
    let command = match named.as_slice() {
        [] => Command::User(user, UserCommand::RevokeAllTokens),
        [token] => {
            let db = app.ledger().db();
            let session = match (TokenFingerprint::parse(token), SessionId::parse(token)) {
                (Ok(fingerprint), _) => sessions::find_by_fingerprint(db, user, &fingerprint).await?,
                (_, Ok(session)) => sessions::find(db, user, session).await?,
                (Err(invalid), Err(_)) => return Err(invalid.into()),
            };
            let session = session.ok_or_else(|| Refusal::not_found("token of this user"))?;
            Command::Session(session.id, SessionCommand::RevokeToken)
        }
        _ => return Err(Refusal::invalid("name one token, or none for all")),
    };
    done(&app, &caller, vec![command]).await
}
