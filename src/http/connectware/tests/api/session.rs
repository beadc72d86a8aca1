//! `GET /api/session`, and `DELETE /api/session`

use serde_json::json;

use crate::support::{both_engines, client::assert_keys, connectware::*, server::Server};

both_engines! {
    async fn a_session_says_who_one_is_and_what_one_may(server: Server) {
        let admin = server.admin().await;
        let readers = create_role(&admin, "readers", json!([http("/api/users/#", "read")])).await;
        let more = json!({ "roles": [readers], "initialPermissions": [mqtt("a", "write")] });
        create_user_with(&admin, "ada", more).await;
        let login = json!({ "username": "ada", "password": PASSWORD });
        let login = server.anonymous().post("/api/login", login).await.expect(200).json();

        let session =
            server.anonymous().bearer(text(&login["token"])).get("/api/session").await.expect(200).json();

        assert_keys(&session, &["username", "expiresAt", "permissions", "mfa"]);
        assert_eq!(session["username"], "ada");
        assert_eq!(session["expiresAt"], login["expiresAt"]);
        assert_eq!(session["permissions"], login["permissions"]);
        list(&session["permissions"]).iter().for_each(assert_permission);
        assert_eq!(session["mfa"], json!({ "enabled": false, "enforced": false }));
    }

    async fn a_session_follows_its_user(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        let change = json!({
            "username": "lovelace",
            "enforceMFAEnrollment": true,
            "permissions": [mqtt("a", "read")],
        });
        admin.put(format!("/api/users/{id}"), change).await.expect(200);
        let session = ada.get("/api/session").await.expect(200).json();
        assert_eq!(session["username"], "lovelace");
        assert_eq!(session["mfa"], json!({ "enabled": false, "enforced": true }));
        assert_eq!(list(&session["permissions"]).iter().map(right).collect::<Vec<_>>(), [mqtt("a", "read")]);
    }

    async fn everybody_logs_out_of_the_session_of_their_token(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        let other = server.anonymous().login("ada", PASSWORD).await;
        let logged_out = ada.delete("/api/session").await.expect(204);
        assert!(logged_out.position() > 0);
        assert_eq!(logged_out.text(), "");
        ada.get("/api/session").await.expect_error(401);
        ada.delete("/api/session").await.expect_error(401);
        other.get("/api/session").await.expect(200);
        admin.get("/api/session").await.expect(200);
        let tokens = admin.get(format!("/api/users/{id}/tokens")).await.expect(200).json();
        assert_eq!(list(&tokens).len(), 1);
        server.anonymous().delete(format!("/api/session?apiToken={}", other.token())).await.expect(204);
        other.get("/api/session").await.expect_error(401);
        server.anonymous().login("ada", PASSWORD).await.get("/api/session").await.expect(200);
    }

    async fn a_session_ends_once_however_often_at_once(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        for _ in 0..8 {
            let ada = server.anonymous().login("ada", PASSWORD).await;
            let log_out = || ada.delete("/api/session").into_future();
            let (one, two, three) = tokio::join!(log_out(), log_out(), log_out());
            let mut statuses = [one.status, two.status, three.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 401, 401]);
        }
    }

    async fn basic_has_no_session_to_end(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        let basic = server.anonymous().basic("ada", PASSWORD);
        let refusal = basic.delete("/api/session").await.expect_error(400);
        assert_eq!(refusal.code, "no_session");
        ada.get("/api/session").await.expect(200);
        server.anonymous().basic("ada", "a guess").delete("/api/session").await.expect_error(401);
        server.anonymous().delete("/api/session").await.expect_error(401);
    }

    async fn a_session_is_somebodys(server: Server) {
        server.anonymous().get("/api/session").await.expect_error(401);
    }
}
