//! `POST /access/v1/evaluations`

use serde_json::{Value, json};

use super::{entity, question};
use crate::support::{both_engines, client::assert_keys, connectware::*, server::Server};

fn decisions(answer: &Value) -> Vec<bool> {
    let evaluations = list(&answer["evaluations"]).iter();
    evaluations
        .map(|one| one["decision"].as_bool().expect("a decision"))
        .collect()
}

both_engines! {
    async fn defaults_fill_what_a_question_does_not_say(server: Server) {
        let admin = server.admin().await;
        let id = create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("a/#", "read")] })).await;
        let answer = admin.post("/access/v1/evaluations", json!({
            "subject": entity("user", &id),
            "action": { "name": "read" },
            "resource": entity("mqtt", "a/1"),
            "evaluations": [
                {},
                { "action": { "name": "write" } },
                { "resource": entity("mqtt", "b") },
                { "subject": entity("username", "admin"), "action": { "name": "write" }, "resource": entity("mqtt", "b") },
                question(&entity("role", NOBODY), "read", &entity("mqtt", "a/1")),
            ],
        })).await.expect(200);
        let body = answer.json();
        assert_keys(&body, &["evaluations"]);
        assert_eq!(decisions(&body), [true, false, false, true, false]);
        for one in list(&body["evaluations"]) {
            assert!(one["context"]["position"].as_i64() >= Some(answer.position()), "{one}");
        }
    }

    async fn the_semantic_says_when_to_stop(server: Server) {
        let admin = server.admin().await;
        let id = create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("a", "read")] })).await;
        let ask = async |semantic: Option<&str>, topics: &[&str]| {
            let mut body = json!({
                "subject": entity("user", &id),
                "action": { "name": "read" },
                "evaluations": topics.iter().map(|topic| json!({ "resource": entity("mqtt", topic) })).collect::<Vec<_>>(),
            });
            if let Some(semantic) = semantic {
                body["options"] = json!({ "evaluations_semantic": semantic, "another": 1 });
            }
            decisions(&admin.post("/access/v1/evaluations", body).await.expect(200).json())
        };
        assert_eq!(ask(None, &["a", "b", "a"]).await, [true, false, true]);
        assert_eq!(ask(Some("execute_all"), &["b", "a", "b"]).await, [false, true, false]);
        assert_eq!(ask(Some("deny_on_first_deny"), &["a", "b", "a"]).await, [true, false]);
        assert_eq!(ask(Some("deny_on_first_deny"), &["a", "a"]).await, [true, true]);
        assert_eq!(ask(Some("permit_on_first_permit"), &["b", "a", "b"]).await, [false, true]);
        assert_eq!(ask(Some("permit_on_first_permit"), &["b", "b"]).await, [false, false]);
    }

    async fn without_evaluations_it_is_one_question(server: Server) {
        let admin = server.admin().await;
        let mut body = question(&entity("username", "admin"), "read", &entity("mqtt", "a"));
        for evaluations in [None, Some(json!([]))] {
            body["evaluations"] = evaluations.unwrap_or(json!([]));
            let answer = admin.post("/access/v1/evaluations", body.clone()).await.expect(200).json();
            assert_keys(&answer, &["decision", "context"]);
            assert_eq!(answer["decision"], true);
        }
    }

    async fn ten_thousand_questions_fit_and_one_more_does_not(server: Server) {
        let admin = server.admin().await;
        let id = create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("plant/+/even", "read")] })).await;
        let ask = |count: usize| {
            let topic = |number| format!("plant/{number}/{}", if number % 2 == 0 { "even" } else { "odd" });
            let one = |number| question(&entity("user", &id), "read", &entity("mqtt", &topic(number)));
            admin.post("/access/v1/evaluations", json!({ "evaluations": (0..count).map(one).collect::<Vec<_>>() }))
        };
        let answer = decisions(&ask(10_000).await.expect(200).json());
        assert_eq!(answer.len(), 10_000);
        assert!(answer.iter().enumerate().all(|(number, allowed)| *allowed == (number % 2 == 0)));
        ask(10_001).await.expect_error(400);
    }

    async fn a_malformed_question_is_a_denial_among_others(server: Server) {
        let admin = server.admin().await;
        let good = question(&entity("username", "admin"), "read", &entity("mqtt", "a"));
        for broken in [json!({ "subject": null }), json!({ "action": {} }), json!(7), json!({ "context": { "at": {} } }), json!(["user"])] {
            let mut body = good.clone();
            body["subject"] = json!(null);
            body["evaluations"] = json!([good, broken, good]);
            let answer = admin.post("/access/v1/evaluations", body).await.expect(200).json();
            assert_eq!(decisions(&answer), [true, false, true], "{broken}");
            let refused = &answer["evaluations"][1]["context"];
            assert_eq!(refused["reason"], "invalid_request");
            assert!(text(&refused["error"]["message"]).starts_with("evaluations[1]: "), "{refused}");
        }
        for broken in ["subject", "action", "resource", "context", "options"] {
            let mut body = good.clone();
            body["evaluations"] = json!([good]);
            body[broken] = json!(["user", "ada"]);
            admin.post("/access/v1/evaluations", body).await.expect_error(400);
        }
        let body = json!({ "evaluations": [good], "options": { "evaluations_semantic": "sometimes" } });
        admin.post("/access/v1/evaluations", body).await.expect_error(400);
    }

    async fn asking_many_needs_the_right_to_ask(server: Server) {
        let admin = server.admin().await;
        let body = json!({ "evaluations": [question(&entity("username", "admin"), "read", &entity("mqtt", "a"))] });
        let one = caller(&admin, "one", json!([http("/access/v1/evaluation", "read")])).await;
        let many = caller(&admin, "many", json!([http("/access/v1/evaluations", "read")])).await;
        one.post("/access/v1/evaluations", body.clone()).await.expect_error(403);
        many.post("/access/v1/evaluations", body.clone()).await.expect(200);
        server.anonymous().post("/access/v1/evaluations", body).await.expect_error(401);
    }

    async fn a_question_that_cannot_be_answered_is_a_denial_among_others(server: Server) {
        let admin = server.admin().await;
        let at = |at: Value| json!({ "context": { "at": at } });
        let body = json!({
            "subject": entity("username", "admin"), "action": { "name": "read" }, "resource": entity("mqtt", "a"),
            "evaluations": [{}, at(json!("then")), at(json!(1_000_000_000)), { "context": { "explain": null, "at": null } }],
        });
        let answer = admin.post("/access/v1/evaluations", body).await.expect(200).json();
        assert_eq!(decisions(&answer), [true, false, false, true]);
        let refused = &answer["evaluations"][1]["context"];
        assert_eq!(refused["reason"], "invalid_request");
        assert_keys(&refused["error"], &["code", "message"]);
    }

    async fn nulls_are_as_good_as_nothing(server: Server) {
        let admin = server.admin().await;
        let mut body = question(&entity("username", "admin"), "read", &entity("mqtt", "a"));
        for name in ["evaluations", "options", "context"] {
            body[name] = json!(null);
        }
        let answer = admin.post("/access/v1/evaluations", body.clone()).await.expect(200).json();
        assert_eq!(answer["decision"], true);
        body["evaluations"] = json!([{}]);
        body["options"] = json!({ "evaluations_semantic": null });
        assert_eq!(decisions(&admin.post("/access/v1/evaluations", body).await.expect(200).json()), [true]);
    }

    async fn the_ledger_is_read_a_hundred_times_at_most(server: Server) {
        let admin = server.admin().await;
        let ask = |count: usize, context: fn(usize) -> Value| {
            let one = |number| json!({ "context": context(number) });
            admin.post("/access/v1/evaluations", json!({
                "subject": entity("username", "nobody"), "action": { "name": "read" }, "resource": entity("mqtt", "a"),
                "evaluations": (0..count).map(one).collect::<Vec<_>>(),
            }))
        };
        let contexts: [fn(usize) -> Value; 2] =
            [|_| json!({ "explain": true }), |number| json!({ "at": format!("2026-01-01T00:00:00.{number:06}Z") })];
        for context in contexts {
            assert_eq!(decisions(&ask(100, context).await.expect(200).json()), [false; 100]);
            assert_eq!(ask(101, context).await.expect_error(400).code, "too_many");
        }
    }

    async fn a_request_cannot_be_blown_up_by_its_defaults(server: Server) {
        let admin = server.admin().await;
        let ask = |length: usize, count: usize| {
            admin.post("/access/v1/evaluations", json!({
                "subject": entity("username", "admin"), "action": { "name": "read" },
                "resource": entity("mqtt", &"a".repeat(length)), "context": { "explain": true },
                "evaluations": vec![json!({}); count],
            }))
        };
        let answer = ask(60_000, 60).await.expect(200);
        assert!(answer.body.len() < 200_000, "{} bytes", answer.body.len());
        assert!(text(&answer.json()["evaluations"][0]["context"]["resource"]).ends_with('…'));
        ask(60_000, 90).await.expect_error(400);
        // The server hashes a token for each question.
        let body = json!({
            "subject": entity("token", &"a".repeat(60_000)), "action": { "name": "read" }, "resource": entity("mqtt", "a"),
            "evaluations": vec![json!({}); 90],
        });
        admin.post("/access/v1/evaluations", body).await.expect_error(400);
        // Questions above the limit are counted, but not kept in memory.
        let many = format!(r#"{{"evaluations":[{}{{}}]}}"#, "{},".repeat(1_000_000));
        let refused = admin.post("/access/v1/evaluations", json!({})).body("application/json", many).await;
        assert!(refused.expect_error(400).message.contains("10000"), "{refused:?}");
    }

    async fn the_past_of_many_is_asked_in_one_request(server: Server) {
        let admin = server.admin().await;
        let made = admin.post("/api/users", user("ada", json!({ "initialPermissions": [mqtt("a", "read")] }))).await.expect(201);
        let (id, before) = (id_of(&made.json()), made.position());
        admin.put(format!("/api/users/{id}"), json!({ "permissions": [] })).await.expect(200);
        let at = |position: i64| json!({ "context": { "at": position } });
        let body = json!({
            "subject": entity("user", &id), "action": { "name": "read" }, "resource": entity("mqtt", "a"),
            "evaluations": [at(before), {}, at(before - 1), at(0)],
        });
        let answer = admin.post("/access/v1/evaluations", body).await.expect(200).json();
        assert_eq!(decisions(&answer), [true, false, false, false]);
        assert_eq!(answer["evaluations"][0]["context"]["position"], before);
    }
}
