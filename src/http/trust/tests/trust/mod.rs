//! `/pki`: what openssl, as a relying party, makes of it.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::support::{both_engines, client::Client, connectware::*, openssl::Openssl, server::Server};

/// A certificate of a device, in `device.pem`.
pub(crate) struct Issued {
    pub(crate) fingerprint: String,
    /// A time at which it is valid, in seconds.
    now: i64,
}

/// Makes a user, and issues a certificate to them.
pub(crate) async fn issue(openssl: &Openssl, admin: &Client, name: &str) -> Issued {
    let id = create_user(admin, name).await;
    let body = json!({ "userId": id, "csr": openssl.csr("device", &format!("/CN={name}")) });
    let issued = admin
        .post("/api/certificates/issued", body)
        .await
        .expect(201)
        .json();
    openssl.write("device.pem", text(&issued["certificate"]));
    openssl.write("chain.pem", text(&issued["chain"]));
    let page = admin
        .get(format!("/api/certificates/issued?user={id}"))
        .await
        .expect(200)
        .json();
    let issued_on = page["certificates"][0]["issuedOn"]
        .as_i64()
        .expect("milliseconds");
    Issued {
        fingerprint: text(&issued["fingerprint"]).to_owned(),
        now: issued_on / 1_000 + 360,
    }
}

/// Stores a file of `/pki` under its own name.
async fn fetch(openssl: &Openssl, client: &Client, path: &str, content_type: &str) {
    let answer = client.get(path).await.expect(200);
    assert_eq!(answer.content_type(), content_type, "{path}");
    assert!(answer.header("cache-control").contains("max-age=0"));
    openssl.write(path.rsplit('/').next().expect("a name"), answer.body);
}

/// The number of the current list, which is in `ca.crl` afterwards.
pub(crate) async fn number_of(openssl: &Openssl, client: &Client) -> u64 {
    fetch(openssl, client, "/pki/ca.crl", "application/pkix-crl").await;
    let text = openssl.run("crl -inform DER -in ca.crl -noout -crlnumber");
    let digits = text.trim().rsplit("0x").next().expect("a number");
    u64::from_str_radix(digits, 16).expect("a number")
}

/// What openssl says about the device, by the lists in this file. The key of each issuer has a list.
fn verified(openssl: &Openssl, issued: &Issued, lists: &str) -> (bool, String) {
    openssl.tries(&format!(
        "verify -x509_strict -attime {} -CAfile ca.pem -untrusted ca.pem -crl_check_all -extended_crl -CRLfile {lists} -purpose sslclient device.pem",
        issued.now
    ))
}

/// The issuer's key, in the words of the path.
fn key_id(openssl: &Openssl) -> String {
    let text = openssl.run("x509 -in device.pem -noout -ext authorityKeyIdentifier");
    let line = text.lines().last().expect("a line").trim();
    line.trim_start_matches("keyid:").replace(':', "").to_lowercase()
}

both_engines! {
    async fn reading_does_not_make_the_authority(server: Server) {
        let anonymous = server.anonymous();
        for path in ["ca.pem", "ca.crl", "ca.crl.pem", "ab.crl", "ab.crt", "ab/7.crl"] {
            let refused = anonymous.get(format!("/pki/{path}")).await.expect_error(404);
            assert_eq!(refused.code, "not_found", "{path}");
        }
        let listed = server.admin().await.get("/api/certificates").await.expect(200).json();
        assert_eq!(list(&listed).len(), 0, "{listed}");
    }

    async fn openssl_accepts_a_certificate_until_it_is_revoked(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let issued = issue(&openssl, &admin, "iot.device.x1").await;
        let anonymous = server.anonymous();
        fetch(&openssl, &anonymous, "/pki/ca.pem", "application/x-pem-file").await;
        fetch(&openssl, &anonymous, "/pki/ca.crl.pem", "application/x-pem-file").await;
        let (accepted, said) = verified(&openssl, &issued, "ca.crl.pem");
        assert!(accepted, "{said}");
        let before = number_of(&openssl, &anonymous).await;
        let path = format!("/api/certificates/issued/{}?reason=keyCompromise", issued.fingerprint);
        admin.delete(path).await.expect(204);
        fetch(&openssl, &anonymous, "/pki/ca.crl.pem", "application/x-pem-file").await;
        let (accepted, said) = verified(&openssl, &issued, "ca.crl.pem");
        assert!(!accepted && said.contains("certificate revoked"), "{said}");
        assert!(number_of(&openssl, &anonymous).await > before);
        let text = openssl.run("crl -inform DER -in ca.crl -noout -text");
        assert!(text.contains("Key Compromise"), "{text}");
    }

    async fn each_issuer_has_its_list_and_its_partitions(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let issued = issue(&openssl, &admin, "iot.device.x1").await;
        let anonymous = server.anonymous();
        admin.delete(format!("/api/certificates/issued/{}", issued.fingerprint)).await.expect(204);
        let key = key_id(&openssl);
        for path in [format!("/pki/{key}.crl"), format!("/pki/{key}/0.crl"), format!("/pki/{key}/255.crl")] {
            fetch(&openssl, &anonymous, &path, "application/pkix-crl").await;
        }
        let serial = openssl.run("x509 -in device.pem -noout -serial").trim().to_owned();
        let partition = u8::from_str_radix(&serial[serial.len() - 2..], 16).expect("digits");
        let list = anonymous.get(format!("/pki/{key}/{partition}.crl")).await.expect(200);
        openssl.write("partition.crl", list.body);
        let text = openssl.run("crl -inform DER -in partition.crl -noout -text");
        assert_eq!(text.matches("Serial Number:").count(), 1, "{text}");
        assert!(text.contains("Issuing Distribution Point: critical"), "{text}");
        let other = anonymous.get(format!("/pki/{key}/{}.crl", partition.wrapping_add(1))).await.expect(200);
        openssl.write("other.crl", other.body);
        assert!(!openssl.run("crl -inform DER -in other.crl -noout -text").contains("Serial Number:"));
        let certificate = anonymous.get(format!("/pki/{key}.crt")).await.expect(200);
        assert_eq!(certificate.content_type(), "application/pkix-cert");
        openssl.write("issuer.der", certificate.body);
        openssl.run("x509 -inform DER -in issuer.der -noout");
        for path in ["/pki/ab.crl", "/pki/zz.crl", "/pki/ab.crt", "/pki/ab", "/pki/ab/7.crl"] {
            anonymous.get(path).await.expect_error(404);
        }
        for partition in ["256.crl", "-1.crl", "x.crl", "7"] {
            anonymous.get(format!("/pki/{key}/{partition}")).await.expect_error(404);
        }
    }

    async fn ocsp_says_what_is_revoked(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let issued = issue(&openssl, &admin, "iot.device.x1").await;
        let anonymous = server.anonymous();
        fetch(&openssl, &anonymous, "/pki/ca.pem", "application/x-pem-file").await;
        let ask = async |options: &str, word: &str| {
            openssl.run(&format!("ocsp -issuer chain.pem {options} -reqout request.der"));
            let request = openssl.read("request.der");
            let in_path = STANDARD.encode(&request).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
            for answer in [
                anonymous.get(format!("/pki/ocsp/{in_path}")).await.expect(200),
                anonymous
                    .call(http::Method::POST, "/pki/ocsp")
                    .body("application/ocsp-request", request)
                    .await
                    .expect(200),
            ] {
                assert_eq!(answer.content_type(), "application/ocsp-response");
                openssl.write("answer.der", answer.body);
                let said = openssl.run("ocsp -reqin request.der -respin answer.der -CAfile ca.pem -verify_other chain.pem");
                assert!(said.contains("Response verify OK"), "{said}");
                let said = openssl.run(&format!("ocsp -no_nonce -issuer chain.pem {options} -respin answer.der -CAfile ca.pem -verify_other chain.pem"));
                assert!(said.contains(word), "{said}");
            }
        };
        ask("-cert device.pem", "good").await;
        ask("-serial 0x4141414141414141414141414141414141414141", "unknown").await;
        ask("-serial 7", "unknown").await;
        admin
            .delete(format!("/api/certificates/issued/{}?reason=superseded", issued.fingerprint))
            .await
            .expect(204);
        ask("-cert device.pem", "revoked").await;
    }

    async fn the_base64_of_an_ocsp_request_may_have_slashes_as_they_are(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        issue(&openssl, &admin, "iot.device.x1").await;
        fetch(&openssl, &server.anonymous(), "/pki/ca.pem", "application/x-pem-file").await;
        let mut seen = String::new();
        // Some of them have `//` or `+`, or end with `/`.
        for serial in ["7fffffffff", "7fffffffffff", "7fffffffffffff", "7fbefbefbe", "7ffbefbefbe", "7fefbefbefbefb"] {
            openssl.run(&format!("ocsp -issuer chain.pem -serial 0x{serial} -no_nonce -reqout request.der"));
            let in_path = STANDARD.encode(openssl.read("request.der"));
            let answer = server.anonymous().get(format!("/pki/ocsp/{in_path}")).await.expect(200);
            assert_eq!(answer.content_type(), "application/ocsp-response");
            openssl.write("answer.der", answer.body);
            let said = openssl.run("ocsp -reqin request.der -respin answer.der -CAfile ca.pem -verify_other chain.pem");
            assert!(said.contains("Response verify OK"), "{in_path}: {said}");
            seen.push_str(&in_path);
            seen.push(' ');
        }
        assert!(seen.contains("//") && seen.contains('+') && seen.contains("/ "), "{seen}");
    }

    async fn what_is_no_ocsp_request_gets_an_answer_that_says_so(server: Server) {
        let (openssl, anonymous) = (Openssl::default(), server.anonymous());
        for bytes in [&b""[..], b"hello", &[0x30, 0x80], &[0x30; 1000]] {
            let answer = anonymous
                .call(http::Method::POST, "/pki/ocsp")
                .body("application/ocsp-request", bytes)
                .await
                .expect(200);
            openssl.write("answer.der", answer.body);
            let (_, said) = openssl.tries("ocsp -respin answer.der -noverify");
            assert!(said.contains("malformedrequest"), "{said}");
        }
        let answer = anonymous.get("/pki/ocsp/hello").await.expect(200);
        openssl.write("answer.der", answer.body);
        let (_, said) = openssl.tries("ocsp -respin answer.der -noverify");
        assert!(said.contains("malformedrequest"), "{said}");
        anonymous
            .call(http::Method::POST, "/pki/ocsp")
            .body("application/ocsp-request", vec![0x30; 100_000])
            .await
            .expect_error(413);
    }

    async fn a_foreign_issuer_is_not_answered_for(server: Server) {
        let (openssl, anonymous) = (Openssl::default(), server.anonymous());
        openssl.csr("foreign", "/CN=foreign");
        openssl.run("req -x509 -key foreign.key -in foreign.csr -out foreign.pem -days 10");
        openssl.run("ocsp -issuer foreign.pem -cert foreign.pem -reqout request.der");
        let answer = anonymous
            .call(http::Method::POST, "/pki/ocsp")
            .body("application/ocsp-request", openssl.read("request.der"))
            .await
            .expect(200);
        openssl.write("answer.der", answer.body);
        let (_, said) = openssl.tries("ocsp -respin answer.der -noverify");
        assert!(said.contains("unauthorized"), "{said}");
    }
}
