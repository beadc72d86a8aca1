//! EMQX: the REST API lists the clients of a username, and kicks them out.

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    http::{encoded, send},
    kick::{Kick, KickError},
    reach::Reach,
};

/// How many clients are kicked out at once.
const AT_ONCE: usize = 1_000;
/// How often the server looks for further clients. A client that comes back is a new one, so there is no end otherwise.
const LOOKS: usize = 100;

pub(super) async fn end(reach: &Reach, kick: &Kick) -> Result<(), KickError> {
    let username = encoded(&kick.username);
    for _ in 0..LOOKS {
        let path = format!("/api/v5/clients?username={username}&limit={AT_ONCE}&page=1");
        let found = send(reach, Method::GET, &path, None).await?.accepted()?;
        let rows = found.get("data").and_then(Value::as_array).into_iter().flatten();
        let clients: Vec<&str> = rows.filter_map(|row| row.get("clientid")?.as_str()).collect();
        if clients.is_empty() {
            return Ok(());
        }
        let is_all = clients.len() < AT_ONCE;
        let kicked = send(
            reach,
            Method::POST,
            "/api/v5/clients/kickout/bulk",
            Some(json!(clients)),
        );
        kicked.await?.accepted()?;
        if is_all {
            return Ok(());
        }
    }
    Ok(())
}
