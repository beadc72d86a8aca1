//! `GET /api/users/{id}`

use serde_json::json;

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn a_user_is_found_by_id(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let found = admin.get(format!("/api/users/{id}")).await.expect(200).json();
        assert_user(&found);
        assert_eq!(found["username"], "ada");
        // RFC 9562: ids are compared without regard to case.
        assert_eq!(admin.get(format!("/api/users/{}", id.to_uppercase())).await.expect(200).json(), found);
    }

    async fn a_user_is_shown_with_their_tokens(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let login = json!({ "username": "ada", "password": PASSWORD, "label": "the laptop" });
        server.anonymous().post("/api/login", login).await.expect(200);
        let found = get_user(&admin, &id).await;
        assert_user(&found);
        assert_eq!(all(&found["tokens"], "label"), ["the laptop"]);
    }

    async fn nobody_is_found_by_an_unknown_id(server: Server) {
        let admin = server.admin().await;
        admin.get(format!("/api/users/{NOBODY}")).await.expect_error(404);
    }

    async fn an_id_that_is_no_uuid_is_refused(server: Server) {
        let admin = server.admin().await;
        for id in
            ["1", "ada", "6d756e69-6d65-4e74-8000-00000000000", "6d756e696d654e748000000000000001", "%00"]
        {
            admin.get(format!("/api/users/{id}")).await.expect_error(400);
        }
    }

    async fn the_first_user_administers(server: Server) {
        let admin = server.admin().await;
        let found = get_user(&admin, &admin_id(&admin).await).await;
        assert_user(&found);
        assert_eq!(found["username"], "admin");
        assert!(all(&found["roles"], "name").contains(&"connectware-admin".to_owned()), "{found}");
    }

    async fn neither_password_nor_hash_is_shown_anywhere(server: Server) {
        let admin = server.admin().await;
        let made = admin.post("/api/users", user("ada", json!({}))).await.expect(201);
        let id = id_of(&made.json());
        let mut texts = vec![made.text()];
        for path in
            ["/api/users/", "/api/listUsers?", "/api/roles/page?", "/api/permissions/page?", "/api/events?"]
        {
            let path = if path == "/api/users/" { format!("{path}{id}") } else { path.to_owned() };
            texts.push(admin.get(path).await.expect(200).text());
        }
        let change = json!({ "password": "another of her own" });
        texts.push(admin.put(format!("/api/users/{id}"), change).await.expect(200).text());
        texts.push(admin.get("/api/events").await.expect(200).text());
        for text in texts {
            assert!(!text.contains("argon2") && !text.contains(PASSWORD), "{text}");
            assert!(!text.contains("another of her own"), "{text}");
        }
    }
}
