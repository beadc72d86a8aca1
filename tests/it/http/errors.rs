//! Refusals have the body `{code, message}` wherever a request fails.

use http::Method;
use serde_json::json;

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn unknown_paths_are_not_found(server: Server) {
        let admin = server.admin().await;
        for path in
            ["/api", "/api/", "/api/nothing", "/api/users/ids/more", "/nothing", "/", "/api/login/", "/%ff"]
        {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                admin.call(method, path).await.expect_error(404);
            }
            server.anonymous().get(path).await.expect_error_in(&[401, 404]);
        }
    }

    async fn a_path_has_its_methods_and_no_others(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        for (method, path, allowed) in [
            (Method::PATCH, "/api/users".to_owned(), vec!["POST", "DELETE"]),
            (Method::PUT, "/api/users".to_owned(), vec!["POST", "DELETE"]),
            (Method::POST, "/api/listUsers".to_owned(), vec!["GET"]),
            (Method::GET, "/api/login".to_owned(), vec!["POST"]),
            (Method::POST, "/api/session".to_owned(), vec!["GET", "DELETE"]),
            (Method::POST, format!("/api/users/{id}"), vec!["GET", "PUT", "DELETE"]),
            (Method::POST, "/api/events".to_owned(), vec!["GET"]),
        ] {
            let answer = admin.call(method.clone(), &path).await;
            assert_eq!(answer.status, 405, "{answer:?}");
            answer.expect_error(405);
            // RFC 9110 section 15.5.6: the answer must list the allowed methods.
            for method in allowed {
                assert!(answer.header("allow").contains(method), "{path} should allow {method}: {answer:?}");
            }
        }
    }

    async fn a_fixed_path_is_not_taken_for_an_id(server: Server) {
        let admin = server.admin().await;
        for path in ["/api/users/ids", "/api/users/usernames", "/api/roles/page", "/api/permissions/ids"] {
            admin.get(path).await.expect(200);
        }
        admin.get("/api/users/batch").await.expect_error_in(&[400, 405]);
        admin.get("/api/users/change-password").await.expect_error_in(&[400, 405]);
    }

    async fn what_is_no_json_is_refused(server: Server) {
        let admin = server.admin().await;
        let deep = "[".repeat(100_000);
        let deep_and_closed = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let bodies: [&[u8]; 12] = [
            b"",
            b"{",
            b"nonsense",
            b"{\"username\": \"ada\",}",
            b"{'username': 'ada'}",
            b"{\"username\": \"ada\"} more",
            b"{\"username\": \"\xff\xfe\"}",
            b"\xff\xfe{\0}\0",
            b"{\"username\": \"\\ud800\"}",
            b"{\"username\": NaN}",
            deep.as_bytes(),
            deep_and_closed.as_bytes(),
        ];
        for body in bodies {
            for (method, path) in [
                (Method::POST, "/api/users"),
                (Method::POST, "/api/users/batch"),
                (Method::POST, "/api/roles"),
                (Method::PUT, "/api/users/change-password"),
                (Method::DELETE, "/api/permissions"),
                (Method::POST, "/api/login"),
            ] {
                let answer = admin.call(method, path).body("application/json", body).await;
                let start = String::from_utf8_lossy(&body[..body.len().min(50)]).into_owned();
                // What needs no right may have only 8 KiB.
                let is_small = ["/api/login", "/api/users/change-password"].contains(&path);
                let status = if is_small && body.len() > 8 << 10 { 413 } else { 400 };
                assert_eq!(answer.status, status, "{start}: {answer:?}");
                answer.expect_error(status);
            }
        }
    }

    async fn a_refusal_does_not_repeat_what_was_sent(server: Server) {
        let admin = server.admin().await;
        let body = br#"{"username": "ada", "password": ["a secret sent wrongly"], "grantTypes": 1}"#;
        let answer = admin.call(Method::POST, "/api/users").body("application/json", body).await;
        assert!(!answer.text().contains("a secret sent wrongly"), "{answer:?}");
        answer.expect_error(400);
    }

    async fn bodies_have_a_limit(server: Server) {
        let admin = server.admin().await;
        let huge = user("ada", json!({ "mqttPublishPrefix": "x".repeat(1 << 20) })).to_string();
        for path in ["/api/users", "/api/login", "/api/roles"] {
            let answer = admin.call(Method::POST, path).body("application/json", huge.as_str()).await;
            assert_eq!(answer.status, 413, "{answer:?}");
            answer.expect_error(413);
        }
        admin.get("/api/session").await.expect(200);
    }

    async fn bodies_are_json_whether_they_say_so_or_not(server: Server) {
        let admin = server.admin().await;
        for (number, content_type) in
            ["", "application/json", "application/json; charset=utf-8", "Application/JSON"].iter().enumerate()
        {
            let body = user(&format!("user.{number}"), json!({})).to_string();
            admin.call(Method::POST, "/api/users").body(content_type, body).await.expect(201);
        }
        for content_type in
            ["text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded"]
        {
            let body = user(content_type, json!({})).to_string();
            let answer = admin.call(Method::POST, "/api/users").body(content_type, body).await;
            if answer.status != 201 {
                answer.expect_error(415);
            }
        }
    }

    async fn malformed_queries_are_refused(server: Server) {
        let admin = server.admin().await;
        admin.get("/api/listUsers?username[eq]=%ff").await.expect_error(400);
        admin.get("/api/listUsers?pageNumber=%zz").await.expect_error(400);
    }

    async fn what_no_name_can_be_is_found_nowhere(server: Server) {
        // Postgres does not accept NUL in a text.
        let admin = server.admin().await;
        for strange in
            ["%00", "a%00b", "%ef%bf%bf", "%f0%9f%94%91", "'", "%22", "%5c", "%25", "_", &"x".repeat(5_000)]
        {
            for path in [
                "/api/listUsers?username[eq]",
                "/api/roles?name[eq]",
                "/api/roles/page?rowsPerPage=10&pageNumber=1&names",
                "/api/events?aggregateId",
                "/api/events?aggregateType",
                "/api/events?eventType",
            ] {
                let answer = admin.get(format!("{path}={strange}")).await;
                if answer.status == 400 {
                    answer.expect_error(400);
                    continue;
                }
                let found = answer.expect(200).json();
                let rows =
                    ["users", "roles", "events"].iter().find_map(|key| found.get(key)).unwrap_or(&found);
                assert_eq!(*rows, json!([]), "{path}={strange}");
            }
        }
        for name in ["\u{0}ab", "a\u{0}b", "\u{ffff}\u{ffff}\u{ffff}"] {
            let body = json!({ "username": name, "password": name });
            server.anonymous().post("/api/login", body).await.expect_error_in(&[400, 401]);
        }
    }

    async fn answers_are_not_to_be_kept_or_sniffed(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let login = json!({ "username": "ada", "password": PASSWORD });
        for answer in [
            server.anonymous().post("/api/login", login).await.expect(200),
            admin.get("/api/session").await.expect(200),
            admin.get("/api/listUsers").await.expect(200),
            admin.get("/api/nothing").await,
        ] {
            assert!(answer.header("cache-control").contains("no-store"), "{answer:?}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
        }
    }
}
