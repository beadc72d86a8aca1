//! `POST /access/v1/search/{subject,resource,action}`

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{entity, outcome, with_context};
use crate::support::{
    both_engines,
    client::{Client, assert_keys},
    connectware::*,
    server::Server,
};

/// All results of a search, in pages of `limit`. Fails if a result comes twice.
async fn search(caller: &Client, what: &str, body: Value, limit: usize) -> Vec<Value> {
    let (mut token, mut found, mut pages) = (String::new(), Vec::<Value>::new(), 0);
    loop {
        let mut body = body.clone();
        body["page"] = json!({ "limit": limit });
        if !token.is_empty() {
            body["page"]["token"] = json!(token);
        }
        let answer = caller
            .post(format!("/access/v1/search/{what}"), body)
            .await
            .expect(200);
        assert!(answer.position() >= 0);
        let page = answer.json();
        assert_keys(&page, &["page", "results"]);
        assert_eq!(page["page"]["count"], list(&page["results"]).len());
        assert!(list(&page["results"]).len() <= limit);
        for result in list(&page["results"]) {
            assert!(!found.contains(result), "{result} comes twice");
            found.push(result.clone());
        }
        pages += 1;
        assert!(pages < 1_000);
        match text(&page["page"]["next_token"]) {
            "" => return found,
            next => next.clone_into(&mut token),
        }
    }
}

fn ids(results: &[Value]) -> BTreeSet<String> {
    results
        .iter()
        .map(|result| text(&result["id"]).to_owned())
        .collect()
}

fn of(kind: &str, action: &str, resource: &Value) -> Value {
    json!({ "subject": { "type": kind }, "action": { "name": action }, "resource": resource })
}

both_engines! {
    async fn everybody_who_may_is_found_and_nobody_else(server: Server) {
        let admin = server.admin().await;
        let readers = create_role(&admin, "readers", json!([mqtt("a/#", "read")])).await;
        let writers = create_role(&admin, "writers", json!([mqtt("a/#", "write")])).await;
        let others: Vec<String> = {
            let role = async |number: usize| create_role(&admin, &format!("other.{number}"), json!([])).await;
            vec![role(0).await, role(1).await, role(2).await]
        };
        let many = [others.as_slice(), std::slice::from_ref(&readers)].concat();
        let mut may = BTreeSet::from([admin_id(&admin).await]);
        let mut users = Vec::new();
        for number in 0..40 {
            let more = match number % 5 {
                0 => json!({ "roles": [readers] }),
                1 => json!({ "initialPermissions": [mqtt("a/+", "read")] }),
                2 => json!({ "roles": many }),
                3 => json!({ "roles": [writers] }),
                _ => json!({}),
            };
            users.push((number, user(&format!("user.{number}"), more)));
        }
        let bodies: Vec<Value> = users.iter().map(|(_, body)| body.clone()).collect();
        admin.post("/api/users/batch", json!(bodies)).await.expect(200);
        let listed = admin.get("/api/listUsers?rowsPerPage=100").await.expect(200).json();
        for found in list(&listed["users"]) {
            let number = text(&found["username"]).strip_prefix("user.").and_then(|number| number.parse::<usize>().ok());
            if number.is_some_and(|number| number % 5 < 3) {
                may.insert(id_of(found));
            }
        }
        let a = entity("mqtt", "a/1");
        for limit in [1, 7, 10_000] {
            assert_eq!(ids(&search(&admin, "subject", of("user", "read", &a), limit).await), may, "in pages of {limit}");
        }
        for id in &may {
            assert_eq!(outcome(&admin, &entity("user", id), "read", &a).await, "allowed");
        }
        let names = ids(&search(&admin, "subject", of("username", "read", &a), 11).await);
        assert_eq!(names.len(), may.len());
        assert!(names.contains("admin") && names.contains("user.0") && !names.contains("user.3"));
        let roles = ids(&search(&admin, "subject", of("role", "read", &a), 1).await);
        assert!(roles.contains(&readers) && !roles.contains(&writers));
        for (action, resource) in [("read", entity("coap", "x")), ("fly", a.clone()), ("publish", entity("mqtt", "#"))] {
            assert_eq!(search(&admin, "subject", of("user", action, &resource), 5).await, [] as [Value; 0]);
        }
    }

    async fn who_could_then_is_read_from_the_ledger(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "readers", json!([mqtt("a", "read")])).await;
        let ada = create_user_with(&admin, "ada", json!({ "roles": [role] })).await;
        let before = admin.post("/api/users", user("grace", json!({ "roles": [role] }))).await.expect(201);
        let grace = id_of(&before.json());
        admin.delete(format!("/api/users/{ada}")).await.expect(204);
        let after = admin.put(format!("/api/roles/{role}"), json!({ "permissions": [] })).await.expect(200).position();
        let me = admin_id(&admin).await;
        let at = async |position: i64, limit: usize| {
            let body = with_context(of("user", "read", &entity("mqtt", "a")), json!({ "at": position }));
            ids(&search(&admin, "subject", body, limit).await)
        };
        assert_eq!(at(before.position(), 1).await, BTreeSet::from([me.clone(), ada.clone(), grace.clone()]));
        assert_eq!(at(after, 5).await, BTreeSet::from([me]));
        assert_eq!(at(0, 5).await, BTreeSet::new());
        let names = with_context(of("username", "read", &entity("mqtt", "a")), json!({ "at": before.position() }));
        let names = ids(&search(&admin, "subject", names, 2).await);
        assert_eq!(names, ["admin", "ada", "grace"].map(str::to_owned).into());
    }

    async fn tokens_and_certificates_are_found_by_what_their_user_may(server: Server) {
        let admin = server.admin().await;
        let grants = ["password", "certificate", "token"].map(|method| json!({ "method": method }));
        let expired = json!({ "fingerprint": "4".repeat(64), "createdAt": "2019-01-01T00:00:00Z", "expiresAt": "2020-01-01T00:00:00Z" });
        let may = json!({ "grantTypes": grants, "initialPermissions": [mqtt("a", "read")], "certificates": [expired] });
        let (ada, grace) = (create_user_with(&admin, "ada", may).await, create_user_with(&admin, "grace", json!({ "grantTypes": grants })).await);
        for (user, digit) in [(&ada, "1"), (&ada, "2"), (&grace, "3")] {
            let certificate = json!({ "fingerprint": digit.repeat(64) });
            admin.post(format!("/api/users/{user}/certificates"), certificate).await.expect(204);
        }
        let found = ids(&search(&admin, "subject", of("certificate", "read", &entity("mqtt", "a")), 1).await);
        assert_eq!(found, BTreeSet::from(["1".repeat(64), "2".repeat(64)]));
        let token = server.anonymous().login("ada", PASSWORD).await;
        server.anonymous().login("grace", PASSWORD).await;
        let found = search(&admin, "subject", of("token", "read", &entity("mqtt", "a")), 1).await;
        let mine = admin.get(format!("/api/users/{ada}/tokens")).await.expect(200).json();
        let admins = admin.get(format!("/api/users/{}/tokens", admin_id(&admin).await)).await.expect(200).json();
        let expected: BTreeSet<String> = [mine, admins].iter().flat_map(|tokens| all(tokens, "fingerprint")).collect();
        assert_eq!(ids(&found), expected);
        assert!(!json!(found).to_string().contains(token.token()));
    }

    async fn what_somebody_may_reach_is_told_in_patterns(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "role", json!([mqtt("plant/7/#", "readWrite"), mqtt("b", "read"), http("/x/+", "read")])).await;
        let more = json!({ "roles": [role], "mqttPublishPrefix": "plant/7/", "initialPermissions": [mqtt("b", "read"), mqtt("plant/+/c", "write")] });
        let made = admin.post("/api/users", user("ada", more)).await.expect(201);
        let ada = entity("user", &id_of(&made.json()));
        let of = |action: &str, kind: &str| json!({ "subject": ada, "action": { "name": action }, "resource": { "type": kind } });
        for (action, kind, expected) in [
            ("read", "mqtt", vec!["b", "plant/7/#"]),
            ("subscribe", "mqtt", vec!["b", "plant/7/#"]),
            ("write", "mqtt", vec!["plant/+/c", "plant/7/#"]),
            ("publish", "mqtt", vec!["#", "c"]),
            ("GET", "http", vec!["/x/+"]),
            ("POST", "http", vec![]),
            ("GET", "mqtt", vec![]),
            ("read", "coap", vec![]),
        ] {
            for limit in [1, 100] {
                let found = search(&admin, "resource", of(action, kind), limit).await;
                let found: Vec<&str> = found.iter().map(|one| text(&one["id"])).collect();
                assert_eq!(found, expected, "{action} {kind}");
            }
        }
        // The results are true.
        for filter in ["b", "plant/7/#"] {
            assert_eq!(outcome(&admin, &ada, "subscribe", &entity("mqtt", filter)).await, "allowed");
        }
        assert_eq!(outcome(&admin, &ada, "publish", &entity("mqtt", "c")).await, "allowed");
        // Before the change, the answer was different.
        let before = with_context(of("read", "mqtt"), json!({ "at": made.position() }));
        admin.put(format!("/api/roles/{role}"), json!({ "permissions": [] })).await.expect(200);
        let now = search(&admin, "resource", of("read", "mqtt"), 100).await;
        assert_eq!(ids(&now), BTreeSet::from(["b".to_owned()]));
        let then = search(&admin, "resource", before, 1).await;
        assert_eq!(ids(&then), BTreeSet::from(["b".to_owned(), "plant/7/#".to_owned()]));
    }

    async fn what_somebody_may_do_is_told_by_name(server: Server) {
        let admin = server.admin().await;
        let permissions = json!([mqtt("a", "read"), mqtt("p/a", "write"), http("/x", "readWrite"), http("/y", "read")]);
        let more = json!({ "mqttPublishPrefix": "p/", "initialPermissions": permissions });
        let made = admin.post("/api/users", user("ada", more)).await.expect(201);
        let ada = entity("user", &id_of(&made.json()));
        let actions = async |resource: Value, limit: usize| {
            let body = json!({ "subject": ada, "resource": resource });
            let found = search(&admin, "action", body, limit).await;
            found.iter().map(|action| text(&action["name"]).to_owned()).collect::<Vec<_>>()
        };
        for limit in [1, 2, 100] {
            assert_eq!(actions(entity("mqtt", "a"), limit).await, ["read", "subscribe", "publish"]);
            assert_eq!(actions(entity("mqtt", "p/a"), limit).await, ["write"]);
            let all = ["read", "write", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
            assert_eq!(actions(entity("http", "/x"), limit).await, all);
            assert_eq!(actions(entity("http", "/y"), limit).await, ["read", "GET", "HEAD", "OPTIONS"]);
            assert_eq!(actions(entity("http", "/z"), limit).await, [] as [&str; 0]);
            assert_eq!(actions(entity("coap", "/x"), limit).await, [] as [&str; 0]);
        }
        let before = with_context(json!({ "subject": ada, "resource": entity("mqtt", "a") }), json!({ "at": 0 }));
        let before = search(&admin, "action", before, 100).await;
        assert_eq!(before, [] as [Value; 0]);
    }

    async fn a_token_is_good_for_its_search_alone(server: Server) {
        let admin = server.admin().await;
        create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("#", "read")] })).await;
        let mut body = of("user", "read", &entity("mqtt", "a"));
        body["page"] = json!({ "limit": 1 });
        body["resource"]["properties"] = json!({ "room": "red" });
        let page = admin.post("/access/v1/search/subject", body.clone()).await.expect(200).json();
        let token = text(&page["page"]["next_token"]).to_owned();
        assert!(!token.is_empty());
        body["page"]["token"] = json!(token);
        admin.post("/access/v1/search/subject", body.clone()).await.expect(200);
        for (path, value) in [
            ("/resource/id", json!("b")),
            ("/resource/properties/room", json!("blue")),
            ("/resource/properties", json!({})),
            ("/action/name", json!("subscribe")),
            ("/subject/type", json!("role")),
            ("/page/token", json!("nonsense")),
            ("/page/token", json!(format!("{token}AA"))),
            ("/page/limit", json!(10_001)),
            ("/page/limit", json!(-1)),
        ] {
            let mut other = body.clone();
            *other.pointer_mut(path).expect("it is there") = value;
            admin.post("/access/v1/search/subject", other).await.expect_error(400);
        }
    }

    async fn a_search_that_is_none_is_refused(server: Server) {
        let admin = server.admin().await;
        let a = entity("mqtt", "a");
        for (what, body) in [
            ("subject", json!({ "action": { "name": "read" }, "resource": a })),
            ("subject", with_context(of("user", "read", &a), json!({ "at": "then" }))),
            ("subject", with_context(of("user", "read", &a), json!({ "at": 1_000_000_000 }))),
            ("resource", json!({ "subject": entity("username", "admin"), "resource": { "type": "mqtt" } })),
            ("resource", json!({ "subject": { "type": "user" }, "action": { "name": "read" }, "resource": { "type": "mqtt" } })),
            ("action", json!({ "subject": entity("username", "admin") })),
        ] {
            admin.post(format!("/access/v1/search/{what}"), body).await.expect_error(400);
        }
        let nobody = caller(&admin, "nobody", json!([])).await;
        for what in ["subject", "resource", "action"] {
            let path = format!("/access/v1/search/{what}");
            nobody.post(&path, of("user", "read", &a)).await.expect_error(403);
            server.anonymous().post(&path, of("user", "read", &a)).await.expect_error(401);
        }
    }
}
