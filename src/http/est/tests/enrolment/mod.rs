//! `/.well-known/est`

use serde_json::json;

use crate::support::{
    both_engines,
    client::{Client, Response},
    connectware::*,
    openssl::Openssl,
    server::Server,
};

const NAME: &str = "iot.device.x1";
const ENROL: &str = "/.well-known/est/simpleenroll";

/// The base64 of a request in DER, as EST wants it.
fn request(openssl: &Openssl, subject: &str) -> String {
    openssl.csr("device", subject);
    openssl.run("req -in device.csr -outform DER -out device.der");
    openssl.run("base64 -in device.der -out device.b64");
    openssl.text("device.b64")
}

async fn enrol(device: &Client, body: &str) -> Response {
    device
        .call(http::Method::POST, ENROL)
        .body("application/pkcs10", body)
        .await
}

/// The certificates of an answer, in `NAME.pem`.
fn certificates(openssl: &Openssl, answer: &Response, name: &str) -> String {
    assert!(
        answer.content_type().starts_with("application/pkcs7-mime"),
        "{answer:?}"
    );
    assert_eq!(answer.header("content-transfer-encoding"), "base64");
    assert!(!answer.text().contains('\n'), "one line");
    openssl.write("answer.b64", answer.text());
    openssl.run("base64 -d -A -in answer.b64 -out answer.der");
    let pem = openssl.run("pkcs7 -inform DER -in answer.der -print_certs");
    openssl.write(&format!("{name}.pem"), &pem);
    pem
}

both_engines! {
    async fn a_device_enrols_with_its_password(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let id = create_user(&admin, NAME).await;
        server.anonymous().get("/.well-known/est/cacerts").await.expect_error(404);
        let device = server.anonymous().basic(NAME, PASSWORD);
        let answer = enrol(&device, &request(&openssl, "/CN=iot.device.x1")).await.expect(200);
        let pem = certificates(&openssl, &answer, "device");
        assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), 1, "{pem}");
        assert_eq!(list(&get_user(&admin, &id).await["certificates"]).len(), 1);
        let authorities = server.anonymous().get("/.well-known/est/cacerts").await.expect(200);
        let pem = certificates(&openssl, &authorities, "ca");
        assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), 2, "{pem}");
        let armoured = openssl.text("device.csr");
        enrol(&device, &armoured).await.expect(200);
        assert_eq!(list(&get_user(&admin, &id).await["certificates"]).len(), 2);
    }

    async fn only_the_device_itself_enrols(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        create_user(&admin, NAME).await;
        create_user(&admin, "iot.device.x2").await;
        let csr = request(&openssl, "/CN=iot.device.x1");
        let refused = enrol(&server.anonymous(), &csr).await;
        refused.expect_error(401);
        assert!(refused.header("www-authenticate").starts_with("Basic"), "{refused:?}");
        enrol(&server.anonymous().basic(NAME, "wrong"), &csr).await.expect_error(401);
        let other = server.anonymous().basic("iot.device.x2", PASSWORD);
        let refused = enrol(&other, &csr).await.expect_error(400);
        assert!(refused.message.contains("must be the username"), "{refused:?}");
        let issued = admin.get("/api/certificates/issued").await.expect(200).json();
        assert_eq!(issued["certificates"], json!([]));
    }

    async fn what_is_no_request_is_refused(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, NAME).await;
        let device = server.anonymous().basic(NAME, PASSWORD);
        for body in ["", "text!", "aGVsbG8="] {
            enrol(&device, body).await.expect_error(400);
        }
        enrol(&device, &"A".repeat(100_000)).await.expect_error(413);
    }

    async fn no_key_is_made_for_others(server: Server) {
        let keys = "/.well-known/est/serverkeygen";
        let refused = server.anonymous().call(http::Method::POST, keys).await.expect_error(404);
        assert_eq!(refused.code, "not_supported");
        assert!(refused.message.contains("makes no keys"), "{refused:?}");
    }

    async fn a_request_needs_no_attributes(server: Server) {
        server.anonymous().get("/.well-known/est/csrattrs").await.expect(204);
    }

    async fn only_a_certificate_can_be_renewed(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        create_user(&admin, NAME).await;
        let csr = request(&openssl, "/CN=iot.device.x1");
        let renew = async |device: &Client| {
            device
                .call(http::Method::POST, "/.well-known/est/simplereenroll")
                .body("application/pkcs10", csr.as_str())
                .await
        };
        renew(&server.anonymous()).await.expect_error(401);
        renew(&server.anonymous().basic(NAME, "wrong")).await.expect_error(401);
        let refused = renew(&server.anonymous().basic(NAME, PASSWORD)).await.expect_error(400);
        assert!(refused.message.contains("must show the certificate"), "{refused:?}");
    }
}
