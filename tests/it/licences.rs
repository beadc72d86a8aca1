//! Licences on two nodes, and licence files on the command line.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::http::openapi::log_in_on_os2iot;
use crate::support::{
    client::Client,
    connectware::*,
    server::{ADMIN_PASSWORD, Engine, Server},
};

/// Issues a licence, and returns its UUID.
async fn license(server: &Server, admin: &Client, seats: usize) -> String {
    let on_os2iot = log_in_on_os2iot(server, "admin", ADMIN_PASSWORD).await;
    let made = on_os2iot
        .post("/api/v1/organization", json!({ "name": "Aarhus" }))
        .await;
    let number = made.expect(201).json()["id"].as_u64().expect("a number");
    let body = json!({ "Name": "Edge", "Kind": "trial" });
    let agreement = admin
        .post("/auth/admin/agreements", body)
        .await
        .expect(201)
        .json();
    let body = json!({
        "AgreementUUID": agreement["UUID"], "Seats": seats, "LicenseKey": "EDGE-1",
        "OrganisationUUID": format!("{number:08x}-6f73-8001-8000-696f74000000"),
    });
    let made = admin.post("/auth/admin/licenses", body).await.expect(201);
    text(&made.json()["UUID"]).to_owned()
}

/// What a licence file says.
fn claims(file: &str) -> Value {
    let payload = file.split('.').nth(1).expect("a payload");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64");
    serde_json::from_slice(&payload).expect("claims")
}

fn device(number: usize) -> Value {
    json!({ "DeviceUUID": format!("00000000-0000-4000-8000-{number:012}") })
}

#[tokio::test]
async fn two_nodes_assign_no_more_seats_than_a_licence_has() {
    let one = Server::start(Engine::Postgres).await;
    let other = one.site().second_node().start().await;
    let admins = [one.admin().await, other.admin().await];
    let id = license(&one, &admins[0], 100).await;
    let path = format!("/auth/admin/licenses/{id}/assign");
    // Every other device asks both nodes.
    let mut calls = Vec::new();
    for number in 0..200 {
        let one = number / 2 % 2;
        let asked = if number % 2 == 0 { 0..2 } else { one..one + 1 };
        calls.extend(asked.map(|node| (number, node)));
    }
    let calls = calls.into_iter().map(|(number, node)| {
        let call = admins[node].post(&path, device(number));
        async move { (number, call.await) }
    });
    let answers = join_all(calls).await;
    for (_, answer) in &answers {
        assert!([204, 409].contains(&answer.status), "{answer:?}");
    }
    let assigned: BTreeSet<usize> = answers
        .iter()
        .filter(|(_, answer)| answer.status == 204)
        .map(|(number, _)| *number)
        .collect();
    assert_eq!(assigned.len(), 100);
    // Both nodes agree on who has a seat.
    for (number, admin) in (0..200).zip(admins.iter().cycle()) {
        let status = admin.post(&path, device(number)).await.status;
        assert_eq!(status == 204, assigned.contains(&number), "{number}");
    }
}

#[tokio::test]
async fn a_suspension_on_one_node_is_before_or_after_each_assignment_on_another() {
    let one = Server::start(Engine::Postgres).await;
    let other = one.site().second_node().start().await;
    let admins = [one.admin().await, other.admin().await];
    let id = license(&one, &admins[0], 100).await;
    let path = |what: &str| format!("/auth/admin/licenses/{id}/{what}");
    let calls = (0..=40).map(|number| {
        let call = match number {
            20 => admins[0].post(path("suspend"), json!({})),
            _ => admins[1].post(path("assign"), device(number)),
        };
        async move { call.await }
    });
    let answers = join_all(calls).await;
    assert_eq!(answers[20].status, 204, "{:?}", answers[20]);
    let suspended = answers[20].position();
    for (number, answer) in answers.iter().enumerate().filter(|(number, _)| *number != 20) {
        if answer.status == 204 {
            assert!(answer.position() < suspended, "{number}: {answer:?}");
        } else {
            assert_eq!(answer.status, 409, "{number}: {answer:?}");
            assert_eq!(answer.json()["BackendMessage"], "licence_suspended", "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_licence_file_is_checked_without_a_server() {
    let server = Server::start(Engine::Sqlite).await;
    let admin = server.admin().await;
    let id = license(&server, &admin, 1).await;
    let all = json!([{ "resource": "#", "operation": "read", "context": "nx" }]);
    let reader = caller(&admin, "reader", all).await;
    let file = async |query: &str| reader.get(format!("/auth/license/{id}/file{query}")).await;
    let named = format!("?Device={}", text(&device(1)["DeviceUUID"]));
    assert_eq!(file(&named).await.status, 404);
    admin
        .post(format!("/auth/admin/licenses/{id}/assign"), device(1))
        .await
        .expect(204);
    let signed = file(&named).await.expect(200);
    assert_eq!(signed.content_type(), "application/jose");
    // The licence has no end, but its file has one.
    let claims = claims(&signed.text());
    let time = |name: &str| claims[name].as_i64().expect("a time");
    assert_eq!(time("exp") - time("iat"), 90 * 24 * 60 * 60, "{claims}");
    let keys = server.anonymous().get("/.well-known/jwks.json").await.expect(200);
    admin
        .post(format!("/auth/admin/licenses/{id}/suspend"), json!({}))
        .await
        .expect(204);
    assert_eq!(file("").await.status, 409);
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let changed = signed.text().replace('.', ".e");
    for (name, content) in [
        ("edge.license", signed.text()),
        ("jwks.json", keys.text()),
        ("changed.license", changed),
        ("empty.license", String::new()),
        ("none.json", json!({ "keys": [] }).to_string()),
    ] {
        std::fs::write(path(name), content).expect("a file");
    }
    let (edge, jwks) = (path("edge.license"), path("jwks.json"));
    let site = server.terminate().await;
    let own = site.run(&["license", "check", &edge]).await;
    assert!(own.status.success(), "{own:?}");
    let copied = site.run(&["license", "check", &edge, "--jwks", &jwks]).await;
    let said = String::from_utf8_lossy(&copied.stdout).into_owned();
    assert!(copied.status.success() && said.contains("EDGE-1"), "{copied:?}");
    for (file, keys) in [
        ("changed.license", "jwks.json"),
        ("empty.license", "jwks.json"),
        ("edge.license", "none.json"),
        ("edge.license", "edge.license"),
        ("missing.license", "jwks.json"),
    ] {
        let refused = site
            .run(&["license", "check", &path(file), "--jwks", &path(keys)])
            .await;
        assert_eq!(refused.status.code(), Some(1), "{file} {keys}: {refused:?}");
    }
}
