//! strongSwan's `pki` gets and renews certificates by EST (RFC 7030), and judges them by our revocation lists.

use std::{fs, path::Path};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    connectware::*,
    server::{Engine, Server, Site},
    strongswan::pki,
};

const NAME: &str = "iot.device.x1";

/// What `pki` writes, which must succeed, in this file.
#[track_caller]
fn made(folder: &TempDir, file: &str, arguments: &[&str]) {
    let (succeeded, written, said) = pki(folder.path(), arguments);
    assert!(succeeded && !written.is_empty(), "{arguments:?}: {said}");
    fs::write(folder.path().join(file), written).expect("a file");
}

/// A new key in `NAME.key`, and a request in `NAME.csr`.
fn request(folder: &TempDir, name: &str) {
    made(
        folder,
        &format!("{name}.key"),
        &["--gen", "--type", "ecdsa", "--size", "256"],
    );
    let (key, dn) = (format!("{name}.key"), format!("CN={NAME}"));
    made(
        folder,
        &format!("{name}.csr"),
        &["--req", "--in", &key, "--dn", &dn],
    );
}

/// Writes the certificates of `ca.pem` as `issuer.pem` and `root.pem`.
async fn authorities(server: &Server, folder: &Path) {
    let authorities = server.anonymous().get("/pki/ca.pem").await.expect(200);
    let text = authorities.text().to_owned();
    let (issuer, root) = text.split_at(text.rfind("-----BEGIN").expect("two certificates"));
    fs::write(folder.join("issuer.pem"), issuer).expect("a file");
    fs::write(folder.join("root.pem"), root).expect("a file");
}

#[tokio::test]
async fn strongswan_enrols_renews_and_sees_what_is_revoked() {
    let site = Site::new(Engine::Sqlite).with("MUNIMENT_TLS_LISTEN", "127.0.0.1:0");
    let server = site.start().await;
    let admin = server.admin().await;
    let grants = json!([
        { "method": "password", "isRequired": false }, { "method": "certificate", "isRequired": false },
    ]);
    let id = create_user_with(&admin, NAME, json!({ "grantTypes": grants })).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    authorities(&server, folder.path()).await;
    let url = format!("https://localhost:{}", server.tls_port().await);
    let trust = ["--cacert", "root.pem", "--cacert", "issuer.pem"];
    let est = |more: &[&'static str]| [&["--est", "--url", &url], &trust[..], more].concat();

    // It stores the certificates of the authority, which it gets by EST.
    let (succeeded, _, said) = pki(
        folder.path(),
        &[
            "--estca",
            "--url",
            &url,
            "--cacert",
            "root.pem",
            "--caout",
            "ca.pem",
            "--outform",
            "pem",
        ],
    );
    assert!(succeeded, "{said}");
    let files = fs::read_dir(folder.path()).expect("a folder");
    let stored = files.filter(|file| {
        let file = file.as_ref().expect("a file");
        file.file_name().to_string_lossy().starts_with("ca")
    });
    assert_eq!(stored.count(), 2, "{said}");

    request(&folder, "first");
    let password: &'static str = Box::leak(format!("{NAME}:{PASSWORD}").into_boxed_str());
    made(
        &folder,
        "first.crt",
        &est(&["--in", "first.csr", "--userpass", password]),
    );
    request(&folder, "second");
    let shown = ["--in", "second.csr", "--cert", "first.crt", "--key", "first.key"];
    made(&folder, "second.crt", &est(&shown));
    assert_eq!(list(&get_user(&admin, &id).await["certificates"]).len(), 2);

    let verify = async |certificate: &str| {
        let list = server.anonymous().get("/pki/ca.crl").await.expect(200);
        fs::write(folder.path().join("ca.crl"), list.body).expect("a file");
        let line = ["--verify", "--in", certificate, "--crl", "ca.crl"];
        pki(folder.path(), &[&line[..], &trust].concat())
    };
    for certificate in ["first.crt", "second.crt"] {
        let (accepted, _, said) = verify(certificate).await;
        assert!(accepted, "{said}");
    }
    let page = admin.get("/api/certificates/issued").await.expect(200).json();
    let first = text(&page["certificates"][0]["fingerprint"]).to_owned();
    admin
        .delete(format!("/api/certificates/issued/{first}"))
        .await
        .expect(204);
    let (accepted, _, said) = verify("first.crt").await;
    assert!(!accepted && said.contains("revoked"), "{said}");
    assert!(verify("second.crt").await.0);
    request(&folder, "third");
    let shown = ["--in", "third.csr", "--cert", "first.crt", "--key", "first.key"];
    let (renewed, _, said) = pki(folder.path(), &est(&shown));
    assert!(!renewed && said.contains("401"), "{said}");
}
