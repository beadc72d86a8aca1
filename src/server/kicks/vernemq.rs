//! VerneMQ: the HTTP API shows and disconnects sessions. It also keeps answers of the webhooks, which must go first: else the client would
//! come back with its old rights.

use axum::http::Method;
use serde_json::Value;

use super::{
    http::{encoded, send},
    kick::{Kick, KickError},
    reach::Reach,
};

/// How many sessions of a user are ended at most. Each client id has one.
const MOST: u32 = 100_000;

pub(super) async fn end(reach: &Reach, kick: &Kick) -> Result<(), KickError> {
    get(reach, "/api/v1/webhooks/cache/clear").await?;
    let user = encoded(&kick.username);
    // The API shows 100 sessions unless it is told otherwise.
    let shown = get(
        reach,
        &format!("/api/v1/session/show?--user={user}&--client_id&--limit={MOST}"),
    )
    .await?;
    let rows = shown.get("table").and_then(Value::as_array).into_iter().flatten();
    for client in rows.filter_map(|row| row.get("client_id")?.as_str()) {
        let path = format!(
            "/api/v1/session/disconnect?client-id={}&--cleanup",
            encoded(client)
        );
        get(reach, &path).await?;
    }
    Ok(())
}

async fn get(reach: &Reach, path: &str) -> Result<Value, KickError> {
    send(reach, Method::GET, path, None).await?.accepted()
}
