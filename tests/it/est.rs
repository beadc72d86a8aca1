//! EST (RFC 7030) over TLS: devices that enrol and renew, with curl and openssl.

use std::process::Stdio;

use serde_json::json;
use tokio::process::Command;

use crate::support::{
    connectware::*,
    openssl::Openssl,
    server::{Engine, Server, Site},
};

const NAME: &str = "iot.device.x1";
const ENROL: &str = "/.well-known/est/simpleenroll";
const RENEW: &str = "/.well-known/est/simplereenroll";

/// A site with TLS, and the folder of its devices. The certificate of the server is valid for the real clock.
fn site(engine: Engine) -> (Site, Openssl) {
    let openssl = Openssl::default();
    openssl.run(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=server \
         -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.pem",
    );
    let site = Site::new(engine)
        .with("MUNIMENT_TLS_LISTEN", "127.0.0.1:0")
        .with("MUNIMENT_TLS_CERTIFICATE", &openssl.path("server.pem"))
        .with("MUNIMENT_TLS_KEY", &openssl.path("server.key"));
    (site, openssl)
}

/// What proves who a device is.
#[derive(Clone, Copy)]
enum Proof<'a> {
    Nothing,
    /// The password of this user.
    Password(&'a str),
    /// The certificate in this file, and its key.
    Certificate(&'a str),
    /// The password of a user, and a certificate.
    Both(&'a str, &'a str),
}

/// The status and the body of a request by curl. A body makes it a POST.
async fn ask(
    server: &Server,
    openssl: &Openssl,
    path: &str,
    proof: Proof<'_>,
    body: Option<&str>,
) -> (u16, String) {
    let mut command = Command::new("curl");
    command.args(["-sS", "-m", "60", "-w", "\n%{http_code}", "--cacert"]);
    command.arg(openssl.path("server.pem"));
    let (password, certificate) = match proof {
        Proof::Nothing => (None, None),
        Proof::Password(name) => (Some(name), None),
        Proof::Certificate(file) => (None, Some(file)),
        Proof::Both(name, file) => (Some(name), Some(file)),
    };
    if let Some(name) = password {
        command.arg("-u").arg(format!("{name}:{PASSWORD}"));
    }
    if let Some(file) = certificate {
        command.arg("--cert").arg(openssl.path(&format!("{file}.pem")));
        command.arg("--key").arg(openssl.path(&format!("{file}.key")));
    }
    if let Some(body) = body {
        command.args(["-H", "Content-Type: application/pkcs10", "--data-raw", body]);
    }
    command.arg(format!("https://127.0.0.1:{}{path}", server.tls_port().await));
    let output = command.stdin(Stdio::null()).output().await;
    let output = output.expect("curl should start");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{path}: {said}");
    let text = String::from_utf8(output.stdout).expect("a text");
    let (body, status) = text.rsplit_once('\n').expect("a status");
    (status.parse().expect("a status"), body.to_owned())
}

/// Asks for a certificate for the key in `FILE.key`, and stores it as `FILE.pem`.
async fn get(server: &Server, openssl: &Openssl, path: &str, proof: Proof<'_>, file: &str) {
    let (status, body) = ask(
        server,
        openssl,
        path,
        proof,
        Some(&openssl.request(file, &format!("/CN={NAME}"))),
    )
    .await;
    assert_eq!(status, 200, "{body}");
    openssl.write("answer.b64", body);
    openssl.run("base64 -d -A -in answer.b64 -out answer.der");
    openssl.run(&format!(
        "pkcs7 -inform DER -in answer.der -print_certs -out {file}.pem"
    ));
}

/// The status when a device asks with this proof for the certificate of a key, and the message.
async fn refused(
    server: &Server,
    openssl: &Openssl,
    path: &str,
    proof: Proof<'_>,
    csr: &str,
) -> (u16, String) {
    let (status, body) = ask(server, openssl, path, proof, Some(csr)).await;
    assert!(status >= 400, "{body}");
    (status, body)
}

async fn session(server: &Server, openssl: &Openssl, file: &str) -> u16 {
    ask(server, openssl, "/api/session", Proof::Certificate(file), None)
        .await
        .0
}

fn fingerprint(openssl: &Openssl, file: &str) -> String {
    let said = openssl.run(&format!("x509 -in {file}.pem -noout -fingerprint -sha256"));
    let (_, digits) = said.trim().split_once('=').expect("a fingerprint");
    digits.replace(':', "").to_lowercase()
}

/// Makes a user who may prove who they are by password or certificate.
async fn device(server: &Server, name: &str) -> String {
    let grants = json!([
        { "method": "password", "isRequired": false }, { "method": "certificate", "isRequired": false },
    ]);
    create_user_with(&server.admin().await, name, json!({ "grantTypes": grants })).await
}

/// How many certificates the server has issued.
async fn issued(server: &Server) -> usize {
    let page = server
        .admin()
        .await
        .get("/api/certificates/issued")
        .await
        .expect(200);
    list(&page.json()["certificates"]).len()
}

async fn a_device_renews_by_its_certificate(engine: Engine) {
    let (site, openssl) = site(engine);
    let server = site.start().await;
    let id = device(&server, NAME).await;
    for key in ["first", "second", "third"] {
        openssl.csr(key, &format!("/CN={NAME}"));
    }
    get(&server, &openssl, ENROL, Proof::Password(NAME), "first").await;
    get(&server, &openssl, RENEW, Proof::Certificate("first"), "second").await;
    get(&server, &openssl, RENEW, Proof::Both(NAME, "first"), "third").await;
    let said = openssl.run("x509 -in second.pem -noout -subject -ext subjectAltName");
    assert!(
        said.contains(NAME) && said.contains(&format!("urn:uuid:{id}")),
        "{said}"
    );
    // The same key may have another certificate.
    openssl.write("again.key", openssl.text("second.key"));
    get(&server, &openssl, RENEW, Proof::Certificate("second"), "again").await;
    assert_ne!(fingerprint(&openssl, "again"), fingerprint(&openssl, "second"));
    for file in ["first", "second", "third", "again"] {
        assert_eq!(
            session(&server, &openssl, file).await,
            200,
            "{file} is valid until its end"
        );
    }

    let path = format!("/api/certificates/issued/{}", fingerprint(&openssl, "second"));
    server.admin().await.delete(path).await.expect(204);
    let csr = openssl.csr("next", &format!("/CN={NAME}"));
    for path in [RENEW, ENROL] {
        let (status, said) = refused(&server, &openssl, path, Proof::Certificate("second"), &csr).await;
        assert_eq!(status, 401, "{said}");
    }
    let (status, said) = refused(&server, &openssl, RENEW, Proof::Both(NAME, "second"), &csr).await;
    assert_eq!(status, 403, "{said}");
    assert_eq!(issued(&server).await, 4);
}

#[tokio::test]
async fn a_device_renews_by_its_certificate_on_sqlite() {
    a_device_renews_by_its_certificate(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_device_renews_by_its_certificate_on_postgres() {
    a_device_renews_by_its_certificate(Engine::Postgres).await;
}

#[tokio::test]
async fn a_device_renews_only_its_own_certificate() {
    let (site, openssl) = site(Engine::Sqlite);
    let server = site.start().await;
    let id = device(&server, NAME).await;
    device(&server, "iot.device.x2").await;
    openssl.csr("first", &format!("/CN={NAME}"));
    get(&server, &openssl, ENROL, Proof::Password(NAME), "first").await;
    for file in ["foreign", "added"] {
        openssl.run(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={NAME} -keyout {file}.key -out {file}.pem"
        ));
    }
    let body = json!({ "fingerprint": fingerprint(&openssl, "added") });
    let path = format!("/api/users/{id}/certificates");
    server.admin().await.post(path, body).await.expect(204);

    let own = openssl.csr("next", &format!("/CN={NAME}"));
    let others = openssl.csr("others", "/CN=iot.device.x2");
    for (proof, csr, status, word) in [
        (Proof::Nothing, &own, 401, "credential"),
        (Proof::Password(NAME), &own, 400, "must show the certificate"),
        (Proof::Certificate("first"), &others, 400, "must be the username"),
        (
            Proof::Both("iot.device.x2", "first"),
            &others,
            403,
            "does not hold",
        ),
        (Proof::Both("iot.device.x2", "first"), &own, 403, "does not hold"),
        (Proof::Certificate("foreign"), &own, 401, "credential"),
        (Proof::Both(NAME, "foreign"), &own, 403, "does not hold"),
        (
            Proof::Certificate("added"),
            &own,
            400,
            "only a certificate that this server issued",
        ),
    ] {
        let (found, said) = refused(&server, &openssl, RENEW, proof, csr).await;
        assert!(
            found == status && said.contains(word),
            "{found}, not {status} {word}: {said}"
        );
    }
    // The key of another device.
    openssl.csr("second", "/CN=iot.device.x2");
    let key = openssl.request("first", "/CN=iot.device.x2");
    let (status, said) = refused(&server, &openssl, ENROL, Proof::Password("iot.device.x2"), &key).await;
    assert!(
        status == 400 && said.contains("belongs to another user"),
        "{said}"
    );
    assert_eq!(issued(&server).await, 1);
}

async fn an_expired_certificate_can_be_renewed_for_a_while(engine: Engine) {
    let (site, openssl) = site(engine);
    let server = site.start().await;
    device(&server, NAME).await;
    for key in ["first", "revoked"] {
        openssl.csr(key, &format!("/CN={NAME}"));
        get(&server, &openssl, ENROL, Proof::Password(NAME), key).await;
    }
    let csr = openssl.csr("second", &format!("/CN={NAME}"));

    // A day after the end.
    let server = server.terminate().await.at("+366d").start().await;
    let path = format!("/api/certificates/issued/{}", fingerprint(&openssl, "revoked"));
    server.admin().await.delete(path).await.expect(204);
    assert_eq!(session(&server, &openssl, "first").await, 401);
    for (path, file) in [(ENROL, "first"), (RENEW, "revoked")] {
        let (status, said) = refused(&server, &openssl, path, Proof::Certificate(file), &csr).await;
        assert_eq!(status, 401, "{path} {file}: {said}");
    }
    get(&server, &openssl, RENEW, Proof::Certificate("first"), "second").await;
    assert_eq!(session(&server, &openssl, "second").await, 200);

    // Without the grace.
    let without = server
        .terminate()
        .await
        .with("MUNIMENT_CERTIFICATE_GRACE_DAYS", "0");
    let server = without.start().await;
    let (status, _) = refused(&server, &openssl, RENEW, Proof::Certificate("first"), &csr).await;
    assert_eq!(status, 401);

    // After the grace.
    let site = server
        .terminate()
        .await
        .without("MUNIMENT_CERTIFICATE_GRACE_DAYS");
    let server = site.at("+396d").start().await;
    for proof in [Proof::Certificate("first"), Proof::Both(NAME, "first")] {
        let (status, said) = refused(&server, &openssl, RENEW, proof, &csr).await;
        assert!([401, 403].contains(&status), "{said}");
    }
    assert_eq!(issued(&server).await, 3);
}

#[tokio::test]
async fn an_expired_certificate_can_be_renewed_for_a_while_on_sqlite() {
    an_expired_certificate_can_be_renewed_for_a_while(Engine::Sqlite).await;
}

#[tokio::test]
async fn an_expired_certificate_can_be_renewed_for_a_while_on_postgres() {
    an_expired_certificate_can_be_renewed_for_a_while(Engine::Postgres).await;
}

#[tokio::test]
async fn a_renewal_revokes_the_certificate_before_it_if_the_settings_say_so() {
    let (site, openssl) = site(Engine::Sqlite);
    let server = site
        .with("MUNIMENT_CERTIFICATE_RENEWAL_REVOKES", "true")
        .start()
        .await;
    device(&server, NAME).await;
    openssl.csr("first", &format!("/CN={NAME}"));
    get(&server, &openssl, ENROL, Proof::Password(NAME), "first").await;
    // The new certificate is for the same key.
    openssl.write("second.key", openssl.text("first.key"));
    get(&server, &openssl, RENEW, Proof::Certificate("first"), "second").await;
    assert_eq!(session(&server, &openssl, "second").await, 200);
    assert_eq!(session(&server, &openssl, "first").await, 401);
    let list = server.anonymous().get("/pki/ca.crl").await.expect(200);
    openssl.write("ca.crl", list.body);
    let said = openssl.run("crl -inform DER -in ca.crl -noout -text");
    assert!(said.contains("Superseded"), "{said}");
}

/// What was proved before a revocation gets no certificate after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_revoked_while_it_enrols_keeps_nothing() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (server, openssl) = (Server::start(engine).await, Openssl::default());
        let admin = server.admin().await;
        let methods = ["password", "token", "certificate"];
        let methods = methods.map(|method| json!({ "method": method, "isRequired": false }));
        for round in 0..12 {
            let name = format!("iot.round.x{round}");
            let id = create_user_with(&admin, &name, json!({ "grantTypes": methods })).await;
            let csr = openssl.csr("device", &format!("/CN={name}"));
            let device = server.anonymous().login(&name, PASSWORD).await;
            let enrolling: Vec<_> = (0..3)
                .map(|_| {
                    let (device, csr) = (device.clone(), csr.clone());
                    tokio::spawn(async move {
                        let enrol = || {
                            let call = device.call(http::Method::POST, ENROL);
                            call.body("application/pkcs10", csr.as_str())
                        };
                        while enrol().await.status == 200 {}
                    })
                })
                .collect();
            // Some certificates come before.
            while list(&get_user(&admin, &id).await["certificates"]).len() <= round / 3 {}
            admin
                .post(format!("/api/users/{id}/revoke"), json!({}))
                .await
                .expect(204);
            for enrols in enrolling {
                enrols.await.expect("no panic");
            }
            let held = get_user(&admin, &id).await["certificates"].clone();
            assert_eq!(held, json!([]), "round {round}");
        }
    }
}

/// A revocation ends the SHA-256 of a certificate. Nobody keeps it alive by its SHA-1.
#[tokio::test]
async fn a_certificate_of_ours_counts_by_its_sha256_alone() {
    let (site, openssl) = site(Engine::Sqlite);
    let server = site.start().await;
    let admin = server.admin().await;
    let grants = json!([{ "method": "certificate", "isRequired": false }]);
    let id = create_user_with(&admin, NAME, json!({ "grantTypes": grants, "password": null })).await;
    let csr = openssl.csr("device", &format!("/CN={NAME}"));
    let body = json!({ "userId": id, "csr": csr });
    let issued = admin
        .post("/api/certificates/issued", body)
        .await
        .expect(201)
        .json();
    openssl.write("device.pem", text(&issued["certificate"]));
    let asked = async || {
        let proof = Proof::Certificate("device");
        ask(&server, &openssl, "/api/session", proof, None).await.0
    };
    assert_eq!(asked().await, 200);
    let printed = openssl.run("x509 -in device.pem -noout -fingerprint -sha1");
    let (_, sha1) = printed.trim().split_once('=').expect("a fingerprint");
    let body = json!({ "fingerprint": sha1.replace(':', "").to_lowercase() });
    admin
        .post(format!("/api/users/{id}/certificates"), body)
        .await
        .expect(204);
    let path = format!("/api/certificates/issued/{}", text(&issued["fingerprint"]));
    admin.delete(path).await.expect(204);
    assert_eq!(asked().await, 401);
}
