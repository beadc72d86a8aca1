//! A real Mosquitto with its plugin for dynamic security: the server ends the sessions of clients who may do less.

use std::process::Command;

use serde_json::json;

use crate::rabbitmq::certify_broker;
use crate::support::{
    connectware::*,
    device::Device,
    doctor::doctor_says,
    mosquitto::Mosquitto,
    openssl::Openssl,
    server::{Engine, Site},
};

/// The folders of a plugin of Debian's package, for each architecture.
const LIBRARIES: &str = "/usr/lib";
const PLUGIN: &str = "mosquitto_dynamic_security.so";

/// A broker whose plugin knows the server as `manager`, with the password `secret`.
async fn broker() -> Mosquitto {
    broker_with("").await
}

/// The same, with further lines of its listener.
async fn broker_with(more: &str) -> Mosquitto {
    let folders = std::fs::read_dir(LIBRARIES).expect("Debian has it").flatten();
    let plugin = folders
        .map(|folder| folder.path().join(PLUGIN))
        .find(|path| path.is_file());
    let plugin = plugin.expect("the plugin belongs to the package");
    Mosquitto::start(|folder| {
        let clients = folder.join("clients.json");
        let made = Command::new("mosquitto_ctrl")
            .args(["dynsec", "init"])
            .arg(&clients)
            .args(["manager", "secret"])
            .output();
        assert!(made.expect("mosquitto_ctrl should start").status.success());
        // A client that the broker knows without the plugin.
        let passwords = folder.join("passwords");
        let made = Command::new("mosquitto_passwd")
            .args(["-c", "-b"])
            .arg(&passwords)
            .args(["by.file", PASSWORD])
            .output();
        assert!(made.expect("mosquitto_passwd should start").status.success());
        format!(
            "{more}allow_anonymous false\npassword_file {}\nplugin {}\nplugin_opt_config_file {}",
            passwords.display(),
            plugin.display(),
            clients.display()
        )
    })
    .await
}

/// Lets clients of these names in, each with the password of all test users.
fn let_in(broker: &Mosquitto, names: &[&str]) {
    for name in names {
        let made = Command::new("mosquitto_ctrl")
            .args(["-h", "127.0.0.1", "-p", &broker.port().to_string()])
            .args(["-u", "manager", "-P", "secret"])
            .args(["dynsec", "createClient", name, "-p", PASSWORD])
            .output();
        assert!(made.expect("mosquitto_ctrl should start").status.success());
    }
}

#[tokio::test]
async fn a_client_who_may_do_less_is_disconnected_and_one_who_is_revoked_cannot_come_back() {
    let broker = broker().await;
    let port = broker.port();
    let setting = json!([{
        "kind": "mosquitto", "url": format!("mqtt://127.0.0.1:{port}"), "username": "manager", "password": "secret",
    }]);
    let server = Site::new(Engine::Sqlite)
        .with("MUNIMENT_BROKERS", &setting.to_string())
        .start()
        .await;
    let admin = server.admin().await;
    let rights = json!({ "initialPermissions": [mqtt("a/#", "write"), mqtt("b/#", "read")] });
    let id = create_user_with(&admin, "press.7", rights).await;
    create_user(&admin, "bystander").await;
    let_in(&broker, &["press.7", "bystander"]);
    let mut bystander = Device::connect(port, "bystander", PASSWORD)
        .await
        .expect("a session");

    // The client comes back with the rights that it has now.
    let mut press = Device::connect(port, "press.7", PASSWORD)
        .await
        .expect("a session");
    let less = json!({ "permissions": [mqtt("a/#", "write")] });
    admin.put(format!("/api/users/{id}"), less).await.expect(200);
    press.is_disconnected().await;
    let mut press = Device::connect(port, "press.7", PASSWORD)
        .await
        .expect("a session");

    admin
        .post(format!("/api/users/{id}/revoke"), json!({}))
        .await
        .expect(204);
    press.is_disconnected().await;
    assert!(Device::is_refused(port, "press.7", PASSWORD).await);
    assert!(bystander.publish("still/there").await);
}

#[tokio::test]
async fn a_client_whom_the_plugin_does_not_know_is_disconnected_too() {
    let broker = broker().await;
    let port = broker.port();
    let setting = json!([{
        "kind": "mosquitto", "url": format!("mqtt://127.0.0.1:{port}"), "username": "manager", "password": "secret",
    }]);
    let server = Site::new(Engine::Sqlite)
        .with("MUNIMENT_BROKERS", &setting.to_string())
        .start()
        .await;
    let admin = server.admin().await;
    let id = create_user(&admin, "by.file").await;
    let mut client = Device::connect(port, "by.file", PASSWORD)
        .await
        .expect("a session");
    let change = json!({ "password": "the second one" });
    admin.put(format!("/api/users/{id}"), change).await.expect(200);
    client.is_disconnected().await;
    let mut client = Device::connect(port, "by.file", PASSWORD)
        .await
        .expect("a session");
    admin.delete(format!("/api/users/{id}")).await.expect(204);
    client.is_disconnected().await;
    // Nothing is left of the client that was made to be deleted.
    doctor_says(server.site(), "was told everything\n").await;
    let clients = std::fs::read_to_string(broker.file("clients.json")).expect("the plugin keeps it");
    assert!(!clients.contains("by.file"), "{clients}");
}

#[tokio::test]
async fn a_server_that_the_plugin_does_not_obey_says_so() {
    let broker = broker().await;
    // A client without any role: the broker acknowledges its commands, and drops them.
    let_in(&broker, &["muniment"]);
    let setting = json!([{
        "kind": "mosquitto", "url": format!("mqtt://127.0.0.1:{}", broker.port()),
        "username": "muniment", "password": PASSWORD,
    }]);
    let server = Site::new(Engine::Sqlite)
        .with("MUNIMENT_BROKERS", &setting.to_string())
        .start()
        .await;
    let admin = server.admin().await;
    let id = create_user(&admin, "press.7").await;
    let change = json!({ "password": "the second one" });
    admin.put(format!("/api/users/{id}"), change).await.expect(200);
    doctor_says(server.site(), "answers of the plugin may not be read").await;
}

#[tokio::test]
async fn the_commands_are_encrypted_if_the_broker_has_a_certificate_that_is_trusted() {
    let openssl = Openssl::default();
    certify_broker(&openssl);
    let (certificate, key) = (openssl.path("broker.pem"), openssl.path("broker.key"));
    let broker = broker_with(&format!("certfile {certificate}\nkeyfile {key}\n")).await;
    let url = format!("mqtts://127.0.0.1:{}", broker.port());
    let setting = json!([{ "kind": "mosquitto", "url": url, "username": "manager", "password": "secret" }]);
    let server = Site::new(Engine::Sqlite)
        .with("MUNIMENT_BROKERS", &setting.to_string())
        .with("MUNIMENT_BROKERS_CA", &openssl.path("authority.pem"))
        .start()
        .await;
    let admin = server.admin().await;
    let id = create_user(&admin, "press.7").await;
    admin
        .post(format!("/api/users/{id}/revoke"), json!({}))
        .await
        .expect(204);
    doctor_says(server.site(), "was told everything\n").await;
    let log = broker.log();
    assert!(log.contains("deleteClient") && log.contains("press.7"), "{log}");

    // Another authority.
    openssl.run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=o -keyout o.key -out o.pem");
    let site = server.terminate().await;
    let server = site
        .with("MUNIMENT_BROKERS_CA", &openssl.path("o.pem"))
        .start()
        .await;
    let admin = server.admin().await;
    let id = create_user(&admin, "press.8").await;
    let change = json!({ "password": "the second one" });
    admin.put(format!("/api/users/{id}"), change).await.expect(200);
    doctor_says(server.site(), "invalid peer certificate").await;
}
