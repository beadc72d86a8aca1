//! Permissions to read `$share/...`: only the filter in a shared subscription counts, so such a permission would allow nothing.

use serde_json::{Value, json};

use crate::support::{both_engines, client::Client, connectware::*, server::Server};

/// The message of the refusal says what to grant instead.
async fn must_be_refused(admin: &Client, method: &str, path: &str, body: &Value) {
    let sent = admin.call(method.parse().expect("a method"), path);
    let problem = sent
        .body("application/json", body.to_string())
        .await
        .expect_error(400);
    assert_eq!(problem.code, "invalid_request", "{method} {path}");
    assert!(
        problem
            .message
            .contains("grant the filter without the $share/{group}/ prefix"),
        "{}",
        problem.message
    );
    if !path.ends_with("batch") {
        let foretold = json!({ "method": method, "path": path, "body": body });
        let problem = admin.post("/access/v1/dry-run", foretold).await.expect_error(400);
        assert!(problem.message.contains("$share/{group}/"), "{}", problem.message);
    }
}

both_engines! {
    async fn no_route_gives_a_permission_to_read_a_shared_subscription(server: Server) {
        let admin = server.admin().await;
        let held = create_role(&admin, "operators", json!([mqtt("plant/#", "read")])).await;
        let ada = create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("a", "read")] })).await;
        let permissions = admin.get(format!("/api/roles/{held}/permissions")).await.expect(200).json();
        let permission = text(&permissions[0]["id"]).to_owned();
        let own = admin.get(format!("/api/users/{ada}")).await.expect(200).json();
        let own = text(&own["roles"][0]["id"]).to_owned();
        let before = admin.get("/api/roles").await.expect(200).text();
        for resource in ["$share/workers/plant/#", "$share/workers", "$share/", "$share/+/plant", "$share/#", "$share//a"] {
            for operation in ["read", "readWrite"] {
                let shared = mqtt(resource, operation);
                let among = json!([mqtt("b", "read"), shared]);
                for (method, path, body) in [
                    ("POST", "/api/roles".to_owned(), role("shared", among.clone())),
                    ("PUT", format!("/api/roles/{held}"), json!({ "permissions": among })),
                    ("PUT", format!("/api/roles/{own}"), json!({ "permissions": among })),
                    ("POST", format!("/api/roles/{held}/permissions"), shared.clone()),
                    ("POST", format!("/api/roles/{own}/permissions"), shared.clone()),
                    ("PUT", format!("/api/roles/{held}/permissions/{permission}"), json!({ "resource": resource, "operation": operation })),
                    ("PUT", format!("/api/roles/{held}/permissions/{permission}"), json!({ "resource": resource })),
                    ("POST", "/api/users".to_owned(), user("grace", json!({ "initialPermissions": among }))),
                    ("POST", "/api/users/batch".to_owned(), json!([user("grace", json!({ "initialPermissions": among }))])),
                    ("PUT", format!("/api/users/{ada}"), json!({ "permissions": among })),
                ] {
                    // A body without an operation is tried once.
                    if operation == "read" || body["resource"].is_null() || !body["operation"].is_null() {
                        must_be_refused(&admin, method, &path, &body).await;
                    }
                }
            }
        }
        assert_eq!(admin.get("/api/roles").await.expect(200).text(), before);
    }

    async fn a_write_permission_becomes_no_permission_to_read_a_shared_subscription(server: Server) {
        let admin = server.admin().await;
        let held = create_role(&admin, "operators", json!([mqtt("$share/workers/a", "write")])).await;
        let permissions = admin.get(format!("/api/roles/{held}/permissions")).await.expect(200).json();
        let path = format!("/api/roles/{held}/permissions/{}", text(&permissions[0]["id"]));
        must_be_refused(&admin, "PUT", &path, &json!({ "operation": "readWrite" })).await;
    }

    async fn what_only_begins_like_a_shared_subscription_can_be_given(server: Server) {
        let admin = server.admin().await;
        let permissions = json!([
            mqtt("$share", "read"),
            mqtt("$SHARE/workers/a", "read"),
            mqtt("$shares/workers/a", "read"),
            mqtt("+/workers/a", "read"),
            mqtt("/$share/workers/a", "read"),
            mqtt("$share/workers/a", "write"),
            http("/$share/workers/a", "read"),
        ]);
        create_role(&admin, "operators", permissions).await;
    }
}
