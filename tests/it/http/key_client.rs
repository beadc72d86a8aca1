//! The Python client of an API key, as OS2iot documents it, against the running server (docs/os2iot.md).

use serde_json::{Value, json};
use tokio::process::Command;

use super::openapi::log_in_on_os2iot;
use crate::support::{
    both_engines,
    connectware::*,
    server::{ADMIN_PASSWORD, Server},
};

both_engines! {
    async fn the_documented_client_of_a_key_reads_its_applications(server: Server) {
        let global = log_in_on_os2iot(&server, "admin", ADMIN_PASSWORD).await;
        let post = async |path: &str, body: Value| global.post(format!("/api/v1/{path}"), body).await.expect(201).json();
        let organisation = post("organization", json!({ "name": "Aarhus" })).await["id"].clone();
        let level = json!([{ "type": "Read" }]);
        let group = post("permission", json!({ "name": "r", "organizationId": organisation, "levels": level, "userIds": [] })).await;
        for name in ["A", "B", "C"] {
            post("application", json!({ "name": name, "organizationId": organisation, "permissionIds": [group["id"]] })).await;
        }
        let key = post("api-key", json!({ "name": "key", "permissionIds": [group["id"]] })).await;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/http/key_client.py");
        let base = format!("{}/api/v1", server.address());
        let client = Command::new("python3").args([script, &base, text(&key["key"])]).output().await;
        let output = client.expect("python3 runs");
        assert!(output.status.success(), "{output:?}");
        let read: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(read["organization"]["name"], "Aarhus");
        assert_eq!(read["applications"]["count"], 3);
        assert_eq!(list(&read["applications"]["data"]).len(), 2);
        let wrong = Command::new("python3").args([script, &base, "00000000-0000-4000-8000-000000000000"]).output().await;
        assert!(String::from_utf8_lossy(&wrong.expect("python3 runs").stderr).contains("401"));
    }
}
