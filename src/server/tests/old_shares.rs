//! Permissions to read `$share/...` that older versions of the server accepted.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use aggregates::{
    Event,
    role::RoleEvent,
    user::UserEvent,
    values::{Context, Operation, Permission, PermissionId},
};
use kit::{
    client::Client,
    connectware::{create_role, create_user, mqtt},
    server::Server,
};
use ledger::{Metadata, NewEvent, Unit};
use serde_json::{Value, json};

const SHARED: &str = "$share/workers/plant/#";

fn permission(server: &Server) -> Permission {
    let id = PermissionId(server.app().entropy.uuid());
    let resource = SHARED.parse().expect("a filter");
    Permission::new(id, resource, Operation::Read, Context::Mqtt).expect("a permission")
}

/// Appends the second event of a stream, as an older version did.
async fn append(server: &Server, aggregate_id: &str, event: Event) {
    let mut unit = Unit::new(Metadata::system("test"));
    unit.events.push(NewEvent {
        aggregate_id: aggregate_id.to_owned(),
        sequence: 2,
        event,
    });
    server.app().ledger().append(unit).await.expect("an event");
}

/// The answer to whether a subject may subscribe to a filter, with the explanation.
async fn asked(admin: &Client, kind: &str, id: &str, filter: &str) -> Value {
    let question = json!({
        "subject": { "type": kind, "id": id },
        "action": { "name": "subscribe" },
        "resource": { "type": "mqtt", "id": filter },
        "context": { "explain": true },
    });
    admin
        .post("/access/v1/evaluation", question)
        .await
        .expect(200)
        .json()
}

#[tokio::test]
async fn an_old_permission_of_a_role_stays_and_is_named_by_denials() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = create_role(&admin, "workers", json!([])).await;
    let permission = permission(&server);
    let added = RoleEvent::PermissionAdded {
        permission: permission.clone(),
    };
    append(&server, &id, Event::Role(added)).await;

    for filter in ["$share/workers/plant/7/state", "plant/7/state"] {
        let answer = asked(&admin, "role", &id, filter).await;
        assert_eq!(answer["decision"], false, "{filter}");
        let near = &answer["context"]["nearest"][0];
        assert_eq!(near["permission"]["resource"], SHARED);
        let lack = json!([{ "what": "shared_subscription", "wanted": "plant/#", "granted": SHARED }]);
        assert_eq!(near["lacks"], lack, "{filter}");
    }

    // A client may send it back.
    let path = format!("/api/roles/{id}");
    let role = admin.get(&path).await.expect(200).json();
    let sent = json!({ "name": "all workers", "permissions": role["permissions"] });
    let role = admin.put(&path, sent).await.expect(200).json();
    assert_eq!(role["permissions"][0]["id"], permission.id.to_string());
    assert_eq!(role["permissions"][0]["resource"], SHARED);
    let again = admin.post(format!("{path}/permissions"), mqtt(SHARED, "read"));
    again.await.expect(204);

    let one = format!("{path}/permissions/{}", permission.id);
    admin.put(&one, json!({ "operation": "read" })).await.expect(204);
    admin
        .put(&one, json!({ "operation": "readWrite" }))
        .await
        .expect_error(400);
    admin
        .put(&one, json!({ "resource": "plant/#" }))
        .await
        .expect(204);
    let answer = asked(&admin, "role", &id, "$share/workers/plant/7/state").await;
    assert_eq!(answer["decision"], true);
}

#[tokio::test]
async fn an_old_permission_of_a_user_stays_and_is_named_by_denials() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = create_user(&admin, "ada").await;
    let permission = permission(&server);
    let granted = UserEvent::PermissionGranted {
        permission: permission.clone(),
    };
    append(&server, &id, Event::User(granted)).await;

    let answer = asked(&admin, "user", &id, "plant/#").await;
    assert_eq!(answer["decision"], false);
    assert_eq!(
        answer["context"]["nearest"][0]["lacks"][0]["what"],
        "shared_subscription"
    );

    let path = format!("/api/users/{id}");
    let sent = json!({ "username": "grace", "permissions": [mqtt(SHARED, "read"), mqtt("plant/#", "read")] });
    admin.put(&path, sent).await.expect(200);
    assert_eq!(asked(&admin, "user", &id, "plant/#").await["decision"], true);
    admin.put(&path, json!({ "permissions": [] })).await.expect(200);
    let sent = json!({ "permissions": [mqtt(SHARED, "read")] });
    admin.put(&path, sent).await.expect_error(400);
}
