//! The scenarios of this face, in process. `tests/it` runs the same scenarios against the binary, on both engines.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod forward;

use aggregates::values::{AccountKind, UserId, coiote::ENDPOINTS};
use kit as support;
use ledger::Metadata;
use server::account_kinds::giving;

use crate::support::{connectware::*, server::Server};

/// Gives a user an account kind. No endpoint does yet.
async fn give(server: &Server, user: &str, kind: Option<AccountKind>) {
    let id = UserId::parse(user).expect("an id");
    let app = server.app();
    let commands = giving(app.ledger().authorization(), id, kind).expect("a catalogue");
    app.executor
        .execute(commands, &Metadata::system("test"))
        .await
        .expect("the user exists");
}

#[tokio::test]
async fn an_account_kind_has_the_endpoints_of_the_catalogue() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = create_user(&admin, "ada").await;
    let ada = server.anonymous().login("ada", PASSWORD).await;
    for kind in AccountKind::ALL.map(Some).into_iter().chain([None]) {
        give(&server, &id, kind).await;
        for endpoint in ENDPOINTS.iter() {
            let path = forward::example(&endpoint.route());
            let status = forward::nginx(&ada, endpoint.method, &path).await.status;
            let expected = if kind.is_some_and(|kind| endpoint.is_of(kind)) {
                200
            } else {
                403
            };
            assert_eq!(status, expected, "{kind:?} {} {path}", endpoint.method);
        }
    }
}

#[tokio::test]
async fn account_kinds_are_in_no_list_of_roles_and_cannot_be_granted_or_changed() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = create_user(&admin, "ada").await;
    give(&server, &id, Some(AccountKind::Developer)).await;
    let roles = admin.get("/api/roles").await.expect(200).text();
    assert!(
        !roles.contains("Developer") && !roles.contains("SuperUser"),
        "{roles}"
    );
    let permissions = admin.get("/api/permissions/ids").await.expect(200).text();
    assert!(!permissions.contains("devices"), "{permissions}");
    let shown = get_user(&admin, &id).await;
    assert_eq!(shown["roles"], serde_json::json!([]));

    let kind = AccountKind::Enterprise.role();
    admin.get(format!("/api/roles/{kind}")).await.expect_error(404);
    admin
        .delete(format!("/api/roles/{kind}"))
        .await
        .expect_error_in(&[404, 409]);
    let grant = serde_json::json!({ "roles": [kind.to_string()] });
    admin
        .post(format!("/api/users/{id}/roles"), grant)
        .await
        .expect_error(400);

    // The name is free for a role.
    create_role(&admin, "Developer", serde_json::json!([])).await;
    // Other roles are replaced, and the account kind stays.
    let none = serde_json::json!({ "roles": [] });
    admin.put(format!("/api/users/{id}"), none).await.expect(200);
    let ada = server.anonymous().login("ada", PASSWORD).await;
    assert_eq!(
        forward::nginx(&ada, "GET", "/api/coiotedm/v3/devices")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn the_first_administrator_is_a_super_user() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for endpoint in ENDPOINTS.iter() {
        let path = forward::example(&endpoint.route());
        let call = forward::asks(&admin, endpoint.method, &path).header("cdm-context-domain", "/a/b/");
        assert_eq!(call.await.status, 200, "{path}");
    }
    // Not even a super user makes requests that no table knows.
    let long = format!("/api/coiotedm/v3/devices/{}", "a".repeat(70_000));
    for path in [
        "/api/coiotedm/v3/unknown",
        "/api/coiotedm/v3/devices//1",
        "/other",
        &long,
    ] {
        assert_eq!(
            forward::nginx(&admin, "GET", path).await.status,
            403,
            "{path:.60}"
        );
    }
}

#[tokio::test]
async fn the_operator_says_where_the_apis_are() {
    let settings = [
        ("MUNIMENT_FORWARD_COIOTE", "/dm"),
        ("MUNIMENT_FORWARD_OS2IOT", ""),
    ];
    let server = Server::start_set(&settings).await;
    let admin = server.admin().await;
    for (path, status) in [
        ("/dm/devices", 200),
        ("/api/coiotedm/v3/devices", 403),
        ("/api/v1/application", 403),
    ] {
        assert_eq!(forward::nginx(&admin, "GET", path).await.status, status, "{path}");
    }
}
