//! mosquitto-go-auth, and amqtt.

use super::*;
use crate::support::both_engines;

async fn acl(broker: &Client, topic: &str, acc: &str) -> u16 {
    let pairs = [
        ("username", DEVICE),
        ("clientid", "c1"),
        ("topic", topic),
        ("acc", acc),
    ];
    let answer = post_form(broker, "/hooks/mosquitto/acl", &pairs).await;
    let number = acc
        .parse::<u64>()
        .map_or_else(|_| json!(acc), |number| json!(number));
    let body = json!({ "username": DEVICE, "client_id": "c1", "topic": topic, "acc": number });
    let as_json = broker.post("/hooks/mosquitto/acl", body).await;
    assert_eq!(answer.status, as_json.status, "{answer:?} {as_json:?}");
    answer.status
}

both_engines! {
    async fn a_device_connects_by_a_form_or_by_json(server: Server) {
        device(&server).await;
        let broker = server.broker();
        let user = async |name: &str, password: &str| {
            let pairs = [("username", name), ("password", password), ("clientid", "c1")];
            let form = post_form(&broker, "/hooks/mosquitto/user", &pairs).await;
            let body = json!({ "username": name, "password": password, "client_id": "c1" });
            let json = broker.post("/hooks/mosquitto/user", body).await;
            assert_eq!(form.status, json.status);
            if form.status == 200 {
                assert_eq!((form.text(), json.json()["ok"].clone()), ("ok".to_owned(), json!(true)));
            }
            form.status
        };
        assert_eq!(user(DEVICE, PASSWORD).await, 200);
        for (name, password) in [(DEVICE, "another"), (DEVICE, ""), ("nobody", PASSWORD)] {
            assert_eq!(user(name, password).await, 403, "{name} {password}");
        }
        let none = post_form(&broker, "/hooks/mosquitto/user", &[("username", DEVICE)]).await;
        assert_eq!(none.status, 403);
    }

    async fn nobody_is_a_superuser(server: Server) {
        let broker = server.broker();
        for name in ["admin", DEVICE] {
            let answer = post_form(&broker, "/hooks/mosquitto/superuser", &[("username", name)]).await;
            assert_eq!(answer.status, 403, "{name}");
        }
    }

    async fn each_kind_of_access_has_its_right(server: Server) {
        device(&server).await;
        let broker = server.broker();
        for (topic, acc, status) in [
            ("dev/one/x", "2", 200),
            ("dev/two/x", "2", 403),
            ("dev/one/#", "2", 403),
            ("dev/two/state", "1", 200),
            ("dev/two/other", "1", 403),
            ("dev/+/state", "4", 200),
            ("dev/#", "4", 403),
            ("$share/group/all/#", "4", 200),
            ("$share/group/dev/#", "4", 403),
            ("dev/one/state", "3", 200),
            ("dev/two/state", "3", 403),
            ("dev/one/x", "0", 403),
            ("dev/one/x", "8", 403),
            ("dev/one/x", "write", 403),
            ("dev/one/x", "-1", 403),
        ] {
            assert_eq!(acl(&broker, topic, acc).await, status, "{topic} {acc}");
        }
    }

    async fn a_publish_prefix_is_a_border(server: Server) {
        let admin = server.admin().await;
        let more = json!({ "mqttPublishPrefix": "dev/one/", "initialPermissions": [mqtt("dev/#", "write")] });
        device_with(&admin, more).await;
        let broker = server.broker();
        for (topic, status) in [("dev/one/x", 200), ("dev/one/", 403), ("dev/two", 403), ("x", 403)] {
            assert_eq!(acl(&broker, topic, "2").await, status, "{topic}");
        }
    }
}
