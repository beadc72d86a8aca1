//! `PUT /api/users/change-password`

use serde_json::json;

use crate::support::{both_engines, client::Client, connectware::*, server::Server};

const PATH: &str = "/api/users/change-password";

async fn may_log_in(caller: &Client, username: &str, password: &str) -> bool {
    let body = json!({ "username": username, "password": password });
    let answer = caller.anonymous().post("/api/login", body).await;
    if answer.status != 200 {
        answer.expect_error(401);
    }
    answer.status == 200
}

both_engines! {
    async fn a_user_without_any_rights_changes_their_own(server: Server) {
        let admin = server.admin().await;
        let ada = caller(&admin, "ada", json!([])).await;
        let body = json!({ "password": PASSWORD, "newPassword": "her next one" });
        ada.put(PATH, body).await.expect(204);
        assert!(!may_log_in(&admin, "ada", PASSWORD).await);
        assert!(may_log_in(&admin, "ada", "her next one").await);
    }

    async fn the_old_password_must_be_right(server: Server) {
        let admin = server.admin().await;
        let ada = caller(&admin, "ada", json!([])).await;
        let body = json!({ "password": "a guess", "newPassword": "her next one" });
        ada.put(PATH, body).await.expect_error_in(&[400, 401]);
        assert!(may_log_in(&admin, "ada", PASSWORD).await);
    }

    async fn the_new_password_must_satisfy_the_policy(server: Server) {
        let admin = server.admin().await;
        let ada = caller(&admin, "ada", json!([])).await;
        for wrong in [json!("four"), json!(""), json!(null), json!(12345)] {
            ada.put(PATH, json!({ "password": PASSWORD, "newPassword": wrong })).await.expect_error(400);
        }
        ada.put(PATH, json!({ "password": PASSWORD })).await.expect_error(400);
        ada.put(PATH, json!({ "newPassword": "her next one" })).await.expect_error(400);
        assert!(may_log_in(&admin, "ada", PASSWORD).await);
    }

    async fn a_password_kept_elsewhere_is_not_changed_here(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "grace").await;
        let grace = server.anonymous().login("grace", PASSWORD).await;
        admin.put(format!("/api/users/{id}"), json!({ "identityProvider": "ldap" })).await.expect(200);
        let body = json!({ "password": PASSWORD, "newPassword": "her next one" });
        // The change of the provider has ended the session, and no password of this server opens another one.
        grace.put(PATH, body.clone()).await.expect_error(401);
        server.anonymous().basic("grace", PASSWORD).put(PATH, body).await.expect_error(401);
    }

    async fn nobody_changes_a_password_without_being_somebody(server: Server) {
        let body = json!({ "password": PASSWORD, "newPassword": "her next one" });
        server.anonymous().put(PATH, body).await.expect_error(401);
    }
}
