//! `GET /api/events`: the ledger as an auditor receives it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{
    both_engines,
    client::{Client, assert_keys},
    connectware::*,
    server::Server,
};

/// Every event, read page by page.
async fn all_events(admin: &Client) -> Vec<Value> {
    let mut events = Vec::new();
    let mut after = 0;
    loop {
        let page = admin
            .get(format!("/api/events?after={after}&limit=3"))
            .await
            .expect(200)
            .json();
        assert_keys(&page, &["events", "next"]);
        let next = page["next"].as_i64().expect("next should be a position");
        if list(&page["events"]).is_empty() {
            assert_eq!(next, after, "at the end, next should be where to go on later");
            return events;
        }
        assert!(list(&page["events"]).len() <= 3, "{page}");
        events.extend(list(&page["events"]).iter().cloned());
        assert_eq!(events.last().expect("an event")["position"], next);
        after = next;
    }
}

/// The events that match a query, in order.
async fn events(admin: &Client, query: &str) -> Vec<Value> {
    let answer = admin.get(format!("/api/events?{query}")).await.expect(200).json();
    list(&answer["events"]).clone()
}

both_engines! {
    async fn events_are_cloudevents_without_gaps(server: Server) {
        let admin = server.admin().await;
        let administrator = admin_id(&admin).await;
        let id = create_user(&admin, "ada").await;
        let events = all_events(&admin).await;
        let source = events[0]["source"].clone();
        for (index, event) in events.iter().enumerate() {
            let required = [
                "specversion",
                "id",
                "source",
                "type",
                "subject",
                "time",
                "datacontenttype",
                "data",
                "position",
                "sequence",
                "actor",
                "hash",
                "eventversion",
                "face",
            ];
            let optional = ["actoraddress", "causationid", "correlationid", "onbehalfof", "requestid"];
            let keys: Vec<&str> = event.as_object().expect("an object").keys().map(String::as_str).collect();
            assert!(required.iter().all(|key| keys.contains(key)), "{event}");
            assert!(keys.iter().all(|key| required.contains(key) || optional.contains(key)), "{event}");
            // CloudEvents 1.0.2 section 3.1: names of attributes are lower-case letters and digits.
            assert!(keys.iter().all(|key| key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())));
            let position = i64::try_from(index).expect("few") + 1;
            assert_eq!(event["position"], position);
            assert_eq!(event["specversion"], "1.0");
            assert_eq!(event["id"], position.to_string());
            assert_eq!(event["source"], source);
            assert_eq!(event["datacontenttype"], "application/json");
            assert!(event["data"].is_object() && event["sequence"].is_i64(), "{event}");
        }
        let made = events.iter().find(|event| event["subject"] == format!("user/{id}")).expect("the event");
        assert_eq!(made["type"], "user.created");
        assert_eq!(made["sequence"], 1);
        assert_eq!(made["actor"], administrator);
        assert_eq!(events[0]["actor"], "system");
    }

    async fn an_auditor_can_check_the_chain_with_nothing_but_the_events(server: Server) {
        let admin = server.admin().await;
        create_user_with(
            &admin,
            "žofie",
            json!({ "initialPermissions": [mqtt("ü/\"\\\u{7}/\u{1F511}/#", "read")] }),
        )
        .await;
        create_role(&admin, "l'été à la mer", json!([mqtt("a\u{2028}b", "read")])).await;
        let mut hash = vec![0; 32];
        for mut event in all_events(&admin).await {
            let stated = event.as_object_mut().expect("an object").remove("hash").expect("a hash");
            let canonical =
                serde_json_canonicalizer::to_vec(&event).expect("an event should have a canonical form");
            hash = Sha256::new().chain_update(&hash).chain_update(canonical).finalize().to_vec();
            let hexadecimal: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hexadecimal, stated, "{event}");
        }
    }

    async fn secrets_and_personal_data_are_sealed(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada.lovelace").await;
        let login = json!({ "username": "ada.lovelace", "password": PASSWORD, "label": "the laptop" });
        let token = server.anonymous().post("/api/login", login).await.expect(200).json()["token"].clone();
        admin.put(format!("/api/users/{id}"), json!({ "password": "another of hers" })).await.expect(200);
        admin.put(format!("/api/users/{id}"), json!({ "username": "ada.king" })).await.expect(200);

        let events = all_events(&admin).await;

        let sealed = |event_type: &str, field: &str| {
            let event =
                events.iter().rfind(|event| event["type"] == event_type).expect("an event of this type");
            assert_keys(&event["data"][field], &["$sealed"]);
            assert!(event["data"][field]["$sealed"].is_object(), "{event}");
        };
        sealed("user.created", "username");
        sealed("user.created", "password_hash");
        sealed("user.password_set", "password_hash");
        sealed("user.renamed", "username");
        sealed("session.token_issued", "label");
        let all = Value::from(events).to_string();
        for secret in
            ["ada.lovelace", "ada.king", "the laptop", "argon2", PASSWORD, "127.0.0.1", text(&token)]
        {
            assert!(!all.contains(secret), "{secret} should not be in the clear");
        }
    }

    async fn events_are_filtered(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "operators", json!([mqtt("a", "read")])).await;
        let user = create_user_with(&admin, "ada", json!({ "roles": [role] })).await;
        let types = |events: &[Value]| -> Vec<String> {
            events.iter().map(|event| text(&event["type"]).to_owned()).collect()
        };

        let of_role = events(&admin, &format!("aggregateType=role&aggregateId={role}")).await;
        assert_eq!(types(&of_role), ["role.created", "role.permission_added"]);
        let of_user = events(&admin, &format!("aggregateId={user}")).await;
        assert_eq!(types(&of_user), ["user.created", "user.role_granted"]);
        let granted = events(&admin, "eventType=user.role_granted").await;
        assert!(granted.iter().all(|event| event["type"] == "user.role_granted"), "{granted:?}");
        assert_eq!(granted.last().expect("an event")["data"]["role_id"], role);
        let later = events(&admin, &format!("aggregateId={user}&after={}", of_user[0]["position"])).await;
        assert_eq!(later, of_user[1..]);
        assert_eq!(events(&admin, "aggregateType=kettle").await, [Value::Null; 0]);
        assert_eq!(events(&admin, "limit=1").await.len(), 1);
    }

    async fn malformed_questions_are_refused(server: Server) {
        let admin = server.admin().await;
        for query in [
            "after=-1",
            "after=x",
            "after=1.5",
            "after=99999999999999999999",
            "limit=0",
            "limit=-1",
            "limit=x",
            "limt=1",
            "eventtype=user.created",
            "aggregateType=user&type=user.created",
            "after=1&after=2",
        ] {
            let answer = admin.get(format!("/api/events?{query}")).await;
            assert_eq!(answer.status, 400, "{query}: {answer:?}");
            answer.expect_error(400);
        }
    }

    async fn nothing_refused_leaves_an_event(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let before = all_events(&admin).await.len();
        admin.post("/api/users", user("ada", json!({}))).await.expect_error(409);
        admin.post("/api/users", user("x", json!({}))).await.expect_error(400);
        admin
            .post("/api/users/batch", json!([user("grace", json!({})), user("ada", json!({}))]))
            .await
            .expect_error(409);
        admin.delete(format!("/api/users/{NOBODY}")).await.expect_error(404);
        server.anonymous().post("/api/users", user("grace", json!({}))).await.expect_error(401);
        let body = json!({ "username": "ada", "password": "a guess" });
        server.anonymous().post("/api/login", body).await.expect_error(401);
        assert_eq!(all_events(&admin).await.len(), before);
    }
}
