//! `POST /hooks/rabbitmq/user`: may a client connect?

use axum::extract::State;
use server::{
    App, Refusal,
    brokers::{Connect, DeviceAddress, FromBroker, InForm, Proof, connect},
};

use super::{allow, deny};
use crate::form::{answer, field};

/// Whether a client may connect: `username`, `password`. Without `password`, the client has shown a certificate.
#[utoipa::path(post, path = "/hooks/rabbitmq/user", tag = "hooks", responses(
    (status = 200, description = "`allow` or `deny`", body = String)
))]
pub(super) async fn rabbitmq_user(State(app): State<App>, asked: FromBroker) -> InForm {
    answer(may_connect(&app, &asked).await, |()| allow(), deny)
}

async fn may_connect(app: &App, asked: &FromBroker) -> Result<(), Refusal> {
    let form = asked.form()?;
    let question = Connect {
        username: field(&form, "username")?,
        // An empty password is a password.
        proof: form.one("password")?.map_or(Proof::Certificate, Proof::Password),
        address: DeviceAddress::OfBroker(asked.address),
    };
    connect(app, question).await.map(drop)
}
