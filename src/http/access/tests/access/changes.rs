//! `GET /access/v1/changes`

use serde_json::{Value, json};

use crate::support::{both_engines, client::assert_keys, connectware::*, server::Server};

fn resources(grants: &Value) -> Vec<&str> {
    list(grants)
        .iter()
        .map(|grant| text(&grant["permission"]["resource"]))
        .collect()
}

/// What each change gained and lost.
fn told(answer: &Value) -> Vec<(&str, Vec<&str>, Vec<&str>)> {
    let changes = list(&answer["changes"]).iter();
    changes
        .map(|change| {
            (
                text(&change["by"]["event"]),
                resources(&change["gained"]),
                resources(&change["lost"]),
            )
        })
        .collect()
}

both_engines! {
    async fn what_a_user_gained_and_lost_is_told_event_by_event(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "readers", json!([mqtt("a", "read"), mqtt("b", "read")])).await;
        let made = admin.post("/api/users", user("ada", json!({ "initialPermissions": [mqtt("own", "read")] }))).await.expect(201);
        let id = id_of(&made.json());
        admin.post(format!("/api/users/{id}/roles"), json!({ "roleId": role })).await.expect(204);
        let end = admin.put(format!("/api/roles/{role}"), json!({ "permissions": [mqtt("b", "read"), mqtt("c", "read")] })).await.expect(200).position();
        // Events that do not concern rights are not listed.
        admin.put(format!("/api/users/{id}"), json!({ "username": "lovelace", "password": "another password" })).await.expect(200);
        admin.put(format!("/api/users/{id}"), json!({ "mqttPublishPrefix": "p/" })).await.expect(200);
        admin.delete(format!("/api/roles/{role}")).await.expect(204);

        let path = format!("/access/v1/changes?subject=user:{id}");
        let all = admin.get(&path).await.expect(200).json();
        assert_keys(&all, &["subject", "from", "to", "changes", "gained", "lost", "next"]);
        assert_eq!(told(&all), [
            ("user.permission_granted", vec!["own"], vec![]),
            ("user.role_granted", vec!["a", "b"], vec![]),
            ("role.permission_removed", vec![], vec!["a"]),
            ("role.permission_added", vec!["c"], vec![]),
            ("user.publish_prefix_changed", vec![], vec![]),
            ("role.deleted", vec![], vec!["b", "c"]),
        ]);
        assert_eq!(all["changes"][4]["publish_prefix"], json!({ "before": null, "after": "p/" }));
        assert_eq!((resources(&all["gained"]), resources(&all["lost"])), (vec!["own"], vec![]));
        let between = admin.get(format!("{path}&from={}&to={end}", made.position())).await.expect(200).json();
        assert_eq!(told(&between).len(), 3);
        assert_eq!((resources(&between["gained"]), resources(&between["lost"])), (vec!["b", "c"], vec![]));
        let time = |value: &Value| text(value).replace('+', "%2B");
        let by_time = format!("{path}&from={}&to={}", time(&between["from"]["time"]), time(&between["to"]["time"]));
        assert_eq!(told(&admin.get(by_time).await.expect(200).json()), told(&between));
        // The same changes in pages.
        let (mut from, mut pages) = (0, Vec::new());
        loop {
            let page = admin.get(format!("{path}&limit=2&from={from}")).await.expect(200).json();
            pages.extend(list(&page["changes"]).clone());
            match page["next"].as_i64() {
                Some(next) => from = next,
                None => break,
            }
        }
        assert_eq!(json!(pages), all["changes"]);
    }

    async fn roles_certificates_and_tokens_have_changes_too(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "readers", json!([mqtt("a", "read")])).await;
        let grants = ["password", "certificate"].map(|method| json!({ "method": method }));
        let id = create_user_with(&admin, "ada", json!({ "roles": [role], "grantTypes": grants })).await;
        let certificate = json!({ "fingerprint": "ab".repeat(32) });
        admin.post(format!("/api/users/{id}/certificates"), certificate.clone()).await.expect(204);
        let raw = server.anonymous().login("ada", PASSWORD).await.token().to_owned();
        let tokens = admin.get(format!("/api/users/{id}/tokens")).await.expect(200).json();
        let token = text(&list(&tokens)[0]["fingerprint"]).to_owned();
        admin.delete(format!("/api/users/{id}/tokens")).await.expect(204);
        admin.delete_with_body(format!("/api/users/{id}/certificates"), certificate).await.expect(204);
        for (subject, expected) in [
            (format!("role:{role}"), [("role.permission_added", vec!["a"], vec![])].to_vec()),
            (format!("certificate:{}", "ab".repeat(32)), vec![
                ("user.certificate_added", vec!["a"], vec![]),
                ("user.certificate_removed", vec![], vec!["a"]),
            ]),
            (format!("token:{token}"), vec![
                ("session.token_issued", vec!["a"], vec![]),
                ("user.tokens_revoked", vec![], vec!["a"]),
            ]),
            (id.clone(), vec![("user.role_granted", vec!["a"], vec![])]),
            ("username:ada".to_owned(), vec![("user.role_granted", vec!["a"], vec![])]),
            (format!("user:{NOBODY}"), vec![]),
        ] {
            let answer = admin.get(format!("/access/v1/changes?subject={subject}")).await.expect(200);
            assert_eq!(told(&answer.json()), expected, "{subject}");
        }
        // A token in a URL would be in the log of every proxy.
        let refused = admin.get(format!("/access/v1/changes?subject=token:{raw}")).await;
        refused.expect_error(400);
        assert!(!refused.text().contains(&raw));
    }

    async fn a_role_is_called_as_it_was_when_it_changed(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "first", json!([mqtt("a", "read")])).await;
        let id = create_user_with(&admin, "ada", json!({ "roles": [role] })).await;
        admin.put(format!("/api/roles/{role}"), json!({ "name": "second" })).await.expect(200);
        let path = format!("/access/v1/changes?subject=user:{id}");
        let name = |answer: &Value| answer["gained"][0]["role"]["name"].clone();
        assert_eq!(name(&admin.get(&path).await.expect(200).json()), "second");
        admin.delete(format!("/api/roles/{role}")).await.expect(204);
        let all = admin.get(&path).await.expect(200).json();
        assert_eq!(all["changes"][0]["gained"][0]["role"]["name"], "first");
        assert_eq!(all["changes"][1]["lost"][0]["role"]["name"], "second");
    }

    async fn a_role_that_comes_and_goes_is_told_each_time(server: Server) {
        let admin = server.admin().await;
        let many: Vec<Value> = (0..300).map(|number| mqtt(&format!("a/{number}"), "read")).collect();
        let role = create_role(&admin, "many", json!(many)).await;
        let other = create_role(&admin, "other", json!([mqtt("b", "read")])).await;
        let id = create_user_with(&admin, "ada", json!({ "roles": [other] })).await;
        for _ in 0..40 {
            admin.post(format!("/api/users/{id}/roles"), json!({ "roleId": role })).await.expect(204);
            admin.delete_with_body(format!("/api/users/{id}/roles"), json!({ "roleId": role })).await.expect(204);
        }
        let (mut from, mut told, mut pages) = (0, 0, 0);
        loop {
            let page = admin.get(format!("/access/v1/changes?subject=user:{id}&from={from}")).await.expect(200).json();
            told += list(&page["changes"]).len();
            pages += 1;
            match page["next"].as_i64() {
                Some(next) => from = next,
                None => break,
            }
        }
        // A page also ends after a number of grants.
        assert_eq!((told, pages > 1), (81, true));
    }

    async fn a_page_costs_what_it_shows_whatever_the_roles(server: Server) {
        let admin = server.admin().await;
        let long = "x".repeat(2_000);
        let many: Vec<Value> = (0..400).map(|number| mqtt(&format!("{number}/{long}"), "read")).collect();
        let role = create_role(&admin, "many", json!(many)).await;
        let made = admin.post("/api/users", user("ada", json!({ "initialPermissions": [mqtt("own", "read")] }))).await.expect(201);
        let id = id_of(&made.json());
        admin.post(format!("/api/users/{id}/roles"), json!({ "roleId": role })).await.expect(204);
        admin.delete_with_body(format!("/api/users/{id}/roles"), json!({ "roleId": role })).await.expect(204);
        let path = format!("/access/v1/changes?subject=user:{id}&limit=1");
        let first = admin.get(&path).await.expect(200);
        assert!(first.body.len() < 5_000, "{} bytes", first.body.len());
        // The sum is that of the page, not that of all that comes later.
        let first = first.json();
        assert_eq!(told(&first), [("user.permission_granted", vec!["own"], vec![])]);
        assert_eq!((resources(&first["gained"]), resources(&first["lost"])), (vec!["own"], vec![]));
        let from = first["next"].as_i64().expect("more");
        let second = admin.get(format!("{path}&from={from}")).await.expect(200);
        assert!(second.body.len() < 300_000, "{} bytes", second.body.len());
        let second = second.json();
        for lists in [&second, &second["changes"][0]] {
            assert_eq!((list(&lists["gained"]).len(), &lists["gained_left_out"]), (100, &json!(300)));
            assert_eq!((list(&lists["lost"]).len(), &lists["lost_left_out"]), (0, &json!(null)));
        }
        for resource in resources(&second["gained"]) {
            assert_eq!((resource.chars().count(), resource.ends_with('…')), (257, true));
        }
        let from = second["next"].as_i64().expect("more");
        let third = admin.get(format!("{path}&from={from}")).await.expect(200).json();
        assert_eq!((list(&third["lost"]).len(), &third["lost_left_out"]), (100, &json!(300)));
        assert_eq!((list(&third["gained"]).len(), &third["next"]), (0, &json!(null)));
        // All of it together is nothing but the own permission.
        let whole = admin.get(format!("/access/v1/changes?subject=user:{id}")).await.expect(200).json();
        assert_eq!((resources(&whole["gained"]), list(&whole["lost"]).len(), list(&whole["changes"]).len()), (vec!["own"], 0, 3));
    }

    async fn what_makes_no_sense_is_refused(server: Server) {
        let admin = server.admin().await;
        for query in [
            "",
            "subject=",
            "subject=robot:1",
            "subject=user:ada",
            &format!("subject={NOBODY}&from=5&to=4"),
            &format!("subject={NOBODY}&from=then"),
            &format!("subject={NOBODY}&to=1000000000"),
            &format!("subject={NOBODY}&from=-1"),
            &format!("subject={NOBODY}&limit=0"),
            &format!("subject={NOBODY}&limit=1001"),
            &format!("subject={NOBODY}&until=4"),
        ] {
            admin.get(format!("/access/v1/changes?{query}")).await.expect_error(400);
        }
        let nobody = caller(&admin, "ada", json!([])).await;
        nobody.get(format!("/access/v1/changes?subject={NOBODY}")).await.expect_error(403);
        server.anonymous().get(format!("/access/v1/changes?subject={NOBODY}")).await.expect_error(401);
    }
}
