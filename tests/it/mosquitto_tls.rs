//! A real Mosquitto that requires certificates of our authority, and has our revocation lists by the recipe of docs/brokers.md.

use std::{
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use serde_json::json;
use tokio::{process::Command, time::timeout};

use crate::support::{
    client::Client,
    connectware::*,
    mosquitto::Mosquitto,
    openssl::Openssl,
    server::{Engine, Server, Site},
};

const PATIENCE: Duration = Duration::from_secs(30);
const BROKERS: &str = include_str!("../../docs/brokers.md");

/// The script of the recipe.
fn recipe() -> &'static str {
    let (_, after) = BROKERS.split_once("```sh\n#!/bin/sh\n").expect("a script");
    after.split_once("```").expect("the end of the script").0
}

/// Runs the script for a broker. Returns what it said.
async fn fetch_lists(broker: &Mosquitto, url: &str) -> Output {
    let fetch = Command::new("sh")
        .args(["-c", recipe()])
        .env("MUNIMENT", url)
        .env("FOLDER", broker.file(""))
        .env("BROKER", broker.id().to_string())
        .stdin(Stdio::null())
        .output();
    let fetched = timeout(PATIENCE, fetch).await.expect("the script should end");
    fetched.expect("a shell should start")
}

async fn fetched(broker: &Mosquitto, url: &str) {
    let output = fetch_lists(broker, url).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Issues a certificate, in `FILE.pem`. Returns its fingerprint.
async fn issue(openssl: &Openssl, admin: &Client, file: &str) -> String {
    let name = format!("iot.{file}");
    let id = create_user(admin, &name).await;
    let body = json!({ "userId": id, "csr": openssl.csr(file, &format!("/CN={name}")) });
    let issued = admin
        .post("/api/certificates/issued", body)
        .await
        .expect(201)
        .json();
    openssl.write(
        &format!("{file}.pem"),
        [text(&issued["certificate"]), text(&issued["chain"])].concat(),
    );
    text(&issued["fingerprint"]).to_owned()
}

/// Whether a client with this certificate connects and publishes. If not, what it says.
async fn connects(broker: &Mosquitto, openssl: &Openssl, file: &str) -> Result<(), String> {
    let publish = Command::new("mosquitto_pub")
        .args(["-h", "localhost", "-p", &broker.port().to_string(), "-q", "1"])
        .args(["-t", "a", "-m", "b", "--cafile"])
        .arg(broker.file("broker.pem"))
        .arg("--cert")
        .arg(openssl.path(&format!("{file}.pem")))
        .arg("--key")
        .arg(openssl.path(&format!("{file}.key")))
        .stdin(Stdio::null())
        .output();
    let published = timeout(PATIENCE, publish).await.expect("the client should end");
    let output = published.expect("mosquitto_pub should start");
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Makes the files of a broker. Returns its configuration.
fn configure(folder: &Path, authorities: &[u8]) -> String {
    std::fs::write(folder.join("authorities.pem"), authorities).expect("a file of our own");
    let made = std::process::Command::new("openssl")
        .args(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
                .split(' '),
        )
        .args("-addext subjectAltName=DNS:localhost -keyout broker.key -out broker.pem".split(' '))
        .current_dir(folder)
        .output()
        .expect("openssl should start");
    assert!(made.status.success());
    let path = |name: &str| folder.join(name).display().to_string();
    format!(
        "allow_anonymous false\nrequire_certificate true\nuse_identity_as_username true\n\
         cafile {}\ncertfile {}\nkeyfile {}\ncrlfile {}\n",
        path("authorities.pem"),
        path("broker.pem"),
        path("broker.key"),
        path("lists.pem")
    )
}

async fn server() -> (Server, Openssl) {
    let openssl = Openssl::default();
    // This certificate has expired by now.
    let server = Site::new(Engine::Sqlite).at("-400d").start().await;
    issue(&openssl, &server.admin().await, "expired").await;
    (server.terminate().await.at("+0d").start().await, openssl)
}

#[tokio::test]
async fn mosquitto_refuses_certificates_that_are_revoked_expired_or_foreign() {
    let (server, openssl) = server().await;
    let admin = server.admin().await;
    issue(&openssl, &admin, "good").await;
    let revoked = issue(&openssl, &admin, "revoked").await;
    openssl.run(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=iot.good -keyout foreign.key -out foreign.pem",
    );
    let authorities = server.anonymous().get("/pki/ca.pem").await.expect(200).body;
    let lists = server.anonymous().get("/pki/ca.crl.pem").await.expect(200).body;
    let broker = Mosquitto::start(|folder| {
        std::fs::write(folder.join("lists.pem"), lists).expect("a file of our own");
        configure(folder, &authorities)
    })
    .await;
    for file in ["good", "revoked"] {
        assert_eq!(
            connects(&broker, &openssl, file).await,
            Ok(()),
            "{file}: {}",
            broker.log()
        );
    }
    for file in ["expired", "foreign"] {
        let refused = connects(&broker, &openssl, file).await;
        assert!(refused.is_err(), "{file}: {}", broker.log());
    }

    // A list that cannot be had, or is not what it should be, leaves the lists of the broker as they were.
    let before = std::fs::read(broker.file("lists.pem")).expect("a file");
    for wrong in [
        "http://127.0.0.1:1",
        &format!("{}/openapi.json?", server.address()),
    ] {
        let output = fetch_lists(&broker, wrong).await;
        assert!(!output.status.success(), "{wrong}");
        assert_eq!(std::fs::read(broker.file("lists.pem")).expect("a file"), before);
    }

    let path = format!("/api/certificates/issued/{revoked}");
    admin.delete(path).await.expect(204);
    fetched(&broker, server.address()).await;
    // The broker reads the list when it gets to the signal.
    let refused = async { while connects(&broker, &openssl, "revoked").await.is_ok() {} };
    let waited = timeout(PATIENCE, refused).await;
    assert!(waited.is_ok(), "{}", broker.log());
    assert_eq!(
        connects(&broker, &openssl, "good").await,
        Ok(()),
        "{}",
        broker.log()
    );
    assert!(connects(&broker, &openssl, "foreign").await.is_err());
}
