//! `POST /access/v1/evaluation`

use serde_json::json;

use super::{ask, decide, entity, outcome, question};
use crate::support::{both_engines, client::assert_keys, connectware::*, server::Server};

both_engines! {
    async fn a_user_may_what_their_roles_and_their_own_permissions_grant(server: Server) {
        let admin = server.admin().await;
        let valves = create_role(&admin, "valves", json!([mqtt("plant/+/valve/#", "write"), http("/valves/#", "read")])).await;
        let more = json!({ "roles": [valves], "initialPermissions": [mqtt("plant/7/state", "read")] });
        let ada = entity("user", &create_user_with(&admin, "ada", more).await);
        for (action, resource, expected) in [
            ("publish", entity("mqtt", "plant/7/valve/3"), "allowed"),
            ("write", entity("mqtt", "plant/7/valve"), "allowed"),
            ("subscribe", entity("mqtt", "plant/7/valve/3"), "no_grant"),
            ("subscribe", entity("mqtt", "plant/7/state"), "allowed"),
            ("read", entity("mqtt", "plant/7/state"), "allowed"),
            ("publish", entity("mqtt", "plant/7/pump"), "no_grant"),
            ("GET", entity("http", "/valves/3"), "allowed"),
            ("HEAD", entity("http", "/valves"), "allowed"),
            ("read", entity("http", "/valves/3/"), "allowed"),
            ("DELETE", entity("http", "/valves/3"), "no_grant"),
            ("GET", entity("http", "/valves/../pumps"), "not_a_path"),
            ("GET", entity("http", "valves"), "not_a_path"),
            ("GET", entity("mqtt", "plant/7/state"), "unknown_action"),
            ("publish", entity("http", "/valves/3"), "unknown_action"),
            ("own", entity("mqtt", "plant/7/state"), "unknown_action"),
            ("publish", entity("mqtt", "plant/+/valve"), "not_a_topic"),
            ("subscribe", entity("mqtt", "plant/#/valve"), "not_a_topic"),
            ("read", entity("coap", "/valves/3"), "unknown_resource_type"),
        ] {
            assert_eq!(outcome(&admin, &ada, action, &resource).await, expected, "{action} {resource}");
        }
    }

    async fn a_subscription_is_granted_only_if_all_of_its_filter_is(server: Server) {
        let admin = server.admin().await;
        let permissions = json!([mqtt("plant/+/state", "read"), mqtt("site/#", "read")]);
        let ada = entity("user", &create_user_with(&admin, "ada", json!({ "initialPermissions": permissions })).await);
        for (filter, expected) in [
            ("plant/7/state", "allowed"),
            ("plant/+/state", "allowed"),
            ("plant/#", "no_grant"),
            ("plant/+/+", "no_grant"),
            ("+/+/state", "no_grant"),
            ("site/#", "allowed"),
            ("site/+/a/#", "allowed"),
            ("#", "no_grant"),
            ("$share/group/plant/+/state", "allowed"),
            ("$share/group/plant/#", "no_grant"),
            ("$SYS/#", "no_grant"),
        ] {
            assert_eq!(outcome(&admin, &ada, "subscribe", &entity("mqtt", filter)).await, expected, "{filter}");
        }
    }

    async fn the_publish_prefix_comes_before_what_is_published_and_nothing_else(server: Server) {
        let admin = server.admin().await;
        let permissions = json!([mqtt("plant/7/state", "readWrite"), mqtt("state", "read")]);
        let more = json!({ "mqttPublishPrefix": "plant/7/", "initialPermissions": permissions });
        let id = create_user_with(&admin, "ada", more).await;
        let ada = entity("user", &id);
        for (action, topic, expected) in [
            ("publish", "state", "allowed"),
            ("publish", "plant/7/state", "no_grant"),
            ("write", "plant/7/state", "allowed"),
            ("write", "state", "no_grant"),
            ("subscribe", "state", "allowed"),
            ("read", "plant/7/state", "allowed"),
        ] {
            assert_eq!(outcome(&admin, &ada, action, &entity("mqtt", topic)).await, expected, "{action} {topic}");
        }
        admin.put(format!("/api/users/{id}"), json!({ "mqttPublishPrefix": null })).await.expect(200);
        assert_eq!(outcome(&admin, &ada, "publish", &entity("mqtt", "plant/7/state")).await, "allowed");
    }

    async fn every_type_of_subject_is_known(server: Server) {
        let admin = server.admin().await;
        let readers = create_role(&admin, "readers", json!([mqtt("a", "read")])).await;
        let grants = ["password", "certificate", "token"].map(|method| json!({ "method": method }));
        let fingerprint = "ab".repeat(32);
        let more = json!({ "roles": [readers], "grantTypes": grants });
        let id = create_user_with(&admin, "ada", more).await;
        admin.post(format!("/api/users/{id}/certificates"), json!({ "fingerprint": fingerprint })).await.expect(204);
        let ada = server.anonymous().login("ada", PASSWORD).await;
        let tokens = admin.get(format!("/api/users/{id}/tokens")).await.expect(200).json();
        let digest = text(&list(&tokens)[0]["fingerprint"]).to_owned();
        let a = entity("mqtt", "a");
        let colons = fingerprint.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair)).collect::<Vec<_>>().join(":");
        for (kind, subject, expected) in [
            ("user", id.as_str(), "allowed"),
            ("user", NOBODY, "unknown_subject"),
            ("user", "ada", "unknown_subject"),
            ("username", "ada", "allowed"),
            ("username", "grace", "unknown_subject"),
            ("role", &readers, "allowed"),
            ("role", NOBODY, "unknown_subject"),
            ("certificate", &fingerprint, "allowed"),
            ("certificate", &colons.to_uppercase(), "allowed"),
            ("certificate", &"cd".repeat(32), "unknown_subject"),
            ("certificate", "x", "unknown_subject"),
            ("token", ada.token(), "allowed"),
            ("token", &digest, "allowed"),
            ("token", "ab.cd.ef", "token_void"),
            ("device", &id, "unknown_subject_type"),
            ("", "", "unknown_subject_type"),
        ] {
            assert_eq!(outcome(&admin, &entity(kind, subject), "read", &a).await, expected, "{kind}");
        }
        admin.delete(format!("/api/users/{id}/tokens")).await.expect(204);
        assert_eq!(outcome(&admin, &entity("token", ada.token()), "read", &a).await, "token_void");
        let only_password = json!({ "grantTypes": [{ "method": "password" }] });
        admin.put(format!("/api/users/{id}"), only_password).await.expect(200);
        assert_eq!(outcome(&admin, &entity("certificate", &fingerprint), "read", &a).await, "method_not_allowed");
        admin.delete(format!("/api/users/{id}")).await.expect(204);
        for (kind, subject) in [("user", id.as_str()), ("username", "ada"), ("certificate", &fingerprint)] {
            assert_eq!(outcome(&admin, &entity(kind, subject), "read", &a).await, "unknown_subject", "{kind}");
        }
    }

    async fn a_certificate_is_good_until_it_ends(server: Server) {
        let admin = server.admin().await;
        let certificate = |digit: &str, end: &str| json!({ "fingerprint": digit.repeat(64), "createdAt": "2019-01-01T00:00:00Z", "expiresAt": end });
        let more = json!({
            "grantTypes": [{ "method": "certificate" }],
            "initialPermissions": [mqtt("a", "read")],
            "certificates": [certificate("a", "2020-01-01T00:00:00Z"), certificate("b", "2099-01-01T00:00:00Z")],
        });
        create_user_with(&admin, "ada", more).await;
        for (digit, expected) in [("a", "expired"), ("b", "allowed")] {
            let subject = entity("certificate", &digit.repeat(64));
            assert_eq!(outcome(&admin, &subject, "read", &entity("mqtt", "a")).await, expected);
        }
    }

    async fn a_decision_follows_the_write_before_it(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "readers", json!([mqtt("a", "read")])).await;
        let id = create_user(&admin, "ada").await;
        let (ada, a) = (entity("user", &id), entity("mqtt", "a"));
        for _ in 0..5 {
            let granted = admin.post(format!("/api/users/{id}/roles"), json!({ "roleId": role })).await.expect(204);
            let body = decide(&admin, &ada, "read", &a).await;
            assert_eq!(body["decision"], true);
            assert!(body["context"]["position"].as_i64() >= Some(granted.position()));
            admin.delete_with_body(format!("/api/users/{id}/roles"), json!({ "roleId": role })).await.expect(204);
            assert_eq!(decide(&admin, &ada, "read", &a).await["decision"], false);
        }
    }

    async fn asking_is_reading(server: Server) {
        let admin = server.admin().await;
        let body = question(&entity("username", "admin"), "read", &entity("mqtt", "a"));
        let reader = caller(&admin, "reader", json!([http("/access/v1/#", "read")])).await;
        let writer = caller(&admin, "writer", json!([http("/access/v1/#", "write")])).await;
        ask(&reader, body.clone()).await.expect(200);
        ask(&writer, body.clone()).await.expect_error(403);
        ask(&server.anonymous(), body).await.expect_error(401);
    }

    async fn what_is_not_a_question_is_refused(server: Server) {
        let admin = server.admin().await;
        let good = question(&entity("username", "admin"), "read", &entity("mqtt", "a"));
        for (path, value) in [
            ("/subject", json!(null)),
            ("/subject", json!("ada")),
            ("/subject", json!({ "type": "user" })),
            ("/subject/id", json!(7)),
            ("/action", json!(null)),
            ("/action", json!({})),
            ("/action", json!("read")),
            ("/resource", json!(null)),
            ("/resource", json!({ "id": "a" })),
            ("/context", json!(true)),
            ("/context", json!({ "explain": "yes" })),
            ("/context", json!({ "explain": 1 })),
            ("/context", json!({ "at": {} })),
            ("/context", json!({ "at": "yesterday" })),
            ("/context", json!({ "at": -1 })),
            ("/context", json!({ "at": 1_000_000_000 })),
            ("/context", json!({ "at": "2099-01-01T00:00:00Z" })),
        ] {
            let mut body = good.clone();
            body["context"] = json!({});
            *body.pointer_mut(path).expect("it is there") = value.clone();
            let answer = ask(&admin, body).await;
            assert_eq!(answer.status, 400, "{path} {value}: {answer:?}");
            answer.expect_error(400);
        }
        ask(&admin, json!([good])).await.expect_error(400);
        ask(&admin, json!({})).body("text/plain", "x").await.expect_error(400);
    }

    async fn what_is_not_known_in_a_question_is_passed_over(server: Server) {
        let admin = server.admin().await;
        let mut body = question(&entity("username", "admin"), "GET", &entity("http", "/api/users"));
        body["subject"]["properties"] = json!({ "department": "maintenance" });
        body["action"]["properties"] = json!({ "method": "GET" });
        body["context"] = json!({ "time": "2026-01-31T12:00:00Z", "ip": "192.0.2.1" });
        body["more"] = json!([1, 2]);
        let answer = ask(&admin, body).header("x-request-id", "pep-17").await.expect(200);
        assert_eq!(answer.header("x-request-id"), "pep-17");
        assert_keys(&answer.json(), &["decision", "context"]);
        assert_keys(&answer.json()["context"], &["position"]);
        assert_eq!(answer.json()["decision"], true);
    }
}
