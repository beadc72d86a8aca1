//! `GET /api/permissions/page`

use serde_json::{Value, json};

use crate::support::{
    both_engines,
    client::{Client, assert_keys},
    connectware::*,
    server::Server,
};

/// The row of this resource, with its uses.
async fn row(admin: &Client, resource: &str) -> Value {
    let answer = admin
        .get("/api/permissions/page?rowsPerPage=100&pageNumber=1")
        .await
        .expect(200)
        .json();
    let rows: Vec<_> = list(&answer["permissions"])
        .iter()
        .filter(|row| row["resource"] == resource)
        .collect();
    assert_eq!(rows.len(), 1, "{resource} should have one row: {answer}");
    rows[0].clone()
}

both_engines! {
    async fn resources_are_shown_with_their_uses(server: Server) {
        let admin = server.admin().await;
        let one = create_role(&admin, "one", json!([mqtt("a/#", "read")])).await;
        let two = create_role(&admin, "two", json!([mqtt("a/#", "write")])).await;
        create_user_with(&admin, "ada", json!({ "roles": [one] })).await;

        let answer = admin.get("/api/permissions/page?rowsPerPage=100&pageNumber=1").await.expect(200).json();
        assert_keys(&answer, &["permissions", "pagination"]);
        for row in list(&answer["permissions"]) {
            assert_keys(row, &["resource", "context", "usage"]);
            for usage in list(&row["usage"]) {
                assert_keys(
                    usage,
                    &["roleName", "roleId", "isRoleShared", "username", "userId", "operation"],
                );
            }
        }
        let rows = i64::try_from(list(&answer["permissions"]).len()).expect("few");
        assert_pagination(&answer["pagination"], 1, 100, rows);

        let row = row(&admin, "a/#").await;
        assert_eq!(row["context"], "mqtt");
        let usage = |name: &str, id: &str, operation: &str| {
            json!({
                "roleName": name,
                "roleId": id,
                "isRoleShared": row["usage"][0]["isRoleShared"],
                "username": null,
                "userId": null,
                "operation": operation,
            })
        };
        assert_eq!(row["usage"], json!([usage("one", &one, "read"), usage("two", &two, "write")]));
    }

    async fn own_permissions_name_their_user(server: Server) {
        let admin = server.admin().await;
        let ada =
            create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("mine", "read")] })).await;
        let row = row(&admin, "mine").await;
        let usage = &row["usage"][0];
        assert_eq!(usage["username"], "ada");
        assert_eq!(usage["userId"], ada);
        assert_eq!(usage["operation"], "read");
        assert_eq!(usage["roleId"], get_user(&admin, &ada).await["roles"][0]["id"]);
        admin.delete(format!("/api/users/{ada}")).await.expect(204);
        let answer = admin.get("/api/permissions/page?rowsPerPage=100&pageNumber=1").await.expect(200).text();
        assert!(!answer.contains("mine"), "{answer}");
    }

    async fn pages_hold_every_resource_once(server: Server) {
        let admin = server.admin().await;
        let permissions: Vec<Value> = (0..7).map(|number| mqtt(&format!("topic/{number}"), "read")).collect();
        create_role(&admin, "reader", json!(permissions)).await;
        create_role(&admin, "writer", json!([mqtt("topic/3", "write")])).await;
        let mut resources = Vec::new();
        let mut number = 1;
        loop {
            let path = format!("/api/permissions/page?rowsPerPage=2&pageNumber={number}");
            let page = admin.get(path).await.expect(200).json();
            resources.extend(all(&page["permissions"], "resource"));
            match page["pagination"]["nextPage"].as_i64() {
                Some(next) => assert_eq!(next, number + 1),
                None => break,
            }
            number += 1;
        }
        resources.retain(|resource| resource.starts_with("topic/"));
        resources.sort();
        let wanted: Vec<String> = (0..7).map(|number| format!("topic/{number}")).collect();
        assert_eq!(resources, wanted);
    }

    async fn malformed_pages_are_refused(server: Server) {
        let admin = server.admin().await;
        for query in ["rowsPerPage=0&pageNumber=1", "rowsPerPage=101", "pageNumber=0", "pageNumber=x"] {
            admin.get(format!("/api/permissions/page?{query}")).await.expect_error(400);
        }
    }
}
