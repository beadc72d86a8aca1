//! `POST /hooks/rabbitmq/topic`: may a client publish with a routing key, or subscribe to a pattern of them?

use axum::extract::State;
use server::{
    App, Refusal,
    brokers::{FromBroker, InForm, may_bind, may_route},
};

use super::{EXCHANGE, allow, deny, user_in_vhost};
use crate::form::{answer, field};

/// Whether a client may publish or subscribe: `username`, `vhost`, `resource=topic`, `name`, `permission`, `routing_key`.
#[utoipa::path(post, path = "/hooks/rabbitmq/topic", tag = "hooks", responses(
    (status = 200, description = "`allow` or `deny`", body = String)
))]
pub(super) async fn rabbitmq_topic(State(app): State<App>, asked: FromBroker) -> InForm {
    answer(may_use(&app, &asked), |()| allow(), deny)
}

fn may_use(app: &App, asked: &FromBroker) -> Result<(), Refusal> {
    let form = asked.form()?;
    let user = user_in_vhost(app, &form)?;
    let is_of_mqtt = field(&form, "resource")? == "topic" && field(&form, "name")? == EXCHANGE;
    let key = field(&form, "routing_key")?;
    match field(&form, "permission")? {
        "write" if is_of_mqtt => may_route(app, user, key),
        "read" if is_of_mqtt => may_bind(app, user, key),
        _ => Err(Refusal::forbidden("access", "a topic that is not of MQTT")),
    }
}
