//! RabbitMQ: the management plugin closes all connections of a username.

use axum::http::{Method, StatusCode};

use super::{
    Broker,
    http::{encoded, send},
    kick::{Kick, KickError},
};

pub(super) async fn close(broker: &Broker, kick: &Kick) -> Result<(), KickError> {
    let path = format!("/api/connections/username/{}", encoded(&kick.username));
    let answer = send(broker, Method::DELETE, &path, None).await?;
    match answer.status {
        StatusCode::NOT_FOUND => Ok(()),
        _ => answer.accepted().map(drop),
    }
}
