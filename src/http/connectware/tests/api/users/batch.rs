//! `POST /api/users/batch`

use serde_json::{Value, json};

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn many_users_are_made_at_once(server: Server) {
        let admin = server.admin().await;
        let names: Vec<String> = (0..50).map(|number| format!("device.{number:02}")).collect();
        let body: Vec<Value> = names.iter().map(|name| user(name, json!({}))).collect();

        let ids = admin.post("/api/users/batch", json!(body)).await.expect(200).json();

        assert_eq!(list(&ids).len(), names.len());
        for (id, name) in list(&ids).iter().zip(&names) {
            assert_uuid(id);
            assert_eq!(
                get_user(&admin, text(id)).await["username"],
                **name,
                "ids should be in the order given"
            );
        }
        server.anonymous().login("device.49", PASSWORD).await;
    }

    async fn all_users_are_made_or_none(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "grace").await;
        let before = admin.get("/api/users/ids").await.expect(200).json();
        let with = |last: Value| json!([user("ada", json!({})), last]);
        for (last, status) in [
            (user("grace", json!({})), 409),
            (user("ada", json!({})), 409),
            (user("ab", json!({})), 400),
            (user("joan", json!({ "password": "four" })), 400),
            (user("joan", json!({ "roles": [NOBODY] })), 400),
            (json!("joan"), 400),
        ] {
            let answer = admin.post("/api/users/batch", with(last.clone())).await;
            assert_eq!(answer.status, status, "{last}: {answer:?}");
            answer.expect_error(status);
        }
        assert_eq!(admin.get("/api/users/ids").await.expect(200).json(), before);
    }

    async fn a_batch_is_a_list(server: Server) {
        let admin = server.admin().await;
        for wrong in [json!({}), json!("ada"), user("ada", json!({}))] {
            admin.post("/api/users/batch", wrong).await.expect_error(400);
        }
    }
}
