//! `context.at`

use serde_json::{Value, json};

use super::{ask, entity, question, with_context};
use crate::support::{both_engines, client::Client, connectware::*, server::Server};

async fn at(caller: &Client, subject: &Value, at: Value) -> Value {
    let question = with_context(
        question(subject, "read", &entity("mqtt", "a")),
        json!({ "at": at }),
    );
    let answer = ask(caller, question).await.expect(200);
    assert_eq!(answer.json()["context"]["position"], answer.position());
    answer.json()
}

both_engines! {
    async fn any_moment_since_the_first_event_can_be_asked_about(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "readers", json!([mqtt("a", "read")])).await;
        let created = admin.post("/api/users", user("ada", json!({}))).await.expect(201);
        let id = id_of(&created.json());
        let (roles, holds) = (format!("/api/users/{id}/roles"), json!({ "roleId": role }));
        let granted = admin.post(&roles, holds.clone()).await.expect(204).position();
        let revoked = admin.delete_with_body(&roles, holds.clone()).await.expect(204).position();
        let again = admin.post(&roles, holds).await.expect(204).position();
        let removed = admin.put(format!("/api/roles/{role}"), json!({ "permissions": [] })).await.expect(200).position();
        let back = admin.put(format!("/api/roles/{role}"), json!({ "permissions": [mqtt("#", "read")] })).await.expect(200).position();
        let deleted = admin.delete(format!("/api/users/{id}")).await.expect(204).position();
        let ada = entity("user", &id);
        for (position, expected) in [
            (0, "unknown_subject"),
            (1, "unknown_subject"),
            (created.position(), "no_grant"),
            (granted - 1, "no_grant"),
            (granted, "allowed"),
            (revoked - 1, "allowed"),
            (revoked, "no_grant"),
            (again, "allowed"),
            (removed - 1, "allowed"),
            (removed, "no_grant"),
            (back, "allowed"),
            (deleted - 1, "allowed"),
            (deleted, "unknown_subject"),
        ] {
            let answer = at(&admin, &ada, json!(position)).await;
            assert_eq!(answer["context"]["position"], position);
            let found = answer["context"]["reason"].as_str().unwrap_or("allowed");
            assert_eq!((found, answer["decision"] == true), (expected, expected == "allowed"), "at {position}");
            if position > 0 {
                // The time of an event means the moment right after it, unless another event was recorded in the same
                // microsecond.
                let by_time = at(&admin, &ada, answer["context"]["time"].clone()).await;
                assert!(by_time["context"]["position"].as_i64() >= Some(position), "{by_time}");
                assert_eq!(by_time["context"]["time"], answer["context"]["time"]);
                if by_time["context"]["position"] == position {
                    assert_eq!(by_time["decision"], answer["decision"]);
                }
            }
        }
        let role = at(&admin, &entity("role", &role), json!(removed)).await;
        assert_eq!(role["decision"], false);
        assert_eq!(at(&admin, &ada, json!("1999-12-31T23:59:59Z")).await["context"]["position"], 0);
    }

    async fn a_certificate_counts_for_whoever_had_it_then(server: Server) {
        let admin = server.admin().await;
        let grants = json!([{ "method": "certificate" }]);
        let with = json!({ "grantTypes": grants, "initialPermissions": [mqtt("a", "read")] });
        let reader = create_user_with(&admin, "reader", with).await;
        let other = create_user_with(&admin, "other", json!({ "grantTypes": grants })).await;
        let certificate = json!({ "fingerprint": "ab".repeat(32) });
        let [reader, other] = [reader, other].map(|id| format!("/api/users/{id}/certificates"));
        let first = admin.post(&reader, certificate.clone()).await.expect(204).position();
        let none = admin.delete_with_body(&reader, certificate.clone()).await.expect(204).position();
        let second = admin.post(&other, certificate).await.expect(204).position();
        let subject = entity("certificate", &"ab".repeat(32));
        for (position, expected) in [
            (first - 1, json!("unknown_subject")),
            (first, json!(null)),
            (none, json!("unknown_subject")),
            (second, json!("no_grant")),
        ] {
            assert_eq!(at(&admin, &subject, json!(position)).await["context"]["reason"], expected, "at {position}");
        }
    }

    async fn a_token_counts_until_it_was_revoked(server: Server) {
        let admin = server.admin().await;
        let id = create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("a", "read")] })).await;
        let login = json!({ "username": "ada", "password": PASSWORD });
        let login = server.anonymous().post("/api/login", login).await.expect(200);
        let issued = login.position();
        let revoked = admin.delete(format!("/api/users/{id}/tokens")).await.expect(204).position();
        let token = entity("token", text(&login.json()["token"]));
        for (position, expected) in [(issued - 1, json!("token_void")), (issued, json!(null)), (revoked, json!("token_void"))] {
            assert_eq!(at(&admin, &token, json!(position)).await["context"]["reason"], expected, "at {position}");
        }
    }

    async fn a_name_is_asked_about_only_while_its_user_had_it(server: Server) {
        let admin = server.admin().await;
        let made = admin.post("/api/users", user("ada", json!({ "initialPermissions": [mqtt("a", "read")] }))).await.expect(201);
        let path = format!("/api/users/{}", id_of(&made.json()));
        let renamed = admin.put(path, json!({ "username": "lovelace" })).await.expect(200).position();
        assert_eq!(at(&admin, &entity("username", "lovelace"), json!(renamed)).await["decision"], true);
        for (name, position) in [("lovelace", renamed - 1), ("ada", renamed - 1), ("ada", renamed)] {
            let question = question(&entity("username", name), "read", &entity("mqtt", "a"));
            ask(&admin, with_context(question, json!({ "at": position }))).await.expect_error(400);
        }
    }

    async fn the_past_is_explained_too(server: Server) {
        let admin = server.admin().await;
        let made = admin.post("/api/users", user("ada", json!({ "initialPermissions": [mqtt("a", "read")] }))).await.expect(201);
        let id = id_of(&made.json());
        admin.delete(format!("/api/users/{id}")).await.expect(204);
        let question = question(&entity("user", &id), "read", &entity("mqtt", "a"));
        let context = json!({ "at": made.position(), "explain": true });
        let answer = ask(&admin, with_context(question, context)).await.expect(200).json();
        assert_eq!(answer["decision"], true);
        assert_eq!(answer["context"]["grants"][0]["given_by"]["event"], "user.permission_granted");
    }
}
