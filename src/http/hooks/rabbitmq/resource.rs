//! `POST /hooks/rabbitmq/resource`: may a client use a queue or an exchange?

use axum::extract::State;
use server::{
    App, Refusal,
    brokers::{FromBroker, InForm},
};

use super::{EXCHANGE, allow, deny, user_in_vhost};
use crate::form::{answer, field};

/// Whether a client may use a queue or an exchange: `username`, `vhost`, `resource`, `name`, `permission`, `client_id`.
#[utoipa::path(post, path = "/hooks/rabbitmq/resource", tag = "hooks", responses(
    (status = 200, description = "`allow` or `deny`", body = String)
))]
pub(super) async fn rabbitmq_resource(State(app): State<App>, asked: FromBroker) -> InForm {
    answer(may_use(&app, &asked), |()| allow(), deny)
}

fn may_use(app: &App, asked: &FromBroker) -> Result<(), Refusal> {
    let form = asked.form()?;
    user_in_vhost(app, &form)?;
    let (kind, name) = (field(&form, "resource")?, field(&form, "name")?);
    let permission = field(&form, "permission")?;
    let may = match (kind, permission) {
        ("queue", "configure" | "read" | "write") => form
            .one("client_id")?
            .is_some_and(|client| is_queue_of(name, client)),
        // What goes through the exchange is asked for each topic.
        ("exchange", "read" | "write") => name == EXCHANGE,
        _ => false,
    };
    app.fresh()?;
    match may {
        true => Ok(()),
        false => Err(Refusal::forbidden("access", "a queue or an exchange of RabbitMQ")),
    }
}

/// Whether a queue is one of those that RabbitMQ makes for the subscriptions of a client id.
fn is_queue_of(name: &str, client: &str) -> bool {
    let rest = name
        .strip_prefix("mqtt-subscription-")
        .and_then(|rest| rest.strip_prefix(client));
    !client.is_empty() && matches!(rest, Some("qos0" | "qos1"))
}
