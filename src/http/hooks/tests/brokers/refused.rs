//! Who may ask, where, and what malformed questions get.

use super::*;
use crate::support::both_engines;

/// All paths, and the form in which each refuses.
const PATHS: [(&str, u16, &str); 11] = [
    ("/hooks/rabbitmq/user", 200, "deny"),
    ("/hooks/rabbitmq/vhost", 200, "deny"),
    ("/hooks/rabbitmq/resource", 200, "deny"),
    ("/hooks/rabbitmq/topic", 200, "deny"),
    ("/hooks/vernemq", 200, r#"{"result":{"error":"not_allowed"}}"#),
    ("/hooks/emqx/authn", 200, r#"{"result":"deny"}"#),
    ("/hooks/emqx/authz", 200, r#"{"result":"deny"}"#),
    ("/hooks/mosquitto/user", 403, r#"{"error":"denied","ok":false}"#),
    (
        "/hooks/mosquitto/superuser",
        403,
        r#"{"error":"denied","ok":false}"#,
    ),
    ("/hooks/mosquitto/acl", 403, r#"{"error":"denied","ok":false}"#),
    (
        "/api/broker/auth/enhanced",
        200,
        r#"{"result":{"error":"not_allowed"}}"#,
    ),
];

/// Questions that are wrong for every path.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    let deep = "[".repeat(30_000).into_bytes();
    vec![
        ("", Vec::new()),
        (json, Vec::new()),
        (json, b"null".to_vec()),
        (json, b"[]".to_vec()),
        (json, b"{".to_vec()),
        (json, b"{\"username\": 1, \"topic\": {}}".to_vec()),
        (
            json,
            b"{\"username\": \"a\", \"username\": \"device1\", \"password\": \"b\"}".to_vec(),
        ),
        (json, deep),
        (json, vec![0xff, 0xfe]),
        (json, vec![b' '; 65 << 10]),
        (form, b"username=%ff&password=%00".to_vec()),
        (
            form,
            b"username=device1&username=device1&password=x&vhost=%2F".to_vec(),
        ),
        (form, b"&&&===&".to_vec()),
        (form, vec![b'a'; 65 << 10]),
        ("text/plain", b"username=device1".to_vec()),
        ("application/json; charset=utf-16", b"{\0}\0".to_vec()),
    ]
}

both_engines! {
    async fn malformed_questions_get_the_form_of_the_broker(server: Server) {
        device(&server).await;
        let broker = server.broker();
        for (path, status, body) in PATHS {
            for (kind, question) in malformed() {
                let call = broker.call(http::Method::POST, path).header("vernemq-hook", "auth_on_register");
                let answer = call.body(kind, question.clone()).await;
                let sent = String::from_utf8_lossy(&question[..question.len().min(80)]).into_owned();
                assert_eq!((answer.status, answer.text().as_str()), (status, body), "{path} {kind} {sent}");
            }
        }
    }

    async fn a_name_in_another_spelling_is_nobodys(server: Server) {
        // A broker keeps the session under the name that the client sends, so its end could not be told to the broker.
        let admin = server.admin().await;
        let more = json!({ "initialPermissions": [mqtt("dev/#", "readWrite")], "grantTypes": [
            { "method": "password", "isRequired": false }, { "method": "token", "isRequired": false },
        ]});
        create_user_with(&admin, "wärter", more).await;
        let token = admin.login("wärter", PASSWORD).await.token().to_owned();
        let broker = server.broker();
        let lets_in = async |name: &str, password: &str| {
            let pairs = [("username", name), ("password", password), ("vhost", "/"), ("client_id", "c1")];
            let rabbitmq = post_form(&broker, "/hooks/rabbitmq/user", &pairs).await.text() == "allow";
            let vhost = post_form(&broker, "/hooks/rabbitmq/vhost", &pairs).await.text() == "allow";
            let body = json!({ "username": name, "password": password, "clientid": "c1", "client_id": "c1",
                "peer_addr": "127.0.0.1", "topic": "dev/one", "action": "publish", "acc": 2 });
            let ask = async |path: &str| broker.post(path, body.clone()).header("vernemq-hook", "auth_on_register").await;
            let (mosquitto, acl) = (ask("/hooks/mosquitto/user").await, ask("/hooks/mosquitto/acl").await);
            let (emqx, authz) = (ask("/hooks/emqx/authn").await.json(), ask("/hooks/emqx/authz").await.json());
            let vernemq = ask("/hooks/vernemq").await.json();
            [rabbitmq, vhost, mosquitto.status == 200, acl.status == 200, emqx["result"] == "allow",
                authz["result"] == "allow", vernemq["result"] == "ok"]
        };
        for password in [PASSWORD, &token] {
            assert_eq!(lets_in("wärter", password).await, [true; 7]);
            for name in ["wa\u{308}rter", "ｗärter"] {
                assert_eq!(lets_in(name, password).await, [false; 7], "{name}");
            }
        }
        // Elsewhere it is the same name.
        admin.login("wa\u{308}rter", PASSWORD).await;
    }

    async fn what_is_not_quite_a_question_is_never_allowed(server: Server) {
        device(&server).await;
        let broker = server.broker();
        let questions = [
            ("/hooks/rabbitmq/vhost", form(&[("username", DEVICE), ("vhost", "/")])),
            ("/hooks/mosquitto/acl", form(&[("username", DEVICE), ("topic", "dev/one/x"), ("acc", "2")])),
            ("/hooks/emqx/authz", json!({ "username": DEVICE, "topic": "dev/one/x", "action": "publish" }).to_string()),
            ("/hooks/vernemq", json!({ "username": DEVICE, "topic": "dev/one/x" }).to_string()),
        ];
        for (path, question) in questions {
            let (_, status, denied) = PATHS.into_iter().find(|known| known.0 == path).expect("a path");
            let kind = if question.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
            let ask = async |body: Vec<u8>| {
                let call = broker.call(http::Method::POST, path).header("vernemq-hook", "auth_on_publish");
                let answer = call.body(kind, body).await;
                assert!([200, status].contains(&answer.status), "{answer:?}");
                answer.text() != denied
            };
            assert!(ask(question.clone().into_bytes()).await, "{path} {question}");
            // Each beginning of the question, and the question with each byte replaced by one that no name has.
            for at in 0..question.len() {
                let (cut, mut changed) = (question[..at].to_owned(), question.clone().into_bytes());
                assert!(!ask(cut.clone().into_bytes()).await, "{path} {cut}");
                changed[at] = b'~';
                let text = String::from_utf8_lossy(&changed).into_owned();
                // The device may also write to the changed topic.
                let is_topic = question.rfind('x') == Some(at);
                assert_eq!(ask(changed).await, is_topic, "{path} {text}");
            }
        }
    }

    async fn nobody_asks_without_the_secret(server: Server) {
        device(&server).await;
        let (broker, stranger) = (server.broker(), server.beside_brokers());
        let admin = server.admin().await;
        let right = form(&[("username", DEVICE), ("password", PASSWORD)]);
        let kind = "application/x-www-form-urlencoded";
        for (path, status, _) in PATHS {
            let call = |client: &Client, query: &str| {
                client.call(http::Method::POST, format!("{path}{query}")).body(kind, right.clone())
            };
            call(&stranger, "").await.expect_error(401);
            call(&stranger, "?secret=guess").await.expect_error(401);
            call(&stranger.bearer("guess"), "").await.expect_error(401);
            call(&stranger.basic("admin", "a test's own password"), "").await.expect_error(401);
            call(&stranger.bearer(admin.token()), "").await.expect_error(401);
            call(&broker, "?secret=guess").await.expect_error(401);
            for client in [
                call(&broker, ""),
                call(&stranger.basic("anybody", "the-secret-of-the-brokers"), ""),
                call(&stranger, "?secret=the-secret-of-the-brokers"),
            ] {
                let answer = client.await;
                assert!([200, status].contains(&answer.status), "{answer:?}");
            }
            broker.get(path).await.expect_error(405);
        }
    }

    async fn the_hooks_and_health_alone_are_on_their_listener(server: Server) {
        let (broker, admin) = (server.broker(), server.admin().await);
        broker.anonymous().get("/healthz").await.expect(200);
        broker.anonymous().get("/readyz").await.expect(200);
        let on_hooks = broker.bearer(admin.token());
        for path in ["/", "/api/session", "/api/users/ids", "/openapi.json", "/api/v1/docs/", "/access/v1/evaluation",
            "/.well-known/jwks.json", "/hooks", "/hooks/rabbitmq", "/hooks/other"] {
            on_hooks.get(path).await.expect_error(404);
        }
        let login = json!({ "username": "admin", "password": "a test's own password" });
        broker.post("/api/login", login).await.expect_error(404);
        for (path, ..) in PATHS {
            for client in [&admin, &server.anonymous(), &server.anonymous().bearer("the-secret-of-the-brokers")] {
                client.post(path, json!({})).await.expect_error(404);
                client.get(path).await.expect_error(404);
            }
        }
    }

    async fn a_refused_client_leaves_evidence(server: Server) {
        let (admin, id) = device(&server).await;
        let broker = server.broker();
        let body = json!({ "username": DEVICE, "password": "a guess", "peerhost": "192.0.2.7" });
        broker.post("/hooks/emqx/authn", body).await.expect(200);
        let denied = json!({ "username": DEVICE, "topic": "secret/plans", "action": "publish" });
        broker.post("/hooks/emqx/authz", denied).await.expect(200);
        let find = async |kind: &str| {
            for _ in 0..100 {
                let path = format!("/api/audit?outcome=refused&kind={kind}&actor={id}");
                let items = admin.get(path).await.expect(200).json()["items"].clone();
                if let Some(item) = list(&items).first() {
                    return item.clone();
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            panic!("there is no evidence of {kind}");
        };
        let login = find("login.refused").await;
        assert_eq!((text(&login["reason"]), text(&login["path"])), ("wrong_password", "/hooks/emqx/authn"));
        let right = find("permission.refused").await;
        assert_eq!((text(&right["reason"]), text(&right["path"])), ("forbidden", "/hooks/emqx/authz"));
    }
}
