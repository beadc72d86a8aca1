//! `DELETE /api/users/{id}` and `DELETE /api/users`

use serde_json::json;

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn a_deleted_user_is_gone_with_all_they_held(server: Server) {
        let admin = server.admin().await;
        let certificate = json!({ "certificates": [{ "fingerprint": "ab".repeat(32) }] });
        let id = create_user_with(&admin, "ada", certificate.clone()).await;
        let ada = server.anonymous().login("ada", PASSWORD).await;

        admin.delete(format!("/api/users/{id}")).await.expect(204);

        ada.get("/api/session").await.expect_error(401);
        let login = json!({ "username": "ada", "password": PASSWORD });
        server.anonymous().post("/api/login", login).await.expect_error(401);
        admin.get(format!("/api/users/{id}")).await.expect_error(404);
        admin.put(format!("/api/users/{id}"), json!({})).await.expect_error(404);
        admin.get(format!("/api/users/{id}/tokens")).await.expect_error(404);
        admin.delete(format!("/api/users/{id}")).await.expect_error(404);
        let found = admin.get("/api/listUsers?username[eq]=ada").await.expect(200).json();
        assert_eq!(found["pagination"]["totalRows"], 0);
        // Another user can take the name and the certificate.
        let next = create_user_with(&admin, "ada", certificate).await;
        assert_ne!(next, id);
        ada.get("/api/session").await.expect_error(401);
    }

    async fn many_are_deleted_at_once(server: Server) {
        let admin = server.admin().await;
        let ids = [create_user(&admin, "ada").await, create_user(&admin, "grace").await];
        let stays = create_user(&admin, "joan").await;
        admin.delete_with_body("/api/users", json!(ids)).await.expect(204);
        for id in ids {
            admin.get(format!("/api/users/{id}")).await.expect_error(404);
        }
        admin.get(format!("/api/users/{stays}")).await.expect(200);
    }

    async fn all_are_deleted_or_none(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let administrator = admin_id(&admin).await;
        admin.delete_with_body("/api/users", json!([id, NOBODY])).await.expect_error_in(&[400, 404]);
        admin.delete_with_body("/api/users", json!([id, administrator])).await.expect_error(409);
        admin.delete_with_body("/api/users", json!([id, "ada"])).await.expect_error(400);
        admin.delete_with_body("/api/users", json!({ "ids": [id] })).await.expect_error(400);
        // Without a list, the request must not delete any user.
        admin.delete("/api/users").await.expect_error(400);
        admin.get(format!("/api/users/{id}")).await.expect(200);
    }

    async fn the_last_administrator_is_not_deleted(server: Server) {
        let admin = server.admin().await;
        let first = admin_id(&admin).await;
        admin.delete(format!("/api/users/{first}")).await.expect_error(409);
        let administrators = role_named(&admin, "connectware-admin").await;
        create_user_with(&admin, "second", json!({ "roles": [administrators] })).await;
        admin.delete(format!("/api/users/{first}")).await.expect(204);
        admin.get("/api/session").await.expect_error(401);
        let second = server.anonymous().login("second", PASSWORD).await;
        let second_id = second.get("/api/listUsers?username[eq]=second").await.expect(200).json();
        second.delete(format!("/api/users/{}", id_of(&second_id["users"][0]))).await.expect_error(409);
    }

    async fn nobody_is_deleted_by_an_unknown_id(server: Server) {
        let admin = server.admin().await;
        admin.delete(format!("/api/users/{NOBODY}")).await.expect_error(404);
        admin.delete("/api/users/ada").await.expect_error(400);
    }
}
