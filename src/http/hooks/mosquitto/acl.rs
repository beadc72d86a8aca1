//! `POST /hooks/mosquitto/acl`: may a client publish, subscribe, or get a message?

use std::fmt;

use axum::extract::State;
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use server::{
    App, Refusal,
    brokers::{FromBroker, InForm, known, may_read, may_subscribe, may_write},
};

use super::{allow, deny};
use crate::form::{answer, field};

/// A question about a topic.
#[derive(Deserialize)]
struct Asked {
    username: String,
    topic: String,
    acc: Access,
}

/// What the client wants, as Mosquitto numbers it (`MOSQ_ACL_`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// To get a message: 1.
    Read,
    /// To publish: 2.
    Write,
    /// Both: 3.
    ReadWrite,
    /// To subscribe: 4.
    Subscribe,
}

impl Access {
    fn of(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Read),
            2 => Some(Self::Write),
            3 => Some(Self::ReadWrite),
            4 => Some(Self::Subscribe),
            _ => None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().and_then(Self::of)
    }
}

impl<'de> Deserialize<'de> for Access {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = Access;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("1, 2, 3 or 4")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Access, E> {
                Access::of(number).ok_or_else(|| E::custom("unknown"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Access, E> {
                Access::parse(text).ok_or_else(|| E::custom("unknown"))
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}

/// Whether a client may use a topic: `username`, `topic`, `acc`.
#[utoipa::path(post, path = "/hooks/mosquitto/acl", tag = "hooks", responses(
    (status = 200, description = "The client may"),
    (status = 403, description = "It may not")
))]
pub(super) async fn mosquitto_acl(State(app): State<App>, asked: FromBroker) -> InForm {
    let is_json = asked.is_json();
    answer(may_use(&app, &asked), |()| allow(is_json), deny)
}

fn may_use(app: &App, asked: &FromBroker) -> Result<(), Refusal> {
    let Asked { username, topic, acc } = match asked.is_json() {
        true => asked.json()?,
        false => {
            let form = asked.form()?;
            let acc = Access::parse(field(&form, "acc")?);
            Asked {
                username: field(&form, "username")?.to_owned(),
                topic: field(&form, "topic")?.to_owned(),
                acc: acc.ok_or_else(|| Refusal::invalid("acc must be 1, 2, 3 or 4"))?,
            }
        }
    };
    let user = known(app, &username)?;
    match acc {
        Access::Read => may_read(app, user, &topic),
        Access::Write => may_write(app, user, &topic),
        Access::ReadWrite => may_read(app, user, &topic).and_then(|()| may_write(app, user, &topic)),
        Access::Subscribe => may_subscribe(app, user, &topic),
    }
}
