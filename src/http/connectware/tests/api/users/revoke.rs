//! `POST /api/users/{id}/revoke`

use serde_json::json;

use crate::support::{both_engines, client::Client, connectware::*, server::Server};

async fn revoke(caller: &Client, id: &str) -> crate::support::client::Response {
    caller.post(format!("/api/users/{id}/revoke"), json!({})).await
}

both_engines! {
    async fn everything_of_a_user_ends_at_once(server: Server) {
        let admin = server.admin().await;
        let readers = create_role(&admin, "readers", json!([http("/api/users/#", "read")])).await;
        let more = json!({
            "roles": [readers],
            "initialPermissions": [http("/api/roles/#", "read"), mqtt("site/#", "write")],
            "certificates": [{ "fingerprint": "ab".repeat(32) }],
        });
        let id = create_user_with(&admin, "ada", more).await;
        let sessions = [admin.login("ada", PASSWORD).await, admin.login("ada", PASSWORD).await];
        sessions[0].get("/api/users/ids").await.expect(200);
        let basic = admin.anonymous().basic("ada", PASSWORD);
        basic.get("/api/roles").await.expect(200);
        assert!(revoke(&admin, &id).await.expect(204).position() > 0);
        for session in &sessions {
            session.get("/api/session").await.expect_error(401);
        }
        basic.get("/api/roles").await.expect_error(401);
        let login = json!({ "username": "ada", "password": PASSWORD });
        admin.anonymous().post("/api/login", login).await.expect_error(401);
        let left = get_user(&admin, &id).await;
        assert_user(&left);
        for nothing in ["tokens", "certificates", "roles"] {
            assert_eq!(left[nothing], json!([]), "{left}");
        }
        // The certificate may be given to somebody else, but the name may not.
        admin.post("/api/users", user("ada", json!({}))).await.expect_error(409);
        let certificate = json!({ "certificates": [{ "fingerprint": "ab".repeat(32) }] });
        create_user_with(&admin, "grace", certificate).await;
        admin.delete(format!("/api/users/{id}")).await.expect(204);
        create_user(&admin, "ada").await;
    }

    async fn a_new_password_alone_brings_no_right_back(server: Server) {
        let admin = server.admin().await;
        let rights = json!({ "initialPermissions": [http("/api/users/#", "read")] });
        let id = create_user_with(&admin, "ada", rights).await;
        let before = admin.login("ada", PASSWORD).await;
        revoke(&admin, &id).await.expect(204);
        admin.put(format!("/api/users/{id}"), json!({ "password": PASSWORD })).await.expect(200);
        let ada = admin.login("ada", PASSWORD).await;
        ada.get("/api/users/ids").await.expect_error(403);
        before.get("/api/session").await.expect_error(401);
    }

    async fn a_user_may_be_revoked_twice(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        revoke(&admin, &id).await.expect(204);
        revoke(&admin, &id).await.expect(204);
        admin.delete(format!("/api/users/{id}")).await.expect(204);
        revoke(&admin, &id).await.expect_error(404);
    }

    async fn a_revoked_device_learns_nothing_more(server: Server) {
        let admin = server.admin().await;
        let device = json!({ "username": "press.7", "password": PASSWORD });
        let register = async || admin.anonymous().post("/api/client-registry/register", device.clone()).await;
        let opening = json!({ "duration": 600_000 });
        admin.post("/api/client-registry/open", opening).await.expect(204);
        register().await.expect(202);
        let press = json!({ "username": "press.7" });
        let made = admin.post("/api/client-registry/confirm", press).await.expect(201).json();
        register().await.expect(201);
        revoke(&admin, &id_of(&made)).await.expect(204);
        register().await.expect_error(409);
        assert_eq!(admin.get("/api/client-registry").await.expect(200).json(), json!([]));
        admin.post("/api/client-registry/close", json!({})).await.expect(204);
        register().await.expect_error(423);
    }

    async fn the_last_administrator_stays(server: Server) {
        let admin = server.admin().await;
        let id = admin_id(&admin).await;
        let refused = revoke(&admin, &id).await.expect_error(409);
        assert_eq!(refused.code, "last_administrator");
        admin.get("/api/session").await.expect(200);
    }

    async fn who_may_not_write_there_revokes_nobody(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let reader = caller(&admin, "reader", json!([http("/api/users/#", "read")])).await;
        revoke(&reader, &id).await.expect_error(403);
        let revoker = caller(&admin, "revoker", json!([http("/api/users/+/revoke", "write")])).await;
        revoker.delete(format!("/api/users/{id}")).await.expect_error(403);
        revoke(&revoker, &id).await.expect(204);
        revoke(&admin, NOBODY).await.expect_error(404);
        revoke(&admin, "ada").await.expect_error(400);
    }

    async fn a_revocation_is_rehearsed(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let rehearse = async |id: &str| {
            let request = json!({ "method": "POST", "path": format!("/api/users/{id}/revoke") });
            admin.post("/access/v1/dry-run", request).await
        };
        rehearse(&id).await.expect(200);
        rehearse(NOBODY).await.expect_error(404);
        admin.login("ada", PASSWORD).await.get("/api/session").await.expect(200);
    }
}
