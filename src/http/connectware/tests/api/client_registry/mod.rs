//! `/api/client-registry`

mod confirm;
mod csr;
mod list;
mod open;
mod register;
mod reject;

use serde_json::{Value, json};

use crate::support::client::{Client, Response};

const REGISTRY: &str = "/api/client-registry";

/// The request of a device with a password. The members of `more` are added.
fn device(username: &str, more: Value) -> Value {
    let mut body = json!({ "username": username, "password": "the device's own" });
    let members = more.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(members);
    body
}

/// Opens the registry for a minute.
async fn open(admin: &Client) {
    let body = json!({ "duration": 60_000 });
    admin.post(format!("{REGISTRY}/open"), body).await.expect(204);
}

async fn close(admin: &Client) {
    admin
        .post(format!("{REGISTRY}/close"), json!({}))
        .await
        .expect(204);
}

/// Sends the request of a device.
async fn register(caller: &Client, body: Value) -> Response {
    caller
        .anonymous()
        .post(format!("{REGISTRY}/register"), body)
        .await
}

async fn confirm(admin: &Client, body: Value) -> Response {
    admin.post(format!("{REGISTRY}/confirm"), body).await
}

async fn listed(admin: &Client) -> Value {
    admin.get(REGISTRY).await.expect(200).json()
}
