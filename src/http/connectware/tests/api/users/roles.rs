//! `/api/users/{id}/roles`

use serde_json::json;

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn a_role_is_given_and_taken_and_its_rights_with_it(server: Server) {
        let admin = server.admin().await;
        let readers = create_role(&admin, "readers", json!([http("/api/users/#", "read")])).await;
        let id = create_user(&admin, "ada").await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        let path = format!("/api/users/{id}/roles");
        let body = json!({ "roleId": readers });

        admin.post(&path, body.clone()).await.expect(204);
        assert_eq!(all(&get_user(&admin, &id).await["roles"], "name"), ["readers"]);
        ada.get("/api/users/ids").await.expect(200);
        // A second grant changes nothing.
        admin.post(&path, body.clone()).await.expect(204);

        admin.delete_with_body(&path, body.clone()).await.expect(204);
        assert_eq!(get_user(&admin, &id).await["roles"], json!([]));
        ada.get("/api/users/ids").await.expect_error(403);
        admin.delete_with_body(&path, body).await.expect_error(404);
    }

    async fn a_role_that_is_not_shared_has_one_holder(server: Server) {
        let admin = server.admin().await;
        let body = json!({ "name": "the-only-one", "isShared": false, "permissions": [] });
        let body = json!({ "roleId": id_of(&admin.post("/api/roles", body).await.expect(201).json()) });
        let (ada, grace) = (create_user(&admin, "ada").await, create_user(&admin, "grace").await);
        admin.post(format!("/api/users/{ada}/roles"), body.clone()).await.expect(204);
        admin.post(format!("/api/users/{grace}/roles"), body.clone()).await.expect_error(409);
        admin.delete_with_body(format!("/api/users/{ada}/roles"), body.clone()).await.expect(204);
        admin.post(format!("/api/users/{grace}/roles"), body).await.expect(204);
    }

    async fn the_last_administrator_keeps_the_role(server: Server) {
        let admin = server.admin().await;
        let administrators = json!({ "roleId": role_named(&admin, "connectware-admin").await });
        let first = format!("/api/users/{}/roles", admin_id(&admin).await);
        admin.delete_with_body(&first, administrators.clone()).await.expect_error(409);
        let second = create_user(&admin, "second").await;
        admin.post(format!("/api/users/{second}/roles"), administrators.clone()).await.expect(204);
        admin.delete_with_body(&first, administrators).await.expect(204);
        admin.get("/api/users/ids").await.expect_error(403);
    }

    async fn two_administrators_cannot_both_leave_at_once(server: Server) {
        let admin = server.admin().await;
        let administrators = json!({ "roleId": role_named(&admin, "connectware-admin").await });
        let first = admin_id(&admin).await;
        let second = create_user(&admin, "second").await;
        admin.post(format!("/api/users/{second}/roles"), administrators.clone()).await.expect(204);
        let leave =
            |id: &str| admin.delete_with_body(format!("/api/users/{id}/roles"), administrators.clone());
        let (one, other) = tokio::join!(leave(&first).into_future(), leave(&second).into_future());
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        // The later request finds that its user is the last administrator, or that the caller has lost the right.
        assert!(statuses == [204, 409] || statuses == [204, 403], "{one:?}\n{other:?}");
    }

    async fn what_is_not_there_is_not_given(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let path = format!("/api/users/{id}/roles");
        admin.post(&path, json!({ "roleId": NOBODY })).await.expect_error_in(&[400, 404]);
        admin.post(&path, json!({ "roleId": "minimum-access" })).await.expect_error(400);
        admin.post(&path, json!({})).await.expect_error(400);
        admin.delete(&path).await.expect_error(400);
        let role = json!({ "roleId": role_named(&admin, "minimum-access").await });
        admin.post(format!("/api/users/{NOBODY}/roles"), role.clone()).await.expect_error(404);
        admin.delete_with_body(format!("/api/users/{NOBODY}/roles"), role.clone()).await.expect_error(404);
        admin.post("/api/users/ada/roles", role).await.expect_error(400);
    }

    async fn the_role_of_a_users_own_permissions_is_nobody_elses(server: Server) {
        let admin = server.admin().await;
        let ada = create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("a", "read")] })).await;
        let own = id_of(&get_user(&admin, &ada).await["roles"][0]);
        let grace = create_user(&admin, "grace").await;
        let answer = admin.post(format!("/api/users/{grace}/roles"), json!({ "roleId": own })).await;
        answer.expect_error_in(&[400, 404, 409]);
        assert_eq!(get_user(&admin, &grace).await["roles"], json!([]));
    }
}
