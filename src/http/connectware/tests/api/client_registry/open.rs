//! `POST /api/client-registry/open` and `POST /api/client-registry/close`

use http::Method;
use serde_json::json;

use super::*;
use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn the_registry_is_closed_until_somebody_opens_it(server: Server) {
        let admin = server.admin().await;
        register(&admin, device("press.7", json!({}))).await.expect_error(423);
        // Without a body, and without a duration, it opens for half a minute.
        let opened = admin.call(Method::POST, format!("{REGISTRY}/open")).await.expect(204);
        assert!(opened.position() > 0);
        register(&admin, device("press.7", json!({}))).await.expect(202);
        close(&admin).await;
        register(&admin, device("press.8", json!({}))).await.expect_error(423);
        close(&admin).await;
        admin.post(format!("{REGISTRY}/open"), json!({})).await.expect(204);
        register(&admin, device("press.8", json!({}))).await.expect(202);
    }

    async fn a_duration_is_a_number_of_milliseconds_up_to_a_day(server: Server) {
        let admin = server.admin().await;
        for wrong in [
            json!({ "duration": 0 }),
            json!({ "duration": -1 }),
            json!({ "duration": 86_400_001 }),
            json!({ "duration": i64::MAX }),
            json!({ "duration": 1.5 }),
            json!({ "duration": "30000" }),
            json!([]),
        ] {
            admin.post(format!("{REGISTRY}/open"), wrong).await.expect_error(400);
        }
        register(&admin, device("press.7", json!({}))).await.expect_error(423);
        let longest = json!({ "duration": 86_400_000 });
        admin.post(format!("{REGISTRY}/open"), longest).await.expect(204);
        register(&admin, device("press.7", json!({}))).await.expect(202);
    }

    async fn the_registry_can_be_opened_by_those_who_may_write_there(server: Server) {
        let admin = server.admin().await;
        let reader = caller(&admin, "reader", json!([http(&format!("{REGISTRY}/#"), "read")])).await;
        reader.get(REGISTRY).await.expect(200);
        for path in ["open", "close", "confirm", "reject"] {
            let body = json!({ "username": "press.7" });
            reader.post(format!("{REGISTRY}/{path}"), body).await.expect_error(403);
        }
        let opener = caller(&admin, "opener", json!([http(&format!("{REGISTRY}/open"), "write")])).await;
        opener.post(format!("{REGISTRY}/open"), json!({})).await.expect(204);
        opener.post(format!("{REGISTRY}/close"), json!({})).await.expect_error(403);
        opener.get(REGISTRY).await.expect_error(403);
    }

    async fn an_opening_is_rehearsed_and_opens_nothing(server: Server) {
        let admin = server.admin().await;
        let request = |path: &str, body: Value| {
            json!({ "method": "POST", "path": format!("{REGISTRY}/{path}"), "body": body })
        };
        admin.post("/access/v1/dry-run", request("open", json!({ "duration": 60_000 }))).await.expect(200);
        admin.post("/access/v1/dry-run", request("close", json!({}))).await.expect(200);
        register(&admin, device("press.7", json!({}))).await.expect_error(423);
        admin.post("/access/v1/dry-run", request("open", json!({ "duration": 0 }))).await.expect_error(400);
    }
}
