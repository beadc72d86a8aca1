//! `POST /auth/organisation/{uuid}/user`

use axum::{Json, extract::State};
use serde::Deserialize;
use server::{
    App, JsonBody, Origin, PathOf, Refusal, SMALL_BODY, Wrote,
    identity::sign_in::{SignInRequest, sign_in},
    nx::sign_up_invited,
};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::organisation;
use crate::{
    authenticate::TokensOut,
    settings::{access, refresh_hours},
    user::Person,
};

/// Somebody who follows an invitation and has no account.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxInvited)]
pub(crate) struct Invited {
    /// The token of the link.
    #[serde(rename = "Token")]
    #[schema(value_type = Option<String>)]
    token: Option<Zeroizing<String>>,
    /// The e-mail address, by which they sign in.
    #[serde(rename = "Email")]
    #[schema(example = "grace@example.org")]
    email: Option<String>,
    /// The password.
    #[serde(rename = "Password")]
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
    /// The name: at most 200 characters.
    #[serde(rename = "Name")]
    name: Option<String>,
    /// The phone number: at most 200 characters.
    #[serde(rename = "PhoneNumber")]
    phone: Option<String>,
    /// What they do at work: at most 200 characters.
    #[serde(rename = "JobTitle")]
    job_title: Option<String>,
    /// Whether they want the newsletter. Without it, they do not.
    #[serde(rename = "NewsletterOptIn")]
    newsletter: Option<bool>,
    /// Whether they accept the licence agreement of the operator. It must be true.
    #[serde(rename = "AcceptEULA")]
    accept_eula: Option<bool>,
}

/// Signs up somebody who was invited, as a member of the organisation. The invitation proves the e-mail address, so they are signed in at once.
#[utoipa::path(post, operation_id = "nx_post_invited", path = "/auth/organisation/{uuid}/user", tag = "nx", security(()), request_body = Invited,
    params(("uuid" = String, Path, format = "uuid", description = "Id of the organisation")),
    responses((status = 200, description = "The tokens", body = TokensOut),
        (status = 409, description = "Somebody has an account with this address, or the organisation is full", body = crate::message::Message)))]
pub(crate) async fn post_sign_up(
    State(app): State<App>,
    origin: Origin,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<Invited, SMALL_BODY>,
) -> Result<Wrote<Json<TokensOut>>, Refusal> {
    let token = body
        .token
        .ok_or_else(|| Refusal::invalid("Token is required").in_field("Token"))?;
    let person = Person {
        email: body.email,
        password: body.password,
        name: body.name,
        phone: body.phone,
        job_title: body.job_title,
        newsletter: body.newsletter,
        accept_eula: body.accept_eula,
    };
    let person = person.parsed(&app)?;
    let password = person.password.clone();
    let signed_up = sign_up_invited(&app, &origin, organisation(&id)?, &token, person).await;
    let username = signed_up.map_err(|refusal| match refusal.code {
        "link_ended" => refusal.in_field("Token"),
        "email_taken" => refusal.in_field("Email"),
        code if code.starts_with("password_") => refusal.in_field("Password"),
        _ => refusal,
    })?;
    let request = SignInRequest {
        username: &username,
        password,
        hours: refresh_hours(&app, false),
        access: access(&app),
    };
    let signed_in = sign_in(&app, request, &origin).await?;
    Ok(Wrote(signed_in.position, Json(signed_in.into())))
}
