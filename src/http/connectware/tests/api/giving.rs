//! Nobody gives a right that they do not hold: every way to give a right, or to act as somebody who has it.

use http::Method;
use serde_json::{Value, json};

use crate::support::{
    both_engines,
    client::{Client, Response},
    connectware::*,
    server::Server,
};

const FINGERPRINT: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// Makes a user whose only rights are these endpoints, and logs in as them. Returns their id, too.
async fn helper(admin: &Client, name: &str, endpoints: &[&str]) -> (Client, String) {
    let permissions = endpoints
        .iter()
        .map(|path| http(path, "write"))
        .collect::<Vec<_>>();
    let id = create_user_with(admin, name, json!({ "initialPermissions": permissions })).await;
    (admin.login(name, PASSWORD).await, id)
}

async fn administrators(admin: &Client) -> String {
    role_named(admin, "connectware-admin").await
}

/// The request must be refused since a right is missing that the message names.
#[track_caller]
fn refused(answer: &Response, missing: &str) {
    let error = answer.expect_error(403);
    assert_eq!(error.code, "not_held", "{error:?}");
    assert!(error.message.contains(missing), "{missing}: {error:?}");
}

/// The right that [`gifts`] gives.
fn right() -> Value {
    mqtt("plant/#", "readWrite")
}

/// A request for each way to give [`right`], or to act as somebody who has it. Makes what the requests change; `name` is in all names.
pub(crate) async fn gifts(admin: &Client, name: &str, carrier: &str) -> Vec<(Method, String, Value)> {
    let made = async |what: &str, more: Value| create_user_with(admin, &format!("{what}.{name}"), more).await;
    let target = made("target", json!({})).await;
    let roles = made("roles", json!({})).await;
    let granted = made("granted", json!({})).await;
    let own = async |what: &str| {
        let id = made(what, json!({ "initialPermissions": [mqtt("x", "read")] })).await;
        text(&get_user(admin, &id).await["roles"][0]["id"]).to_owned()
    };
    let (first_own, second_own) = (own("own1").await, own("own2").await);
    let narrow = role(&format!("narrow {name}"), json!([mqtt("plant/1", "read")]));
    let narrow = admin.post("/api/roles", narrow).await.expect(201).json();
    let (narrow, permission) = (id_of(&narrow), id_of(&narrow["permissions"][0]));
    let wide = create_role(admin, &format!("wide {name}"), json!([])).await;
    let more = create_role(admin, &format!("more {name}"), json!([])).await;
    let (owns, holds) = (
        json!({ "initialPermissions": [right()] }),
        json!({ "roles": [carrier] }),
    );
    let users = [
        user(&format!("new1.{name}"), owns),
        user(&format!("new2.{name}"), holds.clone()),
        user(&format!("new3.{name}"), holds.clone()),
    ];
    let [first, second, third] = users;
    let post = |path: String, body: Value| (Method::POST, path, body);
    let put = |path: String, body: Value| (Method::PUT, path, body);
    let exactly = json!({ "permissions": [right()] });
    let widened = json!({ "resource": "plant/#", "operation": "readWrite" });
    let mut gifts = vec![
        post("/api/users".to_owned(), first),
        post("/api/users".to_owned(), second),
        post("/api/users/batch".to_owned(), json!([third])),
        put(format!("/api/users/{target}"), exactly.clone()),
        put(format!("/api/users/{roles}"), holds),
        post(
            format!("/api/users/{granted}/roles"),
            json!({ "roleId": carrier }),
        ),
        post(
            "/api/roles".to_owned(),
            role(&format!("new {name}"), json!([right()])),
        ),
        put(format!("/api/roles/{wide}"), exactly.clone()),
        post(format!("/api/roles/{more}/permissions"), right()),
        put(format!("/api/roles/{narrow}/permissions/{permission}"), widened),
        post(format!("/api/roles/{first_own}/permissions"), right()),
        put(format!("/api/roles/{second_own}"), exactly),
    ];
    gifts.extend(takeovers(admin, name, carrier).await);
    gifts
}

/// A request for each way to act as somebody who has the right.
async fn takeovers(admin: &Client, name: &str, carrier: &str) -> Vec<(Method, String, Value)> {
    let more = json!({ "roles": [carrier], "enforceMFAEnrollment": true });
    let holder = create_user_with(admin, &format!("holder.{name}"), more).await;
    let path = format!("/api/users/{holder}");
    let changes = [
        json!({ "password": "another password" }),
        json!({ "mqttPublishPrefix": "p/" }),
        json!({ "grantTypes": [{ "method": "password" }, { "method": "certificate" }] }),
        json!({ "enforceMFAEnrollment": false }),
        json!({ "identityProvider": "ldap" }),
        json!({ "username": format!("renamed.{name}") }),
    ];
    let mut takeovers: Vec<_> = changes.map(|change| (Method::PUT, path.clone(), change)).to_vec();
    let fingerprint = format!("{:02x}", name.as_bytes()[0]).repeat(32);
    takeovers.push((
        Method::POST,
        path + "/certificates",
        json!({ "fingerprint": fingerprint }),
    ));
    takeovers
}

const ONLY_ADMINISTRATORS: &str = "only an administrator can make somebody an administrator";
const IS_ADMINISTRATOR: &str = "is an administrator, and you are not";

both_engines! {
    async fn write_on_all_users_makes_no_administrator(server: Server) {
        let admin = server.admin().await;
        let (helper, own) = helper(&admin, "helper", &["/api/users/+"]).await;
        let body = json!({ "roles": [administrators(&admin).await] });
        refused(&helper.put(format!("/api/users/{own}"), body.clone()).await, ONLY_ADMINISTRATORS);
        let other = create_user(&admin, "other").await;
        refused(&helper.put(format!("/api/users/{other}"), body).await, ONLY_ADMINISTRATORS);
        let body = json!({ "permissions": [http("/#", "readWrite")] });
        refused(&helper.put(format!("/api/users/{other}"), body).await, "readWrite on /# in context http");
    }

    async fn write_on_ones_own_user_gives_nothing_new(server: Server) {
        let admin = server.admin().await;
        let own = create_user(&admin, "own").await;
        let path = format!("/api/users/{own}");
        let permissions = json!([http(&path, "write"), http(&format!("{path}/roles"), "write")]);
        admin.put(&path, json!({ "permissions": permissions })).await.expect(200);
        let caller = admin.login("own", PASSWORD).await;
        let administrators = administrators(&admin).await;
        refused(&caller.put(&path, json!({ "roles": [administrators] })).await, ONLY_ADMINISTRATORS);
        refused(&caller.post(format!("{path}/roles"), json!({ "roleId": administrators })).await, ONLY_ADMINISTRATORS);
        let more = json!({ "permissions": [http(&path, "readWrite")] });
        refused(&caller.put(&path, more).await, &format!("read on {path} in context http"));
        // Everything else about oneself is free.
        for change in [
            json!({ "mqttPublishPrefix": "p/", "permissions": [http(&path, "write")] }),
            json!({ "grantTypes": [{ "method": "password" }, { "method": "certificate" }] }),
            json!({ "password": "another password" }),
        ] {
            caller.put(&path, change).await.expect(200);
        }
        admin.login("own", "another password").await;
    }

    async fn write_on_a_held_role_gives_its_holder_nothing(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "held", json!([])).await;
        let path = format!("/api/roles/{role}");
        let permissions = json!([http(&path, "write"), http(&format!("{path}/permissions"), "write"), mqtt("a", "read")]);
        admin.put(&path, json!({ "permissions": permissions })).await.expect(200);
        create_user_with(&admin, "holder", json!({ "roles": [role] })).await;
        let holder = admin.login("holder", PASSWORD).await;
        let more = json!({ "permissions": [http(&path, "write"), http("/#", "readWrite")] });
        refused(&holder.put(&path, more).await, "readWrite on /# in context http");
        refused(&holder.post(format!("{path}/permissions"), http("/api/#", "read")).await, "read on /api/# in context http");
        // A right that the holder has may be added once more, and rights may be taken.
        holder.post(format!("{path}/permissions"), mqtt("a", "read")).await.expect(204);
        holder.put(&path, json!({ "name": "renamed", "permissions": [http(&path, "write"), mqtt("a", "read")] })).await.expect(200);
    }

    async fn write_on_certificates_opens_no_way_in(server: Server) {
        let admin = server.admin().await;
        let (helper, own) = helper(&admin, "helper", &["/api/users/+/certificates"]).await;
        let body = json!({ "fingerprint": FINGERPRINT });
        let first = admin_id(&admin).await;
        let answer = helper.post(format!("/api/users/{first}/certificates"), body.clone()).await;
        // This helper may not see what the other user holds.
        refused(&answer, &format!("user {first} holds a right that you do not hold"));
        let more = create_user_with(&admin, "more", json!({ "initialPermissions": [mqtt("secret/place", "read")] })).await;
        let answer = helper.post(format!("/api/users/{more}/certificates"), body.clone()).await;
        refused(&answer, &format!("user {more} holds a right that you do not hold"));
        assert!(!answer.text().contains("secret"), "{answer:?}");
        let less = create_user(&admin, "less").await;
        helper.post(format!("/api/users/{less}/certificates"), body.clone()).await.expect(204);
        helper.delete_with_body(format!("/api/users/{less}/certificates"), body.clone()).await.expect(204);
        helper.post(format!("/api/users/{own}/certificates"), body).await.expect(204);
    }

    async fn a_batch_gives_nothing_that_its_sender_lacks(server: Server) {
        let admin = server.admin().await;
        let (helper, _) = helper(&admin, "helper", &["/api/users/batch"]).await;
        let (administrators, plant) = (administrators(&admin).await, create_role(&admin, "plant", json!([mqtt("plant/#", "read")])).await);
        let batch = |more: Value| json!([user("first", json!({})), user("second", more)]);
        let answer = helper.post("/api/users/batch", batch(json!({ "roles": [administrators] }))).await;
        refused(&answer, ONLY_ADMINISTRATORS);
        let answer = helper.post("/api/users/batch", batch(json!({ "roles": [plant] }))).await;
        refused(&answer, "read on plant/# in context mqtt");
        let answer = helper.post("/api/users/batch", batch(json!({ "initialPermissions": [mqtt("x", "write")] }))).await;
        refused(&answer, "write on x in context mqtt");
        // The message names the first entry that gives too much.
        let gives = |more: &[usize]| {
            let entry = |number: usize| match more.contains(&number) {
                true => user(&format!("user.{number}"), json!({ "initialPermissions": [mqtt("x", "write")] })),
                false => user(&format!("user.{number}"), json!({})),
            };
            json!((0..9).map(entry).collect::<Vec<_>>())
        };
        for (more, named) in [(&[0][..], "entry 0: "), (&[8], "entry 8: "), (&[5, 3, 7], "entry 3: ")] {
            let answer = helper.post("/api/users/batch", gives(more)).await;
            refused(&answer, "write on x in context mqtt");
            let message = answer.expect_error(403).message;
            assert!(message.starts_with(named), "{named}: {message}");
        }
        helper.post("/api/users/batch", batch(json!({ "initialPermissions": [http("/api/users/batch", "write")] }))).await.expect(200);
    }

    async fn a_new_user_gets_nothing_that_their_maker_lacks(server: Server) {
        let admin = server.admin().await;
        let (helper, _) = helper(&admin, "helper", &["/api/users"]).await;
        let administrators = administrators(&admin).await;
        refused(&helper.post("/api/users", user("new", json!({ "roles": [administrators] }))).await, ONLY_ADMINISTRATORS);
        let more = json!({ "initialPermissions": [http("/api/users", "readWrite")] });
        refused(&helper.post("/api/users", user("new", more)).await, "read on /api/users in context http");
        let same = json!({ "initialPermissions": [http("/api/users", "write")], "certificates": [{ "fingerprint": FINGERPRINT }] });
        helper.post("/api/users", user("new", same)).await.expect(201);
    }

    async fn a_change_of_a_user_adds_nothing_that_the_caller_lacks(server: Server) {
        let admin = server.admin().await;
        let (helper, _) = helper(&admin, "helper", &["/api/users/+"]).await;
        let (wide, narrow) = (create_role(&admin, "wide", json!([mqtt("a/#", "readWrite")])).await, create_role(&admin, "narrow", json!([])).await);
        let more = json!({ "roles": [wide], "initialPermissions": [mqtt("b/#", "readWrite")] });
        let other = create_user_with(&admin, "other", more).await;
        let path = format!("/api/users/{other}");
        let shown = get_user(&admin, &other).await;
        let roles: Vec<&Value> = list(&shown["roles"]).iter().map(|role| &role["id"]).collect();
        // What stays is not given.
        helper.put(&path, json!({ "roles": roles, "permissions": [mqtt("b/#", "readWrite")] })).await.expect(200);
        helper.put(&path, json!({ "roles": [wide, narrow], "permissions": [mqtt("b/c", "read")] })).await.expect(200);
        refused(&helper.put(&path, json!({ "permissions": [mqtt("b/#", "read")] })).await, "read on b/# in context mqtt");
        helper.put(&path, json!({ "roles": [], "permissions": [] })).await.expect(200);
        refused(&helper.put(&path, json!({ "roles": [wide] })).await, &format!("role {wide} gives a right that you do not hold: readWrite on a/#"));
    }

    async fn a_change_of_a_role_adds_nothing_that_the_caller_lacks(server: Server) {
        let admin = server.admin().await;
        let (helper, _) = helper(&admin, "helper", &["/api/roles/+"]).await;
        let role = create_role(&admin, "operators", json!([mqtt("a/#", "readWrite"), mqtt("b", "read")])).await;
        let path = format!("/api/roles/{role}");
        refused(&helper.put(&path, json!({ "permissions": [mqtt("a/#", "readWrite"), mqtt("b", "readWrite")] })).await, "write on b in context mqtt");
        helper.put(&path, json!({ "name": "renamed", "permissions": [mqtt("a/1", "read"), mqtt("b", "read")] })).await.expect(200);
        refused(&helper.put(&path, json!({ "permissions": [mqtt("a/#", "read")] })).await, "read on a/# in context mqtt");
    }

    async fn a_new_role_carries_nothing_that_its_maker_lacks(server: Server) {
        let admin = server.admin().await;
        let (helper, _) = helper(&admin, "helper", &["/api/roles"]).await;
        refused(&helper.post("/api/roles", role("new", json!([mqtt("a", "read")]))).await, "read on a in context mqtt");
        helper.post("/api/roles", role("new", json!([http("/api/roles", "write")]))).await.expect(201);
    }

    async fn a_permission_is_added_by_whoever_holds_it(server: Server) {
        let admin = server.admin().await;
        let (helper, _) = helper(&admin, "helper", &["/api/roles/+/permissions"]).await;
        let role = create_role(&admin, "operators", json!([])).await;
        let path = format!("/api/roles/{role}/permissions");
        refused(&helper.post(&path, mqtt("a", "read")).await, "read on a in context mqtt");
        helper.post(&path, http("/api/roles/1/permissions", "write")).await.expect(204);
        // The role that shows a user's own permissions.
        let ada = create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("b", "read")] })).await;
        let own = format!("/api/roles/{}/permissions", text(&get_user(&admin, &ada).await["roles"][0]["id"]));
        refused(&helper.post(&own, mqtt("a", "read")).await, "read on a in context mqtt");
    }

    async fn a_permission_is_widened_by_whoever_holds_the_difference(server: Server) {
        let admin = server.admin().await;
        let (helper, _) = helper(&admin, "helper", &["/api/roles/+/permissions/+"]).await;
        let made = admin.post("/api/roles", role("operators", json!([mqtt("a/b", "read")]))).await.expect(201).json();
        let path = format!("/api/roles/{}/permissions/{}", id_of(&made), id_of(&made["permissions"][0]));
        refused(&helper.put(&path, json!({ "resource": "a/#" })).await, "read on a/# in context mqtt");
        refused(&helper.put(&path, json!({ "operation": "readWrite" })).await, "write on a/b in context mqtt");
        helper.put(&path, json!({ "resource": "a/b", "operation": "read" })).await.expect(204);
        helper.delete(&path).await.expect(204);
    }

    async fn a_grant_of_a_role_needs_all_that_it_grants(server: Server) {
        let admin = server.admin().await;
        let (helper, own) = helper(&admin, "helper", &["/api/users/+/roles"]).await;
        let role = create_role(&admin, "operators", json!([mqtt("a/#", "read")])).await;
        let path = format!("/api/users/{own}/roles");
        let body = json!({ "roleId": role });
        refused(&helper.post(&path, body.clone()).await, "read on a/# in context mqtt");
        refused(&helper.post(&path, json!({ "roleId": administrators(&admin).await })).await, ONLY_ADMINISTRATORS);
        admin.post(&path, body.clone()).await.expect(204);
        let other = create_user(&admin, "other").await;
        helper.post(format!("/api/users/{other}/roles"), body.clone()).await.expect(204);
        helper.delete_with_body(format!("/api/users/{other}/roles"), body).await.expect(204);
    }

    async fn nobody_resets_an_administrators_password(server: Server) {
        let admin = server.admin().await;
        let (helper, _) = helper(&admin, "helper", &["/api/users/+"]).await;
        let first = format!("/api/users/{}", admin_id(&admin).await);
        refused(&helper.put(&first, json!({ "password": "another password" })).await, IS_ADMINISTRATOR);
        admin.get("/api/session").await.expect(200);
        let ordinary = create_user(&admin, "ordinary").await;
        helper.put(format!("/api/users/{ordinary}"), json!({ "password": "another password" })).await.expect(200);
        server.anonymous().login("ordinary", "another password").await;
    }

    async fn nobody_changes_how_an_administrator_logs_in(server: Server) {
        let admin = server.admin().await;
        let (helper, _) = helper(&admin, "helper", &["/api/users/+"]).await;
        let second = create_user_with(&admin, "second", json!({ "roles": [administrators(&admin).await], "enforceMFAEnrollment": true })).await;
        let more = create_user_with(&admin, "more", json!({ "initialPermissions": [mqtt("a", "read")], "enforceMFAEnrollment": true })).await;
        let equal = create_user_with(&admin, "equal", json!({ "enforceMFAEnrollment": true })).await;
        for change in [
            json!({ "grantTypes": [{ "method": "certificate" }] }),
            json!({ "grantTypes": [{ "method": "password" }, { "method": "token" }] }),
            json!({ "identityProvider": "ldap" }),
            json!({ "identityProvider": "local", "password": "another password" }),
            json!({ "mqttPublishPrefix": "p/" }),
            json!({ "enforceMFAEnrollment": false }),
            json!({ "username": "somebody", "password": "another password" }),
            json!({ "username": "somebody.else" }),
        ] {
            let answer = helper.put(format!("/api/users/{second}"), change.clone()).await;
            refused(&answer, IS_ADMINISTRATOR);
            let answer = helper.put(format!("/api/users/{more}"), change.clone()).await;
            // The helper may write on this user, and the answer to a write shows what the user holds.
            refused(&answer, &format!("user {more} holds a right that you do not hold: read on a in context mqtt"));
            helper.put(format!("/api/users/{equal}"), change).await.expect(200);
        }
        // Taking gives nothing, even if an administrator loses it.
        helper.put(format!("/api/users/{second}"), json!({ "roles": [], "enforceMFAEnrollment": true })).await.expect(200);
    }

    async fn nobody_takes_the_name_of_an_administrator(server: Server) {
        let admin = server.admin().await;
        let (helper, own) = helper(&admin, "helper", &["/api/users/#"]).await;
        let first = format!("/api/users/{}", admin_id(&admin).await);
        for change in [
            json!({ "username": "was-admin" }),
            json!({ "username": "ADMIN" }),
            json!({ "username": "was-admin", "identityProvider": "local" }),
        ] {
            refused(&helper.put(&first, change).await, IS_ADMINISTRATOR);
        }
        let path = format!("/api/users/{own}");
        helper.put(&path, json!({ "username": "admin" })).await.expect_error(409);
        // Ordinary users may be renamed, and one may rename oneself.
        let ordinary = create_user(&admin, "ordinary").await;
        helper.put(format!("/api/users/{ordinary}"), json!({ "username": "renamed" })).await.expect(200);
        helper.put(&path, json!({ "username": "helper.2" })).await.expect(200);
        // A second administrator is not the last one, and is protected all the same.
        let second = create_user_with(&admin, "second", json!({ "roles": [administrators(&admin).await] })).await;
        refused(&helper.put(format!("/api/users/{second}"), json!({ "username": "third" })).await, IS_ADMINISTRATOR);
        admin.put(format!("/api/users/{second}"), json!({ "username": "third" })).await.expect(200);
    }

    async fn every_route_asks_for_what_it_gives(server: Server) {
        let admin = server.admin().await;
        let endpoints = create_role(&admin, "endpoints", json!([http("/api/#", "write")])).await;
        let carrier = create_role(&admin, "carrier", json!([right()])).await;
        let one = create_role(&admin, "one", json!([mqtt("plant/#", "read")])).await;
        let other = create_role(&admin, "other", json!([mqtt("plant", "write")])).await;
        let several = json!({ "roles": [endpoints, one, other], "initialPermissions": [mqtt("plant/+/#", "write")] });
        for (name, holds, more) in [
            ("lacking", false, json!({ "roles": [endpoints] })),
            ("almost", false, json!({ "roles": [endpoints, one, other] })),
            ("holding", true, json!({ "roles": [endpoints, carrier] })),
            ("owning", true, json!({ "roles": [endpoints], "initialPermissions": [right()] })),
            ("several", true, several),
        ] {
            create_user_with(&admin, name, more).await;
            let giver = admin.login(name, PASSWORD).await;
            for (method, path, body) in gifts(&admin, name, &carrier).await {
                let answer = giver.call(method.clone(), &path).body("application/json", body.to_string()).await;
                if holds {
                    assert!(answer.status < 300, "{name}: {method} {path} {body}: {answer:?}");
                } else {
                    refused(&answer, "on plant/# in context mqtt");
                }
            }
        }
    }

    async fn several_grants_cover_what_is_given(server: Server) {
        let admin = server.admin().await;
        let first = create_role(&admin, "first", json!([mqtt("a", "read"), mqtt("a/+/#", "readWrite")])).await;
        let second = create_role(&admin, "second", json!([mqtt("a", "write"), http("/api/roles/#", "write")])).await;
        create_user_with(&admin, "giver", json!({ "roles": [first, second] })).await;
        let giver = admin.login("giver", PASSWORD).await;
        let role = create_role(&admin, "target", json!([])).await;
        let path = format!("/api/roles/{role}/permissions");
        giver.post(&path, mqtt("a/#", "readWrite")).await.expect(204);
        refused(&giver.post(&path, mqtt("#", "read")).await, "read on # in context mqtt");
        admin.delete_with_body("/api/roles", json!([first])).await.expect(204);
        // The role had it already, so this adds nothing.
        giver.post(&path, mqtt("a/b", "readWrite")).await.expect(204);
        let other = create_role(&admin, "other", json!([])).await;
        refused(&giver.post(format!("/api/roles/{other}/permissions"), mqtt("a/#", "readWrite")).await, "readWrite on a/# in context mqtt");
    }

    async fn a_dry_run_is_judged_like_the_request(server: Server) {
        let admin = server.admin().await;
        let own = json!([http("/api/roles/#", "write"), http("/api/users/#", "write"), http("/access/v1/dry-run", "read")]);
        let giver = caller(&admin, "giver", own).await;
        let auditor = caller(&admin, "auditor", json!([http("/access/v1/dry-run", "read")])).await;
        let role = create_role(&admin, "target", json!([])).await;
        let (other, first) = (create_user(&admin, "other").await, admin_id(&admin).await);
        let administrators = administrators(&admin).await;
        for (method, path, body) in [
            (Method::POST, format!("/api/roles/{role}/permissions"), mqtt("a", "read")),
            (Method::PUT, format!("/api/roles/{role}"), json!({ "permissions": [mqtt("a", "read")] })),
            (Method::POST, "/api/roles".to_owned(), json!({ "name": "new", "permissions": [mqtt("a", "read")] })),
            (Method::POST, "/api/users".to_owned(), user("new", json!({ "roles": [administrators] }))),
            (Method::PUT, format!("/api/users/{first}"), json!({ "mqttPublishPrefix": "p/" })),
            (Method::POST, format!("/api/users/{other}/roles"), json!({ "roleId": administrators })),
        ] {
            let asked = json!({ "method": method.as_str(), "path": path, "body": body });
            let told = giver.post("/access/v1/dry-run", asked.clone()).await;
            let answer = giver.call(method, &path).body("application/json", body.to_string()).await;
            refused(&answer, "");
            assert_eq!((told.status, told.json()), (answer.status, answer.json()), "{path}");
            // Somebody who may not make the request asks what it would change.
            auditor.post("/access/v1/dry-run", asked.clone()).await.expect(200);
            admin.post("/access/v1/dry-run", asked).await.expect(200);
        }
    }
}
