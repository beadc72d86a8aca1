//! RabbitMQ: the management plugin closes all connections of a username.

use axum::http::{Method, StatusCode};

use super::{
    http::{encoded, send},
    kick::{Kick, KickError},
    reach::Reach,
};

pub(super) async fn end(reach: &Reach, kick: &Kick) -> Result<(), KickError> {
    let path = format!("/api/connections/username/{}", encoded(&kick.username));
    let answer = send(reach, Method::DELETE, &path, None).await?;
    match answer.status {
        StatusCode::NOT_FOUND => Ok(()),
        _ => answer.accepted().map(drop),
    }
}
