//! `POST /auth/user`

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use server::{
    App, JsonBody, Origin, Refusal, SMALL_BODY, Wrote,
    identity::sign_in::{SignInRequest, sign_in},
    nx::{NewPerson, SignedUp, sign_up},
};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::person::{Person, missing, title};
use crate::{
    authenticate::TokensOut,
    message::Message,
    settings::{access, refresh_hours, sign_up_mode},
};

/// Somebody who signs up.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxNewUser)]
pub(crate) struct NewUser {
    /// The e-mail address, by which they sign in.
    #[serde(rename = "Email")]
    #[schema(example = "ada@example.org")]
    email: Option<String>,
    /// The password.
    #[serde(rename = "Password")]
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
    /// The name: at most 200 characters.
    #[serde(rename = "Name")]
    name: Option<String>,
    /// The name of the organisation: at most 200 characters.
    #[serde(rename = "Company")]
    company: Option<String>,
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

impl NewUser {
    fn parsed(self, app: &App) -> Result<NewPerson, Refusal> {
        let company = self.company.ok_or_else(|| missing("Company"));
        let person = Person {
            email: self.email,
            password: self.password,
            name: self.name,
            phone: self.phone,
            job_title: self.job_title,
            newsletter: self.newsletter,
            accept_eula: self.accept_eula,
        };
        let person = person.parsed(app)?;
        Ok(NewPerson {
            company: title("Company", &company?)?,
            person,
        })
    }
}

/// Signs somebody up, with an organisation of their own. As the server is set, they are signed in at once, or a mail has the link that proves the address.
/// Then the answer is the same whether somebody has an account with this address or not.
#[utoipa::path(post, operation_id = "nx_post_user", path = "/auth/user", tag = "nx", security(()), request_body = NewUser, responses(
    (status = 200, description = "The tokens; or a message, if the address must be proved first", body = TokensOut),
    (status = 409, description = "Nobody can sign up here, or somebody has an account with this address", body = Message)
))]
pub(crate) async fn post_user(
    State(app): State<App>,
    origin: Origin,
    JsonBody(body): JsonBody<NewUser, SMALL_BODY>,
) -> Result<Response, Refusal> {
    let new = body.parsed(&app)?;
    let password = new.person.password.clone();
    let signed_up = sign_up(&app, &origin, sign_up_mode(&app), new).await;
    let signed_up = signed_up.map_err(|refusal| match refusal.code {
        "email_taken" => refusal.in_field("Email"),
        code if code.starts_with("password_") => refusal.in_field("Password"),
        _ => refusal,
    })?;
    match signed_up {
        SignedUp::Ready { username } => {
            let request = SignInRequest {
                username: &username,
                password,
                hours: refresh_hours(&app, false),
                access: access(&app),
            };
            let signed_in = sign_in(&app, request, &origin).await?;
            Ok(Wrote(signed_in.position, Json(TokensOut::from(signed_in))).into_response())
        }
        SignedUp::AwaitsMail => {
            let message = "Please follow the link in the mail that was sent to you.";
            Ok(Json(Message::of(message)).into_response())
        }
    }
}
