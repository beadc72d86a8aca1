//! VerneMQ: the HTTP API shows and disconnects sessions. It also keeps answers of the webhooks, which must go first: else the client would
//! come back with its old rights.

use axum::http::Method;
use serde_json::Value;

use super::{
    Broker,
    http::{encoded, send},
    kick::{Kick, KickError},
};

pub(super) async fn close(broker: &Broker, kick: &Kick) -> Result<(), KickError> {
    get(broker, "/api/v1/webhooks/cache/clear").await?;
    let user = encoded(&kick.username);
    let shown = get(broker, &format!("/api/v1/session/show?--user={user}&--client_id")).await?;
    let rows = shown.get("table").and_then(Value::as_array).into_iter().flatten();
    for client in rows.filter_map(|row| row.get("client_id")?.as_str()) {
        let path = format!(
            "/api/v1/session/disconnect?client-id={}&--cleanup",
            encoded(client)
        );
        get(broker, &path).await?;
    }
    Ok(())
}

async fn get(broker: &Broker, path: &str) -> Result<Value, KickError> {
    send(broker, Method::GET, path, None).await?.accepted()
}
