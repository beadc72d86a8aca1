//! `/api/roles/{id}/permissions`

use serde_json::json;

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn permissions_are_added_shown_changed_and_removed(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "operators", json!([])).await;
        let path = format!("/api/roles/{role}/permissions");
        assert_eq!(admin.get(&path).await.expect(200).json(), json!([]));

        admin.post(&path, mqtt("a/#", "read")).await.expect(204);
        let held = admin.get(&path).await.expect(200).json();
        assert_eq!(list(&held).iter().map(right).collect::<Vec<_>>(), [mqtt("a/#", "read")]);
        let one = format!("{path}/{}", id_of(&held[0]));
        assert_eq!(admin.get(&one).await.expect(200).json(), held[0]);

        admin.put(&one, json!({ "resource": "b/#", "operation": "write" })).await.expect(204);
        let changed = admin.get(&one).await.expect(200).json();
        assert_eq!(right(&changed), mqtt("b/#", "write"));
        assert_eq!(changed["id"], held[0]["id"]);

        admin.delete(&one).await.expect(204);
        assert_eq!(admin.get(&path).await.expect(200).json(), json!([]));
        admin.get(&one).await.expect_error(404);
        admin.delete(&one).await.expect_error(404);
    }

    async fn the_rights_of_all_who_hold_the_role_follow_at_once(server: Server) {
        let admin = server.admin().await;
        let readers = create_role(&admin, "readers", json!([])).await;
        create_user_with(&admin, "ada", json!({ "roles": [readers] })).await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        let path = format!("/api/roles/{readers}/permissions");

        admin.post(&path, http("/api/users/ids", "read")).await.expect(204);
        ada.get("/api/users/ids").await.expect(200);
        let one = format!("{path}/{}", id_of(&admin.get(&path).await.expect(200).json()[0]));
        admin.put(&one, json!({ "operation": "write" })).await.expect(204);
        ada.get("/api/users/ids").await.expect_error(403);
        admin.put(&one, json!({ "operation": "readWrite" })).await.expect(204);
        ada.get("/api/users/ids").await.expect(200);
        admin.put(&one, json!({ "resource": "/api/users/usernames" })).await.expect(204);
        ada.get("/api/users/ids").await.expect_error(403);
        ada.get("/api/users/usernames").await.expect(200);
        admin.delete(&one).await.expect(204);
        ada.get("/api/users/usernames").await.expect_error(403);
    }

    async fn a_permission_is_reached_through_its_own_role_only(server: Server) {
        let admin = server.admin().await;
        let one = admin.post("/api/roles", role("one", json!([mqtt("a", "read")]))).await.expect(201).json();
        let other = create_role(&admin, "other", json!([])).await;
        let permission = id_of(&one["permissions"][0]);
        let path = format!("/api/roles/{other}/permissions/{permission}");
        admin.get(&path).await.expect_error(404);
        admin.put(&path, json!({ "operation": "write" })).await.expect_error(404);
        admin.delete(&path).await.expect_error(404);
        let still = admin.get(format!("/api/roles/{}", id_of(&one))).await.expect(200).json();
        assert_eq!(still, one);
    }

    async fn malformed_permissions_are_refused(server: Server) {
        let admin = server.admin().await;
        let made =
            admin.post("/api/roles", role("one", json!([http("/a", "read")]))).await.expect(201).json();
        let path = format!("/api/roles/{}/permissions", id_of(&made));
        for wrong in [
            json!({}),
            json!([]),
            json!({ "resource": "a", "operation": "read" }),
            http("a", "read"),
            mqtt("a/#/b", "read"),
            mqtt("a", "own"),
        ] {
            admin.post(&path, wrong).await.expect_error(400);
        }
        let one = format!("{path}/{}", id_of(&made["permissions"][0]));
        for wrong in [
            json!([]),
            json!({ "resource": "a" }),
            json!({ "resource": "" }),
            json!({ "operation": "own" }),
            json!({ "resource": 1 }),
        ] {
            admin.put(&one, wrong).await.expect_error(400);
        }
        assert_eq!(admin.get(&one).await.expect(200).json(), made["permissions"][0]);
    }

    async fn what_is_not_there_is_not_found(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "operators", json!([])).await;
        admin.get(format!("/api/roles/{NOBODY}/permissions")).await.expect_error(404);
        admin.post(format!("/api/roles/{NOBODY}/permissions"), mqtt("a", "read")).await.expect_error(404);
        admin.get(format!("/api/roles/{role}/permissions/{NOBODY}")).await.expect_error(404);
        admin
            .put(format!("/api/roles/{role}/permissions/{NOBODY}"), json!({ "operation": "read" }))
            .await
            .expect_error(404);
        admin.get("/api/roles/operators/permissions").await.expect_error(400);
        admin.get(format!("/api/roles/{role}/permissions/first")).await.expect_error(400);
    }

    async fn the_administrators_role_keeps_its_permissions(server: Server) {
        let admin = server.admin().await;
        let path = format!("/api/roles/{}/permissions", role_named(&admin, "connectware-admin").await);
        let held = admin.get(&path).await.expect(200).json();
        for permission in list(&held) {
            let one = format!("{path}/{}", id_of(permission));
            admin.delete(&one).await.expect_error_in(&[403, 409]);
            admin.put(&one, json!({ "resource": "/nowhere" })).await.expect_error_in(&[403, 409]);
        }
        let ids = json!([held[0]["id"]]);
        admin.delete_with_body("/api/permissions", ids).await.expect_error_in(&[403, 409]);
        assert_eq!(admin.get(&path).await.expect(200).json(), held);
    }
}
