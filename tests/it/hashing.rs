//! What is not hashed.

use serde_json::{Value, json};

use crate::support::{
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
