//! `GET /api/roles/{id}`

use serde_json::json;

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn a_role_is_found_by_id(server: Server) {
        let admin = server.admin().await;
        let id = create_role(&admin, "operators", json!([mqtt("a", "read")])).await;
        let found = admin.get(format!("/api/roles/{id}")).await.expect(200).json();
        assert_role(&found);
        assert_eq!(found["name"], "operators");
    }

    async fn the_role_of_own_permissions_is_found_by_its_id(server: Server) {
        let admin = server.admin().await;
        let user =
            create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("a", "read")] })).await;
        let own = get_user(&admin, &user).await["roles"][0].clone();
        assert_eq!(admin.get(format!("/api/roles/{}", id_of(&own))).await.expect(200).json(), own);
    }

    async fn no_role_is_found_by_an_unknown_id(server: Server) {
        let admin = server.admin().await;
        admin.get(format!("/api/roles/{NOBODY}")).await.expect_error(404);
        admin.get("/api/roles/connectware-admin").await.expect_error(400);
    }
}
