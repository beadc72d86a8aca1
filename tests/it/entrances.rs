//! The entrances to certificates: a bad signing request gets the same refusal at each of them and leaves nothing, and who may do what at
//! which operation of devices.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::Method;
use serde_json::{Value, json};

use crate::support::{
    both_engines,
    client::{Client, Response},
    connectware::*,
    openssl::Openssl,
    server::Server,
};

const NAME: &str = "iot.device.x1";

/// Signing requests that are refused, and a word of the reason.
fn bad(openssl: &Openssl) -> Vec<(String, &'static str)> {
    openssl.csr("device", &format!("/CN={NAME}"));
    openssl.run("req -in device.csr -outform DER -out device.der");
    let der = openssl.read("device.der");
    let mut forged = der.clone();
    *forged.last_mut().expect("bytes") ^= 1;
    let made = |options: &str| {
        openssl.run(&format!("req -new -key device.key -out wrong.csr {options}"));
        STANDARD.encode(openssl.read("wrong.csr"))
    };
    vec![
        (" ".to_owned(), "empty"),
        ("!!!!".to_owned(), "base64"),
        (STANDARD.encode("rubbish"), "PEM"),
        (STANDARD.encode(&der[..der.len() - 9]), "cut off"),
        (STANDARD.encode([&der[..], &[0, 0]].concat()), "after the request"),
        (STANDARD.encode(forged), "signature does not fit"),
        (made(&format!("-sha1 -subj /CN={NAME}")), "SHA-1"),
        (made("-subj /CN=iot.device.x2"), "must be the username"),
        (made(&format!("-subj /CN={NAME}/CN={NAME}")), "not several"),
        (made("-subj /O=Example"), "must have a common name"),
        (
            made(&format!("-subj /CN={NAME} -addext basicConstraints=CA:TRUE")),
            "certificate of an authority",
        ),
    ]
}

/// Sends a signing request to each entrance.
async fn at_each(server: &Server, admin: &Client, id: &str, csr: &str) -> [(&'static str, Response); 3] {
    let anonymous = server.anonymous();
    let enrol = anonymous
        .basic(NAME, PASSWORD)
        .call(Method::POST, "/.well-known/est/simpleenroll")
        .body("application/pkcs10", csr.to_owned());
    let issue = json!({ "userId": id, "csr": csr });
    let register = json!({ "username": NAME, "csr": csr });
    [
        ("EST", enrol.await),
        ("issued", admin.post("/api/certificates/issued", issue).await),
        (
            "register",
            anonymous.post("/api/client-registry/register", register).await,
        ),
    ]
}

async fn issued(admin: &Client) -> Value {
    let page = admin.get("/api/certificates/issued").await.expect(200).json();
    page["certificates"].clone()
}

both_engines! {
    async fn a_bad_signing_request_is_refused_alike_at_each_entrance(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let id = create_user(&admin, NAME).await;
        admin.post("/api/client-registry/open", json!({ "duration": 600_000 })).await.expect(204);
        for (csr, word) in bad(&openssl) {
            for (entrance, answer) in at_each(&server, &admin, &id, &csr).await {
                let refused = answer.expect_error(400);
                assert!(refused.message.contains(word), "{entrance}, {word}: {refused:?}");
            }
        }
        let long = STANDARD.encode(vec![0x30; 100_000]);
        for (entrance, answer) in at_each(&server, &admin, &id, &long).await {
            assert!([400, 413].contains(&answer.status), "{entrance}: {answer:?}");
        }
        assert_eq!(issued(&admin).await, json!([]));
        assert_eq!(admin.get("/api/client-registry").await.expect(200).json(), json!([]));
    }

    async fn the_key_of_another_device_is_refused_at_each_entrance(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let (id, other) = (create_user(&admin, NAME).await, create_user(&admin, "iot.device.x2").await);
        let body = json!({ "userId": other, "csr": openssl.csr("device", "/CN=iot.device.x2") });
        admin.post("/api/certificates/issued", body).await.expect(201);
        let csr = openssl.request("device", &format!("/CN={NAME}"));
        for (entrance, answer) in at_each(&server, &admin, &id, &csr).await {
            match entrance {
                // The registry refuses since the name is taken.
                "register" => assert_eq!(answer.status, 423, "{answer:?}"),
                _ => assert!(answer.expect_error(400).message.contains("belongs to another user")),
            }
        }
        // Nobody can confirm a device with the key of another one.
        admin.post("/api/client-registry/open", json!({ "duration": 600_000 })).await.expect(204);
        let csr = openssl.request("device", "/CN=iot.device.x3");
        let register = json!({ "username": "iot.device.x3", "csr": csr });
        server.anonymous().post("/api/client-registry/register", register).await.expect(202);
        let confirm = json!({ "username": "iot.device.x3" });
        let refused = admin.post("/api/client-registry/confirm", confirm).await.expect_error(400);
        assert!(refused.message.contains("belongs to another user"), "{refused:?}");
        assert_eq!(list(&issued(&admin).await).len(), 1);
    }

    async fn each_operation_of_devices_is_for_its_callers(server: Server) {
        let (openssl, admin) = (Openssl::default(), server.admin().await);
        let id = create_user(&admin, NAME).await;
        let powerless = caller(&admin, "powerless", json!([])).await;
        let reader = caller(&admin, "reader", json!([http("/api/#", "read")])).await;
        let writer = caller(&admin, "writer", json!([http("/api/#", "write")])).await;
        let user = format!("/api/users/{id}/revoke");
        let issue = json!({ "userId": NOBODY, "csr": openssl.csr("device", "/CN=a") });
        let fingerprint = format!("/api/certificates/issued/{}", "ab".repeat(32));
        let enrol = "/.well-known/est/simpleenroll";
        let renew = "/.well-known/est/simplereenroll";
        let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
        // Without a credential, without rights, with the right to read, with the right to write.
        let table = [
            (&get, "/api/client-registry", json!({}), [401, 403, 200, 403]),
            (&post, "/api/client-registry/register", json!({}), [400, 400, 400, 400]),
            (&post, "/api/client-registry/open", json!({ "duration": 1 }), [401, 403, 403, 204]),
            (&post, "/api/client-registry/confirm", json!({ "username": "a" }), [401, 403, 403, 404]),
            (&post, "/api/client-registry/reject", json!({ "username": "a" }), [401, 403, 403, 404]),
            (&post, "/api/client-registry/close", json!({}), [401, 403, 403, 204]),
            (&get, "/api/certificates", json!({}), [401, 403, 200, 403]),
            (&post, "/api/certificates", json!("text"), [401, 403, 403, 400]),
            (&get, "/api/certificates/content?id=ab", json!({}), [401, 403, 400, 403]),
            (&delete, "/api/certificates?id=ab", json!({}), [401, 403, 403, 400]),
            (&get, "/api/certificates/issued", json!({}), [401, 403, 200, 403]),
            (&post, "/api/certificates/issued", issue, [401, 403, 403, 404]),
            (&delete, &fingerprint, json!({}), [401, 403, 403, 404]),
            (&post, &user, json!({}), [401, 403, 403, 204]),
            // A caller's own certificate needs no right, but a request and a username that fit.
            (&post, enrol, json!({}), [401, 400, 400, 400]),
            (&post, renew, json!({}), [401, 400, 400, 400]),
            (&post, "/.well-known/est/serverkeygen", json!({}), [404, 404, 404, 404]),
            // Reading does not make the authority.
            (&get, "/.well-known/est/cacerts", json!({}), [404, 404, 404, 404]),
            (&get, "/.well-known/est/csrattrs", json!({}), [204, 204, 204, 204]),
            (&get, "/pki/ca.pem", json!({}), [404, 404, 404, 404]),
            (&get, "/pki/ca.crl", json!({}), [404, 404, 404, 404]),
            (&get, "/pki/ca.crl.pem", json!({}), [404, 404, 404, 404]),
            (&get, "/pki/ocsp/x", json!({}), [200, 200, 200, 200]),
            // The questions of brokers are unknown on this listener.
            (&post, "/hooks/emqx/authn", json!({}), [404, 404, 404, 404]),
            (&post, "/hooks/mosquitto/acl", json!({}), [404, 404, 404, 404]),
            (&post, "/hooks/rabbitmq/user", json!({}), [404, 404, 404, 404]),
            (&post, "/hooks/vernemq", json!({}), [404, 404, 404, 404]),
            (&post, "/api/broker/auth/enhanced", json!({}), [404, 404, 404, 404]),
        ];
        let mut wrong = Vec::new();
        for (method, path, body, statuses) in table {
            let callers = [&server.anonymous(), &powerless, &reader, &writer];
            for (caller, status) in callers.into_iter().zip(statuses) {
                let call = caller.call(method.clone(), path);
                let call = match (*method == get, path.starts_with("/.well-known")) {
                    (true, _) => call,
                    (false, true) => call.body("application/pkcs10", "text"),
                    (false, false) => call.body("application/json", body.to_string()),
                };
                let answer = call.await;
                if answer.status != status {
                    wrong.push(format!("{method} {path}: {} and not {status}", answer.status));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        // Whoever has no secret, or a wrong one, asks nothing.
        for (path, body) in [("/hooks/emqx/authn", json!({})), ("/api/broker/auth/enhanced", json!({}))] {
            for broker in [server.beside_brokers(), server.beside_brokers().bearer("a wrong secret")] {
                broker.post(path, body.clone()).await.expect_error(401);
            }
        }
    }
}
