//! `GET /api/auth/password-policy`

use serde_json::json;

use crate::support::{both_engines, server::Server};

both_engines! {
    async fn anyone_learns_the_rules(server: Server) {
        let rules = server.anonymous().get("/api/auth/password-policy").await.expect(200).json();
        assert_eq!(rules, json!({ "min": 5, "lower": 0, "upper": 0, "numeric": 0, "symbol": 0 }));
        let admin = server.admin().await;
        assert_eq!(admin.get("/api/auth/password-policy").await.expect(200).json(), rules);
        admin.post("/api/auth/password-policy", json!({})).await.expect_error(405);
    }
}
