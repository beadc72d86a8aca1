//! `muniment ca`: the certificate authority on the command line, and openssl as the one who must believe it.

use std::process::Output;

use crate::support::{
    both_engines,
    client::Client,
    connectware::*,
    openssl::Openssl,
    server::{Engine, Server, Site},
};

const NAME: &str = "iot.device.x1";

#[track_caller]
fn succeeded(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

#[track_caller]
fn failed(output: &Output) -> String {
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    said
}

async fn ca(site: &Site, arguments: &[&str]) -> Output {
    site.run(&[&["ca"], arguments].concat()).await
}

/// Issues a certificate to the device, in `FILE.pem`.
async fn issue(site: &Site, openssl: &Openssl, file: &str) {
    openssl.csr(file, &format!("/CN={NAME}"));
    let csr = openssl.path(&format!("{file}.csr"));
    let issued = ca(site, &["issue", "--user", NAME, "--csr", &csr]).await;
    openssl.write(&format!("{file}.pem"), succeeded(&issued));
}

/// Whether openssl accepts a certificate by the lists that `ca crl` prints now.
async fn accepts(site: &Site, openssl: &Openssl, root: &str, file: &str) -> (bool, String) {
    openssl.write("list.pem", succeeded(&ca(site, &["crl"]).await));
    openssl.tries(&format!(
        "verify -CAfile {root}.pem -untrusted {file}.pem -crl_check -extended_crl -CRLfile list.pem -purpose sslclient {file}.pem"
    ))
}

/// The last certificate of a file, in a file of its own: the root.
fn root_of(openssl: &Openssl, file: &str) {
    let pem = openssl.text(&format!("{file}.pem"));
    let begin = pem.rfind("-----BEGIN").expect("a certificate");
    openssl.write("root.pem", &pem.as_bytes()[begin..]);
}

both_engines! {
    async fn issuers_roll_over_and_certificates_are_revoked(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        create_user(&admin, NAME).await;
        let site = server.terminate().await;
        let shown = succeeded(&ca(&site, &["show"]).await);
        assert_eq!(shown.lines().count(), 2, "{shown}");
        assert_eq!(succeeded(&ca(&site, &["show"]).await), shown, "the authority is made once");
        issue(&site, &openssl, "old").await;
        root_of(&openssl, "old");
        let (accepted, said) = accepts(&site, &openssl, "root", "old").await;
        assert!(accepted, "{said}");
        succeeded(&ca(&site, &["rollover"]).await);
        let shown = succeeded(&ca(&site, &["show"]).await);
        assert_eq!(shown.matches("issuing, current").count(), 1, "{shown}");
        assert_eq!(shown.matches("issuing, earlier").count(), 1, "{shown}");
        issue(&site, &openssl, "new").await;
        for file in ["old", "new"] {
            let (accepted, said) = accepts(&site, &openssl, "root", file).await;
            assert!(accepted, "{file}: {said}");
        }
        let issuers = ["old", "new"].map(|file| openssl.run(&format!("x509 -in {file}.pem -noout -ext authorityKeyIdentifier")));
        assert_ne!(issuers[0], issuers[1]);
        let fingerprint = openssl.run("x509 -in old.pem -noout -fingerprint -sha256");
        succeeded(&ca(&site, &["revoke", fingerprint.trim(), "--reason", "superseded"]).await);
        let (accepted, said) = accepts(&site, &openssl, "root", "old").await;
        assert!(!accepted && said.contains("certificate revoked"), "{said}");
        let (accepted, said) = accepts(&site, &openssl, "root", "new").await;
        assert!(accepted, "{said}");
        failed(&ca(&site, &["revoke", fingerprint.trim()]).await);
    }

    async fn a_doctor_says_when_the_authority_expires(server: Server) {
        let site = server.terminate().await;
        let doctor = async |site: &Site| site.run(&["doctor"]).await;
        assert!(!succeeded(&doctor(&site).await).contains("authority"), "there is none");
        succeeded(&ca(&site, &["show"]).await);
        let said = succeeded(&doctor(&site).await);
        assert!(said.contains("authority: issuer ") && said.contains(" expires "), "{said}");
        // An issuer is valid for five years.
        let said = failed(&doctor(&site.with("MUNIMENT_CERTIFICATE_DAYS", "1826")).await);
        assert!(said.contains("in less than 1826 days"), "{said}");
    }

    async fn an_operator_brings_an_issuer(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        create_user(&admin, NAME).await;
        let site = server.terminate().await;
        openssl.csr("own", "/C=DE/O=Acme/OU=East/OU=West/CN=Acme");
        openssl.run("req -x509 -key own.key -in own.csr -out own.pem -days 10 -addext keyUsage=critical,keyCertSign,cRLSign");
        let (certificate, key) = (openssl.path("own.pem"), openssl.path("own.key"));
        let import = ["import", "--certificates", &certificate, "--key", &key];
        succeeded(&ca(&site, &import).await);
        let said = failed(&ca(&site, &import).await);
        assert!(said.contains("already"), "{said}");
        issue(&site, &openssl, "device").await;
        let (accepted, said) = accepts(&site, &openssl, "own", "device").await;
        assert!(accepted, "{said}");
        // Devices and brokers that trust this issuer do not trust Muniment's own root.
        let said = failed(&ca(&site, &["rollover"]).await);
        assert!(said.contains("imported"), "{said}");
        issue(&site, &openssl, "still").await;
        let (accepted, said) = accepts(&site, &openssl, "own", "still").await;
        assert!(accepted, "{said}");
        succeeded(&ca(&site, &["rollover", "--leave-imported"]).await);
        succeeded(&ca(&site, &["rollover"]).await);
        issue(&site, &openssl, "below").await;
        let (accepted, _) = accepts(&site, &openssl, "own", "below").await;
        assert!(!accepted, "it is below the root of the server");
        openssl.csr("other", "/CN=other");
        let other = openssl.path("other.key");
        let said = failed(&ca(&site, &["import", "--certificates", &certificate, "--key", &other]).await);
        assert!(said.contains("does not belong"), "{said}");
    }

    async fn an_issuer_is_renewed_with_its_key_and_one_that_was_left_signs_again(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        create_user(&admin, NAME).await;
        let site = server.terminate().await.with("MUNIMENT_PUBLIC_URL", "https://first.example.com");
        let subject = "/O=Acme/CN=Acme";
        let made = |file: &str, days: u32| {
            openssl.run(&format!(
                "req -x509 -key own.key -in {file}.csr -out {file}.pem -days {days} -addext keyUsage=critical,keyCertSign,cRLSign"
            ));
        };
        let import = async |site: &Site, file: &str| {
            let (certificate, key) = (openssl.path(&format!("{file}.pem")), openssl.path("own.key"));
            ca(site, &["import", "--certificates", &certificate, "--key", &key]).await
        };
        openssl.csr("own", subject);
        made("own", 10);
        succeeded(&import(&site, "own").await);
        issue(&site, &openssl, "before").await;
        // The certificate of the issuer is renewed; its key stays.
        openssl.run("req -new -key own.key -out renewed.csr -subj /O=Acme/CN=Acme");
        made("renewed", 20);
        let site = site.with("MUNIMENT_PUBLIC_URL", "https://second.example.com");
        succeeded(&import(&site, "renewed").await);
        issue(&site, &openssl, "after").await;
        for (root, file) in [("own", "before"), ("renewed", "before"), ("renewed", "after")] {
            let (accepted, said) = accepts(&site, &openssl, root, file).await;
            assert!(accepted, "{root} {file}: {said}");
        }
        let lists = succeeded(&ca(&site, &["crl"]).await);
        assert_eq!(lists.matches("BEGIN").count(), 3, "a key has one list");
        let names = ["before", "after"].map(|file| openssl.run(&format!("x509 -in {file}.pem -noout -ext crlDistributionPoints")));
        assert!(names.iter().all(|name| name.contains("first.example.com")), "{names:?}");
        // Another name would need other lists.
        openssl.run("req -new -key own.key -out other.csr -subj /CN=Other");
        made("other", 20);
        let said = failed(&import(&site, "other").await);
        assert!(said.contains("another name"), "{said}");
        // There is a way back from a rollover.
        succeeded(&ca(&site, &["rollover", "--leave-imported"]).await);
        issue(&site, &openssl, "below").await;
        assert!(!accepts(&site, &openssl, "renewed", "below").await.0);
        let shown = succeeded(&ca(&site, &["show"]).await);
        let keys: Vec<&str> = shown.lines().filter_map(|line| line.split_whitespace().next()).collect();
        let said = failed(&ca(&site, &["use", keys[0]]).await);
        assert!(said.contains("is a root"), "{said}");
        assert!(failed(&ca(&site, &["use", &"ab".repeat(20)]).await).contains("no issuer"));
        succeeded(&ca(&site, &["use", keys[3]]).await);
        let said = failed(&ca(&site, &["use", keys[3]]).await);
        assert!(said.contains("already"), "{said}");
        issue(&site, &openssl, "back").await;
        let (accepted, said) = accepts(&site, &openssl, "renewed", "back").await;
        assert!(accepted, "{said}");
    }

    async fn a_new_root_signs_later_issuers_and_is_published_before(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        create_user(&admin, NAME).await;
        let site = server.terminate().await;
        issue(&site, &openssl, "old").await;
        root_of(&openssl, "old");
        succeeded(&ca(&site, &["rollover", "--root"]).await);
        failed(&ca(&site, &["rollover", "--root", "--leave-imported"]).await);
        issue(&site, &openssl, "between").await;
        let (accepted, said) = accepts(&site, &openssl, "root", "between").await;
        assert!(accepted, "the issuer is still the one below the old root: {said}");
        // Devices and brokers find the new root.
        let server = site.start().await;
        let published = server.anonymous().get("/pki/ca.pem").await.expect(200).text();
        let est = server.anonymous().get("/.well-known/est/cacerts").await.expect(200).text();
        openssl.write("published.pem", &published);
        openssl.write("est.b64", &est);
        let site = server.terminate().await;
        openssl.run("base64 -d -A -in est.b64 -out est.p7");
        let listed = openssl.run("pkcs7 -inform DER -in est.p7 -print_certs -noout");
        assert_eq!(published.matches("BEGIN").count(), 3);
        for name in ["Muniment Root CA\n", "Muniment Root CA 2\n"] {
            assert!(listed.contains(name), "{listed}");
        }
        let first = openssl.run("x509 -in published.pem -noout -subject");
        assert!(first.contains("Muniment Issuing CA"), "the current issuer is first: {first}");
        succeeded(&ca(&site, &["rollover"]).await);
        issue(&site, &openssl, "new").await;
        let (accepted, said) = accepts(&site, &openssl, "published", "new").await;
        assert!(accepted, "{said}");
        let (accepted, said) = accepts(&site, &openssl, "root", "new").await;
        assert!(!accepted, "{said}");
        let (accepted, said) = accepts(&site, &openssl, "root", "old").await;
        assert!(accepted, "{said}");
    }

    async fn a_doctor_says_when_a_root_shortens_new_issuers(server: Server) {
        let site = server.terminate().await;
        succeeded(&ca(&site, &["show"]).await);
        let doctor = async |site: &Site| succeeded(&site.run(&["doctor"]).await);
        assert!(!doctor(&site).await.contains("--root"));
        // A root is valid for twenty years.
        let site = site.at("+5480d");
        succeeded(&ca(&site, &["rollover"]).await);
        assert!(doctor(&site).await.contains("ca rollover --root"));
        succeeded(&ca(&site, &["rollover", "--root"]).await);
        succeeded(&ca(&site, &["rollover"]).await);
        assert!(!doctor(&site).await.contains("--root"));
    }

    async fn what_cannot_be_issued_is_refused(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        create_user(&admin, NAME).await;
        let site = server.terminate().await;
        openssl.csr("a", "/CN=another");
        let csr = openssl.path("a.csr");
        for (arguments, word) in [
            (["issue", "--user", NAME, "--csr", &csr], "must be the username"),
            (["issue", "--user", "nobody.here", "--csr", &csr], "no user"),
            (["issue", "--user", NAME, "--csr", "missing.csr"], "missing.csr"),
        ] {
            let said = failed(&ca(&site, &arguments).await);
            assert!(said.contains(word), "{said}");
        }
        let unknown = "ab".repeat(32);
        assert!(failed(&ca(&site, &["revoke", &unknown]).await).contains("issued no certificate"));
        assert!(failed(&ca(&site, &["revoke", "x"]).await).contains("fingerprint"));
    }
}

#[tokio::test]
async fn all_nodes_have_one_authority() {
    let first = Server::start(Engine::Postgres).await;
    let second = first.site().second_node().start().await;
    let (openssl, admin) = (Openssl::default(), first.admin().await);
    let on_second = second.admin().await;
    let issue = async |admin: &Client, file: &str, name: &str| {
        let user = create_user(admin, name).await;
        let csr = openssl.csr(file, &format!("/CN={name}"));
        let body = serde_json::json!({ "userId": user, "csr": csr });
        admin
            .post("/api/certificates/issued", body)
            .await
            .expect(201)
            .json()
    };
    // Each node makes the authority if there is none.
    let (_, issued) = tokio::join!(issue(&admin, "a", NAME), issue(&on_second, "b", "iot.device.x2"));
    let fetch = async |server: &Server| server.anonymous().get("/pki/ca.pem").await.expect(200).text();
    assert_eq!(fetch(&first).await, fetch(&second).await);
    let entries = async |server: &Server| {
        openssl.write(
            "list.pem",
            server.anonymous().get("/pki/ca.crl.pem").await.expect(200).body,
        );
        openssl
            .run("crl -in list.pem -noout -text")
            .matches("Serial Number:")
            .count()
    };
    assert_eq!((entries(&first).await, entries(&second).await), (0, 0));
    let path = format!("/api/certificates/issued/{}", text(&issued["fingerprint"]));
    admin.delete(path).await.expect(204);
    assert_eq!(
        (entries(&first).await, entries(&second).await),
        (1, 1),
        "a revocation is on each node at once"
    );
    let lists = async |server: &Server| server.anonymous().get("/pki/ca.crl").await.expect(200).body;
    for server in [&first, &second] {
        openssl.write("list.der", lists(server).await);
        openssl.run("crl -inform DER -in list.der -noout");
    }
}

/// The list that each node serves must have a number that is not lower than those before, whichever node served them.
#[tokio::test]
async fn numbers_of_lists_grow_on_all_nodes_also_if_their_clocks_differ() {
    let first = Server::start(Engine::Postgres).await;
    let second = first.site().second_node().at("+3h").start().await;
    let (openssl, admin) = (Openssl::default(), first.admin().await);
    let user = create_user(&admin, NAME).await;
    let issue = async |file: &str| {
        let body = serde_json::json!({ "userId": user, "csr": openssl.csr(file, &format!("/CN={NAME}")) });
        let issued = admin
            .post("/api/certificates/issued", body)
            .await
            .expect(201)
            .json();
        text(&issued["fingerprint"]).to_owned()
    };
    let number = async |server: &Server| {
        let list = server.anonymous().get("/pki/ca.crl").await.expect(200);
        openssl.write("list.crl", list.body);
        let text = openssl.run("crl -inform DER -in list.crl -noout -crlnumber");
        let digits = text.trim().rsplit("0x").next().expect("a number");
        let entries = openssl
            .run("crl -inform DER -in list.crl -noout -text")
            .matches("Serial Number:")
            .count();
        (u64::from_str_radix(digits, 16).expect("a number"), entries)
    };
    let held = [issue("a").await, issue("b").await];
    let mut last = 0;
    let mut grows = async |server: &Server, revoked: usize| {
        let (next, entries) = number(server).await;
        assert!(
            next >= last && entries == revoked,
            "{next} follows {last}: {entries}"
        );
        last = next;
        next
    };
    let mut before = 0;
    for (revoked, fingerprint) in held.iter().enumerate() {
        for server in [&first, &second, &first, &second, &first] {
            grows(server, revoked).await;
        }
        let settled = grows(&second, revoked).await;
        assert!(settled > before, "a list with another entry has another number");
        assert_eq!(
            grows(&first, revoked).await,
            settled,
            "lists that are asked for again and again stay as they are"
        );
        before = settled;
        admin
            .delete(format!("/api/certificates/issued/{fingerprint}"))
            .await
            .expect(204);
    }
    // A node that starts with a clock that is late.
    let second = second.terminate().await.at("-5h").start().await;
    for server in [&second, &first, &second, &first] {
        grows(server, 2).await;
    }
}
