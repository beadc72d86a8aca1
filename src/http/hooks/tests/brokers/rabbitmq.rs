//! RabbitMQ.

use super::*;
use crate::support::both_engines;

async fn ask(broker: &Client, what: &str, pairs: &[(&str, &str)]) -> String {
    let answer = post_form(broker, &format!("/hooks/rabbitmq/{what}"), pairs).await;
    answer.expect(200).text()
}

async fn user(broker: &Client, username: &str, password: &str) -> String {
    let pairs = [
        ("username", username),
        ("password", password),
        ("vhost", "/"),
        ("client_id", "c1"),
    ];
    ask(broker, "user", &pairs).await
}

async fn topic(broker: &Client, permission: &str, key: &str) -> String {
    let pairs = [
        ("username", DEVICE),
        ("vhost", "/"),
        ("resource", "topic"),
        ("name", "amq.topic"),
        ("permission", permission),
        ("tags", ""),
        ("routing_key", key),
        ("variable_map.client_id", "c1"),
        ("variable_map.username", DEVICE),
        ("variable_map.vhost", "/"),
    ];
    ask(broker, "topic", &pairs).await
}

async fn resource(broker: &Client, kind: &str, name: &str, permission: &str) -> String {
    let pairs = [
        ("username", DEVICE),
        ("vhost", "/"),
        ("resource", kind),
        ("name", name),
        ("permission", permission),
        ("tags", ""),
        ("client_id", "c1"),
    ];
    ask(broker, "resource", &pairs).await
}

both_engines! {
    async fn a_device_connects_with_its_password_alone(server: Server) {
        device(&server).await;
        let broker = server.broker();
        assert_eq!(user(&broker, DEVICE, PASSWORD).await, "allow");
        assert_eq!(user(&broker, DEVICE, PASSWORD).await, "allow", "again");
        for (name, password) in [
            (DEVICE, "another"), (DEVICE, ""), ("nobody", PASSWORD), ("", ""), ("admin", PASSWORD),
        ] {
            assert_eq!(user(&broker, name, password).await, "deny", "{name} {password}");
        }
        let without = [("username", DEVICE), ("vhost", "/")];
        assert_eq!(ask(&broker, "user", &without).await, "deny", "a certificate, which nobody vouches for");
    }

    async fn a_device_uses_one_virtual_host(server: Server) {
        device(&server).await;
        let broker = server.broker();
        let vhost = async |name: &str, vhost: &str| {
            let pairs = [("username", name), ("vhost", vhost), ("ip", "192.0.2.1"), ("tags", "")];
            ask(&broker, "vhost", &pairs).await
        };
        assert_eq!(vhost(DEVICE, "/").await, "allow");
        assert_eq!(vhost(DEVICE, "other").await, "deny");
        assert_eq!(vhost("nobody", "/").await, "deny");
    }

    async fn a_device_uses_its_queues_and_the_exchange_of_mqtt(server: Server) {
        device(&server).await;
        let broker = server.broker();
        for permission in ["configure", "read", "write"] {
            for queue in ["mqtt-subscription-c1qos0", "mqtt-subscription-c1qos1"] {
                assert_eq!(resource(&broker, "queue", queue, permission).await, "allow", "{queue}");
            }
            for queue in [
                "mqtt-subscription-c2qos1", "mqtt-subscription-c1", "mqtt-subscription-c1qos2",
                "mqtt-subscription-c1qos1x", "mqtt-subscription-qos1", "mqtt-subscription-c1qos1qos1", "c1", "",
            ] {
                assert_eq!(resource(&broker, "queue", queue, permission).await, "deny", "{queue}");
            }
        }
        for (exchange, permission, answer) in [
            ("amq.topic", "read", "allow"), ("amq.topic", "write", "allow"), ("amq.topic", "configure", "deny"),
            ("amq.default", "write", "deny"), ("", "write", "deny"), ("amq.direct", "read", "deny"),
        ] {
            assert_eq!(resource(&broker, "exchange", exchange, permission).await, answer, "{exchange} {permission}");
        }
        assert_eq!(resource(&broker, "topic", "amq.topic", "read").await, "deny");
        // A client that does not speak MQTT has no client id.
        let pairs = [("username", DEVICE), ("vhost", "/"), ("resource", "queue"),
            ("name", "mqtt-subscription-qos1"), ("permission", "read")];
        assert_eq!(ask(&broker, "resource", &pairs).await, "deny");
        let with_empty = [&pairs[..], &[("client_id", "")]].concat();
        assert_eq!(ask(&broker, "resource", &with_empty).await, "deny");
    }

    async fn a_device_publishes_and_subscribes_where_it_may(server: Server) {
        device(&server).await;
        let broker = server.broker();
        for (permission, key, answer) in [
            ("write", "dev.one.temperature", "allow"),
            ("write", "dev.one", "allow"),
            ("write", "dev.two.temperature", "deny"),
            ("write", "dev.one.#", "deny"),
            ("write", "all.x", "deny"),
            ("write", "", "deny"),
            ("read", "dev.one.state", "allow"),
            ("read", "dev.*.state", "allow"),
            ("read", "dev.#", "deny"),
            ("read", "#", "deny"),
            ("read", "dev.*.*", "deny"),
            ("read", "dev.#.state", "deny"),
            ("read", "all.#", "allow"),
            ("read", "all", "allow"),
            ("read", "all.*.#", "allow"),
            ("read", "dev.one.temperature", "deny"),
            ("read", "", "deny"),
            ("configure", "dev.one", "deny"),
        ] {
            assert_eq!(topic(&broker, permission, key).await, answer, "{permission} {key}");
        }
    }

    async fn a_dot_and_a_slash_are_the_same_to_rabbitmq(server: Server) {
        let admin = server.admin().await;
        device_with(&admin, json!({ "initialPermissions": [
            mqtt("dev.b/z/#", "readWrite"), mqtt("plain/b/c", "write"), mqtt("one/+", "write"),
        ]})).await;
        let broker = server.broker();
        for (permission, key, answer) in [
            // The topic may be `dev.b/z/k` or `dev/b/z/k`: RabbitMQ delivers both alike.
            ("write", "dev.b.z.k", "allow"),
            ("read", "dev.b.z.#", "allow"),
            ("read", "dev.b.#", "deny"),
            ("read", "dev.*.z.#", "deny"),
            ("write", "dev.b", "deny"),
            ("write", "dev.x.z.k", "deny"),
            ("write", "plain.b.c", "allow"),
            // `one/a.b` is one level to MQTT, and two words to RabbitMQ.
            ("write", "one.a", "allow"),
            ("write", "one.a.b", "deny"),
        ] {
            assert_eq!(topic(&broker, permission, key).await, answer, "{permission} {key}");
        }
    }

    async fn a_publish_prefix_is_a_border(server: Server) {
        let admin = server.admin().await;
        device_with(&admin, json!({
            "mqttPublishPrefix": "dev/one/",
            "initialPermissions": [mqtt("dev/#", "write"), mqtt("dev.one/dotted/#", "write")],
        })).await;
        let broker = server.broker();
        for (key, answer) in [
            ("dev.one.x", "allow"), ("dev.one.dotted.x", "allow"), ("dev.one.", "deny"),
            ("dev.one", "deny"), ("dev.two.x", "deny"), ("x", "deny"),
        ] {
            assert_eq!(topic(&broker, "write", key).await, answer, "{key}");
        }
    }

    async fn a_change_of_the_user_counts_at_once(server: Server) {
        let (admin, id) = device(&server).await;
        let broker = server.broker();
        let path = format!("/api/users/{id}");
        assert_eq!(user(&broker, DEVICE, PASSWORD).await, "allow");
        admin.put(&path, json!({ "username": "device2" })).await.expect(200);
        assert_eq!(user(&broker, DEVICE, PASSWORD).await, "deny", "the former name");
        assert_eq!(user(&broker, "device2", PASSWORD).await, "allow", "the new name");
        admin.put(&path, json!({ "username": DEVICE, "password": "a new password" })).await.expect(200);
        assert_eq!(user(&broker, DEVICE, PASSWORD).await, "deny", "the former password");
        assert_eq!(user(&broker, DEVICE, "a new password").await, "allow", "the new password");
        let two = json!([{ "method": "password", "isRequired": false }, { "method": "token", "isRequired": true }]);
        admin.put(&path, json!({ "grantTypes": two })).await.expect(200);
        assert_eq!(user(&broker, DEVICE, "a new password").await, "deny", "two methods are needed");
        let certificate = json!([{ "method": "certificate", "isRequired": false }]);
        admin.put(&path, json!({ "grantTypes": certificate })).await.expect(200);
        assert_eq!(user(&broker, DEVICE, "a new password").await, "deny", "another method");
        let password = json!([{ "method": "password", "isRequired": false }]);
        admin.put(&path, json!({ "grantTypes": password })).await.expect(200);
        assert_eq!(user(&broker, DEVICE, "a new password").await, "allow", "the method is back");
        assert_eq!(topic(&broker, "write", "dev.one").await, "allow");
        admin.delete(&path).await.expect(204);
        assert_eq!(user(&broker, DEVICE, "a new password").await, "deny", "deleted");
        assert_eq!(topic(&broker, "write", "dev.one").await, "deny", "deleted");
    }

    async fn a_token_stands_for_the_password_of_its_user(server: Server) {
        let (admin, id) = device(&server).await;
        let broker = server.broker();
        let token = admin.login(DEVICE, PASSWORD).await;
        assert_eq!(user(&broker, DEVICE, token.token()).await, "deny", "tokens are not granted to it");
        let both = json!([{ "method": "password", "isRequired": false }, { "method": "token", "isRequired": false }]);
        admin.put(format!("/api/users/{id}"), json!({ "grantTypes": both })).await.expect(200);
        let token = admin.login(DEVICE, PASSWORD).await;
        assert_eq!(user(&broker, DEVICE, token.token()).await, "allow");
        assert_eq!(user(&broker, "admin", token.token()).await, "deny", "another user's token");
        assert_eq!(user(&broker, DEVICE, &token.token().replace('.', "x.")).await, "deny", "a broken token");
        token.delete("/api/session").await.expect(204);
        assert_eq!(user(&broker, DEVICE, token.token()).await, "deny", "the token has ended");
    }
}
