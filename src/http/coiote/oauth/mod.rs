//! `/oauth`: the endpoints that each client of OAuth 2.0 finds by the metadata.

mod introspect;
mod revoke;
mod token;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use server::{App, Form, Refusal, RefusalKind, Wrote};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use self::token::TOKEN_EXCHANGE;
use crate::refuse::INVALID_SCOPE;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(token::routes())
        .routes(routes!(introspect::post_oauth_introspect))
        .routes(routes!(revoke::post_oauth_revoke))
}

/// Refuses a scope: a token has all rights of its user, so each scope is unknown.
pub(crate) fn must_have_no_scope(form: &Form) -> Result<(), Refusal> {
    match form.one("scope")? {
        None => Ok(()),
        Some(_) => Err(Refusal::new(
            RefusalKind::Invalid,
            INVALID_SCOPE,
            "this server knows no scopes",
        )),
    }
}

/// The answer when a token has ended, with the position if that was recorded now.
pub(crate) fn ended(position: Option<i64>, status: StatusCode) -> Response {
    match position {
        Some(position) => Wrote(position, status).into_response(),
        None => status.into_response(),
    }
}
