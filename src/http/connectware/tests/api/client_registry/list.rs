//! `GET /api/client-registry`

use serde_json::json;

use super::*;
use crate::support::{both_engines, client::assert_keys, connectware::*, server::Server};

both_engines! {
    async fn an_operator_reads_what_each_device_asks_for(server: Server) {
        let admin = server.admin().await;
        assert_eq!(listed(&admin).await, json!([]));
        open(&admin).await;
        let wishes = json!({
            "roles": ["sensors", "no such role"], "permissions": [mqtt("site/7/#", "write"), http("/api/x", "read")],
            "context": "hall 3, \u{201c}second\u{201d} press",
        });
        register(&admin, device("press.7", wishes.clone())).await.expect(202);
        register(&admin, device("press.8", json!({}))).await.expect(202);
        let rows = listed(&admin).await;
        assert_eq!(all(&rows, "username"), ["press.7", "press.8"]);
        for row in list(&rows) {
            let keys = ["timestamp", "username", "credentialType", "roles", "context", "permissions", "granted"];
            assert_keys(row, &keys);
            assert_time(&row["timestamp"]);
            assert_eq!(row["credentialType"], "password");
            assert_eq!(row["granted"], false);
        }
        for wish in ["roles", "permissions", "context"] {
            assert_eq!(rows[0][wish], wishes[wish]);
        }
        assert_eq!(rows[1]["roles"], json!([]));
        assert_eq!(rows[1]["permissions"], json!([]));
        assert_eq!(rows[1]["context"], Value::Null);
        assert!(!rows.to_string().contains("argon2"), "{rows}");
    }

    async fn the_ledger_has_no_name_and_no_password_of_a_device_in_clear(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        let wishes = json!({ "context": "hall-three", "roles": ["press-operators"] });
        register(&admin, device("press.seven", wishes)).await.expect(202);
        let events = admin.get("/api/events?after=0").await.expect(200).text();
        assert!(events.contains("registration.requested"), "{events}");
        for hidden in ["press.seven", "hall-three", "press-operators", "argon2"] {
            assert!(!events.contains(hidden), "{hidden}: {events}");
        }
    }
}
