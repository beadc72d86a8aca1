//! The hooks `auth_on_subscribe` and `auth_on_subscribe_m5`: to which of these filters may a client subscribe?

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use server::{
    App, Refusal, RefusalKind,
    brokers::{FromBroker, known, may_subscribe},
};

use super::{Version, ok, ok_with};
use crate::form::missing;

/// The filters to which a client wants to subscribe.
#[derive(Deserialize)]
struct Asked {
    username: Option<String>,
    topics: Vec<Topic>,
}

/// A filter, with the quality of service that is asked for or granted.
#[derive(Deserialize, Serialize)]
struct Topic {
    topic: String,
    qos: u8,
}

pub(super) fn decide(app: &App, asked: &FromBroker, version: Version) -> Result<Value, Refusal> {
    let Asked { username, mut topics } = asked.json()?;
    let user = known(app, &username.ok_or_else(|| missing("username"))?)?;
    // MQTT 3.1.1 section 3.9.3: failure. MQTT 5.0 section 3.9.3: not authorized.
    let refused = match version {
        Version::Three => 128,
        Version::Five => 135,
    };
    let (asked, mut granted, mut last) = (topics.len(), 0, None);
    for one in &mut topics {
        match may_subscribe(app, user, &one.topic) {
            Ok(()) => granted += 1,
            Err(refusal) if refusal.kind == RefusalKind::Forbidden => {
                one.qos = refused;
                last = Some(refusal);
            }
            Err(refusal) => return Err(refusal),
        }
    }
    match last {
        None if asked > 0 => Ok(ok()),
        None => Err(missing("topics")),
        Some(refusal) if granted == 0 => Err(refusal),
        Some(_) => Ok(match version {
            Version::Three => json!({ "result": "ok", "topics": topics }),
            Version::Five => ok_with(&json!({ "topics": topics })),
        }),
    }
}
