//! VerneMQ, with the bodies of its documentation.

use super::*;
use crate::support::both_engines;

async fn ask(broker: &Client, hook: &str, body: Value) -> Value {
    let call = broker.post("/hooks/vernemq", body).header("vernemq-hook", hook);
    let answer = call.await.expect(200);
    assert!(
        answer.content_type().starts_with("application/json"),
        "{answer:?}"
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

fn denied() -> Value {
    json!({ "result": { "error": "not_allowed" } })
}

fn register(username: &Value, password: &Value) -> Value {
    json!({ "peer_addr": "192.0.2.7", "peer_port": 8888, "username": username, "password": password,
        "mountpoint": "", "client_id": "clientid", "clean_session": false })
}

fn register_m5(username: &Value, password: &Value) -> Value {
    json!({ "peer_addr": "192.0.2.7", "peer_port": 8888, "mountpoint": "", "client_id": "client-id",
    "username": username, "password": password, "clean_start": true, "properties": {
        "p_session_expiry_interval": 5, "p_receive_max": 65535, "p_max_packet_size": 4096,
        "p_topic_alias_max": 10, "p_request_response_info": true, "p_request_problem_info": true,
        "p_user_property": [{ "k1": "v1" }, { "k1": "v2" }],
    }})
}

fn publish(topic: &str) -> Value {
    json!({ "username": DEVICE, "client_id": "clientid", "mountpoint": "", "qos": 1, "topic": topic,
        "payload": "aGVsbG8=", "retain": false })
}

fn publish_m5(topic: &str) -> Value {
    json!({ "username": DEVICE, "mountpoint": "", "client_id": "client-id", "qos": 1, "topic": topic,
    "payload": "dGVzdA==", "retain": false, "properties": {
        "p_correlation_data": "correlation_data", "p_response_topic": "responsetopic",
        "p_payload_format_indicator": "utf8", "p_content_type": "content_type",
        "p_user_property": [{ "k1": "v1" }],
    }})
}

fn subscribe(filters: &[&str]) -> Value {
    let topics: Vec<Value> = filters
        .iter()
        .map(|filter| json!({ "topic": filter, "qos": 1 }))
        .collect();
    json!({ "client_id": "clientid", "mountpoint": "", "username": DEVICE, "topics": topics,
        "properties": { "p_user_property": [{ "k1": "v1" }], "p_subscription_id": [1] } })
}

both_engines! {
    async fn a_device_connects_by_both_versions(server: Server) {
        device(&server).await;
        let broker = server.broker();
        let forms = [register, register_m5];
        for (hook, body) in ["auth_on_register", "auth_on_register_m5"].into_iter().zip(forms) {
            let right = body(&json!(DEVICE), &json!(PASSWORD));
            assert_eq!(ask(&broker, hook, right).await, json!({ "result": "ok" }));
            for (name, password) in [
                (json!(DEVICE), json!("another")), (json!(DEVICE), json!("")), (json!(DEVICE), Value::Null),
                (json!("nobody"), json!(PASSWORD)), (Value::Null, Value::Null), (Value::Null, json!(PASSWORD)),
            ] {
                assert_eq!(ask(&broker, hook, body(&name, &password)).await, denied(), "{name} {password}");
            }
        }
    }

    async fn a_connection_ends_with_the_token(server: Server) {
        let admin = server.admin().await;
        let both = json!([{ "method": "password", "isRequired": false }, { "method": "token", "isRequired": false }]);
        device_with(&admin, json!({ "grantTypes": both })).await;
        let login = json!({ "username": DEVICE, "password": PASSWORD, "expireTimeInHours": 1 });
        let token = server.anonymous().post("/api/login", login).await.expect(200).json();
        let body = register(&json!(DEVICE), &token["token"]);
        let answer = ask(&server.broker(), "auth_on_register", body).await;
        let seconds = answer["modifiers"]["max_connection_lifetime"].as_i64().expect("seconds");
        assert!((3_500..=3_600).contains(&seconds), "{answer}");
    }

    async fn a_message_is_allowed_or_not(server: Server) {
        device(&server).await;
        let broker = server.broker();
        let forms = [publish, publish_m5];
        for (hook, body) in ["auth_on_publish", "auth_on_publish_m5"].into_iter().zip(forms) {
            assert_eq!(ask(&broker, hook, body("dev/one/x")).await, json!({ "result": "ok" }));
            for topic in ["dev/two/x", "dev/one/#", "", "+"] {
                assert_eq!(ask(&broker, hook, body(topic)).await, denied(), "{topic}");
            }
        }
        let mut without = publish("dev/one/x");
        without.as_object_mut().expect("an object").remove("payload");
        assert_eq!(ask(&broker, "auth_on_publish", without).await, json!({ "result": "ok" }), "no_payload");
    }

    async fn the_publish_prefix_is_put_before_the_topic(server: Server) {
        let admin = server.admin().await;
        let more = json!({ "mqttPublishPrefix": "dev/one/", "initialPermissions": [mqtt("dev/one/a/#", "write")] });
        device_with(&admin, more).await;
        let broker = server.broker();
        for (hook, body) in [("auth_on_publish", publish("a/b")), ("auth_on_publish_m5", publish_m5("a/b"))] {
            assert_eq!(
                ask(&broker, hook, body).await,
                json!({ "result": "ok", "modifiers": { "topic": "dev/one/a/b" } })
            );
        }
        assert_eq!(ask(&broker, "auth_on_publish", publish("dev/one/a/b")).await, denied());
        assert_eq!(ask(&broker, "auth_on_publish", publish("b")).await, denied());
    }

    async fn filters_are_refused_one_by_one(server: Server) {
        device(&server).await;
        let broker = server.broker();
        let all = subscribe(&["dev/+/state", "all/#"]);
        assert_eq!(ask(&broker, "auth_on_subscribe", all.clone()).await, json!({ "result": "ok" }));
        assert_eq!(ask(&broker, "auth_on_subscribe_m5", all).await, json!({ "result": "ok" }));
        let some = subscribe(&["dev/+/state", "#", "all/x"]);
        let topics = |refused: u8| {
            json!([{ "topic": "dev/+/state", "qos": 1 }, { "topic": "#", "qos": refused }, { "topic": "all/x", "qos": 1 }])
        };
        assert_eq!(
            ask(&broker, "auth_on_subscribe", some.clone()).await,
            json!({ "result": "ok", "topics": topics(128) })
        );
        assert_eq!(
            ask(&broker, "auth_on_subscribe_m5", some).await,
            json!({ "result": "ok", "modifiers": { "topics": topics(135) } })
        );
        for none in [subscribe(&["#", "dev/#"]), subscribe(&[])] {
            assert_eq!(ask(&broker, "auth_on_subscribe", none).await, denied());
        }
    }

    async fn other_hooks_are_refused(server: Server) {
        device(&server).await;
        let broker = server.broker();
        let body = register(&json!(DEVICE), &json!(PASSWORD));
        for hook in ["", "on_register", "AUTH_ON_REGISTER", "auth_on_register_m6"] {
            assert_eq!(ask(&broker, hook, body.clone()).await, denied(), "{hook}");
        }
        let answer = broker.post("/hooks/vernemq", body).await.expect(200);
        assert_eq!(answer.json(), denied(), "without the header");
    }
}
