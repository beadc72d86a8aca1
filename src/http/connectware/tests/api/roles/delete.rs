//! `DELETE /api/roles/{id}` and `DELETE /api/roles`

use serde_json::json;

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn a_deleted_role_is_gone_for_all_who_held_it(server: Server) {
        let admin = server.admin().await;
        let readers = create_role(&admin, "readers", json!([http("/api/users/#", "read")])).await;
        let user = create_user_with(&admin, "ada", json!({ "roles": [readers] })).await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        ada.get("/api/users/ids").await.expect(200);

        admin.delete(format!("/api/roles/{readers}")).await.expect(204);

        ada.get("/api/users/ids").await.expect_error(403);
        assert_eq!(get_user(&admin, &user).await["roles"], json!([]));
        admin.get(format!("/api/roles/{readers}")).await.expect_error(404);
        admin.delete(format!("/api/roles/{readers}")).await.expect_error(404);
        // A later role with the same name is another role.
        let next = create_role(&admin, "readers", json!([http("/api/users/#", "read")])).await;
        assert_ne!(next, readers);
        ada.get("/api/users/ids").await.expect_error(403);
        assert_eq!(get_user(&admin, &user).await["roles"], json!([]));
    }

    async fn many_are_deleted_at_once(server: Server) {
        let admin = server.admin().await;
        let ids = [create_role(&admin, "one", json!([])).await, create_role(&admin, "two", json!([])).await];
        admin.delete_with_body("/api/roles", json!(ids)).await.expect(204);
        for id in ids {
            admin.get(format!("/api/roles/{id}")).await.expect_error(404);
        }
    }

    async fn all_are_deleted_or_none(server: Server) {
        let admin = server.admin().await;
        let id = create_role(&admin, "one", json!([])).await;
        let protected = role_named(&admin, "connectware-admin").await;
        admin.delete_with_body("/api/roles", json!([id, NOBODY])).await.expect_error_in(&[400, 404]);
        admin.delete_with_body("/api/roles", json!([id, protected])).await.expect_error_in(&[403, 409]);
        admin.delete_with_body("/api/roles", json!([id, "one"])).await.expect_error(400);
        admin.delete("/api/roles").await.expect_error(400);
        admin.get(format!("/api/roles/{id}")).await.expect(200);
    }

    async fn the_administrators_role_stays(server: Server) {
        let admin = server.admin().await;
        let id = role_named(&admin, "connectware-admin").await;
        admin.delete(format!("/api/roles/{id}")).await.expect_error_in(&[403, 409]);
        admin.get(format!("/api/roles/{id}")).await.expect(200);
    }

    async fn no_role_is_deleted_by_an_unknown_id(server: Server) {
        let admin = server.admin().await;
        admin.delete(format!("/api/roles/{NOBODY}")).await.expect_error(404);
        admin.delete("/api/roles/operators").await.expect_error(400);
    }
}
