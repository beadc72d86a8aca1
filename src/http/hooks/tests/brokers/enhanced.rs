//! The enhanced authentication of MQTT 5.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;
use crate::support::both_engines;

const PATH: &str = "/api/broker/auth/enhanced";

fn body(method: &str, message: &str) -> Value {
    json!({ "mountpoint": "", "client_id": "c1", "username": null, "properties": {
        "p_authentication_method": method, "p_authentication_data": STANDARD.encode(message),
    }})
}

both_engines! {
    async fn a_name_and_a_password_prove_a_user(server: Server) {
        device(&server).await;
        let broker = server.broker();
        let right = body("PLAIN", &format!("\0{DEVICE}\0{PASSWORD}"));
        assert_eq!(
            broker.post(PATH, right.clone()).await.expect(200).json(),
            json!({ "result": "ok", "modifiers": {
                "max_message_size": "65535", "max_inflight_messages": "10000", "retry_interval": "20000",
            }})
        );
        let of_vernemq = json!({ "result": "ok", "modifiers": {
            "reason_code": 0, "properties": { "p_authentication_method": "PLAIN" },
        }});
        for path in [PATH, "/hooks/vernemq"] {
            let call = broker.post(path, right.clone()).header("vernemq-hook", "on_auth_m5");
            assert_eq!(call.await.expect(200).json(), of_vernemq, "{path}");
        }
    }

    async fn everything_else_is_refused(server: Server) {
        let admin = server.admin().await;
        let both = json!([{ "method": "password", "isRequired": false }, { "method": "token", "isRequired": false }]);
        device_with(&admin, json!({ "grantTypes": both })).await;
        let token = admin.login(DEVICE, PASSWORD).await.token().to_owned();
        let broker = server.broker();
        let plain = |message: String| body("PLAIN", &message);
        let mut of_another = plain(format!("\0{DEVICE}\0{PASSWORD}"));
        of_another["username"] = json!("admin");
        let mut without_base64 = of_another.clone();
        without_base64["properties"]["p_authentication_data"] = json!("***");
        for body in [
            plain(format!("\0{DEVICE}\0another")),
            plain(format!("admin\0{DEVICE}\0{PASSWORD}")),
            plain(format!("{DEVICE}\0{PASSWORD}")),
            plain(format!("\0{DEVICE}\0{PASSWORD}\0")),
            plain(String::new()),
            plain(format!("\0{DEVICE}\0{token}")),
            body("SCRAM-SHA-256", &format!("\0{DEVICE}\0{PASSWORD}")),
            json!({ "client_id": "c1", "properties": { "p_authentication_method": "PLAIN" } }),
            json!({ "client_id": "c1", "properties": {} }),
            json!({ "client_id": "c1" }),
            of_another,
            without_base64,
        ] {
            let answer = broker.post(PATH, body.clone()).await.expect(200).json();
            assert_eq!(answer, json!({ "result": { "error": "not_allowed" } }), "{body}");
        }
    }
}
