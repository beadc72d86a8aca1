//! Which right a request needs: read for GET and write for all other methods, on the request's path, in context http.

use http::Method;
use serde_json::json;

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn reading_and_writing_are_different_rights(server: Server) {
        let admin = server.admin().await;
        let reader = caller(&admin, "reader", json!([http("/api/roles/#", "read")])).await;
        let writer = caller(&admin, "writer", json!([http("/api/roles/#", "write")])).await;
        let both = caller(&admin, "both", json!([http("/api/roles/#", "readWrite")])).await;
        reader.get("/api/roles").await.expect(200);
        reader.post("/api/roles", role("one", json!([]))).await.expect_error(403);
        writer.get("/api/roles").await.expect_error(403);
        let id = id_of(&writer.post("/api/roles", role("one", json!([]))).await.expect(201).json());
        both.get("/api/roles").await.expect(200);
        both.put(format!("/api/roles/{id}"), role("two", json!([]))).await.expect(200);
        reader.delete(format!("/api/roles/{id}")).await.expect_error(403);
        both.delete(format!("/api/roles/{id}")).await.expect(204);
    }

    async fn a_pattern_reaches_as_far_as_mqtt_says(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "somebody").await;
        let (one, tokens) = (format!("/api/users/{id}"), format!("/api/users/{id}/tokens"));
        for (pattern, allowed, denied) in [
            ("/api/users/ids", vec!["/api/users/ids"], vec!["/api/users/usernames", &one, "/api/listUsers"]),
            ("/api/users/+", vec!["/api/users/ids", &one], vec![&tokens, "/api/listUsers"]),
            ("/api/users/+/tokens", vec![&tokens], vec![&one, "/api/users/ids"]),
            ("/api/users/#", vec!["/api/users/ids", &one, &tokens], vec!["/api/roles", "/api/listUsers"]),
            // `#` also matches its parent level.
            ("/api/roles/#", vec!["/api/roles"], vec!["/api/users/ids"]),
            ("/api/#", vec!["/api/roles", "/api/users/ids", &tokens, "/api/listUsers"], vec![]),
            ("/#", vec!["/api/roles", &tokens], vec![]),
            ("/API/#", vec![], vec!["/api/roles"]),
            ("/api/users", vec![], vec!["/api/users/ids"]),
        ] {
            let name = format!("caller.{}", allowed.len() * 10 + pattern.len());
            let name = format!("{name}.{}", pattern.replace(['/', '#', '+'], "-"));
            let caller = caller(&admin, &name, json!([http(pattern, "read")])).await;
            for path in allowed {
                let answer = caller.get(path).await;
                assert_eq!(answer.status, 200, "{pattern} should allow {path}: {answer:?}");
            }
            for path in denied {
                let answer = caller.get(path).await;
                assert_eq!(answer.status, 403, "{pattern} should not allow {path}: {answer:?}");
                answer.expect_error(403);
            }
        }
    }

    async fn the_question_mark_is_no_part_of_the_path(server: Server) {
        let admin = server.admin().await;
        let reader = caller(&admin, "reader", json!([http("/api/listUsers", "read")])).await;
        reader.get("/api/listUsers?pageNumber=1&rowsPerPage=1").await.expect(200);
    }

    async fn rights_in_the_other_context_count_for_nothing(server: Server) {
        let admin = server.admin().await;
        let nobody =
            caller(&admin, "ada", json!([mqtt("/api/#", "readWrite"), mqtt("#", "readWrite")])).await;
        nobody.get("/api/roles").await.expect_error(403);
        nobody.post("/api/roles", role("one", json!([]))).await.expect_error(403);
    }

    async fn no_other_spelling_of_a_path_opens_it(server: Server) {
        let admin = server.admin().await;
        let reader =
            caller(&admin, "reader", json!([http("/api/session/#", "read"), http("/api/public/#", "read")]))
                .await;
        for path in [
            "/api/users/ids/",
            "/api//users/ids",
            "//api/users/ids",
            "/api/users/./ids",
            "/api/session/../users/ids",
            "/api/public/../users/ids",
            "/api/session/%2e%2e/users/ids",
            "/api/session/..%2fusers/ids",
            "/api/%75sers/ids",
            "/api/users%2fids",
            "/API/users/ids",
            "/api/users/ids;/api/session",
            "/api/users/ids%00",
            "/api/users/ids?path=/api/session",
        ] {
            let answer = reader.get(path).await;
            assert!([400, 403, 404].contains(&answer.status), "{path}: {answer:?}");
            answer.expect_error(answer.status);
        }
    }

    async fn no_header_changes_path_method_or_caller(server: Server) {
        let admin = server.admin().await;
        let reader = caller(&admin, "reader", json!([http("/api/roles", "read")])).await;
        for (name, value) in [
            ("x-original-url", "/api/roles"),
            ("x-rewrite-url", "/api/roles"),
            ("x-http-method-override", "GET"),
            ("x-forwarded-user", "admin"),
            ("x-forwarded-prefix", "/api/roles"),
        ] {
            reader.get("/api/users/ids").header(name, value).await.expect_error(403);
            reader.post("/api/roles", role("one", json!([]))).header(name, value).await.expect_error(403);
        }
    }

    async fn a_refusal_tells_nothing_of_what_is_there(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "somebody").await;
        let nobody = caller(&admin, "ada", json!([])).await;
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let there = nobody.call(method.clone(), format!("/api/users/{id}")).await.expect_error(403);
            let not_there =
                nobody.call(method.clone(), format!("/api/users/{NOBODY}")).await.expect_error(403);
            let malformed = nobody.call(method, "/api/users/ada").await.expect_error(403);
            assert_eq!(there.code, not_there.code);
            assert_eq!(there.code, malformed.code);
        }
    }
}
