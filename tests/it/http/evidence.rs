//! Every operation of every face leaves evidence when it refuses a caller, and the evidence outlives the server.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};
use server::Credential;

use super::{
    audit::refused,
    coiote::{form, introspected, password_grant, token_exchange, token_of},
    forward::nginx,
    openapi::{Operation, guarded_by, log_in_on_os2iot, own, without_names},
};
use crate::support::{
    both_engines,
    client::{Call, Client},
    connectware::*,
    database,
    second_factor::Enrolled,
    server::{ADMIN_PASSWORD, Engine, Server, Site},
};

/// The operations that these items are about.
fn operations(items: &[Value]) -> BTreeSet<(String, String)> {
    let of = |item: &Value| {
        let path = without_names(text(&item["path"]));
        (text(&item["method"]).to_lowercase(), path)
    };
    items.iter().map(of).collect()
}

/// Calls each of these operations, and fails unless there is evidence of each call.
async fn are_kept(admin: &Client, called: &[Operation], query: &str) -> Vec<Value> {
    let items = refused(admin, query, i64::try_from(called.len()).expect("few")).await;
    let expected: BTreeSet<_> = called
        .iter()
        .map(|one| (one.method.clone(), one.path.clone()))
        .collect();
    assert_eq!(operations(&items), expected);
    items
}

both_engines! {
    async fn every_operation_keeps_a_refused_permission(server: Server) {
        let admin = server.admin().await;
        let nobody = caller(&admin, "nobody", json!([])).await;
        let mut called = guarded_by(&server).await;
        let own = own();
        // A token of one audience is no credential on a face of another.
        called.retain(|operation| !own.contains(operation) && operation.is_of_connectware());
        for operation in &called {
            let answer = operation.call_with_token(&nobody).await;
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
        let id = id_named(&admin, "nobody").await;
        let items = are_kept(&admin, &called, &format!("kind=permission.refused&actor={id}")).await;
        assert!(items.iter().all(|item| item["reason"] == "forbidden"), "{items:?}");
        assert!(items.iter().all(|item| item["address"] == "127.0.0.1"), "{items:?}");
    }

    async fn every_operation_keeps_a_wrong_password(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "somebody").await;
        let mut called = guarded_by(&server).await;
        called.retain(|operation| operation.face().credentials.contains(&Credential::Basic) && operation.is_of_connectware());
        let guesser = server.anonymous().basic("somebody", "a guess");
        // The answers to wrong passwords are held back, so the calls do not wait for each other.
        let calls = called.iter().map(|operation| async {
            operation.call(&guesser).await.expect_error_in(&[401, 429])
        });
        join_all(calls).await;
        let items = are_kept(&admin, &called, &format!("kind=login.refused&actor={id}")).await;
        let reasons = ["wrong_password", "too_many_failures", "busy"];
        assert!(items.iter().all(|item| reasons.contains(&text(&item["reason"]))), "{items:?}");
    }

    async fn what_a_proxy_asked_about_is_kept(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        nginx(&ada, "GET", "/api/coiotedm/v3/devices/7").await.expect(403);
        let items = refused(&admin, &format!("kind=permission.refused&actor={id}"), 1).await;
        let kept = items[0].to_string();
        assert!(kept.contains("GET /api/coiotedm/v3/devices/7 at the proxy is not permitted"), "{kept}");
    }

    async fn what_oauth_refuses_is_kept(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let bob = create_user(&admin, "bob").await;
        let anybody = server.anonymous();
        password_grant(&anybody, "ada", PASSWORD).await.expect(401);
        password_grant(&anybody, "bob", "a guess").await.expect(401);
        let reasons = async |query: &str, count: i64| {
            let items = refused(&admin, query, count).await;
            items.iter().map(|item| text(&item["reason"]).to_owned()).collect::<BTreeSet<_>>()
        };
        assert_eq!(reasons(&format!("kind=login.refused&actor={}", ada.id), 1).await, ["second_factor_needed".to_owned()].into());
        assert_eq!(reasons(&format!("kind=login.refused&actor={bob}"), 1).await, ["wrong_password".to_owned()].into());
        // A token that had ended when somebody asked what it means.
        let token = token_of(&anybody, "bob", PASSWORD).await;
        // Somebody who must do something else first.
        let carol = create_user_with(&admin, "carol", json!({ "mustChangePassword": true })).await;
        password_grant(&anybody, "carol", PASSWORD).await.expect(401);
        let of_carol = anybody.login("carol", PASSWORD).await;
        token_exchange(&anybody, of_carol.token()).await.expect(400);
        for kind in ["login", "credential"] {
            let found = reasons(&format!("kind={kind}.refused&actor={carol}"), 1).await;
            assert_eq!(found, ["password_change_needed".to_owned()].into(), "{kind}");
        }
        // It is no token to exchange.
        token_exchange(&anybody, &token).await.expect(400);
        form(&anybody, "/oauth/revoke", &[("token", &token)]).await.expect(200);
        introspected(&admin, &token).await;
        let of_bob = ["ended_token".to_owned(), "other_audience".to_owned()];
        assert_eq!(reasons(&format!("kind=credential.refused&actor={bob}"), 2).await, of_bob.into());
    }

    async fn every_refused_code_is_kept(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let (handle, wrong) = (ada.begin().await, ada.device.wrong(ada.step));
        for _ in 0..5 {
            ada.complete(&handle, &wrong).await.expect_error(401);
        }
        ada.session.post("/api/mfa/disable", json!({ "otp": ada.next_code() })).await.expect_error(429);
        let items = refused(&admin, &format!("kind=second_factor.refused&actor={}", ada.id), 6).await;
        let mut reasons: Vec<&str> = items.iter().map(|item| text(&item["reason"])).collect();
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(reasons, ["too_many_wrong_codes", "wrong_code"]);
        ada.complete("AAAA", &wrong).await.expect_error(401);
        server.anonymous().basic("ada", PASSWORD).get("/api/session").await.expect_error(401);
        let items = refused(&admin, "kind=login.refused", 2).await;
        let reasons: BTreeSet<&str> = items.iter().map(|item| text(&item["reason"])).collect();
        assert_eq!(reasons, BTreeSet::from(["second_factor_needed", "unknown_handle"]));
    }

    /// A token of an account without a level, for each operation that needs one. The endpoint for keys takes no token.
    async fn every_operation_of_os2iot_keeps_a_refused_permission(server: Server) {
        let (admin, stranger, id) = a_stranger_on_os2iot(&server).await;
        let called = guarded_on_os2iot(&server).await;
        for operation in &called {
            operation.call_with_token(&stranger).await.expect(403);
        }
        let items = are_kept(&admin, &called, &format!("kind=permission.refused&actor={id}")).await;
        assert!(items.iter().all(|item| item["reason"] == "forbidden_resource"), "{items:?}");
    }

    async fn every_operation_of_os2iot_keeps_an_ended_token(server: Server) {
        let (admin, stranger, id) = a_stranger_on_os2iot(&server).await;
        admin.delete(format!("/api/users/{id}/tokens")).await.expect(204);
        let called = guarded_on_os2iot(&server).await;
        for operation in &called {
            operation.call_with_token(&stranger).await.expect(401);
        }
        let items = are_kept(&admin, &called, &format!("kind=credential.refused&actor={id}")).await;
        assert!(items.iter().all(|item| item["reason"] == "ended_token"), "{items:?}");
    }

    /// Who did what to whom, for people and for keys: by actor, object, kind and outcome.
    async fn auditors_find_what_people_and_keys_did_on_os2iot(server: Server) {
        let admin = server.admin().await;
        let global = log_in_on_os2iot(&server, "admin", ADMIN_PASSWORD).await;
        let made = global.post("/api/v1/organization", json!({ "name": "Aarhus" })).await.expect(201).json();
        let organisation = made["id"].as_i64().expect("a number");
        let level = json!([{ "type": "OrganizationApplicationAdmin" }]);
        let group = json!({ "name": "admins", "organizationId": organisation, "levels": level, "userIds": [] });
        let group = global.post("/api/v1/permission", group).await.expect(201).json()["id"].clone();
        let key = global.post("/api/v1/api-key", json!({ "name": "key", "permissionIds": [group] })).await.expect(201).json();
        let (number, secret) = (key["id"].as_i64().expect("a number"), text(&key["key"]).to_owned());
        let other = global.post("/api/v1/application", json!({ "name": "Other", "organizationId": organisation })).await;
        let other = other.expect(201).json()["id"].as_i64().expect("a number");

        let with_key = |call: Call| call.header("x-api-key", &secret);
        let new = json!({ "name": "By key", "organizationId": organisation, "permissionIds": [group] });
        with_key(server.anonymous().post("/api/v1/application", new)).await.expect(201);
        with_key(server.anonymous().delete(format!("/api/v1/application/{other}"))).await.expect(403);

        let actor = id_of_os2iot(&admin, "api_key.issued").await;
        let done = page(&admin, &format!("outcome=success&kind=application.created&actor={actor}")).await;
        assert_eq!(list(&done["items"]).len(), 1, "{done}");
        let created = text(&done["items"][0]["object"]).to_owned();
        let of_object = page(&admin, &format!("outcome=success&object={created}")).await;
        assert!(list(&of_object["items"]).iter().all(|item| item["actor"] == json!(actor)), "{of_object}");
        let items = refused(&admin, &format!("kind=permission.refused&actor={actor}"), 1).await;
        assert_eq!((&items[0]["objectType"], &items[0]["method"]), (&json!("application"), &json!("DELETE")));
        let object = text(&items[0]["object"]);
        assert_ne!(object, created);
        refused(&admin, &format!("object={object}"), 1).await;

        let items = list(&page(&admin, "kind=organisation.founded").await["items"]).clone();
        let of_organisation = format!("organisation={}", text(&items[0]["object"]));
        let done = page(&admin, &format!("{of_organisation}&actor={actor}&outcome=success&kind=application.created")).await;
        assert_eq!((list(&done["items"]).len(), &done["items"][0]["object"]), (1, &json!(created)));
        let done = page(&admin, &format!("{of_organisation}&outcome=success&limit=1000")).await;
        let objects: BTreeSet<&str> = list(&done["items"]).iter().map(|item| text(&item["object"])).collect();
        assert!(objects.contains(&*actor) && objects.contains(object), "{done}");
        assert!(!objects.contains(&*admin_id(&admin).await), "the global administrator is in no organisation");
        refused(&admin, &format!("{of_organisation}&kind=permission.refused"), 1).await;

        // A key that ended, and one that never was, are found as refused credentials.
        global.delete(format!("/api/v1/api-key/{number}")).await.expect(200);
        with_key(server.anonymous().get("/api/v1/application")).await.expect(401);
        let items = refused(&admin, "kind=credential.refused", 1).await;
        assert_eq!(items[0]["reason"], "unknown_key");
        assert!(!Value::from(items).to_string().contains(&secret), "a key is never kept");
    }

    async fn a_caller_who_hangs_up_is_kept_all_the_same(server: Server) {
        let admin = server.admin().await;
        guess(&server, "ada", 8).await;
        for _ in 0..3 {
            let body = json!({ "username": "ada", "password": "a guess" });
            let call = async { server.anonymous().post("/api/login", body).await };
            let answered = tokio::time::timeout(Duration::from_millis(100), call).await;
            assert!(answered.is_err(), "the answer should be held back");
        }
        refused(&admin, "kind=login.refused", 11).await;
    }

    async fn every_operation_keeps_an_ended_token(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "somebody").await;
        let ended = server.anonymous().login("somebody", PASSWORD).await;
        ended.delete("/api/session").await.expect(204);
        let mut called = guarded_by(&server).await;
        called.retain(Operation::is_of_connectware);
        for operation in &called {
            let answer = operation.call_with_token(&ended).await;
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
        let items = are_kept(&admin, &called, &format!("kind=credential.refused&actor={id}")).await;
        assert!(items.iter().all(|item| item["reason"] == "ended_token"), "{items:?}");
    }

    async fn evidence_outlives_a_kill(server: Server) {
        let admin = server.admin().await;
        guess(&server, "ada", 3).await;
        refused(&admin, "kind=login.refused", 3).await;
        let server = server.kill9().await.start().await;
        let admin = server.admin().await;
        refused(&admin, "kind=login.refused", 3).await;
        guess(&server, "ada", 2).await;
        refused(&admin, "kind=login.refused", 5).await;
    }

    async fn what_waits_in_memory_is_stored_at_the_end(server: Server) {
        guess(&server, "ada", 4).await;
        let server = server.terminate().await.start().await;
        refused(&server.admin().await, "kind=login.refused", 4).await;
    }

    async fn a_flood_of_tokens_has_few_rows_and_is_counted_exactly(server: Server) {
        let admin = server.admin().await;
        let tasks: Vec<_> = (0..8).map(|task| {
            let anonymous = server.anonymous();
            tokio::spawn(async move {
                for number in 0..400 {
                    let token = format!("{task}.{number}.x");
                    anonymous.bearer(&token).get("/api/session").await.expect_error(401);
                }
            })
        }).collect();
        for task in tasks {
            task.await.expect("the calls are answered");
        }
        let items = refused(&admin, "kind=credential.refused", 3_200).await;
        assert!(items.len() < 10, "{items:?}");
    }
}

/// The operations of os2iot that need a level.
async fn guarded_on_os2iot(server: &Server) -> Vec<Operation> {
    let (mut called, own) = (guarded_by(server).await, own());
    called.retain(|one| one.is_of_os2iot() && !own.contains(one) && !one.is_for_keys());
    assert!(called.len() > 30, "the document should list the operations");
    called
}

/// The administrator, somebody who has an account and no group, and the id of that user.
async fn a_stranger_on_os2iot(server: &Server) -> (Client, Client, String) {
    let admin = server.admin().await;
    let global = log_in_on_os2iot(server, "admin", ADMIN_PASSWORD).await;
    let before = admin.get("/api/users/ids").await.expect(200).json();
    let body =
        json!({ "name": "stranger", "email": "stranger@example.org", "password": PASSWORD, "active": true });
    global.post("/api/v1/user", body).await.expect(201);
    let after = admin.get("/api/users/ids").await.expect(200).json();
    let new = list(&after)
        .iter()
        .find(|id| !list(&before).contains(id))
        .expect("a new user");
    let stranger = log_in_on_os2iot(server, "stranger@example.org", PASSWORD).await;
    (admin, stranger, text(new).to_owned())
}

async fn page(auditor: &Client, query: &str) -> Value {
    auditor
        .get(format!("/api/audit?{query}"))
        .await
        .expect(200)
        .json()
}

/// The aggregate of the only event of this type.
async fn id_of_os2iot(auditor: &Client, event: &str) -> String {
    let done = page(auditor, &format!("kind={event}")).await;
    assert_eq!(list(&done["items"]).len(), 1, "{done}");
    text(&done["items"][0]["object"]).to_owned()
}

async fn guess(server: &Server, username: &str, times: usize) {
    for _ in 0..times {
        let body = json!({ "username": username, "password": "a guess" });
        server
            .anonymous()
            .post("/api/login", body)
            .await
            .expect_error_in(&[401, 429]);
    }
}

async fn id_named(admin: &Client, username: &str) -> String {
    let found = admin
        .get(format!("/api/listUsers?username[eq]={username}"))
        .await
        .expect(200)
        .json();
    id_of(&found["users"][0])
}

#[tokio::test]
async fn two_nodes_keep_the_refusals_of_both() {
    let first = Server::start(Engine::Postgres).await;
    let second = first.site().second_node().start().await;
    let (near, far) = (first.admin().await, second.admin().await);
    tokio::join!(guess(&first, "ada", 5), guess(&second, "ada", 7));
    for admin in [&near, &far] {
        let items = refused(admin, "kind=login.refused", 12).await;
        assert!(items.iter().all(|item| item["name"] == "ada"), "{items:?}");
    }
}

#[tokio::test]
async fn the_database_has_no_name_and_no_address_in_the_clear() {
    let site = Site::new(Engine::Sqlite);
    let server = site.start().await;
    guess(&server, "a-stranger-who-mistypes", 1).await;
    let admin = server.admin().await;
    refused(&admin, "kind=login.refused", 1).await;
    let site = server.terminate().await;
    let mut bytes = std::fs::read(site.sqlite_file()).expect("the file of the database");
    let mut log = site.sqlite_file().into_os_string();
    log.push("-wal");
    bytes.extend(std::fs::read(log).unwrap_or_default());
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("login.refused"), "the row is there");
    for text in ["a-stranger-who-mistypes", "127.0.0.1"] {
        assert!(!has(text), "{text}");
    }
}

both_engines! {
    async fn the_doctor_finds_refusals_that_should_be_deleted(server: Server) {
        guess(&server, "ada", 1).await;
        refused(&server.admin().await, "kind=login.refused", 1).await;
        let site = server.terminate().await;
        let mut database = database::open(&site).await;
        for (column, table, days, said) in [
            ("first_at", "refusals", 368 * 86_400_000_000_i64, "rows are kept for 3 days too long"),
            ("period", "refusal_keys", 34, "names can be read for 3 days too long"),
        ] {
            let move_by = |days: i64| format!("UPDATE {table} SET {column} = {column} - {days}");
            database.execute(&move_by(days)).await;
            let output = site.run(&["doctor"]).await;
            let complained = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success() && complained.contains(said), "{complained}");
            database.execute(&move_by(-days)).await;
        }
        let output = site.run(&["doctor"]).await;
        assert!(output.status.success(), "{output:?}");
    }
}

#[tokio::test]
async fn the_doctor_counts_refusals() {
    let server = Server::start(Engine::Sqlite).await;
    guess(&server, "ada", 3).await;
    refused(&server.admin().await, "kind=login.refused", 3).await;
    let output = server.site().run(&["doctor"]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("refusals: in the last day 3 login.refused"),
        "{said}"
    );
}
