//! `POST /hooks/emqx/authn`: may a client connect?

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use server::{
    App, Refusal,
    brokers::{Connect, Connected, DeviceAddress, FromBroker, InForm, Proof, connect},
};
use zeroize::Zeroizing;

use super::deny;
use crate::form::{answer, missing};

/// A client that wants to connect.
#[derive(Deserialize)]
struct Asked {
    username: Option<String>,
    password: Option<Zeroizing<String>>,
    peerhost: Option<String>,
    cert_common_name: Option<String>,
}

/// A client that may connect.
#[derive(Serialize)]
struct Allowed {
    result: &'static str,
    is_superuser: bool,
    client_attrs: Attributes,
    /// When EMQX must end the connection, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_at: Option<i64>,
}

/// What a listener of EMQX can put into its mountpoint.
#[derive(Serialize)]
struct Attributes {
    /// The publish prefix; empty without one.
    prefix: String,
}

/// Whether a client may connect: `username`, `password`, `peerhost`, `cert_common_name`.
#[utoipa::path(post, path = "/hooks/emqx/authn", tag = "hooks", responses(
    (status = 200, description = "`result` is `allow` or `deny`")
))]
pub(super) async fn emqx_authn(State(app): State<App>, asked: FromBroker) -> InForm {
    answer(may_connect(&app, &asked).await, Json, deny)
}

async fn may_connect(app: &App, asked: &FromBroker) -> Result<Allowed, Refusal> {
    let question: Asked = asked.json()?;
    let username = question.username.ok_or_else(|| missing("username"))?;
    // EMQX writes an empty text for what a client does not send.
    let password = question.password.as_deref().map_or("", String::as_str);
    let is_of_certificate = question.cert_common_name.as_deref() == Some(&*username);
    let proof = match password.is_empty() && is_of_certificate && !username.is_empty() {
        true => Proof::Certificate,
        false => Proof::Password(password),
    };
    let question = Connect {
        username: &username,
        proof,
        address: DeviceAddress::of(question.peerhost.as_deref(), asked.address),
    };
    let Connected {
        until,
        publish_prefix,
        ..
    } = connect(app, question).await?;
    let prefix = publish_prefix.as_deref().unwrap_or_default().to_owned();
    Ok(Allowed {
        result: "allow",
        is_superuser: false,
        client_attrs: Attributes { prefix },
        expire_at: until.map(|until| until.seconds()),
    })
}
