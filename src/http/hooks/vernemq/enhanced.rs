//! `POST /api/broker/auth/enhanced`, and the hook `on_auth_m5`: the enhanced authentication of MQTT 5.
//!
//! The only method is `PLAIN` (RFC 4616): a username and a password. A token is refused, since the answer cannot say when it ends.

use axum::{Json, extract::State};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use server::{
    App, Refusal,
    brokers::{Connect, DeviceAddress, FromBroker, InForm, Proof, connect},
};
use zeroize::Zeroizing;

use super::{HOOK, deny, ok_with};
use crate::form::{answer, missing};

/// The name of the method.
const PLAIN: &str = "PLAIN";

/// A client that wants to prove who it is.
#[derive(Deserialize)]
struct Asked {
    username: Option<String>,
    properties: Properties,
}

/// The properties of AUTH and CONNECT (MQTT 5.0 section 3.15.2.2).
#[derive(Deserialize)]
struct Properties {
    p_authentication_method: Option<String>,
    /// In base64.
    p_authentication_data: Option<Zeroizing<String>>,
}

/// Whether a client has proved who it is: `properties` with `p_authentication_method` and `p_authentication_data`. With the header
/// `vernemq-hook` the answer is that of VerneMQ, otherwise that of the source document.
#[utoipa::path(post, path = "/api/broker/auth/enhanced", tag = "hooks", responses(
    (status = 200, description = "`result` is `ok`, or has an `error`")
))]
pub(super) async fn enhanced(State(app): State<App>, asked: FromBroker) -> InForm {
    let is_vernemq = asked.headers.contains_key(HOOK);
    let form = |decided| Json(if is_vernemq { decided } else { of_document() });
    answer(decide(&app, &asked).await, form, deny)
}

/// The success as the source document shows it: with texts for numbers.
fn of_document() -> Value {
    ok_with(&json!({
        "max_message_size": "65535",
        "max_inflight_messages": "10000",
        "retry_interval": "20000",
    }))
}

pub(super) async fn decide(app: &App, asked: &FromBroker) -> Result<Value, Refusal> {
    let Asked { username, properties } = asked.json()?;
    if properties.p_authentication_method.as_deref() != Some(PLAIN) {
        return Err(Refusal::invalid("the authentication method must be PLAIN"));
    }
    let data = properties.p_authentication_data;
    let data = data.ok_or_else(|| missing("p_authentication_data"))?;
    let decoded = STANDARD.decode(data.as_bytes()).map(Zeroizing::new);
    let decoded = decoded.map_err(|_| malformed())?;
    let (authenticated, password) = plain(&decoded).ok_or_else(malformed)?;
    if username.is_some_and(|username| username != authenticated) {
        return Err(Refusal::bad_credentials());
    }
    let question = Connect {
        username: authenticated,
        proof: Proof::Password(password),
        address: DeviceAddress::OfBroker(asked.address),
    };
    // The answer cannot say when the connection must end.
    if connect(app, question).await?.until.is_some() {
        return Err(Refusal::bad_credentials());
    }
    let properties = json!({ "p_authentication_method": PLAIN });
    Ok(ok_with(&json!({ "reason_code": 0, "properties": properties })))
}

/// The name and the password of a message (RFC 4616 section 2). Nobody acts for somebody else, so the name for which the client wants to
/// act is empty or its own.
fn plain(message: &[u8]) -> Option<(&str, &str)> {
    let mut parts = std::str::from_utf8(message).ok()?.split('\0');
    let (act_for, name, password) = (parts.next()?, parts.next()?, parts.next()?);
    let is_own = act_for.is_empty() || act_for == name;
    (is_own && !name.is_empty() && parts.next().is_none()).then_some((name, password))
}

fn malformed() -> Refusal {
    Refusal::invalid("p_authentication_data must be a message of PLAIN, in base64")
}
