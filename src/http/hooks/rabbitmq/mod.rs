//! RabbitMQ with `rabbitmq_auth_backend_http`: forms, answered by `allow` or `deny`.
//!
//! Users have rights in one virtual host (`HOOKS_RABBITMQ_VHOST`), on the exchange of MQTT, and on the queues of their own
//! client ids. So a device that speaks another protocol of RabbitMQ can use nothing else.

mod resource;
mod topic;
mod user;
mod vhost;

use aggregates::values::UserId;
use axum::response::{IntoResponse, Response};
use server::{App, Query, Refusal, brokers};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::form::field;

/// The exchange through which RabbitMQ sends all messages of MQTT.
const EXCHANGE: &str = "amq.topic";

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(user::rabbitmq_user))
        .routes(routes!(vhost::rabbitmq_vhost))
        .routes(routes!(resource::rabbitmq_resource))
        .routes(routes!(topic::rabbitmq_topic))
}

fn allow() -> Response {
    "allow".into_response()
}

fn deny() -> Response {
    "deny".into_response()
}

/// The user of a question about the virtual host in which users have rights.
fn user_in_vhost(app: &App, form: &Query) -> Result<UserId, Refusal> {
    let user = brokers::known(app, field(form, "username")?)?;
    let vhost = field(form, "vhost")?;
    match vhost == app.settings.hooks_rabbitmq_vhost {
        true => Ok(user),
        false => Err(Refusal::forbidden("access", "another virtual host")),
    }
}
