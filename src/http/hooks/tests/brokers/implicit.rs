//! Unknown clients that connect while the registry is open.

use super::*;
use crate::support::both_engines;

const REGISTRY: &str = "/api/client-registry";

/// Whether RabbitMQ lets a client in.
async fn connects(server: &Server, username: &str, password: &str) -> bool {
    let pairs = [
        ("username", username),
        ("password", password),
        ("vhost", "/"),
        ("client_id", "c1"),
    ];
    let answer = post_form(&server.broker(), "/hooks/rabbitmq/user", &pairs).await;
    answer.expect(200).text().starts_with("allow")
}

async fn open(admin: &Client) {
    let body = json!({ "duration": 600_000 });
    admin.post(format!("{REGISTRY}/open"), body).await.expect(204);
}

async fn listed(admin: &Client) -> Vec<String> {
    all(&admin.get(REGISTRY).await.expect(200).json(), "username")
}

both_engines! {
    async fn an_unknown_client_is_recorded_and_let_in_once_it_is_confirmed(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        for _ in 0..2 {
            assert!(!connects(&server, "press.7", PASSWORD).await);
        }
        assert_eq!(listed(&admin).await, ["press.7"]);
        // Another client cannot replace the password.
        assert!(!connects(&server, "press.7", "another password").await);
        admin.post(format!("{REGISTRY}/confirm"), json!({ "username": "press.7" })).await.expect(201);
        assert!(connects(&server, "press.7", PASSWORD).await);
        assert!(!connects(&server, "press.7", "another password").await);
    }

    async fn nobody_is_recorded_while_the_registry_is_closed(server: Server) {
        let admin = server.admin().await;
        assert!(!connects(&server, "press.7", PASSWORD).await);
        open(&admin).await;
        admin.post(format!("{REGISTRY}/close"), json!({})).await.expect(204);
        assert!(!connects(&server, "press.8", PASSWORD).await);
        assert_eq!(listed(&admin).await, [""; 0]);
    }

    async fn a_known_user_and_what_is_no_user_are_not_recorded(server: Server) {
        let admin = server.admin().await;
        device_with(&admin, json!({})).await;
        open(&admin).await;
        for (name, password) in [(DEVICE, "a wrong password"), ("DEVICE1", PASSWORD), ("a b", PASSWORD), ("press.7", "shor")] {
            assert!(!connects(&server, name, password).await, "{name}");
        }
        assert_eq!(listed(&admin).await, [""; 0]);
    }
}
