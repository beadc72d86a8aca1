//! `POST /api/client-registry/reject`

use serde_json::json;

use super::*;
use crate::support::{both_engines, server::Server};

both_engines! {
    async fn a_rejected_device_may_ask_again_while_the_registry_is_open(server: Server) {
        let admin = server.admin().await;
        let reject = async || {
            admin.post(format!("{REGISTRY}/reject"), json!({ "username": "press.7" })).await
        };
        reject().await.expect_error(404);
        open(&admin).await;
        register(&admin, device("press.7", json!({}))).await.expect(202);
        assert!(reject().await.expect(204).position() > 0);
        assert_eq!(listed(&admin).await, json!([]));
        reject().await.expect_error(404);
        confirm(&admin, json!({ "username": "press.7" })).await.expect_error(404);
        // Also with another password.
        register(&admin, device("press.7", json!({ "password": "a better one" }))).await.expect(202);
        reject().await.expect(204);
        close(&admin).await;
        register(&admin, device("press.7", json!({}))).await.expect_error(423);
    }

    async fn a_confirmed_device_is_not_rejected(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        register(&admin, device("press.7", json!({}))).await.expect(202);
        confirm(&admin, json!({ "username": "press.7" })).await.expect(201);
        let body = json!({ "username": "press.7" });
        admin.post(format!("{REGISTRY}/reject"), body).await.expect_error(404);
        register(&admin, device("press.7", json!({}))).await.expect(201);
    }

    async fn a_body_names_one_registration(server: Server) {
        let admin = server.admin().await;
        for wrong in [json!({}), json!([]), json!({ "username": null }), json!({ "username": ["press.7"] })] {
            admin.post(format!("{REGISTRY}/reject"), wrong).await.expect_error(400);
        }
    }
}
