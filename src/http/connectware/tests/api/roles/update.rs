//! `PUT /api/roles/{id}`

use serde_json::json;

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn a_role_is_replaced(server: Server) {
        let admin = server.admin().await;
        let id = create_role(&admin, "operators", json!([mqtt("a", "read"), mqtt("b", "read")])).await;
        let path = format!("/api/roles/{id}");
        let mut body = role("workers", json!([mqtt("b", "read"), mqtt("c", "write")]));
        body["isShared"] = json!(false);
        let answer = admin.put(&path, body).await.expect(200).json();
        assert_role(&answer);
        assert_eq!(answer["id"], id);
        assert_eq!(answer["name"], "workers");
        assert_eq!(answer["isShared"], false);
        let rights: Vec<_> = list(&answer["permissions"]).iter().map(right).collect();
        assert_eq!(rights, [mqtt("b", "read"), mqtt("c", "write")]);
        assert_eq!(admin.get(&path).await.expect(200).json(), answer);
    }

    async fn a_permission_that_stays_keeps_its_id(server: Server) {
        let admin = server.admin().await;
        let made =
            admin.post("/api/roles", role("operators", json!([mqtt("a", "read")]))).await.expect(201).json();
        let path = format!("/api/roles/{}", id_of(&made));
        let body = role("operators", json!([mqtt("a", "read"), mqtt("b", "read")]));
        let answer = admin.put(path, body).await.expect(200).json();
        assert_eq!(answer["permissions"][0], made["permissions"][0]);
    }

    async fn the_rights_of_all_who_hold_it_follow_at_once(server: Server) {
        let admin = server.admin().await;
        let readers = create_role(&admin, "readers", json!([])).await;
        create_user_with(&admin, "ada", json!({ "roles": [readers] })).await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        let path = format!("/api/roles/{readers}");
        ada.get("/api/users/ids").await.expect_error(403);
        admin.put(&path, role("readers", json!([http("/api/users/#", "read")]))).await.expect(200);
        ada.get("/api/users/ids").await.expect(200);
        admin.put(&path, role("readers", json!([]))).await.expect(200);
        ada.get("/api/users/ids").await.expect_error(403);
    }

    async fn a_role_that_stops_being_shared_has_one_holder(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "operators", json!([])).await;
        let (ada, grace) = (create_user(&admin, "ada").await, create_user(&admin, "grace").await);
        let path = format!("/api/roles/{role}");
        let grant = |user: &str| admin.post(format!("/api/users/{user}/roles"), json!({ "roleId": role }));
        grant(&ada).await.expect(204);
        grant(&grace).await.expect(204);
        admin.put(&path, json!({ "isShared": false })).await.expect_error(409);
        admin.delete_with_body(format!("/api/users/{grace}/roles"), json!({ "roleId": role })).await.expect(204);
        admin.put(&path, json!({ "isShared": false })).await.expect(200);
        grant(&grace).await.expect_error(409);
        grant(&ada).await.expect(204);
    }

    async fn grants_and_the_end_of_sharing_come_in_an_order(server: Server) {
        let admin = server.admin().await;
        let (ada, grace) = (create_user(&admin, "ada").await, create_user(&admin, "grace").await);
        for round in 0..10 {
            let role = create_role(&admin, &format!("role-{round}"), json!([])).await;
            let grant = |user: &str| admin.post(format!("/api/users/{user}/roles"), json!({ "roleId": role }));
            let unshare = admin.put(format!("/api/roles/{role}"), json!({ "isShared": false }));
            tokio::join!(grant(&ada), grant(&grace), unshare);
            let page = admin.get(format!("/api/roles/page?names=role-{round}")).await.expect(200).json();
            let shown = &page["roles"][0];
            assert!(shown["isshared"] == true || list(&shown["users"]).len() <= 1, "{shown}");
        }
    }

    async fn another_name_must_be_free(server: Server) {
        let admin = server.admin().await;
        create_role(&admin, "workers", json!([])).await;
        let id = create_role(&admin, "operators", json!([])).await;
        let path = format!("/api/roles/{id}");
        admin.put(&path, role("workers", json!([]))).await.expect_error(409);
        admin.put(&path, role("engineers", json!([]))).await.expect(200);
        create_role(&admin, "operators", json!([])).await;
    }

    async fn the_administrators_role_stays_as_it_is(server: Server) {
        let admin = server.admin().await;
        let id = role_named(&admin, "connectware-admin").await;
        let before = admin.get(format!("/api/roles/{id}")).await.expect(200).json();
        for body in
            [role("nobody", json!([])), role("connectware-admin", json!([])), json!({ "isShared": false })]
        {
            admin.put(format!("/api/roles/{id}"), body).await.expect_error_in(&[403, 409]);
        }
        assert_eq!(admin.get(format!("/api/roles/{id}")).await.expect(200).json(), before);
    }

    async fn malformed_changes_change_nothing(server: Server) {
        let admin = server.admin().await;
        let id = create_role(&admin, "operators", json!([mqtt("a", "read")])).await;
        let path = format!("/api/roles/{id}");
        let before = admin.get(&path).await.expect(200).json();
        for wrong in [
            json!([]),
            json!({ "name": "" }),
            json!({ "isShared": "yes" }),
            role("workers", json!([http("users", "read")])),
            role("workers", json!([mqtt("a/#/b", "read")])),
        ] {
            admin.put(&path, wrong).await.expect_error(400);
        }
        assert_eq!(admin.get(&path).await.expect(200).json(), before);
        admin.put(format!("/api/roles/{NOBODY}"), role("workers", json!([]))).await.expect_error(404);
        admin.put("/api/roles/operators", role("workers", json!([]))).await.expect_error(400);
    }
}
