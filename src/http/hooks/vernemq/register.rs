//! The hooks `auth_on_register` and `auth_on_register_m5`: may a client connect?

use aggregates::values::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use server::{
    App, Refusal,
    brokers::{Connect, DeviceAddress, FromBroker, Proof, connect},
};
use zeroize::Zeroizing;

use super::{ok, ok_with};
use crate::form::missing;

/// A client that wants to connect.
#[derive(Deserialize)]
struct Asked {
    peer_addr: Option<String>,
    username: Option<String>,
    password: Option<Zeroizing<String>>,
}

pub(super) async fn decide(app: &App, asked: &FromBroker) -> Result<Value, Refusal> {
    let question: Asked = asked.json()?;
    let username = question.username.ok_or_else(|| missing("username"))?;
    let password = question.password.as_deref().map(String::as_str);
    let question = Connect {
        username: &username,
        proof: password.map_or(Proof::Certificate, Proof::Password),
        address: DeviceAddress::of(question.peer_addr.as_deref(), asked.address),
    };
    match connect(app, question).await?.until {
        None => Ok(ok()),
        Some(until) => {
            let seconds = rest_of(until, app.clock.now()).ok_or_else(Refusal::bad_credentials)?;
            Ok(ok_with(&json!({ "max_connection_lifetime": seconds })))
        }
    }
}

/// The whole seconds until a credential ends; `None` if there are none. For VerneMQ, 0 means without an end.
fn rest_of(until: Timestamp, now: Timestamp) -> Option<i64> {
    let seconds = until.micros().saturating_sub(now.micros()) / 1_000_000;
    (seconds > 0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_never_outlives_its_credential() {
        let at = Timestamp::from_micros;
        assert_eq!(rest_of(at(2_999_999), at(0)), Some(2));
        assert_eq!(rest_of(at(1_000_000), at(0)), Some(1));
        assert_eq!(rest_of(at(999_999), at(0)), None);
        assert_eq!(rest_of(at(0), at(5_000_000)), None);
    }
}
