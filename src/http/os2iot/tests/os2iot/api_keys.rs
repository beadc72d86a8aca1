//! API keys as credentials.

use aggregates::values::Timestamp;
use serde_json::json;

use super::*;
use crate::support::{both_engines, client::Call, connectware::*};

fn with_key(server: &Server, path: &str, key: &str) -> Call {
    server.anonymous().get(path).header("x-api-key", key)
}

async fn issue(by: &Client, groups: &[i64]) -> (i64, String) {
    let body = json!({ "name": "Dashboard", "permissionIds": groups });
    let issued = by.post("/api/v1/api-key", body).await.expect(201).json();
    (id(&issued), text(&issued["key"]).to_owned())
}

both_engines! {
    async fn a_key_is_shown_once_and_reads_what_its_groups_read(server: Server) {
        let scene = Scene::new(&server).await;
        let admin = scene.caller(0, "OrganizationUserAdmin");
        let (number, key) = issue(admin, &[scene.groups[0][3]]).await;
        assert_uuid(&json!(key));
        let shown = admin.get(format!("/api/v1/api-key/{number}")).await.expect(200);
        assert!(!shown.text().contains(&key), "the key is shown once");
        assert_eq!(shown.json()["prefix"], key[..8], "people tell keys apart");

        let found = with_key(&server, "/api/v1/api-key-info/organization", &key).await.expect(200).json();
        assert_eq!(id(&found), scene.organisations[0]);
        let applications = with_key(&server, "/api/v1/application?limit=2&offset=0", &key).await.expect(200).json();
        assert_eq!(column(&applications["data"], "name"), ["App 0"]);
        with_key(&server, &format!("/api/v1/application/{}", scene.applications[1]), &key).await.expect(403);
    }

    /// What the answer shows is known before the key is issued: nothing that is read afterwards can lose the key.
    async fn the_answer_that_issues_a_key_is_what_is_shown_later(server: Server) {
        let scene = Scene::new(&server).await;
        let own = [scene.groups[0][3], scene.groups[0][2]];
        let body = json!({ "name": "Dashboard", "permissionIds": own, "expiresOn": "2999-01-01" });
        for by in [&scene.global, scene.caller(0, "OrganizationUserAdmin")] {
            let mut issued = by.post("/api/v1/api-key", body.clone()).await.expect(201).json();
            assert_eq!(list(&issued["permissions"]).len(), 2, "{issued}");
            let key = issued.as_object_mut().expect("an object").remove("key");
            assert_uuid(&key.expect("a key"));
            let shown = by.get(format!("/api/v1/api-key/{}", id(&issued))).await.expect(200).json();
            assert_eq!(shown, issued);
        }
    }

    async fn the_last_use_of_a_key_is_shown(server: Server) {
        let scene = Scene::new(&server).await;
        let admin = scene.caller(0, "OrganizationUserAdmin");
        let (number, key) = issue(admin, &[scene.groups[0][3]]).await;
        let last = async || {
            let shown = admin.get(format!("/api/v1/api-key/{number}")).await.expect(200).json();
            let all = admin.get(format!("/api/v1/api-key?organizationId={}", scene.organisations[0])).await.expect(200).json();
            assert_eq!(all["data"][0]["lastUsedAt"], shown["lastUsedAt"]);
            shown["lastUsedAt"].clone()
        };
        assert_eq!(last().await, Value::Null);
        // A token counts before a key, so the key is not used.
        admin.get("/api/v1/application").header("x-api-key", &key).await.expect(200);
        assert_eq!(last().await, Value::Null);
        with_key(&server, "/api/v1/application", &key).await.expect(200);
        let first = last().await;
        assert!(first.is_string(), "{first}");
        // A key that may not do something has been used all the same.
        with_key(&server, &format!("/api/v1/application/{}", scene.applications[1]), &key).await.expect(403);
        let second = last().await;
        assert!(text(&second) > text(&first), "{first} {second}");
        with_key(&server, "/api/v1/application", "00000000-0000-4000-8000-000000000000").await.expect(401);
        assert_eq!(last().await, second);
    }

    async fn a_key_ends_at_once(server: Server) {
        let scene = Scene::new(&server).await;
        let admin = scene.caller(0, "OrganizationUserAdmin");
        let (number, key) = issue(admin, &[scene.groups[0][3]]).await;
        let path = "/api/v1/application";
        with_key(&server, path, &key).await.expect(200);
        let revoked = admin.delete(format!("/api/v1/api-key/{number}")).await.expect(200).json();
        assert_eq!(revoked, json!({ "affected": 1 }));
        let refused = with_key(&server, path, &key).await.expect(401).json();
        assert_eq!(message(&refused), "MESSAGE.API-KEY-AUTH-FAILED");
        let refused = server.anonymous().get(path).await.expect(401).json();
        assert_eq!(refused, json!({ "statusCode": 401, "message": "Unauthorized" }));
        for wrong in ["", "x", "00000000-0000-4000-8000-000000000000"] {
            with_key(&server, path, wrong).await.expect(401);
        }
    }

    async fn what_is_for_people_takes_no_key(server: Server) {
        let scene = Scene::new(&server).await;
        let (_, key) = issue(&scene.global, &[1]).await;
        for path in ["/api/v1/api-key?organizationId=1", "/api/v1/permission", "/api/v1/user", "/api/v1/organization",
            "/api/v1/auth/me", "/api/v1/auth/profile", "/api/v1/kombitCreation/minimal"] {
            with_key(&server, path, &key).await.expect(401);
            scene.global.get(path).await.expect(200);
        }
        // A key that is of everything is of no single organisation.
        with_key(&server, "/api/v1/api-key-info/organization", &key).await.expect(400);
        // What is for keys takes no token.
        scene.global.get("/api/v1/api-key-info/organization").await.expect(401);
        // No other face takes it.
        with_key(&server, "/api/session", &key).await.expect_error(401);
        with_key(&server, "/api/users/ids", &key).await.expect_error(401);
    }

    async fn a_token_counts_before_a_key_and_a_bad_token_leaves_the_key(server: Server) {
        let scene = Scene::new(&server).await;
        let (_, key) = issue(&scene.global, &[scene.groups[1][3]]).await;
        let here = scene.caller(0, "Read");
        let both = here.get("/api/v1/application").header("x-api-key", &key).await.expect(200).json();
        assert_eq!(column(&both["data"], "name"), ["App 0"]);
        let bad = server.anonymous().bearer("not.a.token");
        let by_key = bad.get("/api/v1/application").header("x-api-key", &key).await.expect(200).json();
        assert_eq!(column(&by_key["data"], "name"), ["App 1"]);
        bad.get("/api/v1/application").await.expect(401);
        let in_query = format!("/api/v1/application?secret_token={}", here.token());
        let by_query = server.anonymous().get(in_query).await.expect(200).json();
        assert_eq!(column(&by_query["data"], "name"), ["App 0"]);
    }

    async fn a_key_creates_applications_where_its_groups_may(server: Server) {
        let scene = Scene::new(&server).await;
        let (_, key) = issue(&scene.global, &[scene.groups[0][2]]).await;
        let create = |organisation: i64, name: &str| {
            let body = json!({ "name": name, "organizationId": organisation, "permissionIds": [scene.groups[0][2]] });
            server.anonymous().post("/api/v1/application", body).header("x-api-key", &key)
        };
        let made = create(scene.organisations[0], "By key").await.expect(201).json();
        let other = json!({ "name": "Elsewhere", "organizationId": scene.organisations[1] });
        server.anonymous().post("/api/v1/application", other).header("x-api-key", &key).await.expect(403);
        let refused = create(scene.organisations[0], "By key").await.expect(400).json();
        assert_eq!(message(&refused), "MESSAGE.NAME-INVALID-OR-ALREADY-IN-USE");
        let change = json!({ "name": "Renamed by key", "organizationId": scene.organisations[0] });
        let path = format!("/api/v1/application/{}", id(&made));
        let changed = server.anonymous().put(&path, change).header("x-api-key", &key).await.expect(200).json();
        assert_eq!(changed["name"], "Renamed by key");
        server.anonymous().delete(&path).header("x-api-key", &key).await.expect(200);
    }

    /// A key without a group could never do anything again.
    async fn a_key_ends_with_its_last_group(server: Server) {
        let scene = Scene::new(&server).await;
        let (global, here) = (&scene.global, scene.organisations[0]);
        let (one, other) = (group(global, here, "Read").await, group(global, here, "Read").await);
        let (_, of_one) = issue(global, &[one]).await;
        let (kept, of_both) = issue(global, &[one, other]).await;
        let path = "/api/v1/api-key-info/organization";
        global.delete(format!("/api/v1/permission/{one}")).await.expect(200);
        let refused = with_key(&server, path, &of_one).await.expect(401).json();
        assert_eq!(message(&refused), "MESSAGE.API-KEY-AUTH-FAILED");
        with_key(&server, path, &of_both).await.expect(200);
        let keys = global.get("/api/v1/api-key").await.expect(200).json();
        assert_eq!(list(&keys["data"]).iter().map(id).collect::<Vec<i64>>(), [kept]);
        // All groups of an organisation end with it, at once.
        let (_, of_scene) = issue(global, &[scene.groups[1][2], scene.groups[1][3]]).await;
        global.delete(format!("/api/v1/organization/{}", scene.organisations[1])).await.expect(200);
        with_key(&server, path, &of_scene).await.expect(401);
        with_key(&server, path, &of_both).await.expect(200);
    }

    /// A key that was refused once is refused without another look at the ledger; what changes it counts all the same.
    async fn a_refused_key_counts_again_when_it_is_prolonged(server: Server) {
        let scene = Scene::new(&server).await;
        let body = json!({ "name": "short", "permissionIds": [scene.groups[0][3]] });
        let issued = scene.global.post("/api/v1/api-key", body.clone()).await.expect(201).json();
        let (number, key) = (id(&issued), text(&issued["key"]).to_owned());
        let soon = Timestamp::parse(text(&issued["createdAt"])).expect("a time").micros() + 2_000_000;
        let until = |end: Value| {
            let mut body = body.clone();
            body["expiresOn"] = end;
            body
        };
        let path = format!("/api/v1/api-key/{number}");
        let soon = Timestamp::from_micros(soon).to_millis_string();
        scene.global.put(&path, until(json!(soon))).await.expect(200);
        while with_key(&server, "/api/v1/application", &key).await.status == 200 {}
        for _ in 0..3 {
            let refused = with_key(&server, "/api/v1/application", &key).await.expect(401).json();
            assert_eq!(message(&refused), "MESSAGE.API-KEY-EXPIRED");
        }
        scene.global.put(&path, until(Value::Null)).await.expect(200);
        with_key(&server, "/api/v1/application", &key).await.expect(200);
    }
}
