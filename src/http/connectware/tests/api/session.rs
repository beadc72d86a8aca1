//! `GET /api/session`

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

    async fn a_session_is_somebodys(server: Server) {
        server.anonymous().get("/api/session").await.expect_error(401);
    }
}
