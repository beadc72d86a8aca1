//! `/api/certificates`

use serde_json::{Value, json};

use crate::support::{
    both_engines,
    client::{Client, assert_keys},
    connectware::*,
    openssl::Openssl,
    server::Server,
};

const NAME: &str = "iot.device.x1";

async fn ask(admin: &Client, user: &str, csr: &str) -> crate::support::client::Response {
    admin
        .post("/api/certificates/issued", json!({ "userId": user, "csr": csr }))
        .await
}

async fn issued(admin: &Client, query: &str) -> Value {
    admin
        .get(format!("/api/certificates/issued{query}"))
        .await
        .expect(200)
        .json()
}

/// The certificate of an authority of somebody else, in PEM.
fn foreign(openssl: &Openssl, name: &str) -> String {
    openssl.csr(name, &format!("/O=Acme/OU=East/CN={name}"));
    openssl.run(&format!(
        "req -x509 -key {name}.key -in {name}.csr -out {name}.pem -days 10"
    ));
    openssl.text(&format!("{name}.pem"))
}

both_engines! {
    async fn the_authorities_of_this_server_are_listed_and_stay(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let listed = admin.get("/api/certificates").await.expect(200).json();
        assert_eq!(list(&listed).len(), 0, "reading does not make the authority: {listed}");
        let user = create_user(&admin, "iot.device.x1").await;
        let body = json!({ "userId": user, "csr": openssl.csr("device", "/CN=iot.device.x1") });
        admin.post("/api/certificates/issued", body).await.expect(201);
        let listed = admin.get("/api/certificates").await.expect(200).json();
        assert_eq!(list(&listed).len(), 2, "{listed}");
        for certificate in list(&listed) {
            assert_keys(certificate, &[
                "id", "issuedBy", "issuedTo", "keyUsage", "extendedKeyUsage", "basicConstraints", "issuedOn", "expiresOn",
                "fingerprints", "removable",
            ]);
            assert_keys(&certificate["issuedBy"], &["commonName", "organization", "organizationalUnit"]);
            assert_keys(
                &certificate["issuedTo"],
                &["commonName", "organization", "organizationalUnit", "alternativeNames"],
            );
            assert_keys(&certificate["basicConstraints"], &["isCA", "pathLength"]);
            assert_keys(&certificate["fingerprints"], &["sha1", "sha256"]);
            assert_eq!(certificate["removable"], false);
            assert_eq!(certificate["basicConstraints"]["isCA"], true);
            let id = text(&certificate["id"]);
            assert_eq!(id, text(&certificate["fingerprints"]["sha256"]));
            admin.delete(format!("/api/certificates?id={id}")).await.expect_error(409);
            let pem = admin.get(format!("/api/certificates/content?id={id}")).await.expect(200);
            assert!(pem.text().starts_with("-----BEGIN CERTIFICATE-----"));
            assert!(pem.content_type().starts_with("text/plain"));
        }
        let again = admin.get("/api/certificates").await.expect(200).json();
        assert_eq!(again, listed, "the authority is made once");
    }

    async fn authorities_are_uploaded_and_deleted(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let both = json!(format!("{}{}", foreign(&openssl, "one"), foreign(&openssl, "two")));
        let uploaded = admin.post("/api/certificates", both.clone()).await.expect(200).json();
        assert_eq!(list(&uploaded).len(), 2);
        assert_eq!(uploaded[0]["issuedTo"]["commonName"], "one");
        assert_eq!(uploaded[0]["issuedTo"]["organization"], "Acme");
        assert_eq!(uploaded[0]["issuedBy"]["organizationalUnit"], "East");
        assert_eq!(uploaded[0]["removable"], true);
        admin.post("/api/certificates", both).await.expect(200);
        let listed = admin.get("/api/certificates").await.expect(200).json();
        assert_eq!(list(&listed).len(), 4, "the same certificate is there once");
        let id = text(&uploaded[0]["id"]);
        let content = admin.get(format!("/api/certificates/content?id={id}")).await.expect(200);
        assert_eq!(content.text(), openssl.text("one.pem"));
        admin.delete(format!("/api/certificates?id={id}")).await.expect(204);
        admin.delete(format!("/api/certificates?id={id}")).await.expect_error(404);
        admin.get(format!("/api/certificates/content?id={id}")).await.expect_error(404);
        assert_eq!(list(&admin.get("/api/certificates").await.expect(200).json()).len(), 3);
    }

    async fn what_is_no_authority_is_not_uploaded(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let ca = foreign(&openssl, "one");
        openssl.run("req -x509 -key one.key -in one.csr -out leaf.pem -days 10 -addext basicConstraints=CA:FALSE");
        let cut = ca.get(..200).expect("a part").to_owned();
        for wrong in [
            json!(""),
            json!("text"),
            json!(cut),
            json!(openssl.text("one.key")),
            json!(openssl.text("leaf.pem")),
            json!(format!("{ca}-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")),
            json!([ca]),
            json!({ "certificate": ca }),
            json!(7),
            json!(null),
        ] {
            admin.post("/api/certificates", wrong).await.expect_error(400);
        }
        assert_eq!(list(&admin.get("/api/certificates").await.expect(200).json()).len(), 0);
        for id in ["", "?id=", "?id=x", "?id=ab&id=ab", "?name=x"] {
            admin.get(format!("/api/certificates/content{id}")).await.expect_error(400);
            admin.delete(format!("/api/certificates{id}")).await.expect_error(400);
        }
    }

    async fn an_issued_certificate_is_held_by_its_user(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let user = create_user(&admin, NAME).await;
        let answer = ask(&admin, &user, &openssl.csr("a", "/CN=iot.device.x1")).await.expect(201);
        let certificate = answer.json();
        assert_keys(&certificate, &["certificate", "chain", "fingerprint", "shortened"]);
        let fingerprint = text(&certificate["fingerprint"]);
        let found = get_user(&admin, &user).await;
        assert_eq!(all(&found["certificates"], "fingerprint"), [fingerprint]);
        let page = issued(&admin, "").await;
        assert_keys(&page, &["certificates", "pagination"]);
        assert_pagination(&page["pagination"], 1, 100, 1);
        let row = &page["certificates"][0];
        assert_keys(row, &[
            "fingerprint", "userId", "serialNumber", "issuer", "issuedOn", "expiresOn", "revokedOn", "reason",
        ]);
        assert_eq!(row["fingerprint"], fingerprint);
        assert_eq!(row["userId"], user);
        assert_eq!(row["revokedOn"], json!(null));
        let content = admin.get(format!("/api/certificates/content?id={fingerprint}")).await.expect(200);
        assert_eq!(content.text(), text(&certificate["certificate"]));
        for (query, number) in [
            (format!("?user={user}"), 1),
            (format!("?user={NOBODY}"), 0),
            ("?expiring=366".to_owned(), 1),
            ("?expiring=364".to_owned(), 0),
            (format!("?expiring=366&user={user}"), 1),
            (format!("?expiring=30&user={user}"), 0),
        ] {
            assert_eq!(list(&issued(&admin, &query).await["certificates"]).len(), number, "{query}");
        }
        for query in ["?expiring=0", "?expiring=x", "?user=ada", "?expiring=36501", "?colour=red"] {
            admin.get(format!("/api/certificates/issued{query}")).await.expect_error(400);
        }
    }

    async fn a_revoked_certificate_does_not_come_back(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let user = create_user(&admin, NAME).await;
        let certificate = ask(&admin, &user, &openssl.csr("a", "/CN=iot.device.x1")).await.expect(201).json();
        let fingerprint = text(&certificate["fingerprint"]);
        let path = format!("/api/certificates/issued/{fingerprint}");
        admin.delete(format!("{path}?reason=boredom")).await.expect_error(400);
        admin.delete(format!("{path}?reason=superseded")).await.expect(204);
        admin.delete(&path).await.expect_error(409);
        let row = issued(&admin, "").await["certificates"][0].clone();
        assert!(row["revokedOn"].is_i64(), "{row}");
        assert_eq!(row["reason"], "superseded");
        assert_eq!(get_user(&admin, &user).await["certificates"], json!([]));
        assert_eq!(list(&issued(&admin, "?expiring=366").await["certificates"]).len(), 0);
        let other = create_user(&admin, "grace").await;
        for id in [&user, &other] {
            let body = json!({ "fingerprint": fingerprint });
            admin.post(format!("/api/users/{id}/certificates"), body).await.expect_error(409);
        }
        admin.delete(format!("/api/certificates/issued/{}", "ab".repeat(32))).await.expect_error(404);
        admin.delete("/api/certificates/issued/x").await.expect_error(400);
    }

    async fn a_certificate_that_its_user_loses_is_revoked(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let user = create_user(&admin, NAME).await;
        let certificate = ask(&admin, &user, &openssl.csr("a", "/CN=iot.device.x1")).await.expect(201).json();
        let body = json!({ "fingerprint": certificate["fingerprint"] });
        admin.delete_with_body(format!("/api/users/{user}/certificates"), body.clone()).await.expect(204);
        assert!(issued(&admin, "").await["certificates"][0]["revokedOn"].is_i64());
        admin.post(format!("/api/users/{user}/certificates"), body).await.expect_error(409);
        ask(&admin, &user, &openssl.request("a", "/CN=iot.device.x1")).await.expect(201);
        admin.delete(format!("/api/users/{user}")).await.expect(204);
        let rows = issued(&admin, &format!("?user={user}")).await;
        assert_eq!(list(&rows["certificates"]).len(), 2);
        assert_eq!(rows["certificates"][1]["reason"], "cessationOfOperation");
    }

    /// A broker takes the name from the certificate.
    async fn a_user_whom_a_certificate_names_is_not_renamed(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let user = create_user(&admin, NAME).await;
        let fingerprints = async |name: &str| {
            let made = ask(&admin, &user, &openssl.csr(name, &format!("/CN={NAME}"))).await.expect(201).json();
            text(&made["fingerprint"]).to_owned()
        };
        let path = format!("/api/users/{user}");
        let held = [fingerprints("one").await, fingerprints("two").await];
        for fingerprint in held {
            let refused = admin.put(&path, json!({ "username": "another" })).await.expect_error(409);
            assert_eq!(refused.code, "certificates_name_user");
            // All else may change.
            admin.put(&path, json!({ "username": NAME, "mqttPublishPrefix": "site" })).await.expect(200);
            admin.delete(format!("/api/certificates/issued/{fingerprint}?reason=superseded")).await.expect(204);
        }
        admin.put(&path, json!({ "username": "another" })).await.expect(200);
        ask(&admin, &user, &openssl.csr("three", "/CN=another")).await.expect(201);
    }

    async fn a_key_belongs_to_one_user(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let user = create_user(&admin, NAME).await;
        let other = create_user(&admin, "iot.device.x2").await;
        let csr = openssl.csr("a", "/CN=iot.device.x1");
        ask(&admin, &user, &csr).await.expect(201);
        ask(&admin, &user, &csr).await.expect(201);
        let of_other = openssl.request("a", "/CN=iot.device.x2");
        let refused = ask(&admin, &other, &of_other).await.expect_error(400);
        assert!(refused.message.contains("another user"), "{refused:?}");
        admin.delete(format!("/api/users/{user}")).await.expect(204);
        ask(&admin, &other, &of_other).await.expect(201);
    }

    async fn a_request_that_proves_nothing_is_refused(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let user = create_user(&admin, NAME).await;
        let good = openssl.csr("a", "/CN=iot.device.x1");
        let long = "A".repeat(100_000);
        let another = openssl.request("a", "/CN=iot.device.x2");
        let cut = good.get(..100).expect("a part").to_owned();
        for (csr, word) in [
            ("", "empty"),
            ("text!", "base64"),
            (cut.as_str(), "PEM"),
            (long.as_str(), "16 KiB"),
            (another.as_str(), "must be the username"),
        ] {
            let refused = ask(&admin, &user, csr).await.expect_error(400);
            assert!(refused.message.starts_with("csr: ") && refused.message.contains(word), "{refused:?}");
        }
        ask(&admin, NOBODY, &good).await.expect_error(404);
        ask(&admin, "ada", &good).await.expect_error(400);
        assert_eq!(list(&issued(&admin, "").await["certificates"]).len(), 0, "nothing is stored");
        let long_name = "a".repeat(65);
        let named = create_user(&admin, &long_name).await;
        let (made, _) = openssl.tries(&format!("req -new -key a.key -out a.csr -subj /CN={long_name}"));
        assert!(!made, "openssl makes no such request");
        ask(&admin, &named, &good).await.expect_error(400);
    }
}
