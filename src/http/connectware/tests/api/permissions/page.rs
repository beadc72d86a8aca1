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

    async fn a_page_shows_a_hundred_uses_of_a_resource_and_the_others_come_in_pages(server: Server) {
        let admin = server.admin().await;
        let (mut roles, users) = (Vec::new(), 3);
        // More resources with many uses than one statement reads.
        let crowds: Vec<String> = (0..18).map(|number| format!("crowd/{number}")).collect();
        let permissions = ["busy/#", "calm"].into_iter().chain(crowds.iter().map(String::as_str));
        let permissions: Vec<Value> = permissions.map(|topic| mqtt(topic, "read")).collect();
        for number in 0..120 {
            roles.push(create_role(&admin, &format!("role-{number}"), json!(permissions)).await);
            if number < 100 {
                // A resource with a hundred uses is shown whole.
                create_role(&admin, &format!("full-{number}"), json!([mqtt("full", "read")])).await;
            }
        }
        for number in 0..users {
            create_user_with(&admin, &format!("user.{number}"), json!({ "initialPermissions": [mqtt("busy/#", "write")] })).await;
        }
        let full = row(&admin, "full").await;
        assert_keys(&full, &["resource", "context", "usage"]);
        assert_eq!(list(&full["usage"]).len(), 100);
        let busy = row(&admin, "busy/#").await;
        assert_keys(&busy, &["resource", "context", "usage", "moreUsage", "nextUsage"]);
        assert_eq!((list(&busy["usage"]).len(), &busy["moreUsage"]), (100, &json!(true)));
        assert_eq!(busy["usage"][0]["roleId"], roles[0].as_str());
        let page = admin.get("/api/permissions/page?rowsPerPage=100&pageNumber=1").await.expect(200).json();
        for crowd in &crowds {
            let row = list(&page["permissions"]).iter().find(|row| row["resource"] == crowd.as_str()).expect("a row");
            let shown: Vec<&str> = list(&row["usage"]).iter().map(|usage| text(&usage["roleId"])).collect();
            assert_eq!((shown, &row["moreUsage"]), (roles[..100].iter().map(String::as_str).collect(), &json!(true)), "{crowd}");
        }
        for limit in [1, 7, 100] {
            let (mut found, mut after) = (list(&busy["usage"]).clone(), busy["nextUsage"].clone());
            while let Some(from) = after.as_i64() {
                let path = format!("/api/permissions/usage?resource=busy/%23&context=mqtt&next={from}&limit={limit}");
                let page = admin.get(path).await.expect(200).json();
                assert_keys(&page, &["usage", "next"]);
                assert!((1..=limit).contains(&list(&page["usage"]).len()));
                found.extend(list(&page["usage"]).clone());
                after = page["next"].clone();
            }
            let of_roles: Vec<&str> = found.iter().take(120).map(|usage| text(&usage["roleId"])).collect();
            assert_eq!(of_roles, roles);
            let of_users: Vec<&str> = found[120..].iter().map(|usage| text(&usage["username"])).collect();
            assert_eq!(of_users, ["user.0", "user.1", "user.2"]);
        }
        let whole = admin.get("/api/permissions/usage?resource=full&context=mqtt").await.expect(200).json();
        assert_eq!((&whole["usage"], &whole["next"]), (&full["usage"], &json!(null)));
        for nothing in ["resource=full&context=http", "resource=nowhere&context=mqtt", "resource=full&context=mqtt&next=1000000000"] {
            let page = admin.get(format!("/api/permissions/usage?{nothing}")).await.expect(200).json();
            assert_eq!(page, json!({ "usage": [], "next": null }));
        }
        // The ids of permissions narrow both down.
        let ids = admin.get("/api/permissions/ids").await.expect(200).json();
        let of_busy = list(&ids).iter().find(|row| row["resource"] == "busy/#" && row["operation"] == "read").expect("a row");
        let ids: Vec<&str> = list(&of_busy["ids"]).iter().map(text).collect();
        let named = |ids: &[&str]| ids.iter().map(|id| format!("&ids={id}")).collect::<String>();
        let page = admin.get(format!("/api/permissions/page?pageNumber=1{}", named(&ids[..110]))).await.expect(200).json();
        let narrow = &page["permissions"][0];
        assert_eq!((list(&page["permissions"]).len(), list(&narrow["usage"]).len()), (1, 100));
        let after = narrow["nextUsage"].as_i64().expect("more");
        let path = format!("/api/permissions/usage?resource=busy/%23&context=mqtt&next={after}{}", named(&ids[..110]));
        let rest = admin.get(path).await.expect(200).json();
        assert_eq!((list(&rest["usage"]).len(), &rest["next"]), (10, &json!(null)));
        for wrong in [
            "", "resource=a", "context=mqtt", "resource=a&context=coap", "resource=a/%23/b&context=mqtt", "resource=a&context=mqtt&limit=0",
            "resource=a&context=mqtt&limit=101", "resource=a&context=mqtt&next=x", "resource=a&context=mqtt&ids=x",
        ] {
            admin.get(format!("/api/permissions/usage?{wrong}")).await.expect_error(400);
        }
        let nobody = caller(&admin, "nobody", json!([])).await;
        nobody.get("/api/permissions/usage?resource=full&context=mqtt").await.expect_error(403);
    }

    async fn malformed_pages_are_refused(server: Server) {
        let admin = server.admin().await;
        for query in ["rowsPerPage=0&pageNumber=1", "rowsPerPage=101", "pageNumber=0", "pageNumber=x"] {
            admin.get(format!("/api/permissions/page?{query}")).await.expect_error(400);
        }
    }
}
