//! `POST /access/v1/dry-run`

use http::Method;
use serde_json::{Value, json};

use crate::support::{
    both_engines,
    client::{Call, Client, assert_keys},
    connectware::*,
    server::Server,
};

fn dry_run(caller: &Client, method: &str, path: &str, body: &Value) -> Call {
    let mut request = json!({ "method": method, "path": path });
    if !body.is_null() {
        request["body"] = body.clone();
    }
    caller.post("/access/v1/dry-run", request)
}

/// Asks what a request would change.
pub(crate) async fn foretold(caller: &Client, method: &str, path: &str, body: Value) -> Value {
    let answer = dry_run(caller, method, path, &body).await.expect(200);
    let told = answer.json();
    assert_keys(&told, &["page", "position", "would_record", "changes"]);
    assert_eq!(told["position"], answer.position());
    assert_eq!(
        told["page"],
        json!({ "next_token": "", "count": list(&told["changes"]).len() })
    );
    told
}

/// Makes the request itself.
fn real(caller: &Client, method: &str, path: &str, body: &Value) -> Call {
    let call = caller.call(Method::from_bytes(method.as_bytes()).expect("a method"), path);
    if body.is_null() {
        call
    } else {
        call.body("application/json", body.to_string())
    }
}

/// Changes in short: the subject, then `+` or `-` with the right and the role that gives it.
pub(crate) fn shown(told: &Value) -> Vec<String> {
    let right = |sign: &str, right: &Value| {
        let permission = &right["permission"];
        assert_keys(permission, &["context", "operation", "resource"]);
        let role = right.get("role").map(|role| {
            assert!(role.get("id").is_none_or(|id| text(id).len() == 36), "{role}");
            format!(" by {}", text(&role["name"]))
        });
        let [context, operation, resource] =
            ["context", "operation", "resource"].map(|key| text(&permission[key]));
        format!(
            " {sign}{context} {operation} {resource}{}",
            role.unwrap_or_default()
        )
    };
    let change = |change: &Value| {
        let mut shown = format!(
            "{} {}:",
            text(&change["subject"]["type"]),
            text(&change["subject"]["id"])
        );
        shown.extend(list(&change["gained"]).iter().map(|gained| right("+", gained)));
        shown.extend(list(&change["lost"]).iter().map(|lost| right("-", lost)));
        if let Some(prefix) = change.get("publish_prefix") {
            assert_keys(prefix, &["before", "after"]);
            shown.push_str(&format!(" prefix {} > {}", prefix["before"], prefix["after"]));
        }
        shown
    };
    list(&told["changes"]).iter().map(change).collect()
}

/// Executes the request. The recorded events must be the predicted ones.
async fn make_it_so(admin: &Client, method: &str, path: &str, body: Value, told: &Value) {
    let answer = real(admin, method, path, &body).await;
    assert!(answer.status < 300, "{answer:?}");
    let events = admin
        .get(format!("/api/events?after={}", told["position"]))
        .await
        .expect(200)
        .json();
    let recorded: Vec<Value> = list(&events["events"])
        .iter()
        .zip(list(&told["would_record"]))
        .map(|(event, told)| {
            // A new aggregate gets its id only now.
            let subject = text(&event["subject"]);
            let known = text(&told["subject"]).contains('/');
            let subject = if known {
                subject
            } else {
                subject.split('/').next().unwrap_or_default()
            };
            json!({ "type": event["type"], "subject": subject })
        })
        .collect();
    assert_eq!(json!(recorded), told["would_record"]);
    assert_eq!(list(&events["events"]).len(), recorded.len(), "{events}");
}

/// What a subject gained and lost after a position, in short and in order, according to the ledger.
async fn really(admin: &Client, subject: &str, from: &Value) -> [Vec<String>; 2] {
    let path = format!("/access/v1/changes?subject={subject}&from={from}");
    let changes = admin.get(path).await.expect(200).json();
    ["gained", "lost"].map(|what| rights(&changes[what]))
}

fn rights(list_of: &Value) -> Vec<String> {
    let right = |grant: &Value| {
        let permission = &grant["permission"];
        format!(
            "{} {} {}",
            text(&permission["context"]),
            text(&permission["operation"]),
            text(&permission["resource"])
        )
    };
    let mut rights: Vec<String> = list(list_of).iter().map(right).collect();
    rights.sort();
    rights
}

both_engines! {
    async fn a_change_of_a_role_is_told_for_it_and_for_each_holder(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "readers", json!([mqtt("a/+", "read"), mqtt("b", "write")])).await;
        let wide = create_role(&admin, "wide", json!([mqtt("a/#", "read"), mqtt("c", "readWrite")])).await;
        let ada = create_user_with(&admin, "ada", json!({ "roles": [role] })).await;
        let grace = create_user_with(&admin, "grace", json!({ "roles": [role, wide] })).await;
        let own = json!([mqtt("c", "write"), mqtt("a/x", "read")]);
        let kay = create_user_with(&admin, "kay", json!({ "roles": [role], "initialPermissions": own })).await;
        create_user_with(&admin, "stranger", json!({ "roles": [wide] })).await;
        let path = format!("/api/roles/{role}");
        let body = json!({ "permissions": [mqtt("b", "readWrite"), mqtt("a/x", "read"), mqtt("c", "readWrite")] });
        let told = foretold(&admin, "PUT", &path, body.clone()).await;
        let mut changes = shown(&told);
        assert_eq!(changes[0], format!(
            "role {role}: +mqtt read b by readers +mqtt readWrite c by readers -mqtt read a/+ by readers"
        ));
        changes.sort();
        let mut expected = vec![
            changes[0].clone(),
            format!("user {ada}: +mqtt read b by readers +mqtt readWrite c by readers -mqtt read a/+ by readers"),
            // The other role covers all other rights.
            format!("user {grace}: +mqtt read b by readers"),
            // The user may write there already.
            format!("user {kay}: +mqtt read b by readers +mqtt read c by readers -mqtt read a/+ by readers"),
        ];
        expected.sort();
        assert_eq!(changes, expected);
        make_it_so(&admin, "PUT", &path, body.clone(), &told).await;
        let change = list(&told["changes"]).iter().find(|change| change["subject"]["id"] == ada.as_str()).expect("ada");
        // According to the ledger, `b` and `a/x` were lost, and were gained again in another form.
        let [gained, lost] = really(&admin, &ada, &told["position"]).await;
        assert_eq!(gained, ["mqtt read a/x", "mqtt readWrite b", "mqtt readWrite c"]);
        assert_eq!(lost, ["mqtt read a/+", "mqtt write b"]);
        assert_eq!(rights(&change["gained"]), ["mqtt read b", "mqtt readWrite c"]);
        let again = foretold(&admin, "PUT", &path, body).await;
        assert_eq!((&again["would_record"], &again["changes"]), (&json!([]), &json!([])));
    }

    async fn decisions_turn_out_as_they_were_foretold(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "readers", json!([mqtt("a", "read"), http("/x/#", "read")])).await;
        let ada = create_user_with(&admin, "ada", json!({ "roles": [role], "initialPermissions": [mqtt("own", "read")] })).await;
        let path = format!("/api/users/{ada}");
        let body = json!({ "roles": [], "permissions": [mqtt("b/#", "read"), http("/x/y", "read")], "mqttPublishPrefix": "p/" });
        let told = foretold(&admin, "PUT", &path, body.clone()).await;
        assert_eq!(shown(&told), [format!(
            "user {ada}: +mqtt read b/# -mqtt read own -http read /x/# by readers -mqtt read a by readers \
             prefix null > \"p/\""
        )]);
        let questions = [("mqtt", "a"), ("mqtt", "own"), ("mqtt", "b/c"), ("http", "/x/y"), ("http", "/x/z")];
        let decisions = async || {
            let ask = |(kind, id): (&str, &str)| json!({ "resource": { "type": kind, "id": id } });
            let body = json!({
                "subject": { "type": "user", "id": ada }, "action": { "name": "read" },
                "evaluations": questions.map(ask),
            });
            let answer = admin.post("/access/v1/evaluations", body).await.expect(200).json();
            list(&answer["evaluations"]).iter().map(|one| one["decision"] == true).collect::<Vec<_>>()
        };
        assert_eq!(decisions().await, [true, true, false, true, true]);
        make_it_so(&admin, "PUT", &path, body, &told).await;
        assert_eq!(decisions().await, [false, false, true, true, false]);
    }

    async fn what_goes_loses_all(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "readers", json!([mqtt("a", "read"), mqtt("b", "read")])).await;
        let own = json!([mqtt("a", "read")]);
        let ada = create_user_with(&admin, "ada", json!({ "roles": [role], "initialPermissions": own, "mqttPublishPrefix": "p/" })).await;
        let grace = create_user_with(&admin, "grace", json!({ "roles": [role] })).await;
        let path = format!("/api/roles/{role}");
        let told = foretold(&admin, "DELETE", &path, Value::Null).await;
        let mut changes = shown(&told);
        changes.sort();
        let mut expected = vec![
            format!("role {role}: -mqtt read a by readers -mqtt read b by readers"),
            format!("user {ada}: -mqtt read b by readers"),
            format!("user {grace}: -mqtt read a by readers -mqtt read b by readers"),
        ];
        expected.sort();
        assert_eq!(changes, expected);
        assert_eq!(told["would_record"], json!([{ "type": "role.deleted", "subject": format!("role/{role}") }]));

        let of_ada = format!("/api/users/{ada}");
        let all = foretold(&admin, "DELETE", &of_ada, Value::Null).await;
        assert_eq!(shown(&all), [format!(
            "user {ada}: -mqtt read a -mqtt read a by readers -mqtt read b by readers prefix \"p/\" > null"
        )]);
        make_it_so(&admin, "DELETE", &path, Value::Null, &told).await;
        assert_eq!(really(&admin, &grace, &told["position"]).await, [vec![], vec!["mqtt read a".to_owned(), "mqtt read b".to_owned()]]);
        let rest = foretold(&admin, "DELETE", &of_ada, Value::Null).await;
        assert_eq!(shown(&rest), [format!("user {ada}: -mqtt read a prefix \"p/\" > null")]);
        make_it_so(&admin, "DELETE", &of_ada, Value::Null, &rest).await;
    }

    async fn what_is_made_is_told_by_its_name(server: Server) {
        let admin = server.admin().await;
        let body = role("readers", json!([mqtt("a", "read"), mqtt("b", "read")]));
        let told = foretold(&admin, "POST", "/api/roles", body.clone()).await;
        assert_eq!(shown(&told), ["role_name readers: +mqtt read a by readers +mqtt read b by readers"]);
        assert_eq!(told["changes"][0]["gained"][0]["role"], json!({ "name": "readers" }));
        assert_eq!(told["would_record"], json!([
            { "type": "role.created", "subject": "role" },
            { "type": "role.permission_added", "subject": "role" },
            { "type": "role.permission_added", "subject": "role" },
        ]));
        make_it_so(&admin, "POST", "/api/roles", body, &told).await;

        let readers = role_named(&admin, "readers").await;
        let more = json!({ "roles": [readers], "initialPermissions": [http("/x", "write")], "mqttPublishPrefix": "p/" });
        let body = user("ada", more);
        let told = foretold(&admin, "POST", "/api/users", body.clone()).await;
        assert_eq!(shown(&told), [
            "username ada: +http write /x +mqtt read a by readers +mqtt read b by readers prefix null > \"p/\"",
        ]);
        assert_eq!(told["changes"][0]["gained"][1]["role"], json!({ "id": readers, "name": "readers" }));
        make_it_so(&admin, "POST", "/api/users", body, &told).await;
        let nothing = foretold(&admin, "POST", "/api/users", user("grace", json!({}))).await;
        assert_eq!(nothing["changes"], json!([]));
        assert_eq!(nothing["would_record"], json!([{ "type": "user.created", "subject": "user" }]));
    }

    async fn small_changes_are_told_too(server: Server) {
        let admin = server.admin().await;
        let made = admin.post("/api/roles", role("readers", json!([mqtt("a", "read")]))).await.expect(201).json();
        let (role, permission) = (id_of(&made), id_of(&made["permissions"][0]));
        let ada = create_user(&admin, "ada").await;
        let (of_role, of_ada) = (format!("/api/roles/{role}/permissions"), format!("/api/users/{ada}/roles"));
        let own = format!("{of_role}/{permission}");
        for (method, path, body, change) in [
            ("POST", &of_ada, json!({ "roleId": role }), format!("user {ada}: +mqtt read a by readers")),
            ("POST", &of_role, mqtt("b", "write"), format!("user {ada}: +mqtt write b by readers")),
            ("PUT", &own, json!({ "operation": "readWrite" }), format!("user {ada}: +mqtt write a by readers")),
            ("DELETE", &own, Value::Null, format!("user {ada}: -mqtt readWrite a by readers")),
            ("DELETE", &of_ada, json!({ "roleId": role }), format!("user {ada}: -mqtt write b by readers")),
        ] {
            let told = foretold(&admin, method, path, body.clone()).await;
            assert_eq!(shown(&told).last(), Some(&change), "{method} {path}");
            make_it_so(&admin, method, path, body, &told).await;
        }
    }

    async fn the_role_of_a_users_own_permissions_stands_for_the_user(server: Server) {
        let admin = server.admin().await;
        let ada = create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("a", "read")] })).await;
        let own = role_named(&admin, "ada").await;
        let path = format!("/api/roles/{own}");
        let told = foretold(&admin, "PUT", &path, json!({ "permissions": [mqtt("b", "read")] })).await;
        assert_eq!(shown(&told), [format!("user {ada}: +mqtt read b -mqtt read a")]);
        let told = foretold(&admin, "DELETE", &path, Value::Null).await;
        assert_eq!(shown(&told), [format!("user {ada}: -mqtt read a")]);
        make_it_so(&admin, "DELETE", &path, Value::Null, &told).await;
    }

    async fn what_would_be_refused_is_refused_word_for_word(server: Server) {
        let admin = server.admin().await;
        let (first, administrators) = (admin_id(&admin).await, role_named(&admin, "connectware-admin").await);
        let held = create_role(&admin, "held", json!([mqtt("a", "read")])).await;
        let ada = create_user_with(&admin, "ada", json!({ "roles": [held], "initialPermissions": [mqtt("own", "read")] })).await;
        create_user_with(&admin, "grace", json!({ "roles": [held] })).await;
        let sole = id_of(&admin.post("/api/roles", json!({ "name": "sole", "isShared": false })).await.expect(201).json());
        create_user_with(&admin, "kay", json!({ "roles": [sole] })).await;
        let own = role_named(&admin, "ada").await;
        let (users, roles) = (|id: &str| format!("/api/users/{id}"), |id: &str| format!("/api/roles/{id}"));
        let before = admin.get("/api/events?limit=1").await.expect(200).json()["head"].clone();
        for (method, path, body, status) in [
            ("POST", "/api/users".to_owned(), user("ada", json!({})), 409),
            ("POST", "/api/users".to_owned(), user("x", json!({})), 400),
            ("POST", "/api/users".to_owned(), json!({ "username": "somebody" }), 400),
            ("POST", "/api/users".to_owned(), json!([]), 400),
            ("POST", "/api/users".to_owned(), json!("text"), 400),
            ("POST", "/api/users".to_owned(), Value::Null, 400),
            ("POST", "/api/users".to_owned(), user("somebody", json!({ "password": "four" })), 400),
            ("POST", "/api/users".to_owned(), user("somebody", json!({ "password": null })), 400),
            ("POST", "/api/users".to_owned(), user("somebody", json!({ "roles": [NOBODY] })), 400),
            ("POST", "/api/users".to_owned(), user("somebody", json!({ "roles": [sole] })), 409),
            ("POST", "/api/users".to_owned(), user("somebody", json!({ "initialPermissions": [http("x", "read")] })), 400),
            ("PUT", users(NOBODY), json!({}), 404),
            ("PUT", users("ada"), json!({}), 400),
            ("PUT", users("ada"), json!([]), 400),
            ("PUT", users(&ada), json!({ "username": "grace" }), 409),
            ("PUT", users(&ada), json!({ "username": 7 }), 400),
            ("PUT", users(&first), json!({ "roles": [] }), 409),
            ("PUT", users(&first), json!({ "grantTypes": [{ "method": "token" }] }), 409),
            ("DELETE", users(&first), Value::Null, 409),
            ("DELETE", users(NOBODY), Value::Null, 404),
            ("DELETE", users("x"), Value::Null, 400),
            ("POST", users(&ada) + "/roles", json!({ "roleId": NOBODY }), 400),
            ("DELETE", users(&ada) + "/roles", json!({ "roleId": sole }), 404),
            ("POST", "/api/roles".to_owned(), role("held", json!([])), 409),
            ("POST", "/api/roles".to_owned(), role("", json!([])), 400),
            ("POST", "/api/roles".to_owned(), role("new", json!([mqtt("a/#/b", "read")])), 400),
            ("PUT", roles(&administrators), json!({ "permissions": [] }), 409),
            ("PUT", roles(&held), json!({ "name": "sole" }), 409),
            ("PUT", roles(&held), json!({ "isShared": false }), 409),
            ("PUT", roles(&own), json!({ "isShared": true }), 409),
            ("PUT", roles(NOBODY), json!({}), 404),
            ("DELETE", roles(&administrators), Value::Null, 409),
            ("DELETE", roles(NOBODY), Value::Null, 404),
            ("PUT", roles(&held) + "/permissions/" + NOBODY, json!({ "operation": "read" }), 404),
            ("DELETE", roles(&held) + "/permissions/x", Value::Null, 400),
        ] {
            let told = dry_run(&admin, method, &path, &body).await;
            told.expect_error(status);
            let answer = real(&admin, method, &path, &body).await;
            assert_eq!((told.status, told.json()), (answer.status, answer.json()), "{method} {path} {body}");
        }
        assert_eq!(admin.get("/api/events?limit=1").await.expect(200).json()["head"], before);
    }

    async fn nothing_is_left_of_it(server: Server) {
        let admin = server.admin().await;
        let ada = create_user(&admin, "ada").await;
        let before = admin.get("/api/events?limit=1000").await.expect(200).json();
        for (method, path, body) in [
            ("POST", "/api/users".to_owned(), user("grace", json!({ "certificates": [{ "fingerprint": "ab".repeat(32) }] }))),
            ("POST", "/api/roles".to_owned(), role("readers", json!([mqtt("a", "read")]))),
            ("PUT", format!("/api/users/{ada}"), json!({ "username": "lovelace", "password": "another password" })),
            ("DELETE", format!("/api/users/{ada}"), Value::Null),
        ] {
            let answer = dry_run(&admin, method, &path, &body).await.expect(200);
            assert!(!answer.text().contains("password\":"), "{answer:?}");
            assert!(!answer.text().contains("argon2"), "{answer:?}");
        }
        let after = admin.get("/api/events?limit=1000").await.expect(200).json();
        assert_eq!(after, before);
        server.anonymous().login("ada", PASSWORD).await;
        assert_eq!(get_user(&admin, &ada).await["username"], "ada");
        create_user_with(&admin, "grace", json!({ "certificates": [{ "fingerprint": "ab".repeat(32) }] })).await;
        create_role(&admin, "readers", json!([])).await;
        assert!(!server.log().contains("another password"));
    }

    async fn asking_needs_the_right_to_read_and_nothing_else(server: Server) {
        let admin = server.admin().await;
        let ada = create_user(&admin, "ada").await;
        let path = format!("/api/users/{ada}");
        let asking = caller(&admin, "asking", json!([http("/access/v1/#", "read")])).await;
        foretold(&asking, "DELETE", &path, Value::Null).await;
        asking.delete(&path).await.expect_error(403);
        let writing = caller(&admin, "writing", json!([http("/#", "write")])).await;
        for body in [json!({ "method": "DELETE", "path": path }), json!([]), json!({})] {
            writing.post("/access/v1/dry-run", body.clone()).await.expect_error(403);
            server.anonymous().post("/access/v1/dry-run", body).await.expect_error(401);
        }
    }

    async fn what_cannot_be_rehearsed_is_told_with_what_can_be(server: Server) {
        let admin = server.admin().await;
        for (method, path) in [
            ("GET", "/api/roles"),
            ("post", "/api/roles"),
            ("PATCH", "/api/roles"),
            ("DELETE", "/api/roles"),
            ("DELETE", "/api/users"),
            ("POST", "/api/users/batch"),
            ("PUT", "/api/users/change-password"),
            ("DELETE", "/api/users/ids"),
            ("PUT", "/api/roles/"),
            ("DELETE", "/api/users/"),
            ("POST", "/api/login"),
            ("POST", "/api/roles/a/b/c/d"),
            ("POST", "/access/v1/dry-run"),
            ("POST", "roles"),
            ("", ""),
        ] {
            let refused = dry_run(&admin, method, path, &json!({})).await.expect_error(400);
            assert!(refused.message.contains("PUT and DELETE /api/users/{id}"), "{method} {path}: {refused:?}");
        }
        let path = "/access/v1/dry-run";
        for wrong in [
            json!([]),
            json!({}),
            json!({ "method": "PUT" }),
            json!({ "method": 1, "path": "/api/roles" }),
            json!({ "method": "POST", "path": "/api/roles", "body": role("new", json!([])), "page": { "limit": 10_001 } }),
            json!({ "method": "POST", "path": "/api/roles", "body": role("new", json!([])), "page": { "token": "x" } }),
        ] {
            admin.post(path, wrong).await.expect_error(400);
        }
        admin.call(Method::POST, path).body("text/plain", "{}").await.expect_error(415);
        admin.call(Method::POST, path).body("application/json", "{").await.expect_error(400);
        let delete = json!({ "method": "DELETE", "path": format!("/api/users/{NOBODY}") });
        let ahead = admin.post(path, delete).header("muniment-at-least", "1000000000").await;
        ahead.expect_error(503);
    }

    async fn holders_come_in_pages(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "readers", json!([mqtt("a", "read")])).await;
        let name = |number: usize| format!("user.{number:03}");
        let users: Vec<Value> = (0..60)
            .map(|number| {
                // A third of the users may do so anyway.
                let own = if number % 3 == 0 { json!([mqtt("#", "read")]) } else { json!([]) };
                user(&name(number), json!({ "roles": [role], "initialPermissions": own, "password": null, "grantTypes": [] }))
            })
            .collect();
        admin.post("/api/users/batch", json!(users)).await.expect(200);
        let path = format!("/api/roles/{role}");
        let all = foretold(&admin, "DELETE", &path, Value::Null).await;
        assert_eq!(list(&all["changes"]).len(), 41);
        for limit in [1, 7, 40, 41, 42] {
            let (mut token, mut changes, mut pages) = (String::new(), Vec::new(), 0);
            loop {
                let body = json!({ "method": "DELETE", "path": path, "page": { "token": token, "limit": limit } });
                let page = admin.post("/access/v1/dry-run", body).await.expect(200).json();
                assert_eq!(page["would_record"], all["would_record"]);
                assert_eq!(page["page"]["count"], list(&page["changes"]).len());
                assert!(list(&page["changes"]).len() <= limit);
                changes.extend(list(&page["changes"]).clone());
                pages += 1;
                token = text(&page["page"]["next_token"]).to_owned();
                if token.is_empty() {
                    break;
                }
                let other = json!({ "method": "DELETE", "path": path, "page": { "token": token, "limit": limit } });
                for (key, value) in [("method", json!("PUT")), ("path", json!(format!("/api/roles/{NOBODY}"))), ("body", json!({ "name": "x" }))] {
                    let mut other = other.clone();
                    other[key] = value;
                    admin.post("/access/v1/dry-run", other).await.expect_error(400);
                }
            }
            assert_eq!(json!(changes), all["changes"], "in pages of {limit}");
            assert_eq!(pages, 41_usize.div_ceil(limit));
        }
        let body = json!({ "method": "DELETE", "path": path, "page": { "limit": 0 } });
        let empty = admin.post("/access/v1/dry-run", body).await.expect(200).json();
        assert_eq!((&empty["changes"], &empty["page"]["count"]), (&json!([]), &json!(0)), "{empty}");
        assert_ne!(empty["page"]["next_token"], "", "{empty}");
    }
}
