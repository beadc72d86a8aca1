//! A real RabbitMQ that checks certificates with our revocation lists, by the recipe of docs/brokers.md.

use std::{path::Path, process::Stdio, time::Duration};

use rumqttc::{ConnectionError, TlsConfiguration, Transport};
use serde_json::json;
use tokio::{process::Command, time::timeout};

use crate::{
    rabbitmq::certify_broker,
    support::{
        client::Client,
        connectware::*,
        device::Device,
        openssl::Openssl,
        rabbitmq::{Ports, RabbitMq, Tls},
        server::{Engine, HOOKS_SECRET, Site},
    },
};

const PATIENCE: Duration = Duration::from_secs(30);
const BROKERS: &str = include_str!("../../docs/brokers.md");

/// The script of the recipe.
fn recipe() -> &'static str {
    let (_, after) = BROKERS.split_once("#!/bin/sh\n# For RabbitMQ").expect("a script");
    let (_, after) = after.split_once('\n').expect("the end of the comment");
    after.split_once("```").expect("the end of the script").0
}

/// Runs the script. Returns whether it succeeded, and what it said.
async fn fetch_lists(url: &str, folder: &str, authorities: &str) -> (bool, String) {
    let fetch = Command::new("sh")
        .args(["-c", recipe()])
        .env("MUNIMENT", url)
        .env("FOLDER", folder)
        .env("AUTHORITIES", authorities)
        .stdin(Stdio::null())
        .output();
    let fetched = timeout(PATIENCE, fetch).await.expect("the script should end");
    let output = fetched.expect("a shell should start");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}

/// Issues a certificate to a user, in `FILE.pem`. Returns its fingerprint.
async fn issue(openssl: &Openssl, admin: &Client, (name, user): (&str, &str), file: &str) -> String {
    let body = json!({ "userId": user, "csr": openssl.csr(file, &format!("/CN={name}")) });
    let issued = admin.post("/api/certificates/issued", body).await.expect(201);
    let issued = issued.json();
    let chain = [text(&issued["certificate"]), text(&issued["chain"])].concat();
    openssl.write(&format!("{file}.pem"), chain);
    text(&issued["fingerprint"]).to_owned()
}

async fn connects(port: u16, openssl: &Openssl, file: &str) -> Result<Device, ConnectionError> {
    let mut options = Device::options(port, file);
    options.set_transport(Transport::tls_with_config(TlsConfiguration::Simple {
        ca: openssl.read("authority.pem"),
        alpn: None,
        client_auth: Some((
            openssl.read(&format!("{file}.pem")),
            openssl.read(&format!("{file}.key")),
        )),
    }));
    Device::open(options).await
}

fn names_in(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder of our own").flatten();
    let mut names: Vec<_> = files
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn rabbitmq_refuses_a_revoked_certificate_of_a_user_who_has_another_one() {
    let (openssl, ports) = (Openssl::default(), Ports::free());
    certify_broker(&openssl);
    let server = Site::new(Engine::Sqlite)
        .with("MUNIMENT_HOOKS_CERTIFICATES", "true")
        .start()
        .await;
    let admin = server.admin().await;
    let by_certificate =
        json!({ "grantTypes": [{ "method": "certificate", "isRequired": false }], "password": null });
    let id = create_user_with(&admin, "press.1", by_certificate).await;
    let user = ("press.1", id.as_str());
    let lost = issue(&openssl, &admin, user, "lost").await;
    issue(&openssl, &admin, user, "kept").await;
    let authorities = server.anonymous().get("/pki/ca.pem").await.expect(200).body;
    openssl.write("devices.pem", authorities);
    let (lists, authorities) = (openssl.path("lists"), openssl.path("devices.pem"));
    std::fs::create_dir(&lists).expect("a folder of our own");
    let tls = Tls {
        authorities: &authorities,
        certificate: &openssl.path("broker.pem"),
        key: &openssl.path("broker.key"),
        lists: Some(&lists),
    };
    let broker = RabbitMq::start_at(ports, &server.hooks_address(), HOOKS_SECRET, Some(tls)).await;

    // Without a list, nobody is let in.
    assert!(connects(ports.mqtts, &openssl, "kept").await.is_err());
    let fetched = fetch_lists(server.address(), &lists, &authorities).await;
    assert!(fetched.0, "{}", fetched.1);
    for file in ["lost", "kept"] {
        let device = connects(ports.mqtts, &openssl, file).await;
        assert!(device.is_ok(), "{file}: {:?}\n{}", device.err(), broker.log());
    }

    // A list that cannot be had, or is not what it should be, leaves the lists as they were.
    let before = names_in(Path::new(&lists));
    for wrong in [
        "http://127.0.0.1:1",
        &format!("{}/openapi.json?", server.address()),
    ] {
        assert!(!fetch_lists(wrong, &lists, &authorities).await.0, "{wrong}");
        let lists = names_in(Path::new(&lists));
        assert!(before.iter().all(|list| lists.contains(list)), "{lists:?}");
    }

    admin
        .delete(format!("/api/certificates/issued/{lost}"))
        .await
        .expect(204);
    // Muniment knows the user still, who has another certificate. The list alone refuses this one.
    let fetched = fetch_lists(server.address(), &lists, &authorities).await;
    assert!(fetched.0, "{}", fetched.1);
    let refused = connects(ports.mqtts, &openssl, "lost").await.err();
    let refused = refused.unwrap_or_else(|| panic!("a revoked certificate is let in:\n{}", broker.log()));
    assert!(
        !matches!(refused, ConnectionError::ConnectionRefused(_)),
        "TLS refuses it: {refused:?}"
    );
    let device = connects(ports.mqtts, &openssl, "kept").await;
    assert!(device.is_ok(), "{:?}\n{}", device.err(), broker.log());
}
