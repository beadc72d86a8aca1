//! `POST /hooks/mosquitto/user`: may a client connect?

use axum::extract::State;
use serde::Deserialize;
use server::{
    App, Refusal,
    brokers::{Connect, DeviceAddress, FromBroker, InForm, Proof, connect},
};
use zeroize::Zeroizing;

use super::{allow, deny};
use crate::form::{answer, field, missing};

/// A client that wants to connect.
#[derive(Deserialize)]
struct Asked {
    username: Option<String>,
    password: Option<Zeroizing<String>>,
}

/// Whether a client may connect: `username`, `password`.
#[utoipa::path(post, path = "/hooks/mosquitto/user", tag = "hooks", responses(
    (status = 200, description = "The client may connect"),
    (status = 403, description = "It may not")
))]
pub(super) async fn mosquitto_user(State(app): State<App>, asked: FromBroker) -> InForm {
    let is_json = asked.is_json();
    answer(may_connect(&app, &asked).await, |()| allow(is_json), deny)
}

async fn may_connect(app: &App, asked: &FromBroker) -> Result<(), Refusal> {
    let question = match asked.is_json() {
        true => asked.json()?,
        false => {
            let form = asked.form()?;
            Asked {
                username: Some(field(&form, "username")?.to_owned()),
                password: Some(Zeroizing::new(field(&form, "password")?.to_owned())),
            }
        }
    };
    let password = question.password.ok_or_else(|| missing("password"))?;
    let username = question.username.ok_or_else(|| missing("username"))?;
    let question = Connect {
        username: &username,
        proof: Proof::Password(&password),
        address: DeviceAddress::OfBroker(asked.address),
    };
    connect(app, question).await.map(drop)
}
