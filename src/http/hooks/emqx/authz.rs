//! `POST /hooks/emqx/authz`: may a client publish or subscribe?

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::json;
use server::{
    App, Refusal,
    brokers::{FromBroker, InForm, known, may_subscribe, may_write},
};

use super::deny;
use crate::form::answer;

/// A question about a topic.
#[derive(Deserialize)]
struct Asked {
    username: String,
    topic: String,
    action: String,
    /// What EMQX puts before each topic of the client.
    mountpoint: Option<String>,
}

/// Whether a client may publish or subscribe: `username`, `topic`, `action`, `mountpoint`.
#[utoipa::path(post, path = "/hooks/emqx/authz", tag = "hooks", responses(
    (status = 200, description = "`result` is `allow` or `deny`")
))]
pub(super) async fn emqx_authz(State(app): State<App>, asked: FromBroker) -> InForm {
    let allow = |()| Json(json!({ "result": "allow" }));
    answer(may_use(&app, &asked), allow, deny)
}

fn may_use(app: &App, asked: &FromBroker) -> Result<(), Refusal> {
    let Asked {
        username,
        topic,
        action,
        mountpoint,
    } = asked.json()?;
    let user = known(app, &username)?;
    // The topic as it is in the broker decides, and it must be within the publish prefix.
    let topic = format!("{}{topic}", mountpoint.unwrap_or_default());
    match action.as_str() {
        "publish" => may_write(app, user, &topic),
        "subscribe" => may_subscribe(app, user, &topic),
        _ => Err(Refusal::invalid("action must be publish or subscribe")),
    }
}
