//! `POST /hooks/vernemq`

use axum::{Json, extract::State};
use serde_json::Value;
use server::{
    App, Refusal,
    brokers::{FromBroker, InForm},
};

use super::{HOOK, Version, deny, enhanced, publish, register, subscribe};
use crate::form::answer;

/// What the header `vernemq-hook` names: whether a client may connect, publish or subscribe.
#[utoipa::path(post, path = "/hooks/vernemq", tag = "hooks", responses(
    (status = 200, description = "`result` is `ok`, or has an `error`")
))]
pub(super) async fn vernemq(State(app): State<App>, asked: FromBroker) -> InForm {
    answer(decide(&app, &asked).await, Json, deny)
}

async fn decide(app: &App, asked: &FromBroker) -> Result<Value, Refusal> {
    let mut hooks = asked.headers.get_all(HOOK).iter();
    let hook = match (hooks.next(), hooks.next()) {
        (Some(hook), None) => hook.to_str().unwrap_or_default(),
        _ => "",
    };
    match hook {
        "auth_on_register" | "auth_on_register_m5" => register::decide(app, asked).await,
        "auth_on_publish" | "auth_on_publish_m5" => publish::decide(app, asked),
        "auth_on_subscribe" => subscribe::decide(app, asked, Version::Three),
        "auth_on_subscribe_m5" => subscribe::decide(app, asked, Version::Five),
        "on_auth_m5" => enhanced::decide(app, asked).await,
        _ => Err(Refusal::invalid("the header vernemq-hook must name one hook")),
    }
}
