//! The hooks `auth_on_publish` and `auth_on_publish_m5`: may a client publish, and to which topic?

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};
use server::{
    App, Refusal,
    brokers::{FromBroker, known, publish_rewritten},
};

use super::{ok, ok_with};
use crate::form::missing;

/// A message. Its payload does not matter.
#[derive(Deserialize)]
struct Asked {
    username: Option<String>,
    topic: String,
}

pub(super) fn decide(app: &App, asked: &FromBroker) -> Result<Value, Refusal> {
    let Asked { username, topic } = asked.json()?;
    let user = known(app, &username.ok_or_else(|| missing("username"))?)?;
    Ok(match publish_rewritten(app, user, &topic)? {
        Cow::Borrowed(_) => ok(),
        Cow::Owned(topic) => ok_with(&json!({ "topic": topic })),
    })
}
