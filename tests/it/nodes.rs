//! Several nodes on one Postgres: all nodes know the writes of each node.

use std::{collections::BTreeSet, future::IntoFuture as _};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    client::{Client, Response},
    connectware::*,
    database,
    openssl::Openssl,
    server::{ADMIN_PASSWORD, Engine, Server, Site},
};

/// Two nodes on one database, started one after the other.
async fn two_nodes() -> (Server, Server) {
    let one = Server::start(Engine::Postgres).await;
    let other = one.site().second_node().start().await;
    (one, other)
}

/// The same caller on another node.
fn on(node: &Server, caller: &Client) -> Client {
    node.anonymous().bearer(caller.token())
}

#[tokio::test]
async fn what_one_node_writes_another_shows() {
    let (one, other) = two_nodes().await;
    let admin = one.admin().await;
    let made = admin.post("/api/users", user("ada", json!({}))).await.expect(201);
    let found = on(&other, &admin)
        .get(format!("/api/users/{}", id_of(&made.json())))
        .header("muniment-at-least", made.position().to_string())
        .await
        .expect(200);
    assert_eq!(found.json(), made.json());
}

#[tokio::test]
async fn a_right_taken_on_one_node_is_gone_on_another() {
    let (one, other) = two_nodes().await;
    let admin = one.admin().await;
    let readers = create_role(&admin, "readers", json!([http("/api/users/#", "read")])).await;
    let id = create_user_with(&admin, "ada", json!({ "roles": [readers] })).await;
    let login = json!({ "username": "ada", "password": PASSWORD });
    let login = one.anonymous().post("/api/login", login).await.expect(200);
    let ada = other.anonymous().bearer(text(&login.json()["token"]));
    let ids = |position: i64| {
        ada.get("/api/users/ids")
            .header("muniment-at-least", position.to_string())
    };

    ids(login.position()).await.expect(200);
    let body = json!({ "roleId": readers });
    let taken = admin
        .delete_with_body(format!("/api/users/{id}/roles"), body.clone())
        .await
        .expect(204);
    ids(taken.position()).await.expect_error(403);
    let given = admin
        .post(format!("/api/users/{id}/roles"), body)
        .await
        .expect(204);
    ids(given.position()).await.expect(200);
    let revoked = admin.delete(format!("/api/users/{id}/tokens")).await.expect(204);
    ids(revoked.position()).await.expect_error(401);
}

#[tokio::test]
async fn a_credential_changed_on_one_node_ends_sessions_on_another() {
    let (one, other) = two_nodes().await;
    let admin = one.admin().await;
    let id = create_user(&admin, "ada").await;
    let methods = |method: &str| json!({ "grantTypes": [{ "method": method, "isRequired": false }] });
    let changes = [
        json!({ "password": "ada's next password" }),
        json!({ "identityProvider": "ldap" }),
        methods("certificate"),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut back = methods("password");
        back["identityProvider"] = json!("local");
        back["password"] = json!(PASSWORD);
        let back = admin.put(format!("/api/users/{id}"), back).await.expect(200);
        let asked = one.anonymous().login("ada", PASSWORD).await;
        let waiting = one.anonymous().login("ada", PASSWORD).await;
        // The other node has verified both tokens before.
        for ada in [&asked, &waiting] {
            let session = on(&other, ada).get("/api/session");
            session
                .header("muniment-at-least", back.position().to_string())
                .await
                .expect(200);
        }
        let changed = admin.put(format!("/api/users/{id}"), change).await.expect(200);
        on(&other, &asked)
            .get("/api/session")
            .header("muniment-at-least", changed.position().to_string())
            .await
            .expect_error(401);
        // The other token carries no position: it ends once the node hears of the change.
        let mut looks = 0;
        while on(&other, &waiting).get("/api/session").await.status == 200 {
            looks += 1;
            assert!(
                looks < 100,
                "change {number} does not end a session on the other node"
            );
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn a_session_kept_on_one_node_goes_on_there_and_on_another_and_after_a_start() {
    let (one, other) = two_nodes().await;
    let admin = one.admin().await;
    create_user(&admin, "ada").await;
    let own = one.anonymous().login("ada", PASSWORD).await;
    let second = one.anonymous().login("ada", PASSWORD).await;
    let body = json!({ "password": PASSWORD, "newPassword": "ada's next password" });
    let changed = on(&other, &own)
        .put("/api/users/change-password", body)
        .await
        .expect(204);
    let position = changed.position().to_string();
    let third = one.site().second_node().start().await;
    for node in [&one, &other, &third] {
        let at_least = |caller: &Client| {
            on(node, caller)
                .get("/api/session")
                .header("muniment-at-least", &position)
        };
        at_least(&own).await.expect(200);
        at_least(&second).await.expect_error(401);
    }
    let out = on(&third, &own).delete("/api/session").await.expect(204);
    on(&one, &own)
        .get("/api/session")
        .header("muniment-at-least", out.position().to_string())
        .await
        .expect_error(401);
}

#[tokio::test]
async fn a_name_is_had_once_whoever_is_asked() {
    let (one, other) = two_nodes().await;
    let admin = one.admin().await;
    let position = admin
        .post("/api/roles", role("any", json!([])))
        .await
        .expect(201)
        .position();
    let same = on(&other, &admin);
    same.get("/api/roles")
        .header("muniment-at-least", position.to_string())
        .await
        .expect(200);
    for number in 0..10 {
        let body = user(&format!("user.{number}"), json!({}));
        let (left, right) = tokio::join!(
            admin.post("/api/users", body.clone()).into_future(),
            same.post("/api/users", body).into_future(),
        );
        let mut statuses = [left.status, right.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{left:?}\n{right:?}");
    }
    let events = admin
        .get("/api/events?eventType=user.created")
        .await
        .expect(200)
        .json();
    assert_eq!(list(&events["events"]).len(), 11);
}

#[tokio::test]
async fn a_node_that_dies_leaves_the_others_in_order() {
    let (one, other) = two_nodes().await;
    let admin = one.admin().await;
    create_user(&admin, "ada").await;
    let token = admin.token().to_owned();
    drop(one.kill9().await);
    let same = other.anonymous().bearer(&token);
    let position = same
        .post("/api/users", user("grace", json!({})))
        .await
        .expect(201)
        .position();
    let names = same
        .get("/api/users/usernames")
        .header("muniment-at-least", position.to_string())
        .await;
    assert_eq!(names.expect(200).json(), json!(["admin", "ada", "grace"]));
}

#[tokio::test]
async fn nodes_that_start_at_once_make_one_administrator() {
    let site = Site::new(Engine::Postgres);
    // The keys are made once and shared. Both nodes only begin the ledger.
    let seed = Site::new(Engine::Postgres).start().await.terminate().await;
    let (one, other) = (site.with_keys_of(&seed), site.with_keys_of(&seed));
    let (one, other) = tokio::join!(one.start(), other.start());
    let admin = one.admin().await;
    assert_eq!(
        admin.get("/api/users/usernames").await.expect(200).json(),
        json!(["admin"])
    );
    let admin = other.admin().await;
    assert_eq!(list(&admin.get("/api/roles").await.expect(200).json()).len(), 2);
}

#[tokio::test]
async fn a_node_that_signs_by_another_key_refuses_to_start() {
    let one = Server::start(Engine::Postgres).await;
    let stranger = Site::new(Engine::Postgres).start().await.terminate().await;
    let other = one.site().second_node();
    std::fs::copy(
        stranger.data().join("signing.pem"),
        other.data().join("signing.pem"),
    )
    .expect("a copy");
    let (_, said) = other.refuses_to_start().await;
    assert!(said.contains("signing key"), "{said}");
    // The first node continues, and another node with its keys can start.
    let admin = one.admin().await;
    let third = one.site().second_node().start().await;
    on(&third, &admin).get("/api/session").await.expect(200);
}

#[tokio::test]
async fn a_node_whose_read_models_a_newer_program_rebuilt_stops_and_says_why() {
    let server = Server::start(Engine::Postgres).await;
    let admin = server.admin().await;
    admin.get("/api/session").await.expect(200);
    let mut database = database::open(server.site()).await;
    let newer = "UPDATE read_models SET version = 1000 WHERE name = 'sessions'";
    assert_eq!(database.execute(newer).await, 1);
    let ended = server.ended().await;
    assert!(!ended.status.success(), "{}", ended.status);
    let said = "the read model sessions holds version 1000, but this program is for version 1";
    let lines = ended.log.lines().filter(|line| line.contains("ERROR"));
    let lines: Vec<_> = lines.collect();
    assert!(
        matches!(lines.as_slice(), [line] if line.contains(said)),
        "{lines:#?}"
    );
    let (_, log) = ended.site.refuses_to_start().await;
    assert!(log.contains(said), "{log}");
}

#[tokio::test]
async fn a_rebuild_makes_running_nodes_look_at_the_versions() {
    let server = Server::start(Engine::Postgres).await;
    let mut database = database::open(server.site()).await;
    let before = database.number("SELECT recorded_at FROM ledger_head").await;
    let rebuilt = server.site().second_node().run(&["rebuild"]).await;
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    assert!(database.number("SELECT recorded_at FROM ledger_head").await > before);
    // The versions are the same: the node goes on.
    create_user(&server.admin().await, "ada").await;
}

/// The other node keeps what it read about the certificate. It may have no notification of the revocation yet.
#[tokio::test]
async fn a_certificate_revoked_on_one_node_is_revoked_in_the_next_answer_of_another() {
    let (one, other) = two_nodes().await;
    let (admin, openssl) = (one.admin().await, Openssl::default());
    let chain = async |node: &Server| node.anonymous().get("/pki/ca.pem").await.expect(200).body;
    for round in 0..10 {
        let name = format!("device{round}");
        let id = create_user(&admin, &name).await;
        let body = json!({ "userId": id, "csr": openssl.csr("device", &format!("/CN={name}")) });
        let issued = admin
            .post("/api/certificates/issued", body)
            .await
            .expect(201)
            .json();
        openssl.write("device.pem", text(&issued["certificate"]));
        openssl.write("issuer.pem", text(&issued["chain"]));
        openssl.write("ca.pem", chain(&other).await);
        openssl.run("ocsp -issuer issuer.pem -cert device.pem -reqout request.der");
        let asked = async || {
            let answer = other
                .anonymous()
                .call(http::Method::POST, "/pki/ocsp")
                .body("application/ocsp-request", openssl.read("request.der"))
                .await
                .expect(200);
            openssl.write("answer.der", answer.body);
            openssl
                .run("ocsp -issuer issuer.pem -cert device.pem -respin answer.der -CAfile ca.pem -no_nonce")
        };
        for _ in 0..3 {
            let said = asked().await;
            assert!(said.contains("device.pem: good"), "{said}");
        }
        match round % 2 {
            0 => admin.post(format!("/api/users/{id}/revoke"), json!({})).await,
            _ => {
                let fingerprint = text(&issued["fingerprint"]);
                let path = format!("/api/certificates/issued/{fingerprint}?reason=keyCompromise");
                admin.delete(path).await
            }
        }
        .expect(204);
        for _ in 0..3 {
            let said = asked().await;
            assert!(said.contains("device.pem: revoked"), "{said}");
        }
    }
}

/// Both nodes look for free numbers at the same time and find the same ones.
#[tokio::test]
async fn what_two_nodes_make_at_once_has_different_numbers() {
    let (one, other) = two_nodes().await;
    let body = json!({ "username": "admin", "password": ADMIN_PASSWORD });
    let login = one.anonymous().post("/api/v1/auth/login", body).await.expect(201);
    let token = login.json();
    let callers = [&one, &other].map(|node| node.anonymous().bearer(text(&token["accessToken"])));
    let id = |answer: Response| answer.expect(201).json()["id"].as_i64().expect("a number");
    let at_once = async |path: &str, count: usize, body: &dyn Fn(usize) -> Value| {
        let all = (0..count).map(|number| callers[number % 2].post(path, body(number)).into_future());
        let made: Vec<i64> = join_all(all).await.into_iter().map(id).collect();
        let distinct: BTreeSet<i64> = made.iter().copied().collect();
        assert_eq!(distinct.len(), count, "{path}: {made:?}");
        made[0]
    };
    let organisation = at_once(
        "/api/v1/organization",
        12,
        &|number| json!({ "name": format!("O {number}") }),
    )
    .await;
    let body = |number| {
        json!({ "name": format!("G {number}"), "organizationId": organisation, "levels": [{ "type": "Read" }],
            "userIds": [], "applicationIds": [] })
    };
    let group = at_once("/api/v1/permission", 12, &body).await;
    let application = |number| json!({ "name": format!("A {number}"), "organizationId": organisation });
    at_once("/api/v1/application", 12, &application).await;
    let key = |number| json!({ "name": format!("K {number}"), "permissionIds": [group] });
    at_once("/api/v1/api-key", 12, &key).await;
    let person = |number| {
        json!({ "name": "P", "email": format!("p{number}@example.org"), "password": PASSWORD, "active": true,
            "permissionIds": [group] })
    };
    at_once("/api/v1/user", 4, &person).await;
}
