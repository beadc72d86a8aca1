//! Who changed the things of os2iot, who logged in, and when a key was used outlive the server and a rebuild.

use serde_json::{Value, json};

use super::openapi::log_in_on_os2iot;
use crate::support::{
    both_engines,
    client::Client,
    connectware::text,
    server::{ADMIN_PASSWORD, Server},
};

/// Every list that shows who and when, and the key, which is in a list of its own.
async fn shown(global: &Client) -> Vec<Value> {
    let mut shown = Vec::new();
    for path in [
        "/api/v1/organization",
        "/api/v1/permission",
        "/api/v1/application",
        "/api/v1/api-key",
        "/api/v1/user?orderOn=lastLogin",
    ] {
        shown.push(global.get(path).await.expect(200).json());
    }
    shown
}

both_engines! {
    async fn they_are_the_same_after_a_restart_and_after_a_rebuild(server: Server) {
        let global = log_in_on_os2iot(&server, "admin", ADMIN_PASSWORD).await;
        let made = global.post("/api/v1/organization", json!({ "name": "Aarhus" })).await.expect(201).json();
        let key = json!({ "name": "Dashboard", "permissionIds": [1] });
        let key = text(&global.post("/api/v1/api-key", key).await.expect(201).json()["key"]).to_owned();
        let application = json!({ "name": "By key", "organizationId": made["id"] });
        let application = server.anonymous().post("/api/v1/application", application).header("x-api-key", &key);
        let application = application.await.expect(201).json();
        let before = shown(&global).await;
        let [_, _, _, keys, users] = before.as_slice() else { panic!("{before:?}") };
        assert_eq!(application["createdBy"], keys["data"][0]["systemUser"]["id"]);
        assert!(keys["data"][0]["lastUsedAt"].is_string(), "{keys}");
        assert!(users["data"][0]["lastLogin"].is_string(), "{users}");

        let server = server.restart().await;
        assert_eq!(shown(&global_of(&server, &global)).await, before);
        let site = server.terminate().await;
        let rebuilt = site.run(&["rebuild"]).await;
        assert!(rebuilt.status.success(), "{rebuilt:?}");
        let server = site.start().await;
        assert_eq!(shown(&global_of(&server, &global)).await, before);
    }
}

/// The same token, on a server that listens on another port.
fn global_of(server: &Server, global: &Client) -> Client {
    server.anonymous().bearer(global.token())
}
