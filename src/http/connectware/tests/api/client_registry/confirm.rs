//! `POST /api/client-registry/confirm`

use serde_json::json;

use super::*;
use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn a_device_gets_what_the_confirmation_gives_and_nothing_else(server: Server) {
        let admin = server.admin().await;
        let wished = create_role(&admin, "wished", json!([mqtt("wished/#", "readWrite")])).await;
        let given = create_role(&admin, "given", json!([mqtt("given/#", "read")])).await;
        open(&admin).await;
        let wishes = json!({ "roles": ["wished", wished], "permissions": [mqtt("mine/#", "write")] });
        register(&admin, device("press.7", wishes)).await.expect(202);
        let body = json!({
            "username": "press.7", "mqttPublishPrefix": "site/7", "roles": [given],
            "initialPermissions": [mqtt("site/7/#", "write")],
            "grantTypes": [{ "method": "password", "isRequired": false }, { "method": "token", "isRequired": false }],
        });
        let answer = confirm(&admin, body).await.expect(201);
        let made = answer.json();
        assert_user(&made);
        assert_eq!(made["username"], "press.7");
        assert_eq!(made["mqttPublishPrefix"], "site/7");
        assert_eq!(list(&made["grantTypes"]).len(), 2);
        assert_eq!(all(&made["roles"], "name"), ["given", "press.7"]);
        assert_eq!(made, get_user(&admin, &id_of(&made)).await);
        assert!(answer.position() > 0);
        let rows = listed(&admin).await;
        assert_eq!(rows[0]["granted"], true, "{rows}");
    }

    async fn without_more_the_device_may_log_in_as_it_registered(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        register(&admin, device("press.7", json!({ "roles": ["connectware-admin"] }))).await.expect(202);
        let made = confirm(&admin, json!({ "username": "press.7" })).await.expect(201).json();
        assert_eq!(made["grantTypes"], json!([{ "method": "password", "isRequired": false }]));
        assert_eq!(made["roles"], json!([]));
        assert_eq!(made["mqttPublishPrefix"], Value::Null);
    }

    async fn only_what_is_pending_is_confirmed_and_once(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        let press = json!({ "username": "press.7" });
        confirm(&admin, press.clone()).await.expect_error(404);
        register(&admin, device("press.7", json!({}))).await.expect(202);
        confirm(&admin, press.clone()).await.expect(201);
        confirm(&admin, press.clone()).await.expect_error(404);
        // Users who did not register are not confirmed either.
        confirm(&admin, json!({ "username": "admin" })).await.expect_error(404);
    }

    async fn confirmations_at_the_same_time_make_one_user(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        register(&admin, device("press.7", json!({}))).await.expect(202);
        let confirmed = (0..6).map(|_| confirm(&admin, json!({ "username": "press.7" })));
        let answers = futures_util::future::join_all(confirmed).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(made, 1, "{answers:?}");
        assert!(answers.iter().all(|answer| [201, 404].contains(&answer.status)), "{answers:?}");
    }

    async fn a_confirmation_is_whole_or_nothing(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        register(&admin, device("press.7", json!({}))).await.expect(202);
        let with = |more: Value| {
            let mut body = json!({ "username": "press.7" });
            body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            body
        };
        for wrong in [
            json!({ "roles": [NOBODY] }),
            json!({ "roles": ["given"] }),
            json!({ "grantTypes": [{ "method": "magic", "isRequired": false }] }),
            json!({ "grantTypes": [{ "method": "password" }, { "method": "password" }] }),
            json!({ "initialPermissions": [{ "resource": "a/#/b", "operation": "read", "context": "mqtt" }] }),
            json!({ "mqttPublishPrefix": "site/+" }),
        ] {
            confirm(&admin, with(wrong)).await.expect_error(400);
        }
        for wrong in [json!({}), json!([]), json!({ "username": 7 })] {
            confirm(&admin, wrong).await.expect_error(400);
        }
        register(&admin, device("press.7", json!({}))).await.expect(202);
        // A user who was made meanwhile has the name.
        create_user(&admin, "press.7").await;
        confirm(&admin, with(json!({}))).await.expect_error(409);
        register(&admin, device("press.7", json!({}))).await.expect(202);
    }

    async fn nobody_confirms_what_they_do_not_hold(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        register(&admin, device("press.7", json!({}))).await.expect(202);
        let rights = json!([http(&format!("{REGISTRY}/confirm"), "write"), mqtt("site/7/#", "readWrite")]);
        let helper = caller(&admin, "helper", rights).await;
        let role = create_role(&admin, "all of it", json!([mqtt("#", "read")])).await;
        for more in [
            json!({ "username": "press.7", "roles": [role] }),
            json!({ "username": "press.7", "initialPermissions": [mqtt("site/#", "read")] }),
        ] {
            let refused = confirm(&helper, more).await.expect_error(403);
            assert_eq!(refused.code, "not_held");
        }
        let held = json!({ "username": "press.7", "initialPermissions": [mqtt("site/7/+", "write")] });
        confirm(&helper, held).await.expect(201);
    }

    async fn a_confirmation_is_rehearsed(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        register(&admin, device("press.7", json!({}))).await.expect(202);
        let rehearse = async |name: &str| {
            let request = json!({ "method": "POST", "path": format!("{REGISTRY}/confirm"), "body": { "username": name } });
            admin.post("/access/v1/dry-run", request).await
        };
        rehearse("press.7").await.expect(200);
        rehearse("press.8").await.expect_error(404);
        register(&admin, device("press.7", json!({}))).await.expect(202);
    }
}
