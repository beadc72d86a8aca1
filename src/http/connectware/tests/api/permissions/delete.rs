//! `DELETE /api/permissions`

use serde_json::json;

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn permissions_of_roles_and_of_users_are_deleted_at_once(server: Server) {
        let admin = server.admin().await;
        let role = admin.post("/api/roles", role("one", json!([mqtt("a", "read"), mqtt("b", "read")]))).await;
        let role = role.expect(201).json();
        let own = json!({ "initialPermissions": [http("/api/users/ids", "read"), mqtt("c", "read")] });
        let ada = create_user_with(&admin, "ada", own).await;
        let caller = server.anonymous().login("ada", PASSWORD).await;
        caller.get("/api/users/ids").await.expect(200);
        let hers = get_user(&admin, &ada).await["roles"][0]["permissions"][0]["id"].clone();

        admin
            .delete_with_body("/api/permissions", json!([role["permissions"][0]["id"], hers]))
            .await
            .expect(204);

        let left = admin.get(format!("/api/roles/{}/permissions", id_of(&role))).await.expect(200).json();
        assert_eq!(left, json!([role["permissions"][1]]));
        let left = &get_user(&admin, &ada).await["roles"][0]["permissions"];
        assert_eq!(list(left).iter().map(right).collect::<Vec<_>>(), [mqtt("c", "read")]);
        caller.get("/api/users/ids").await.expect_error(403);
    }

    async fn all_are_deleted_or_none(server: Server) {
        let admin = server.admin().await;
        let role = admin.post("/api/roles", role("one", json!([mqtt("a", "read")]))).await.expect(201).json();
        let id = &role["permissions"][0]["id"];
        admin.delete_with_body("/api/permissions", json!([id, NOBODY])).await.expect_error_in(&[400, 404]);
        admin.delete_with_body("/api/permissions", json!([id, "a"])).await.expect_error(400);
        admin.delete_with_body("/api/permissions", json!({})).await.expect_error(400);
        admin.delete("/api/permissions").await.expect_error(400);
        assert_eq!(admin.get(format!("/api/roles/{}", id_of(&role))).await.expect(200).json(), role);
    }
}
