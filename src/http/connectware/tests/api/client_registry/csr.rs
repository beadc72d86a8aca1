//! Devices that register with a signing request.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::*;
use crate::support::{both_engines, connectware::*, openssl::Openssl, server::Server};

fn device_with(csr: &str) -> Value {
    json!({ "username": "press.7", "csr": csr })
}

/// The certificate in an answer, in PEM.
fn pem(answer: &Value) -> String {
    let bytes = STANDARD.decode(text(&answer["certificate"])).expect("base64");
    String::from_utf8(bytes).expect("PEM")
}

both_engines! {
    async fn a_device_gets_a_certificate_for_its_key(server: Server) {
        let admin = server.admin().await;
        let openssl = Openssl::default();
        let csr = openssl.csr("press", "/CN=press.7");
        register(&admin, device_with(&csr)).await.expect_error(423);
        open(&admin).await;
        register(&admin, device_with(&csr)).await.expect(202);
        assert_eq!(listed(&admin).await[0]["credentialType"], "certificate");
        let made = confirm(&admin, json!({ "username": "press.7" })).await.expect(201).json();
        assert_eq!(made["grantTypes"], json!([{ "method": "certificate", "isRequired": false }]));
        assert_eq!(list(&made["certificates"]).len(), 1, "{made}");
        close(&admin).await;
        let answer = register(&admin, device_with(&csr)).await.expect(201).json();
        assert_eq!(answer.as_object().expect("an object").len(), 1, "{answer}");
        openssl.write("press.pem", pem(&answer));
        let subject = openssl.run("x509 -in press.pem -noout -subject -ext extendedKeyUsage");
        assert!(subject.contains("press.7") && subject.contains("Client Authentication"), "{subject}");
        openssl.run("x509 -in press.pem -noout -pubkey -out of-certificate.pub");
        openssl.run("pkey -in press.key -pubout -out of-key.pub");
        assert_eq!(openssl.text("of-certificate.pub"), openssl.text("of-key.pub"));
        // Another request for the same key is the same credential, and gets the same certificate.
        let again = openssl.request("press", "/CN=press.7");
        assert_ne!(again, csr);
        assert_eq!(register(&admin, device_with(&again)).await.expect(201).json(), answer);
    }

    async fn another_key_or_a_password_learns_nothing(server: Server) {
        let admin = server.admin().await;
        let openssl = Openssl::default();
        let csr = openssl.csr("press", "/CN=press.7");
        let other = openssl.csr("other", "/CN=press.7");
        open(&admin).await;
        register(&admin, device_with(&csr)).await.expect(202);
        for _ in 0..2 {
            register(&admin, device_with(&other)).await.expect_error(409);
            register(&admin, device("press.7", json!({}))).await.expect_error(409);
            let _ = confirm(&admin, json!({ "username": "press.7" })).await;
        }
        register(&admin, device_with(&csr)).await.expect(201);
        // A device with a password is not asked by a request either.
        register(&admin, device("press.8", json!({}))).await.expect(202);
        let of_other = openssl.request("other", "/CN=press.8");
        register(&admin, json!({ "username": "press.8", "csr": of_other })).await.expect_error(409);
    }

    async fn a_revoked_device_gets_no_certificate_again(server: Server) {
        let admin = server.admin().await;
        let openssl = Openssl::default();
        let csr = openssl.csr("press", "/CN=press.7");
        open(&admin).await;
        register(&admin, device_with(&csr)).await.expect(202);
        let made = confirm(&admin, json!({ "username": "press.7" })).await.expect(201).json();
        register(&admin, device_with(&csr)).await.expect(201);
        admin.post(format!("/api/users/{}/revoke", id_of(&made)), json!({})).await.expect(204);
        register(&admin, device_with(&csr)).await.expect_error(409);
        let issued = admin.get("/api/certificates/issued").await.expect(200).text();
        assert!(issued.contains("revokedOn") && !issued.contains(r#""revokedOn":null"#), "{issued}");
    }

    async fn a_request_that_is_none_is_refused_and_stores_nothing(server: Server) {
        let admin = server.admin().await;
        let openssl = Openssl::default();
        let good = openssl.csr("press", "/CN=press.7");
        let of_another = openssl.request("press", "/CN=press.8");
        let twice = openssl.request("press", "/CN=press.7/CN=press.7");
        let nobody = openssl.request("press", "/O=press");
        let pem = String::from_utf8(STANDARD.decode(&good).expect("base64")).expect("PEM");
        let cut: String = good.chars().take(good.len() / 2).collect();
        open(&admin).await;
        for wrong in [
            String::new(),
            "rubbish".to_owned(),
            "!!!".to_owned(),
            STANDARD.encode("rubbish"),
            cut,
            STANDARD.encode(pem.replace("CERTIFICATE REQUEST", "CERTIFICATE")),
            "A".repeat(7_000),
            "A".repeat(100_000),
            of_another,
            twice,
            nobody,
        ] {
            let refused = register(&admin, device_with(&wrong)).await.expect_error(400);
            // The whole body may be too long, too.
            assert!(refused.message.matches("csr: ").count() <= 1, "{refused:?}");
        }
        let both = json!({ "username": "press.7", "csr": good, "password": PASSWORD });
        register(&admin, both).await.expect_error(400);
        assert_eq!(listed(&admin).await, json!([]));
    }
}
