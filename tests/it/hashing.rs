//! What is not hashed, and what does not count after a long time of hashing.

use std::{future::IntoFuture, time::Duration};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{
    client::Call,
    connectware::*,
    server::{Engine, Site},
};

#[tokio::test]
async fn a_batch_with_a_name_that_is_taken_is_not_hashed() {
    // A hash takes so long that the client would not wait for those of the batch.
    let site = Site::new(Engine::Sqlite)
        .with("MUNIMENT_PASSWORD_MEMORY_KIB", "65536")
        .with("MUNIMENT_PASSWORD_ITERATIONS", "6");
    let server = site.start().await;
    let admin = server.admin().await;
    let without = |name: &str| json!({ "username": name, "identityProvider": "local", "grantTypes": [] });
    admin.post("/api/users", without("grace")).await.expect(201);
    let device = |number: usize| user(&format!("device.{number}"), json!({}));
    for taken in ["grace", "device.7"] {
        let mut batch: Vec<Value> = (0..999).map(device).collect();
        batch.push(without(taken));
        admin
            .post("/api/users/batch", json!(batch))
            .await
            .expect_error(409);
    }
    let ids = admin.get("/api/users/ids").await.expect(200).json();
    assert_eq!(list(&ids).len(), 2);
}

/// The same as the test in process of this name, on both engines.
#[tokio::test]
async fn what_is_lost_while_passwords_are_hashed_does_not_count() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        // Hashing the passwords of a batch takes far longer than everything else.
        let site = Site::new(engine)
            .with("MUNIMENT_PASSWORD_MEMORY_KIB", "65536")
            .with("MUNIMENT_PASSWORD_WORKERS", "1");
        let server = site.start().await;
        let admin = server.admin().await;
        let endpoint = create_role(&admin, "endpoint", json!([http("/api/users/batch", "write")])).await;
        let right = create_role(&admin, "right", json!([mqtt("a", "read")])).await;
        let giver = create_user_with(&admin, "giver", json!({ "roles": [endpoint, right] })).await;
        let caller = admin.login("giver", PASSWORD).await;
        let roles = format!("/api/users/{giver}/roles");
        let send = |more: Value| {
            let users = (0..30).map(|number| user(&format!("user.{number}"), more.clone()));
            let users: Vec<Value> = users.collect();
            caller.post("/api/users/batch", json!(users)).into_future()
        };
        let meanwhile = async |change: Call| {
            // By then the batch is judged and waits for its passwords. Should it not be, it is refused all the same.
            sleep(Duration::from_millis(300)).await;
            change.await.expect(204);
        };
        let without = |role: &str| admin.delete_with_body(&roles, json!({ "roleId": role }));
        let more = json!({ "initialPermissions": [mqtt("a", "read")] });
        let (answer, ()) = tokio::join!(send(more), meanwhile(without(&right)));
        assert_eq!(answer.expect_error(403).code, "not_held", "{answer:?}");
        let (answer, ()) = tokio::join!(send(json!({})), meanwhile(without(&endpoint)));
        assert_eq!(answer.expect_error(403).code, "forbidden", "{answer:?}");
        let again = json!({ "roleId": endpoint });
        admin.post(&roles, again).await.expect(204);
        let tokens = admin.delete(format!("/api/users/{giver}/tokens"));
        let (answer, ()) = tokio::join!(send(json!({})), meanwhile(tokens));
        answer.expect_error(401);
        let names = admin.get("/api/users/usernames").await.expect(200).json();
        assert_eq!(names, json!(["admin", "giver"]));
    }
}
