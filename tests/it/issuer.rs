//! Issuers that the operator brings: RSA 3072 and P-384. They issue over HTTP, and openssl believes their lists and OCSP answers.

use serde_json::json;

use crate::support::{
    connectware::*,
    openssl::Openssl,
    server::{Engine, Site},
};

const NAME: &str = "iot.device.x1";

/// A root, and an issuer below it in `own.pem` and `own.key`.
fn issuer(openssl: &Openssl, kind: &str) {
    openssl.write(
        "extensions",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
    );
    for name in ["above", "own"] {
        openssl.run(&format!("genpkey -out {name}.key -algorithm {kind}"));
    }
    openssl.run("req -x509 -key above.key -out above.pem -days 900 -subj /O=Example/CN=Root -addext keyUsage=critical,keyCertSign,cRLSign");
    openssl.run("req -new -key own.key -out own.csr -subj /O=Example/OU=Plants/CN=Issuer");
    openssl.run("x509 -req -in own.csr -CA above.pem -CAkey above.key -CAcreateserial -days 800 -extfile extensions -out own.crt");
    openssl.write("own.pem", openssl.text("own.crt") + &openssl.text("above.pem"));
}

async fn an_imported_issuer_is_believed(kind: &str) {
    let openssl = Openssl::default();
    issuer(&openssl, kind);
    let site = Site::new(Engine::Sqlite).with("MUNIMENT_PUBLIC_URL", "https://id.example.com");
    // The first start makes the schema and the administrator.
    let site = site.start().await.terminate().await;
    let (certificates, key) = (openssl.path("own.pem"), openssl.path("own.key"));
    let imported = site
        .run(&["ca", "import", "--certificates", &certificates, "--key", &key])
        .await;
    let said = String::from_utf8_lossy(&imported.stderr);
    assert!(imported.status.success(), "{said}");

    let server = site.start().await;
    let (admin, anonymous) = (server.admin().await, server.anonymous());
    let id = create_user(&admin, NAME).await;
    let body = json!({ "userId": id, "csr": openssl.csr("device", &format!("/CN={NAME}")) });
    let issued = admin
        .post("/api/certificates/issued", body)
        .await
        .expect(201)
        .json();
    openssl.write("device.pem", text(&issued["certificate"]));
    openssl.write("chain.pem", text(&issued["chain"]));
    let fingerprint = text(&issued["fingerprint"]);

    let verified = async || {
        let lists = anonymous.get("/pki/ca.crl.pem").await.expect(200);
        openssl.write("lists.pem", lists.body);
        openssl.tries(
            "verify -x509_strict -CAfile above.pem -untrusted chain.pem -crl_check -extended_crl -CRLfile lists.pem -purpose sslclient device.pem",
        )
    };
    let asked = async || {
        openssl.run("ocsp -issuer own.crt -cert device.pem -reqout request.der");
        let answer = anonymous
            .call(http::Method::POST, "/pki/ocsp")
            .body("application/ocsp-request", openssl.read("request.der"))
            .await
            .expect(200);
        openssl.write("answer.der", answer.body);
        openssl.run("ocsp -issuer own.crt -cert device.pem -respin answer.der -CAfile own.pem -no_nonce")
    };
    let (accepted, said) = verified().await;
    assert!(accepted, "{said}");
    let said = asked().await;
    assert!(
        said.contains("Response verify OK") && said.contains("good"),
        "{said}"
    );
    let path = format!("/api/certificates/issued/{fingerprint}?reason=keyCompromise");
    admin.delete(path).await.expect(204);
    let (accepted, said) = verified().await;
    assert!(!accepted && said.contains("certificate revoked"), "{said}");
    let said = asked().await;
    assert!(
        said.contains("Response verify OK") && said.contains("revoked"),
        "{said}"
    );
}

#[tokio::test]
async fn an_imported_issuer_with_rsa_is_believed() {
    an_imported_issuer_is_believed("RSA -pkeyopt rsa_keygen_bits:3072").await;
}

#[tokio::test]
async fn an_imported_issuer_on_p384_is_believed() {
    an_imported_issuer_is_believed("EC -pkeyopt ec_paramgen_curve:P-384").await;
}
