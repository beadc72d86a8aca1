//! A real RabbitMQ that asks Muniment, and clients of MQTT that know nothing of it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rumqttc::{ConnectionError, TlsConfiguration, Transport};
use serde_json::{Value, json};

use crate::support::{
    client::Client,
    connectware::*,
    device::{Device, PATIENCE, SILENCE},
    doctor::doctor_says,
    openssl::Openssl,
    rabbitmq::{Ports, RabbitMq, Tls},
    server::{Engine, HOOKS_SECRET, Server, Site},
};

async fn device(admin: &Client, name: &str, prefix: Option<&str>, write: &str, read: &str) -> String {
    let permissions = json!([mqtt(write, "write"), mqtt(read, "read")]);
    let with = json!({ "initialPermissions": permissions, "mqttPublishPrefix": prefix });
    create_user_with(admin, name, with).await
}

#[tokio::test]
async fn devices_connect_publish_and_subscribe_where_they_may() {
    let server = Server::start(Engine::Sqlite).await;
    let admin = server.admin().await;
    device(&admin, "watcher", None, "none", "dev/#").await;
    let id = device(&admin, "device1", None, "dev/one/#", "all/#").await;
    device(&admin, "device2", Some("dev/two/"), "dev/#", "all/#").await;
    let broker = RabbitMq::start(&server.hooks_address(), HOOKS_SECRET).await;
    let port = broker.port();

    // Passwords.
    for (name, password) in [("device1", "a guess"), ("device1", ""), ("nobody", PASSWORD)] {
        assert!(
            Device::is_refused(port, name, password).await,
            "{name} {password}"
        );
    }
    let mut watcher = Device::connect(port, "watcher", PASSWORD)
        .await
        .expect("a session");
    assert!(watcher.subscribe("dev/#").await);
    let mut one = Device::connect(port, "device1", PASSWORD)
        .await
        .expect("a session");

    // What a device may do.
    assert!(one.publish("dev/one/temperature").await);
    assert_eq!(
        watcher.message(PATIENCE).await.as_deref(),
        Some("dev/one/temperature")
    );
    assert!(one.subscribe("all/+/news").await);

    // What it may not do.
    assert!(!one.publish("dev/three/temperature").await);
    assert_eq!(watcher.message(SILENCE).await, None);
    let mut one = Device::connect(port, "device1", PASSWORD)
        .await
        .expect("a session");
    assert!(!one.subscribe("dev/#").await);

    // The publish prefix is a border: the right alone is not enough.
    let mut two = Device::connect(port, "device2", PASSWORD)
        .await
        .expect("a session");
    assert!(two.publish("dev/two/temperature").await);
    assert_eq!(
        watcher.message(PATIENCE).await.as_deref(),
        Some("dev/two/temperature")
    );
    assert!(!two.publish("dev/one/temperature").await, "outside of the prefix");
    let mut two = Device::connect(port, "device2", PASSWORD)
        .await
        .expect("a session");
    assert!(
        !two.publish("temperature").await,
        "RabbitMQ does not add the prefix"
    );
    assert_eq!(watcher.message(SILENCE).await, None);

    // A user who is gone.
    admin.delete(format!("/api/users/{id}")).await.expect(204);
    assert!(Device::is_refused(port, "device1", PASSWORD).await);
}

/// Lets a device in that registers with this body. Returns the id of its user, and the answer that it collects.
async fn let_in(admin: &Client, anonymous: &Client, body: Value, confirmed: Value) -> (String, Value) {
    let path = "/api/client-registry/register";
    anonymous.post(path, body.clone()).await.expect(202);
    let made = admin
        .post("/api/client-registry/confirm", confirmed)
        .await
        .expect(201);
    let collected = anonymous.post(path, body).await.expect(201);
    (id_of(&made.json()), collected.json())
}

/// Makes `broker.pem` for a broker on the loopback address, with its issuer `authority.pem`.
pub fn certify_broker(openssl: &Openssl) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    openssl.run(&format!(
        "req -x509 {key} -subj /CN=site -keyout authority.key -out authority.pem"
    ));
    openssl.run(&format!(
        "req -x509 {key} -subj /CN=broker -keyout broker.key -out broker.pem -CA authority.pem -CAkey authority.key \
         -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:127.0.0.1"
    ));
}

/// A server and a RabbitMQ that need each other, and two devices that have registered: `press.1` with a signing request, `press.2` with a
/// password.
struct Plant {
    server: Server,
    admin: Client,
    openssl: Openssl,
    ports: Ports,
    _broker: RabbitMq,
    /// The ids of the devices' users.
    devices: [String; 2],
    /// The certificate of `press.1`.
    certificate: Vec<u8>,
}

impl Plant {
    async fn start() -> Self {
        let (openssl, ports) = (Openssl::default(), Ports::free());
        certify_broker(&openssl);
        let url = format!("https://127.0.0.1:{}", ports.management);
        let setting = json!([{ "kind": "rabbitmq", "url": url, "username": "guest", "password": "guest" }]);
        let server = Site::new(Engine::Postgres)
            .with("MUNIMENT_BROKERS", &setting.to_string())
            .with("MUNIMENT_BROKERS_CA", &openssl.path("authority.pem"))
            .with("MUNIMENT_HOOKS_CERTIFICATES", "true")
            .start()
            .await;
        let (admin, anonymous) = (server.admin().await, server.anonymous());
        // The first certificate makes the authority.
        let first = create_user(&admin, "first").await;
        let issue = json!({ "userId": first, "csr": openssl.csr("first", "/CN=first") });
        admin.post("/api/certificates/issued", issue).await.expect(201);
        openssl.write("devices.pem", anonymous.get("/pki/ca.pem").await.expect(200).body);
        let tls = Tls {
            authorities: &openssl.path("devices.pem"),
            certificate: &openssl.path("broker.pem"),
            key: &openssl.path("broker.key"),
            lists: None,
        };
        let broker = RabbitMq::start_at(ports, &server.hooks_address(), HOOKS_SECRET, Some(tls)).await;
        admin
            .post("/api/client-registry/open", json!({ "duration": 600_000 }))
            .await
            .expect(204);
        let csr = openssl.csr("press", "/CN=press.1");
        let rights = json!([mqtt("dev/#", "write"), mqtt("all/#", "read")]);
        let (one, collected) = let_in(
            &admin,
            &anonymous,
            json!({ "username": "press.1", "csr": csr }),
            json!({ "username": "press.1", "initialPermissions": rights, "mqttPublishPrefix": "dev/one/" }),
        )
        .await;
        let (two, _) = let_in(
            &admin,
            &anonymous,
            json!({ "username": "press.2", "password": PASSWORD }),
            json!({ "username": "press.2", "initialPermissions": rights, "mqttPublishPrefix": "dev/two/" }),
        )
        .await;
        Self {
            certificate: STANDARD.decode(text(&collected["certificate"])).expect("base64"),
            server,
            admin,
            openssl,
            ports,
            _broker: broker,
            devices: [one, two],
        }
    }

    async fn by_certificate(&self) -> Result<Device, ConnectionError> {
        let mut options = Device::options(self.ports.mqtts, "press.1");
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Simple {
            ca: self.openssl.read("authority.pem"),
            alpn: None,
            client_auth: Some((self.certificate.clone(), self.openssl.read("press.key"))),
        }));
        Device::open(options).await
    }

    async fn by_password(&self) -> Result<Device, ConnectionError> {
        Device::connect(self.ports.mqtt, "press.2", PASSWORD).await
    }
}

#[tokio::test]
async fn devices_register_lose_rights_and_are_revoked() {
    let plant = Plant::start().await;
    let Plant {
        admin,
        ports,
        devices: [one, two],
        ..
    } = &plant;
    device(admin, "watcher", None, "none", "dev/#").await;
    let mut watcher = Device::connect(ports.mqtt, "watcher", PASSWORD)
        .await
        .expect("a session");
    assert!(watcher.subscribe("dev/#").await);

    // Both publish where they may, and neither where it may not or outside of its prefix.
    let mut first = plant.by_certificate().await.expect("a session");
    assert!(first.publish("dev/one/temperature").await);
    assert_eq!(
        watcher.message(PATIENCE).await.as_deref(),
        Some("dev/one/temperature")
    );
    for topic in ["dev/two/temperature", "all/news"] {
        assert!(!first.publish(topic).await, "{topic}");
        first = plant.by_certificate().await.expect("a session");
    }
    let mut second = plant.by_password().await.expect("a session");
    assert!(second.publish("dev/two/temperature").await);
    assert_eq!(
        watcher.message(PATIENCE).await.as_deref(),
        Some("dev/two/temperature")
    );
    for topic in ["dev/one/temperature", "all/news"] {
        assert!(!second.publish(topic).await, "{topic}");
        second = plant.by_password().await.expect("a session");
    }
    assert!(second.subscribe("all/news").await);
    assert_eq!(watcher.message(SILENCE).await, None);

    // One right less ends the session. The device comes back without this right.
    let less = json!({ "permissions": [mqtt("dev/#", "write")] });
    admin.put(format!("/api/users/{two}"), less).await.expect(200);
    second.is_disconnected().await;
    let mut second = plant.by_password().await.expect("a session");
    assert!(second.publish("dev/two/pressure").await);
    assert!(!second.subscribe("all/news").await);

    // Revoked devices are disconnected, and do not come back.
    let mut second = plant.by_password().await.expect("a session");
    for id in [one, two] {
        admin
            .post(format!("/api/users/{id}/revoke"), json!({}))
            .await
            .expect(204);
    }
    first.is_disconnected().await;
    second.is_disconnected().await;
    assert!(plant.by_certificate().await.is_err());
    assert!(Device::is_refused(ports.mqtt, "press.2", PASSWORD).await);

    // A management whose certificate is of another authority is not told anything.
    plant.openssl.run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=o -keyout o.key -out o.pem");
    let site = plant.server.terminate().await;
    let server = site
        .with("MUNIMENT_BROKERS_CA", &plant.openssl.path("o.pem"))
        .start()
        .await;
    let admin = server.admin().await;
    let id = create_user(&admin, "press.3").await;
    let change = json!({ "password": "the second one" });
    admin.put(format!("/api/users/{id}"), change).await.expect(200);
    doctor_says(server.site(), "invalid peer certificate").await;
}
