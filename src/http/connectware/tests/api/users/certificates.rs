//! `/api/users/{id}/certificates`

use serde_json::json;

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn a_certificate_is_given_and_taken(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let path = format!("/api/users/{id}/certificates");
        let body = json!({ "fingerprint": "ab".repeat(32) });
        admin.post(&path, body.clone()).await.expect(204);
        let found = get_user(&admin, &id).await;
        assert_user(&found);
        assert_eq!(all(&found["certificates"], "fingerprint"), ["ab".repeat(32)]);
        admin.delete_with_body(&path, body.clone()).await.expect(204);
        assert_eq!(get_user(&admin, &id).await["certificates"], json!([]));
        admin.delete_with_body(&path, body).await.expect_error(404);
    }

    async fn a_fingerprint_is_the_same_however_it_is_written(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let path = format!("/api/users/{id}/certificates");
        let as_openssl_prints_it = vec!["AB"; 32].join(":");
        admin.post(&path, json!({ "fingerprint": as_openssl_prints_it })).await.expect(204);
        let other = create_user(&admin, "grace").await;
        let again = json!({ "fingerprint": "ab".repeat(32) });
        admin.post(format!("/api/users/{other}/certificates"), again.clone()).await.expect_error(409);
        admin.delete_with_body(&path, again.clone()).await.expect(204);
        admin.post(format!("/api/users/{other}/certificates"), again).await.expect(204);
    }

    async fn what_is_no_fingerprint_is_refused(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let path = format!("/api/users/{id}/certificates");
        for wrong in [
            json!({}),
            json!({ "fingerprint": "" }),
            json!({ "fingerprint": "text" }),
            json!({ "fingerprint": "ab".repeat(31) }),
            json!({ "fingerprint": 1 }),
            json!([]),
        ] {
            admin.post(&path, wrong.clone()).await.expect_error(400);
            admin.delete_with_body(&path, wrong).await.expect_error(400);
        }
        admin.delete(&path).await.expect_error(400);
    }

    async fn nobody_gets_a_certificate_by_an_unknown_id(server: Server) {
        let admin = server.admin().await;
        let body = json!({ "fingerprint": "ab".repeat(32) });
        let path = format!("/api/users/{NOBODY}/certificates");
        admin.post(&path, body.clone()).await.expect_error(404);
        admin.delete_with_body(&path, body.clone()).await.expect_error(404);
        admin.post("/api/users/ada/certificates", body).await.expect_error(400);
    }
}
