//! What answers tell browsers, and the `Host` header.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::support::{
    both_engines,
    client::Response,
    connectware::*,
    raw::Raw,
    server::{ADMIN_PASSWORD, Engine, Server, Site},
};

/// Fails unless an answer has the headers that every answer has.
#[track_caller]
fn is_protected(answer: &Response) {
    let policy = answer.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ] {
        assert!(policy.contains(part), "{answer:?}");
    }
    assert_eq!(answer.header("x-frame-options"), "DENY", "{answer:?}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{answer:?}");
    assert!(
        answer.header("permissions-policy").contains("camera=()"),
        "{answer:?}"
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
    assert!(!answer.header("cache-control").is_empty(), "{answer:?}");
}

both_engines! {
    async fn every_answer_tells_browsers_what_a_page_may_do(server: Server) {
        let (admin, nobody) = (server.admin().await, server.anonymous());
        let login = json!({ "username": "admin", "password": ADMIN_PASSWORD });
        for (answer, status) in [
            (nobody.post("/api/login", login).await, 200),
            (admin.get("/api/session").await, 200),
            (admin.call(Method::HEAD, "/api/session").await, 200),
            (admin.post("/api/roles", role("a", json!([]))).await, 201),
            (admin.delete(format!("/api/users/{NOBODY}/tokens")).await, 404),
            (admin.post("/access/v1/evaluation", json!({})).await, 400),
            (admin.get("/api/events?limit=0").await, 400),
            (nobody.get("/api/session").await, 401),
            (nobody.get("/").await, 404),
            (nobody.get("/nothing").await, 404),
            (nobody.get("/api/login").await, 405),
            (nobody.call(Method::OPTIONS, "/api/login").await, 405),
            (nobody.call(Method::POST, "/api/login").body("text/plain", "a").await, 415),
            (nobody.get("/healthz").await, 200),
            (nobody.get("/openapi.json").await, 200),
            (nobody.get("/api/v1/docs-json").await, 200),
            (nobody.get("/api/v1").await, 307),
            (nobody.get("/api/v1/docs").await, 303),
            (nobody.get("/api/v1/docs/").await, 200),
            (nobody.get("/api/v1/docs/nothing.js").await, 404),
            (nobody.get("/healthz").header("host", "a b").await, 400),
        ] {
            assert_eq!(answer.status, status, "{answer:?}");
            is_protected(&answer);
        }
    }

    async fn the_page_of_the_documentation_loads_its_own_scripts_only(server: Server) {
        let page = server.anonymous().get("/api/v1/docs/").await.expect(200);
        let policy = page.header("content-security-policy").to_owned();
        let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src")).expect("a policy for scripts");
        assert_eq!(scripts.trim(), "script-src 'self'");
        assert!(!page.text().contains("<script>"), "a script in the page would not run");
        let initializer = server.anonymous().get("/api/v1/docs/swagger-initializer.js").await.expect(200);
        for document in ["/api/v1/docs-json", "/openapi.json"] {
            assert!(initializer.text().contains(&format!("\"{document}\"")), "{initializer:?}");
            let document = server.anonymous().get(document).await.expect(200);
            assert_eq!(document.content_type(), "application/json");
        }
    }

    async fn the_document_of_os2iot_has_its_operations_and_credentials_alone(server: Server) {
        let whole = server.anonymous().get("/openapi.json").await.expect(200).json();
        let document = server.anonymous().get("/api/v1/docs-json").await.expect(200);
        let (text, document) = (document.text(), document.json());
        let under = |document: &Value| -> BTreeSet<String> {
            let paths = document["paths"].as_object().expect("paths").keys().cloned();
            paths.filter(|path| path.starts_with("/api/v1/")).collect()
        };
        assert!(under(&document).len() > 30, "{document}");
        assert_eq!(under(&document), under(&whole));
        assert_eq!(document["paths"].as_object().expect("paths").len(), under(&document).len());
        let schemes: Vec<_> = document["components"]["securitySchemes"].as_object().expect("schemes").keys().collect();
        assert_eq!(schemes, ["bearer", "secret_token", "x-api-key"]);
        let required = document["security"].as_array().expect("a list").iter().flat_map(|one| one.as_object().expect("an object").keys());
        assert_eq!(required.collect::<BTreeSet<_>>(), schemes.into_iter().collect());
        // Whatever it refers to is in it, so a client can be generated from it.
        for name in text.split("\"#/components/schemas/").skip(1) {
            let name = name.split('"').next().expect("a name");
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }

    async fn a_request_names_one_host(server: Server) {
        for (version, hosts, status) in [
            ("1.1", "Host: localhost\r\n", 200),
            ("1.1", "HOST: localhost:80\r\n", 200),
            ("1.1", "Host: [::1]:8080\r\n", 200),
            ("1.0", "", 200),
            ("1.0", "Host: localhost\r\n", 200),
            ("1.1", "", 400),
            ("1.1", "Host: localhost\r\nHost: localhost\r\n", 400),
            ("1.1", "Host: localhost\r\nX: y\r\nhost: evil.example\r\n", 400),
            ("1.0", "Host: localhost\r\nHost: localhost\r\n", 400),
            ("1.1", "Host: \r\n", 400),
            ("1.1", "Host: a b\r\n", 400),
            ("1.1", "Host: user@localhost\r\n", 400),
            ("1.1", "Host: localhost/path\r\n", 400),
        ] {
            for path in ["/healthz", "/.well-known/jwks.json", "http://localhost/healthz"] {
                let mut raw = Raw::to(&server).await;
                raw.send(&format!("GET {path} HTTP/{version}\r\n{hosts}\r\n")).await;
                let answer = raw.answer().await;
                assert_eq!(answer.get(9..12), Some(status.to_string().as_str()), "{version} {hosts}: {answer}");
            }
        }
    }

    async fn a_body_is_chunked_once_or_not_at_all(server: Server) {
        let body = r#"{"username":"admin","password":"wrong"}"#;
        let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        for (codings, status) in [
            ("Transfer-Encoding: chunked\r\n", 401),
            ("transfer-encoding: Chunked\r\n", 401),
            ("Transfer-Encoding: chunked, chunked\r\n", 400),
            ("Transfer-Encoding: gzip, chunked\r\n", 400),
            ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 400),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
            ("Transfer-Encoding: identity, chunked\r\n", 400),
            ("Transfer-Encoding: , chunked\r\n", 400),
        ] {
            let mut raw = Raw::to(&server).await;
            let head = "POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
            raw.send(&format!("{head}{codings}\r\n{chunked}")).await;
            let answer = raw.answer().await;
            assert_eq!(answer.get(9..12), Some(status.to_string().as_str()), "{codings}: {answer}");
        }
    }

    async fn pages_of_other_sites_may_not_ask_unless_the_settings_say_so(server: Server) {
        let admin = server.admin().await;
        let answer = admin.get("/api/session").header("origin", "https://app.example").await.expect(200);
        assert!(answer.header("access-control-allow-origin").is_empty(), "{answer:?}");
        let question = admin.call(Method::OPTIONS, "/api/session")
            .header("origin", "https://app.example")
            .header("access-control-request-method", "GET");
        let answer = question.await;
        answer.expect_error(405);
        assert!(answer.header("access-control-allow-origin").is_empty(), "{answer:?}");
    }
}

/// A browser sends a password that it keeps, and a certificate, also for pages of other sites.
#[tokio::test]
async fn a_page_of_another_site_changes_nothing_by_what_a_browser_sends_by_itself() {
    let site = Site::new(Engine::Sqlite)
        .with("MUNIMENT_CORS_ORIGINS", "https://app.example")
        .with("MUNIMENT_PUBLIC_URL", "https://id.example/base");
    let server = site.start().await;
    let admin = server.admin().await;
    let kept = server.anonymous().basic("admin", ADMIN_PASSWORD);
    let host = server.address().trim_start_matches("http://");
    let own = format!("http://{host}");
    let requests: [(&[(&str, &str)], bool); 10] = [
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site"), ("origin", &own)], false),
        (&[("origin", "https://evil.example")], false),
        (&[("origin", "null")], false),
        (&[("origin", "https://id.example.evil.example")], false),
        (&[("sec-fetch-site", "same-origin"), ("origin", &own)], true),
        (&[("origin", &own)], true),
        (&[("origin", "https://id.example")], true),
        (
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://app.example"),
            ],
            true,
        ),
    ];
    for (number, (headers, is_meant)) in requests.into_iter().enumerate() {
        let id = create_user(&admin, &format!("device.{number}")).await;
        for path in [
            "/api/client-registry/close".to_owned(),
            format!("/api/users/{id}/revoke"),
        ] {
            let add = |call| {
                let mut call: crate::support::client::Call = call;
                for (name, value) in headers {
                    call = call.header(name, value);
                }
                call
            };
            let answer = add(kept.call(Method::POST, &path)).await;
            match is_meant {
                true => assert!(answer.status < 300, "{headers:?}: {answer:?}"),
                false => assert_eq!(answer.expect_error(403).code, "cross_site", "{headers:?}"),
            }
            let read = add(kept.call(Method::GET, format!("/api/users/{id}"))).await;
            assert_eq!(read.status, 200, "{headers:?}: {read:?}");
        }
        // A page that has a token was given it.
        let mut call = admin.call(Method::POST, format!("/api/users/{id}/revoke"));
        for (name, value) in headers {
            call = call.header(name, value);
        }
        assert_eq!(call.await.status, 204, "{headers:?}");
    }
}

#[tokio::test]
async fn pages_of_listed_sites_may_ask_all_faces() {
    let site = Site::new(Engine::Sqlite).with(
        "MUNIMENT_CORS_ORIGINS",
        "https://app.example, http://localhost:3000",
    );
    let server = site.start().await;
    let admin = server.admin().await;
    for path in ["/api/users", "/access/v1/evaluation", "/api/events", "/healthz"] {
        for origin in ["https://app.example", "http://localhost:3000"] {
            let question = server
                .anonymous()
                .call(Method::OPTIONS, path)
                .header("origin", origin)
                .header("access-control-request-method", "PUT")
                .header("access-control-request-headers", "authorization");
            let answer = question.await.expect(204);
            assert_eq!(answer.header("access-control-allow-origin"), origin);
            assert!(
                answer.header("access-control-allow-methods").contains("PUT"),
                "{answer:?}"
            );
            for name in ["authorization", "content-type", "muniment-at-least"] {
                assert!(
                    answer.header("access-control-allow-headers").contains(name),
                    "{answer:?}"
                );
            }
            assert!(
                answer.header("access-control-allow-credentials").is_empty(),
                "{answer:?}"
            );
        }
        let other = server
            .anonymous()
            .call(Method::OPTIONS, path)
            .header("origin", "https://app.example.evil.example")
            .header("access-control-request-method", "PUT");
        let answer = other.await;
        assert!(
            answer.status == 405 && answer.header("access-control-allow-origin").is_empty(),
            "{answer:?}"
        );
        assert_eq!(answer.header("vary"), "origin");
    }
    // A refusal can be read, too, and so can the position of a write.
    let refused = server
        .anonymous()
        .get("/api/session")
        .header("origin", "https://app.example")
        .await;
    refused.expect_error(401);
    assert_eq!(
        refused.header("access-control-allow-origin"),
        "https://app.example"
    );
    let made = admin
        .post("/api/roles", role("a", json!([])))
        .header("origin", "https://app.example")
        .await
        .expect(201);
    assert!(
        made.header("access-control-expose-headers")
            .contains("muniment-position"),
        "{made:?}"
    );
}
