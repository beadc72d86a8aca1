//! What is shown once is not lost if the database fails right after the commit.

use serde_json::json;

use super::openapi::log_in_on_os2iot;
use crate::support::{
    connectware::text,
    database,
    server::{ADMIN_PASSWORD, Engine, Server},
};

/// With the commit that issues a key, a trigger takes away a table from which the key could be read.
#[tokio::test]
async fn a_key_is_answered_though_nothing_can_be_read_after_it_is_issued() {
    let server = Server::start(Engine::Postgres).await;
    let global = log_in_on_os2iot(&server, "admin", ADMIN_PASSWORD).await;
    let mut ledger = database::open(server.site()).await;
    for statement in [
        "CREATE FUNCTION hide() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN ALTER TABLE api_key_groups RENAME TO hidden; RETURN NULL; END'",
        "CREATE CONSTRAINT TRIGGER hide AFTER INSERT ON api_keys DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION hide()",
    ] {
        ledger.execute(statement).await;
    }
    let body = json!({ "name": "Dashboard", "permissionIds": [1] });
    let issued = global.post("/api/v1/api-key", body).await.expect(201).json();
    let path = format!("/api/v1/api-key/{}", issued["id"]);
    global.get(&path).await.expect(503);
    for statement in [
        "DROP TRIGGER hide ON api_keys",
        "ALTER TABLE hidden RENAME TO api_key_groups",
    ] {
        ledger.execute(statement).await;
    }
    let shown = global.get(&path).await.expect(200).json();
    assert_eq!(shown["prefix"], issued["prefix"]);
    assert_eq!(shown["permissions"], issued["permissions"]);
    let with_key = server.anonymous().get("/api/v1/application");
    with_key
        .header("x-api-key", text(&issued["key"]))
        .await
        .expect(200);
}
